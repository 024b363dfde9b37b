"""Measures the costs of a wager in one process, with the version of this project on PYTHONPATH.

`run_wager_life.py CASE RECORDING`; the cases are the functions in CASES. The version that is
compared with has other places for some names: `_first_of` alone handles that.

The recording of `desk` and `moving` is `benchmarks.wager_life.write_toggling_tape`'s: one row at a
time changes the amount at the touch of a pair, so that the desk decides, in turn for all pairs.
"""

import sim  # noqa: F401, I001 - first: it decides which core is loaded

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from time import process_time
from typing import Any

from hydra import compose, initialize_config_dir

from conf.compose import CONFIG_FOLDER, build_session
from recordings.reader import open_recording

# After how many wagers the costs are measured, and over how many.
AFTER = (1_000, 100_000)
WINDOW = 4_000
STEP_NS = 1_200_000_000
AMOUNTS = (100_000, 200_000)
_ODDS = (105, 110)
_STAKE_CENTS = 500
_UNLIMITED = ["starting_balance=100000000", "exchange.settings.requests_per_second=1000000"]


def _first_of(name: str, *modules: str) -> Any:
    """Return what has this name in the first of the modules that exists."""
    for module in modules:
        with suppress(ModuleNotFoundError):
            return getattr(import_module(module), name)
    message = f"{name}: in none of {', '.join(modules)}"
    raise ModuleNotFoundError(message)


def _event_type(name: str) -> Any:
    return _first_of(name, "strategies.trading.model.events", "strategies.trading.events")


OPEN = _first_of(
    "MarketStatus", "strategies.trading.model.market", "strategies.trading.market"
).OPEN
Quote = _first_of("Quote", "strategies.trading.ports.strategy", "strategies.trading.strategy")


class Toggling:
    """Quotes the first line of a market, at other odds for the other amount at its touch, or fixed.

    Keeps the processor time at which each of `marks_ns` has passed.
    """

    quote_refresh_ns = 0

    def __init__(self, *, moves: bool, marks_ns: Sequence[int] = ()) -> None:
        """Take whether the odds change."""
        self._moves = moves
        self._marks_ns = list(reversed(marks_ns))
        self.passed: list[float] = []

    def quote(self, view: Any) -> tuple[Any, ...]:
        """Return one quote."""
        while self._marks_ns and view.now_ns >= self._marks_ns[-1]:
            self._marks_ns.pop()
            self.passed.append(process_time())
        pair = view.pairs[0]
        touch = pair.first_touch
        other = self._moves and touch is not None and touch[1] == AMOUNTS[1]
        return (Quote(pair.pair.first.line_id, _ODDS[other], _STAKE_CENTS),)


class Idle(Toggling):
    """Never quotes, and looks every five seconds."""

    quote_refresh_ns = 5_000_000_000

    def quote(self, view: Any) -> tuple[Any, ...]:  # noqa: ARG002
        """Return nothing."""
        return ()


class EightWagers:
    """Quotes four odds on either line of each pair, where nobody takes them, on every change."""

    quote_refresh_ns = 0

    def quote(self, view: Any) -> tuple[Any, ...]:
        """Return eight quotes for each pair."""
        return tuple(
            Quote(line.line_id, odds, _STAKE_CENTS)
            for pair in view.pairs
            for line in (pair.pair.first, pair.pair.second)
            for odds in (2_000, 2_100, 2_200, 2_300)
        )


class ManualClock:
    """A clock that is set; calls at given times are kept, the last one to be made by hand."""

    def __init__(self) -> None:
        """Start at zero."""
        self.time_ns = 0
        self.call: Callable[[], None] | None = None

    def now_ns(self) -> int:
        """Return the time."""
        return self.time_ns

    def call_at(self, _when_ns: int, callback: Callable[[], None]) -> "ManualClock":
        """Keep the call."""
        self.call = callback
        return self

    def cancel(self) -> None:
        """Keep it all the same: nothing is called but by hand."""


