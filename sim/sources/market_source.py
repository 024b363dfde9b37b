"""Market sources: what drives the exchange of a backtest, a recording or a simulated crowd."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from simpy import Event

from recordings.tape import TapeInfo
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.participant import Participant
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.ids import EventId, MarketKey

# Reports the progress of a pass: its name, the rows done, and the rows in all.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """Row count, time span (nanoseconds since the epoch) and digest of a pass; it may be empty.

    Of a recording, `longest_silence_ns` is the longest time without a row, `rows_undated` counts
    the rows whose time of the exchange is no time of theirs, and `longest_hold_ns` is the longest
    that a row had to wait for one that happened before it.
    """

    rows: int
    first_ns: int
    last_ns: int
    digest: str
    longest_silence_ns: int = 0
    rows_undated: int = 0
    longest_hold_ns: int = 0


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
    def has_days(self) -> bool:
        """Return whether it has the games of several days, through which a bankroll lasts."""

    @property
    def outside_prices(self) -> bool:
        """Return whether it carries prices from outside the exchange."""

    def follows(self, event_id: EventId) -> bool:
        """Return whether an event is among those that were asked for."""

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
