"""Speed and memory of backtests, each case in a process of its own: python -m benchmarks.backtest

Prints the table of docs/performance.md. Rows a second are of one pass over the tape, without
imports, reports and tables; memory is the peak of the process.
"""

import sim  # noqa: F401, I001 - first: it decides which core is loaded

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from hydra import compose, initialize_config_dir

from conf.compose import CONFIG_FOLDER, build_session
from recordings.reader import Tape, open_recording
from recordings.tape_columns import tape_columns
from recordings.tape import Clocks
from recordings.writer import TapeWriter
from sim.engine.exchange_rows import exchange_rows
from sim.engine.latency import NoDelay
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.exchange_connection import Inbox
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.queue_models import Back
from sim.exchange.tape_replayer import TapeReplayer
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market, MarketStatus, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import opposite, prophetx_ladder
from strategies.trading.model.units import NS_PER_SECOND

REPEATS = 3
CASES = ("nobody trading", "refresh every 5 s", "every change")
ROWS_PER_PAIR_AND_SECOND = 2.0


class Ladderwise:
    """A pair whose five offers a side stand a rung apart, and drift together by a rung."""

    def __init__(self, tape: TapeWriter, lines: tuple[int, int]) -> None:
        """Start around -110."""
        self._tape = tape
        self._first, self._second = lines
        self._rungs = prophetx_ladder().rungs
        self._middle = prophetx_ladder().index(-110)

    def change(self, depth: int, amount_cents: int, *, on_first: bool) -> None:
        """Change one of the offers."""
        if on_first:
            self._tape.offer(self._first, self._rungs[self._middle - depth], amount_cents)
        else:
            self._tape.offer(self._second, self._opposite(2 + depth), amount_cents)

    def drift(self, amount_cents: int, *, up: bool) -> None:
        """Move all offers by a rung, held near where they began."""
        if not 200 < self._middle < 350:
            up = self._middle <= 200
        for removed, added in ((-4, 1), (2, 7)) if up else ((0, -5), (6, 1)):
            on_first = removed <= 0
            for offset, cents in ((removed, 0), (added, amount_cents)):
                line = self._first if on_first else self._second
                odds = self._rungs[self._middle + offset] if on_first else self._opposite(offset)
                self._tape.offer(line, odds, cents)
        self._middle += 1 if up else -1

    def _opposite(self, offset: int) -> int:
        return opposite(self._rungs[self._middle + offset])


def write_busy_tape(folder: Path, rows: int, pairs: int, seed: int = 1) -> None:
    """Write a tape of moneylines; nothing on it is like a real market but its rate in-play."""
    with TapeWriter(
        folder, source="simulated: benchmarks.backtest", simulated=True, clocks=Clocks.ONE
    ) as tape:
        write_busy_rows(tape, [add_pair(tape, number) for number in range(pairs)], rows, seed)


def write_busy_rows(
    tape: TapeWriter, pairs: Sequence[tuple[int, int]], rows: int, seed: int = 1
) -> None:
    """Open all markets, and change the offers of these pairs of lines at random."""
    rng = np.random.default_rng(seed)
    books = [Ladderwise(tape, pair) for pair in pairs]
    step_ns = int(NS_PER_SECOND / (ROWS_PER_PAIR_AND_SECOND * len(pairs)))
    tape.begin_message(0, 0)
    for market in range(len(tape.info.markets)):
        tape.market_status(market, MarketStatus.OPEN)
    while tape.rows_written < rows:
        at_ns = tape.rows_written * step_ns
        tape.begin_message(at_ns, at_ns)
        place, depth, amount, chance = rng.integers((len(pairs), 5, 99_000, 200)).tolist()
        if chance < 2:
            books[place].drift(amount + 1_000, up=bool(chance))
        else:
            books[place].change(depth, amount + 1_000, on_first=bool(chance % 2))


