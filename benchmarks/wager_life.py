"""What a wager and a decision cost, beside this project at 0c63def: python -m benchmarks.wager_life

Prints a Markdown table of processor time, both versions interleaved, each figure in processes of
their own:

- A wager's life, by difference of two passes over one recording, of which one moves its quotes and
  the other keeps them: all that a replaced wager costs more than a decision that keeps it. That is
  a place, its acceptance, its opening, a cancel, its confirmation, and the decisions that these
  cause. Over 4,000 wagers after 1,000 and after 100,000 of the same pass.
- A decision, by direct calls of a desk as a backtest assembles it, whose events are made by hand:
  one that cancels a wager and places another (without the responses); one that keeps what is there;
  an offer behind the touch, which needs no decision; a timer at which nothing is due. Nothing else
  runs between the calls, so they cost less than in a pass.
- Rows a second of a pass: the busy tape of benchmarks.backtest with three pairs and a refresh every
  5 s; and 1,020 pairs those of 20 games, of which each places eight wagers at its first
  decision and keeps them at all others, on every change.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.backtest import add_pair, write_busy_rows, write_busy_tape
from benchmarks.peers.environments import OLD, OURS, comparison_parser, environment_of
from benchmarks.peers.measurements import measure_once
from benchmarks.run_wager_life import AFTER, AMOUNTS, STEP_NS, WINDOW
from recordings.tape import Clocks
from recordings.writer import TapeWriter
from strategies.trading.model.ids import LineId, MarketId
from strategies.trading.model.market import Line, Market, MarketStatus
from strategies.trading.model.market_types import MarketType, Selection

_SCRIPT = str(Path(__file__).with_name("run_wager_life.py"))
_ROWS = "rows"
_NAMES = {
    **{f"life {after}": f"a wager's life, after {after:,} wagers" for after in AFTER},
    **{f"send {after}": f"a decision that sends, after {after:,} wagers" for after in AFTER},
    "nothing": "a decision that changes nothing",
    "wake": "a timer at which nothing is due",
    "behind": "an offer behind the touch",
}
_NAMES = {figure: f"{name}, us" for figure, name in _NAMES.items()} | {_ROWS: "rows a second"}


def write_toggling_tape(folder: Path, pairs: int, rows: int) -> None:
    """Write a tape of pairs whose touch has one amount or another, changed in turn."""
    with TapeWriter(
        folder, source="simulated: benchmarks.wager_life", simulated=True, clocks=Clocks.ONE
    ) as tape:
        lines = [add_pair(tape, number) for number in range(pairs)]
        tape.begin_message(0, 0)
        for market, line in enumerate(lines):
            tape.market_status(market, MarketStatus.OPEN)
            for selection in line:
                tape.offer(selection, -110, AMOUNTS[0])
        for row in range(rows):
            # The first changes come when the first wagers have long been open.
            at_ns = STEP_NS * (2 * pairs + row) // pairs
            tape.begin_message(at_ns, at_ns)
            tape.offer(lines[row % pairs][0], -110, AMOUNTS[1 - row // pairs % 2])


def write_games_tape(folder: Path, rows: int) -> None:
    """Write a tape of 20 games with a moneyline, 25 spreads and 25 totals each."""
    with TapeWriter(
        folder, source="simulated: benchmarks.wager_life", simulated=True, clocks=Clocks.ONE
    ) as tape:
        pairs = [pair for number in range(20) for pair in _add_game(tape, number)]
        write_busy_rows(tape, pairs, rows)


def _add_game(tape: TapeWriter, number: int) -> list[tuple[int, int]]:
    """Enter a game, and return the places of the two lines of each of its pairs."""
    pairs = [add_pair(tape, number)]
    event_id = tape.info.events[-1].event_id
    for kind, (first, second), lowest in (
        (MarketType.SPREAD, (Selection.HOME, Selection.AWAY), -12.5),
        (MarketType.TOTAL, (Selection.OVER, Selection.UNDER), 200.5),
    ):
        market = Market(event_id, MarketId(kind), kind, kind)
        tape.add_market(market)
        for step in range(25):
            point = lowest + step
            opposite = -point if kind is MarketType.SPREAD else point
            name = f"{number}{kind}{step}"
            lines = (
                Line(LineId(f"{name}a"), event_id, market.market_id, first, point),
                Line(LineId(f"{name}b"), event_id, market.market_id, second, opposite),
            )
            pairs.append((tape.add_line(lines[0]), tape.add_line(lines[1])))
    return pairs


def write_tapes(folder: Path) -> dict[str, list[tuple[str, Path]]]:
    """Write the recordings, and return them by case, each with a name for the table."""
    few, many = folder / "3", folder / "1000"
    write_toggling_tape(few, 3, AFTER[-1] + 2 * WINDOW)
    write_toggling_tape(many, 1_000, AFTER[-1] + 2 * WINDOW)
    write_busy_tape(folder / "busy", 250_000, 3)
    write_games_tape(folder / "at_once", 20_000)
    toggling = [("3 pairs", few), ("1,000 pairs", many)]
    return {
        "desk": toggling,
        "moving": toggling,
        "busy": [("busy tape, 3 pairs, refresh every 5 s", folder / "busy")],
        "at_once": [("1,020 pairs, eight wagers each at once", folder / "at_once")],
    }


def measure(
    tapes: Mapping[str, Sequence[tuple[str, Path]]], rounds: int, environments: Path
) -> dict[str, dict[str, list[float]]]:
    """Return what was measured in every round, by figure and version."""
    versions = {name: environment_of(name, environments) for name in (OURS, OLD)}
    measured: dict[str, dict[str, list[float]]] = {}
    for number in range(1, rounds + 1):
        for case, recordings in tapes.items():
            for name, recording in recordings:
                for version, environment in versions.items():
                    words = [_SCRIPT, case, str(recording)]
                    for figure, value in measure_once(environment, words).items():
                        runs = measured.setdefault(f"{_NAMES[figure]}, {name}", {})
                        runs.setdefault(version, []).append(value)
                print(f"round {number}: {case}, {name}", file=sys.stderr)
    return measured


def table_lines(measured: Mapping[str, Mapping[str, Sequence[float]]]) -> list[str]:
    """Return the table, with medians and the best of the rounds, and how much faster it is now."""
    lines = [
        f"| figure | now: median | best | {OLD}: median | best | faster |",
        "|---|---|---|---|---|---|",
    ]
    for figure, runs in measured.items():
        now, then = median(runs[OURS]), median(runs[OLD])
        is_rate = figure.startswith(_NAMES[_ROWS])
        best = max if is_rate else min
        cells = (now, best(runs[OURS]), then, best(runs[OLD]))
        texts = (f"{value:,.0f}" if value > 100 else f"{value:.2f}" for value in cells)
        faster = now / then if is_rate else then / now
        lines.append(f"| {figure} | {' | '.join(texts)} | {faster:.2f} |")
    return lines


def main() -> None:
    """Measure, and print the table."""
    options = comparison_parser("benchmarks.wager_life", __doc__).parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        tapes = write_tapes(Path(scratch))
        measured = measure(tapes, options.rounds, options.environments.absolute())
    print(*table_lines(measured), sep="\n")


if __name__ == "__main__":
    main()
