"""Market sources: what drives the exchange of a backtest, a recording or a simulated crowd."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Protocol

from msgspec import Meta
from simpy import Event

from recordings.reader import Tape, open_recording
from recordings.tape import TapeInfo
from recordings.tape_columns import TapeColumns, tape_columns
from sim.engine.exchange_rows import ExchangeRow, exchange_rows
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.participant import Participant
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.tape_replayer import TapeReplayer
from sim.source_limits import assumed_cents, limits_of
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.ids import MarketKey
from strategies.trading.model.settings import PositiveDollars

# Reports the progress of a pass: its name, the rows done, and the rows in all.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """Row count, time span (nanoseconds since the epoch) and digest of a pass; it may be empty."""

    rows: int
    first_ns: int
    last_ns: int
    digest: str


class SourceRun(Protocol):
    """One pass over a market source, while it runs."""

    @property
    def ended(self) -> Event:
        """Return the event that occurs when the source has nothing more to do."""

    @property
    def trades_of_unknown_taker(self) -> int:
        """Return how many trades filled no wager because their taker is unknown."""

    def summary(self) -> SourceSummary:
        """Return the rows, the time span and the digest up to now."""

    def close(self) -> None:
        """Finish the files that the pass writes, if any, after it has ended."""

    def abandon(self) -> None:
        """Remove the files that the pass writes, if any, after it failed."""


class MarketSource(Protocol):
    """Everything that happens at an exchange except for what a desk does; can be run many times.

    If `knows_queue`, every wager's place in the queue is known, and queue models are not used.
    """

    @property
    def name(self) -> str:
        """Return the name of the source in reports."""

    @property
    def info(self) -> TapeInfo:
        """Return the source's events, markets and lines."""

    @property
    def limits(self) -> Sequence[str]:
        """Return sentences on what a run cannot show; they come first in every report of it."""

    @property
    def knows_queue(self) -> bool:
        """Return whether the true queue is known."""

    @property
    def outside_prices(self) -> bool:
        """Return whether it carries prices from outside the exchange."""

    def examine(self) -> None:
        """Raise TapeError if the rows of a pass would be invalid."""

    def environment(
        self, label: str, show: Progress, market_keys: Collection[MarketKey] | None = None
    ) -> ReplayEnvironment:
        """Return the simulation environment of a pass; its progress is shown as `label`.

        If `market_keys` are given, nobody trades or follows any other market.
        """

    def join(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        publisher: Publisher,
        desk: Participant,
    ) -> SourceRun:
        """Begin to drive the exchange at which a desk trades, and to feed the desk's publisher."""


def require_simulated(feed: object) -> None:
    """Raise ConfigError for a feed of a live session, which a simulation cannot run."""
    if not hasattr(feed, "environment"):
        message = (
            "feed: a simulation plays a recording or a crowd; use feed=recording or feed=crowd"
        )
        raise ConfigError(message)


def require_simulated_exchange(exchange: object) -> None:
    """Raise ConfigError for the exchange of a live session, which is not simulated."""
    if not callable(exchange):
        message = "exchange: wagers are simulated; use exchange=simulated"
        raise ConfigError(message)


class RecordedSource:
    """A recording as a market source; it does not react to the desk."""

    knows_queue = False

    def __init__(self, tape: Tape, name: str, assumed_stake: float | None = None) -> None:
        """Take an open recording and its name in reports.

        `assumed_stake`, in dollars, is the amount of offers whose amount is unreported; without it
        a recording with such offers raises ConfigError.
        """
        self.name = name
        self.info = tape.info
        self._assumed_cents = assumed_cents(name, tape.info, assumed_stake)
        self.limits = list(limits_of(tape.info, self._assumed_cents))
        self._tape = tape

    @property
    def outside_prices(self) -> bool:
        """Return whether the recording carries prices from outside the exchange."""
        return "reference" in self.columns.summary.rows_by_kind

    @cached_property
    def columns(self) -> TapeColumns:
        """Return the checked rows of the recording; the first call may read and check all of it."""
        columns = tape_columns(self._tape)
        if self._assumed_cents is not None:
            columns.assumed_cents = self._assumed_cents
        return columns

    def examine(self) -> None:
        """Read and check the whole recording, unless that was done before."""
        _ = self.columns

    def environment(
        self, label: str, show: Progress, market_keys: Collection[MarketKey] | None = None
    ) -> ReplayEnvironment:
        """Return an environment that replays the rows of the recording, as far as they matter."""
        return ReplayEnvironment(self._rows(label, show, market_keys))

    def join(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        publisher: Publisher,
        desk: Participant,  # noqa: ARG002 - a recording does not react to it
    ) -> "_RecordedRun":
        """Apply the rows to the exchange as their times come."""
        market = TapeReplayer(env, self.info, exchange, publisher)
        env.replay_to(market.apply_row)
        return _RecordedRun(env, market, self)

    def _rows(
        self, label: str, show: Progress, market_keys: Collection[MarketKey] | None
    ) -> Iterator[ExchangeRow]:
        """Yield the rows of the tape, and show the progress with every chunk of it."""
        total = self.columns.rows_total
        lines = None if market_keys is None else self._lines_of(market_keys)
        yield from exchange_rows(
            self.columns, lines=lines, on_chunk=lambda rows: show(label, rows, total)
        )
        show(label, total, total)

    def _lines_of(self, market_keys: Collection[MarketKey]) -> list[int]:
        """Return the indices of the lines of these markets in the tape's dictionary."""
        lines = enumerate(self.info.lines)
        return [index for index, line in lines if line.market_key in market_keys]


class _RecordedRun:
    def __init__(self, env: ReplayEnvironment, market: TapeReplayer, feed: RecordedSource) -> None:
        self.ended: Event = env.rows_ended
        self._market = market
        self._feed = feed

    @property
    def trades_of_unknown_taker(self) -> int:
        return self._market.trades_of_unknown_taker

    def summary(self) -> SourceSummary:
        summary = self._feed.columns.summary
        return SourceSummary(summary.rows, summary.first_ns, summary.last_ns, summary.digest)

    def close(self) -> None:
        """Do nothing: a recording is only read."""

    def abandon(self) -> None:
        """Do nothing: a recording is only read."""


def recorded_source(
    name: Annotated[
        str, Meta(min_length=1, description="A folder, or the name of a shipped recording.")
    ],
    assumed_stake: Annotated[
        PositiveDollars | None,
        Meta(description="What every offer of a recording without amounts is assumed to have."),
    ] = None,
) -> RecordedSource:
    """Open a recording by path or name; raise TapeError if neither exists."""
    return RecordedSource(open_recording(name), name, assumed_stake)
