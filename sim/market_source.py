"""What drives the exchange of a backtest from its start to its end: a recording, or a crowd."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Protocol

from simpy import Event

from recordings.reader import Tape, open_recording
from recordings.tape import TapeInfo
from recordings.validator import TapeSummary, validate
from sim.engine.exchange_rows import ExchangeRow, exchange_rows
from sim.engine.virtual_clock import ReplayEnvironment
from sim.exchange.participant import Participant
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.tape_replayer import TapeReplayer
from strategies.trading.model.errors import ConfigError

_ROWS_PER_SHOW = 20_000

# SourceSummary how far a pass has come: its name, what is done, and what there is in all.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """Row count, time span (nanoseconds since the epoch) and digest of a pass; it may be empty."""

    rows: int
    first_ns: int
    last_ns: int
    digest: str


class SourceRun(Protocol):
    """One pass under way."""

    @property
    def ended(self) -> Event:
        """Return the event that nothing more will happen by itself."""

    @property
    def trades_of_unknown_taker(self) -> int:
        """Return how many trades could fill nobody, as their taker is unknown."""

    def summary(self) -> SourceSummary:
        """Return the rows, the time span and the digest until now."""

    def close(self) -> None:
        """Finish what was made of it besides, now that it has ended."""

    def abandon(self) -> None:
        """Leave nothing of that behind, as the pass failed."""


class MarketSource(Protocol):
    """What happens at an exchange besides what a desk does there, any number of times.

    Where `knows_queue`, every wager's place in the queue is known, and no queue model matters.
    """

    @property
    def name(self) -> str:
        """Return what people call it."""

    @property
    def info(self) -> TapeInfo:
        """Return what is on offer."""

    @property
    def knows_queue(self) -> bool:
        """Return whether the true queue is known."""

    def examine(self) -> None:
        """Raise TapeError where the rows of a pass would be malformed."""

    def environment(self, label: str, show: Progress) -> ReplayEnvironment:
        """Return the time in which a pass takes place; its progress is shown under a label."""

    def join(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        publisher: Publisher,
        desk: Participant,
    ) -> SourceRun:
        """Begin to drive the exchange that a desk trades at, and feed the desk's publisher."""


def require_simulated(feed: object) -> None:
    """Raise ConfigError for a feed of a live session, which no simulation can play."""
    if not hasattr(feed, "environment"):
        message = (
            "feed: a simulation plays a recording or a crowd; use feed=recording or feed=crowd"
        )
        raise ConfigError(message)


def require_simulated_exchange(exchange: object) -> None:
    """Raise ConfigError for the exchange of a live session, which is not made but asked."""
    if not callable(exchange):
        message = "exchange: wagers are simulated; use exchange=simulated"
        raise ConfigError(message)


class RecordedSource:
    """A recording, which does not react to the desk."""

    knows_queue = False

    def __init__(self, tape: Tape, name: str) -> None:
        """Take an open recording and what people call it."""
        self.name = name
        self.info = tape.info
        self._tape = tape

    @cached_property
    def summary(self) -> TapeSummary:
        """Return what is on the recording; the first time, read it whole and check it."""
        return validate(self._tape)

    def examine(self) -> None:
        """Read the recording whole."""
        _ = self.summary

    def environment(self, label: str, show: Progress) -> ReplayEnvironment:
        """Return an environment that replays the rows."""
        return ReplayEnvironment(self._rows(label, show))

    def join(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        publisher: Publisher,
        desk: Participant,  # noqa: ARG002 - it is nobody to a recording
    ) -> "_RecordedRun":
        """Hand the rows to the exchange."""
        market = TapeReplayer(env, self.info, exchange, publisher)
        env.replay_to(market.apply_row)
        return _RecordedRun(env, market, self)

    def _rows(self, label: str, show: Progress) -> Iterator[ExchangeRow]:
        """Yield the rows of the tape, telling every so often how far it has come."""
        total = self._tape.rows_total
        rows = exchange_rows(self._tape)
        for done in range(0, total, _ROWS_PER_SHOW):
            show(label, done, total)
            yield from islice(rows, _ROWS_PER_SHOW)
        show(label, total, total)


class _RecordedRun:
    def __init__(self, env: ReplayEnvironment, market: TapeReplayer, feed: RecordedSource) -> None:
        self.ended: Event = env.rows_ended
        self._market = market
        self._feed = feed

    @property
    def trades_of_unknown_taker(self) -> int:
        return self._market.trades_of_unknown_taker

    def summary(self) -> SourceSummary:
        summary = self._feed.summary
        return SourceSummary(summary.rows, summary.first_ns, summary.last_ns, summary.digest)

    def close(self) -> None:
        """Finish nothing: a recording is only read."""

    def abandon(self) -> None:
        """Leave nothing: a recording is only read."""


def recorded_source(name: str) -> RecordedSource:
    """Open a recording by path or name; raise TapeError if it is neither."""
    return RecordedSource(open_recording(name), name)
