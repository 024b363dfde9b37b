"""A replay: the inputs of a session fed to the same desk again, which must ask for the same.

The exchange is silent and time stands still between inputs: what the desk heard of both is among
the inputs, under the numbers and the times at which it heard it.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from heapq import heappop, heappush
from pathlib import Path
from typing import Any, NamedTuple

from sim.journaled import Journaled, JournaledStart
from strategies.trading.assembly import DeskSettings, assemble_desk
from strategies.trading.commands import Command
from strategies.trading.commission import Commission
from strategies.trading.desk import Desk
from strategies.trading.errors import TradingError
from strategies.trading.events import Event, OfferChanged, TimerFired, TradeSeen
from strategies.trading.ids import EventId, MarketId
from strategies.trading.journal import Accounts, Asked, Begun, Call, Decision, Denial
from strategies.trading.pricing import Pricing
from strategies.trading.strategy import Strategy
from strategies.trading.wagers import WagerSettings


class DifferenceError(TradingError):
    """A replayed desk did something else than its session had journaled."""


OpenStart = Callable[[Path, int], AbstractContextManager[JournaledStart | None]]


class Replayed(NamedTuple):
    """A start that was replayed: its desk at the end, and how many commands it came to."""

    desk: Desk
    commands: int


class Replay:
    """Replays the starts of a session, from the parts that the session was built of."""

    def __init__(
        self,
        *,
        open_start: OpenStart,
        strategy: Callable[[], Strategy],
        pricing: Pricing,
        wagers: WagerSettings,
        fees: Commission,
        session: dict[str, Any],
    ) -> None:
        """Take the parts, and the way to a start of a session."""
        self._open_start = open_start
        self._strategy = strategy
        self._pricing = pricing
        self._wagers = wagers
        self._fees = fees
        self._name = str(session["name"])

    def carry_out(self, folder: Path, number: int) -> int:
        """Replay a start of the session in a folder; return how many commands it came to.

        Raise DifferenceError at the first that differs, JournalError or TapeError for what cannot
        be read. A start that was over before it had a desk has no commands.
        """
        with self._open_start(folder, number) as start:
            return 0 if start is None else self.play(start, number).commands

    def play(self, start: JournaledStart, number: int) -> Replayed:
        """Replay a start that is open; return the desk as it was at its end."""
        journal = _Comparison(number, start.commands())
        clock = _StillClock()
        desk = self._desk(start, number, clock, journal)
        start.recall(desk)
        stage = _Stage(desk, clock, journal)
        for entry in start.inputs():
            stage.play(entry)
        journal.close()
        return Replayed(desk, journal.agreed)

    def _desk(
        self, start: JournaledStart, number: int, clock: "_StillClock", journal: "_Comparison"
    ) -> Desk:
        settings = DeskSettings(
            strategy=self._strategy(),
            pricing=self._pricing,
            limits=start.given.limits,
            wagers=self._wagers,
            commission=self._fees,
            starting_balance_cents=start.given.starting_balance_cents,
            session_name=self._name,
            start_number=number,
        )
        return assemble_desk(
            settings,
            catalogue=start.info.catalogue(),
            market_keys=start.given.market_keys,
            ladder=start.info.ladder,
            clock=clock,
            exchange=_SilentExchange(),
            journal=journal,
        )


class _Sent(NamedTuple):
    """A command, and after which input and when it was asked for."""

    input_seq: int
    now_ns: int
    command: Command


class _Comparison:
    """The journal of a replayed desk: it holds every command against the session's."""

    def __init__(self, start: int, journaled: Iterator[Journaled[Command]]) -> None:
        self._start = start
        self._journaled = journaled
        self.input_seq = 0
        self.agreed = 0
        self._heard: dict[int, Event] = {}

    def close(self) -> None:
        """Raise DifferenceError if the session had asked for more."""
        self._compare(None)

    def heard(self, input_seq: int, now_ns: int, event: Event) -> None:  # noqa: ARG002
        self.input_seq = input_seq
        self._heard[input_seq] = event

    def require_heard(self, input_seq: int, event: Event) -> None:
        """Raise DifferenceError unless this was the input of that number."""
        heard = self._heard.pop(input_seq, None)
        if heard != event:
            told = f"input {input_seq} of the session was {event}, of the replay {heard}"
            raise self._difference(told)

    def sent(self, now_ns: int, command: Command) -> None:
        self._compare(_Sent(self.input_seq, now_ns, command))
        self.agreed += 1

    def decided(self, now_ns: int, decision: Decision) -> None:
        """Keep nothing: commands are compared."""

    def denied(self, now_ns: int, denial: Denial) -> None:
        """Keep nothing: commands are compared."""

    def accounted(self, now_ns: int, accounts: Accounts) -> None:
        """Keep nothing: commands are compared."""

    def _compare(self, replayed: _Sent | None) -> None:
        entry = next(self._journaled, None)
        journaled = None if entry is None else _Sent(entry.input_seq, entry.now_ns, entry.told)
        if journaled != replayed:
            told = f"the session asked for {_told(journaled)}, the replay for {_told(replayed)}"
            raise self._difference(told)

    def _difference(self, told: str) -> DifferenceError:
        return DifferenceError(f"start {self._start}, after {self.agreed} that agree: {told}")