def add_pair(tape: TapeWriter, number: int) -> tuple[int, int]:
    """Enter a game with its moneyline, and return the places of its two lines."""
    event_id, market_id = EventId(str(number)), MarketId("219")
    tape.add_event(SportEvent(event_id, "", "", "", "benchmark", "", 10**18))
    tape.add_market(Market(event_id, market_id, MarketType.MONEYLINE, "Moneyline"))
    home = Line(LineId(f"{number}h"), event_id, market_id, Selection.HOME, 0.0)
    away = Line(LineId(f"{number}a"), event_id, market_id, Selection.AWAY, 0.0)
    return tape.add_line(home), tape.add_line(away)


def run_case(case: str, recording: str) -> dict[str, Any]:
    """Run one case once, in this process, and return what was measured."""
    measured = _replay(recording) if case == CASES[0] else _trade(case, recording)
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {**measured, "peak_mib": peak_kib / 1024}


def _replay(recording: str) -> dict[str, Any]:
    tape = Tape(Path(recording))
    none = NoDelay()
    began = perf_counter()
    # As in a backtest that follows no market: all offers are left out.
    env = ReplayEnvironment(exchange_rows(tape_columns(tape), lines=()))
    fees, settings = Commission(2), ExchangeRules()
    exchange = SimulatedProphet(env, tape.info, none, Back(), fees, settings)
    publisher = Publisher(env, Inbox(env), none, tape.info.clocks, ())
    env.replay_to(TapeReplayer(env, tape.info, exchange, publisher).apply_row)
    env.run(until=env.rows_ended)
    seconds = perf_counter() - began
    return {"rows": tape.rows_total, "seconds": seconds, "wagers": 0, "decisions": 0}


def _trade(case: str, recording: str) -> dict[str, Any]:
    refresh = 0 if case == CASES[2] else 5
    overrides = [
        "+experiment=nba",
        "risk=open",
        f"recording.path={recording}",
        f"strategy.quote_refresh_seconds={refresh}",
    ]
    with initialize_config_dir(str(CONFIG_FOLDER), version_base="1.3"):
        session: Any = build_session(compose("config", overrides))
    done = session.run_pass(Back())
    return {
        "rows": open_recording(recording).rows_total,
        "seconds": done.seconds,
        "wagers": done.journal.counts.wagers_placed,
        "decisions": done.desk.decisions,
    }


def measure(case: str, recording: str) -> dict[str, Any]:
    """Run a case several times, each in a new process; return medians."""
    module = ["-m", "benchmarks.backtest"]
    command = [sys.executable, *module, "--case", case, "--recording", recording]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(REPEATS)
    ]
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def report(name: str, case: str, recording: str) -> None:
    """Measure a case and print its row of the table."""
    m = measure(case, recording)
    per_wager = f"{1e6 * m['seconds'] / m['wagers']:,.0f}" if m["wagers"] else ""
    print(
        f"| {name} | {case} | {m['rows']:,.0f} | {m['rows'] / m['seconds']:,.0f} "
        f"| {m['decisions']:,.0f} | {m['wagers']:,.0f} | {per_wager} | {m['peak_mib']:.0f} |",
        flush=True,
    )


def main() -> None:
    """Measure everything side by side, or one case if one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=CASES)
    parser.add_argument("--recording")
    options = parser.parse_args()
    if options.case:
        print(json.dumps(run_case(options.case, options.recording)))
        return
    print(f"Python {platform.python_version()}, {platform.machine()}, median of {REPEATS}\n")
    print("| tape | case | rows | rows/s | decisions | wagers | us/wager | peak MiB |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        shipped = str(CONFIG_FOLDER.parent / "recordings" / "nba")
        for case in CASES:
            report("shipped game", case, shipped)
        for name, rows, pairs in (
            ("3 pairs", 250_000, 3),
            ("3 pairs", 1_000_000, 3),
            ("100 pairs", 1_000_000, 100),
            ("100 pairs", 4_000_000, 100),
        ):
            folder = Path(scratch) / f"{pairs}-{rows}"
            write_busy_tape(folder, rows, pairs)
            for case in CASES if rows < 4_000_000 else CASES[:2]:
                report(name, case, str(folder))


if __name__ == "__main__":
    main()