class KeptCommands:
    """An exchange that keeps what is sent to it."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.placed: list[Any] = []
        self.cancelled: list[Any] = []

    def place(self, requests: Sequence[Any]) -> None:
        """Keep the wagers."""
        self.placed += requests

    def cancel(self, refs: Sequence[Any]) -> None:
        """Keep the references."""
        self.cancelled += refs

    def cancel_all(self, *_: Any) -> None:
        """Keep nothing."""

    def ask_state(self) -> None:
        """Keep nothing."""


def _session(recording: str, *settings: str) -> Any:
    overrides = [
        "+experiment=nba",
        "risk=open",
        f"recording.path={recording}",
        *_UNLIMITED,
        *settings,
    ]
    with initialize_config_dir(str(CONFIG_FOLDER), version_base="1.3"):
        return build_session(compose("config", overrides))


def _per_call_us(call: Callable[[], None], times: int) -> float:
    began = process_time()
    for _ in range(times):
        call()
    return 1e6 * (process_time() - began) / times


class DeskAlone:
    """A desk as a backtest has it, without exchange and connection: its events come from here."""

    def __init__(self, recording: str, strategy: Any) -> None:
        """Assemble and start it, all markets open with offers on both lines."""
        session = _session(recording)
        session.strategy = lambda: strategy
        assemble = _first_of(
            "assemble_desk", "strategies.trading.desk.assembly", "strategies.trading.assembly"
        )
        journal = _first_of(
            "RunJournal", "sim.results.run_journal", "sim.results.run_record", "sim.metrics"
        )
        self.clock, self.exchange = ManualClock(), KeptCommands()
        catalogue = session.catalogue
        self.desk = assemble(
            session.desk_settings(), catalogue=catalogue, market_keys=session.market_keys,
            ladder=session.feed.info.ladder, clock=self.clock, exchange=self.exchange,
            journal=journal(catalogue, None),
        )  # fmt: skip
        self.desk.start()
        self._offer, status = _event_type("OfferChanged"), _event_type("MarketStatusChanged")
        self._responses = [_event_type(f"Wager{name}") for name in ("Accepted", "Opened")]
        self._cancelled = _event_type("WagerCancelled")
        self._pairs = [catalogue.pairs_by_market[key][0] for key in session.market_keys]
        self._turn = 0
        for key, pair in zip(session.market_keys, self._pairs, strict=True):
            self.desk.on_event(status(key, OPEN), 0)
            for line in (pair.first, pair.second):
                self.desk.on_event(self._offer(line.line_id, -110, AMOUNTS[0]), 0)
        self.respond()

    def toggle(self) -> None:
        """Change the amount at the touch of the next pair: the desk decides."""
        self._change(-110, AMOUNTS[1 - self._turn // len(self._pairs) % 2])
        self._turn += 1

    def change_behind(self) -> None:
        """Change an offer behind the touch of the next pair: nothing to decide."""
        self._change(-130, AMOUNTS[self._turn // len(self._pairs) % 2])
        self._turn += 1

    def wake(self) -> None:
        """Make the call that the desk asked for last."""
        assert self.clock.call is not None
        self.clock.time_ns += STEP_NS
        self.clock.call()

    def respond(self) -> None:
        """Let everything that was sent succeed."""
        exchange, now_ns = self.exchange, self.clock.time_ns
        for ref in exchange.cancelled:
            self.desk.on_event(self._cancelled(ref, _STAKE_CENTS), now_ns)
        for request in exchange.placed:
            for response in self._responses:
                self.desk.on_event(response(request.ref), now_ns)
        exchange.placed, exchange.cancelled = [], []

    def sent(self) -> tuple[int, int]:
        """Return how many wagers and cancels wait for their responses."""
        return len(self.exchange.placed), len(self.exchange.cancelled)

    def _change(self, odds: int, amount_cents: int) -> None:
        line = self._pairs[self._turn % len(self._pairs)].first
        self.clock.time_ns += STEP_NS
        self.desk.on_event(self._offer(line.line_id, odds, amount_cents), self.clock.time_ns)


def desk(recording: str) -> dict[str, float]:
    """Call a desk directly: a decision that sends, one that changes nothing, two wake-ups.

    One that sends cancels a wager and places another; the responses are not in it.
    """
    measured = {}
    moving = DeskAlone(recording, Toggling(moves=True))
    placed = 0
    for after in AFTER:
        while placed < after:
            placed += _send(moving)[0]
        sums = [_send(moving) for _ in range(WINDOW)]
        assert all(count == 1 for count, _ in sums[-100:]), "every decision places a wager"
        placed += WINDOW
        measured[f"send {after}"] = 1e6 * sum(seconds for _, seconds in sums) / WINDOW
    still = DeskAlone(recording, Toggling(moves=False))
    measured["nothing"] = _per_call_us(still.toggle, WINDOW)
    assert still.sent() == (0, 0), "a decision that changes nothing sends nothing"
    measured["behind"] = _per_call_us(still.change_behind, WINDOW)
    measured["wake"] = _per_call_us(DeskAlone(recording, Idle(moves=False)).wake, WINDOW)
    return measured


def _send(moving: DeskAlone) -> tuple[int, float]:
    """Let a desk replace a wager; return the number placed, and the seconds of the decision."""
    began = process_time()
    moving.toggle()
    seconds = process_time() - began
    placed, _ = moving.sent()
    moving.respond()
    return placed, seconds


def moving(recording: str) -> dict[str, float]:
    """Run two passes that differ in whether the quotes move: what a replaced wager costs in all."""
    _, kept = toggling_pass(recording, moves=False)
    placed, moved = toggling_pass(recording, moves=True)
    assert placed > AFTER[-1], "every row replaces a wager"
    return {
        f"life {after}": 1e6 * (_between(moved, at) - _between(kept, at)) / WINDOW
        for at, after in enumerate(AFTER)
    }


def toggling_pass(recording: str, *, moves: bool) -> tuple[int, list[float]]:
    """Return the wagers placed, and the processor time at both ends of each window of rows."""
    session = _session(recording)
    pairs = len(session.market_keys)
    ends = [row for after in AFTER for row in (after, after + WINDOW)]
    strategy = Toggling(
        moves=moves, marks_ns=[STEP_NS * (2 * pairs + row) // pairs for row in ends]
    )
    session.strategy = lambda: strategy
    done = session.run_pass(session.queue())
    return done.journal.counts.wagers_placed, strategy.passed


def _between(passed: Sequence[float], window: int) -> float:
    return passed[2 * window + 1] - passed[2 * window]


def busy(recording: str) -> dict[str, float]:
    """Make the pass of `benchmarks.backtest` with a refresh every five seconds."""
    return _rows_per_second(recording, _session(recording, "strategy.quote_refresh_seconds=5"))


def at_once(recording: str) -> dict[str, float]:
    """Place eight wagers for every pair at the first decision, and keep them at all others."""
    session = _session(recording)
    session.strategy = EightWagers
    return _rows_per_second(recording, session)


def _rows_per_second(recording: str, session: Any) -> dict[str, float]:
    queue = session.queue()
    began = process_time()
    session.run_pass(queue)
    seconds = process_time() - began
    rows = open_recording(recording).rows_total
    return {"rows": rows / seconds}


CASES = {case.__name__: case for case in (desk, moving, busy, at_once)}

if __name__ == "__main__":
    print(json.dumps(CASES[sys.argv[1]](sys.argv[2])))