def _told(sent: _Sent | None) -> str:
    if sent is None:
        return "nothing"
    return f"{sent.command} (input {sent.input_seq}, {sent.now_ns} ns)"


class _Waiting:
    """A call that was asked for."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class _StillClock:
    """Time as the inputs tell it. What was to be called waits until a timer is among them."""

    def __init__(self) -> None:
        self._now_ns = 0
        self._calls: list[tuple[int, int, _Waiting]] = []
        self._count = 0

    def now_ns(self) -> int:
        return self._now_ns

    def set(self, now_ns: int) -> None:
        self._now_ns = now_ns

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> "_Waiting":
        self._count += 1
        waiting = _Waiting(callback)
        heappush(self._calls, (max(when_ns, self._now_ns), self._count, waiting))
        return waiting

    def call_next(self) -> bool:
        """Make the next call; tell whether there was one due by now."""
        if not self._calls or self._calls[0][0] > self._now_ns:
            return False
        waiting = heappop(self._calls)[2]
        if waiting.callback is not None:
            waiting.callback()
        return True


class _SilentExchange:
    """An exchange that never answers."""

    def place(self, requests: object) -> None:
        """Say nothing: the answer is among the inputs."""

    def cancel(self, refs: object) -> None:
        """Say nothing: the answer is among the inputs."""

    def cancel_all(
        self, event_id: EventId | None = None, market_id: MarketId | None = None
    ) -> None:
        """Say nothing: the answers are among the inputs."""

    def ask_state(self) -> None:
        """Say nothing: the answer is among the inputs."""


class _Stage:
    """Plays inputs to a desk."""

    def __init__(self, desk: Desk, clock: _StillClock, journal: _Comparison) -> None:
        self._desk = desk
        self._clock = clock
        self._journal = journal

    def play(self, entry: Journaled[Event | Call]) -> None:
        self._clock.set(entry.now_ns)
        match entry.told:
            case Begun():
                self._desk.start()
            case Asked():
                self._desk.act(entry.now_ns)
            case event:
                # What a desk tells itself, such as a loss limit, it has heard by now.
                if entry.input_seq > self._journal.input_seq:
                    self._hear(event, entry.input_seq, entry.now_ns)
                self._journal.require_heard(entry.input_seq, event)

    def _hear(self, event: Event, input_seq: int, now_ns: int) -> None:
        if isinstance(event, TimerFired):
            self._fire(input_seq)
            return
        if isinstance(event, OfferChanged | TradeSeen):
            # These a desk numbers, and does not tell its journal of.
            self._journal.heard(self._journal.input_seq + 1, now_ns, event)
        self._desk.take(event, now_ns)

    def _fire(self, input_seq: int) -> None:
        """Make the calls that are due, until a timer of the desk was among them."""
        while self._journal.input_seq < input_seq and self._clock.call_next():
            pass
