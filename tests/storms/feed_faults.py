"""Gaps and late market data of a storm, drawn from a random stream of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from numpy.random import Generator

from sim.engine.latency import Delay
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.publisher import Publisher
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import Event, FeedDelayed, FeedLost, FeedRestored
from strategies.trading.model.ids import EventId, MarketId, WagerRef
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.exchange import Exchange
from strategies.trading.ports.schedule import Priority


@dataclass(frozen=True)
class Gap:
    """A gap that the source marks, in seconds of the storm; of its event, or of the feed itself."""

    from_s: float
    to_s: float
    of_event: bool


@dataclass(frozen=True)
class LateTime:
    """A time in which market data is late by some seconds."""

    from_s: float
    to_s: float
    by_s: float


@dataclass(frozen=True)
class FeedFaults:
    """What a storm's feed suffers, and the limit of its desk on the delay, zero for none."""

    gaps: tuple[Gap, ...]
    late: tuple[LateTime, ...]
    max_delay_ns: int


def draw_feed_faults(rng: Generator) -> FeedFaults:
    """Draw the faults of a storm's feed; some have none."""
    gaps, late = [], []
    for _ in range(int(rng.integers(3))):
        at_s = float(rng.uniform(5, 120))
        gaps.append(Gap(at_s, at_s + float(rng.exponential(8)), bool(rng.random() < 0.5)))
    for _ in range(int(rng.integers(3))):
        at_s = float(rng.uniform(5, 120))
        to_s = at_s + float(rng.exponential(10))
        late.append(LateTime(at_s, to_s, float(rng.uniform(0.5, 20))))
    limits_ns = (0, 2 * NS_PER_SECOND, 10 * NS_PER_SECOND)
    return FeedFaults(tuple(gaps), tuple(late), limits_ns[int(rng.integers(3))])


class LateDelay:
    """A feed delay that is longer for some time."""

    def __init__(
        self, env: ReplayEnvironment, opens_ns: int, delay: Delay, late: Sequence[LateTime]
    ) -> None:
        """Add to a delay what is late, by the time of the environment."""
        self._env = env
        self._opens_ns = opens_ns
        self._delay = delay
        self._late = late

    def sample_ns(self) -> int:
        """Return how long the next message takes."""
        at_s = (self._env.now_ns - self._opens_ns) / NS_PER_SECOND
        late_s = max(
            (each.by_s for each in self._late if each.from_s <= at_s < each.to_s), default=0
        )
        return self._delay.sample_ns() + int(late_s * NS_PER_SECOND)


def schedule_gaps(
    env: ReplayEnvironment,
    opens_ns: int,
    publisher: Publisher,
    delay: Delay,
    gaps: Sequence[Gap],
) -> None:
    """Publish the marks of gaps at their times, as those of a recording are."""
    for gap in gaps:
        event_ids = tuple(sorted(publisher.events)) if gap.of_event else ()
        for at_s, event in ((gap.from_s, FeedLost(event_ids)), (gap.to_s, FeedRestored(event_ids))):
            at_ns = opens_ns + int(at_s * NS_PER_SECOND)
            env.schedule_call(
                at_ns, Priority.EXCHANGE, partial(_publish, env, publisher, delay, event)
            )


def _publish(env: ReplayEnvironment, publisher: Publisher, delay: Delay, event: Event) -> None:
    publisher.publish(event, env.now_ns + delay.sample_ns())


class FeedGuard:
    """Lets a desk's commands through, and fails if it places while its feed is lost or late."""

    def __init__(self, exchange: Exchange, max_delay_ns: int) -> None:
        """Stand before an exchange."""
        self.gaps = 0
        self.delays = 0
        self._exchange = exchange
        self._max_delay_ns = max_delay_ns
        self._lost: set[tuple[EventId, ...]] = set()
        self._delay_ns = 0

    def on_event(self, event: Event) -> None:
        """Note what the desk receives, before it decides."""
        if isinstance(event, FeedLost):
            self._lost.add(event.event_ids)
            self.gaps += 1
        elif isinstance(event, FeedRestored):
            self._lost.discard(event.event_ids)
        elif isinstance(event, FeedDelayed):
            # A storm has one event.
            self._delay_ns = event.delay_ns
            self.delays += 1

    def place(self, requests: Sequence[PlaceWager]) -> None:
        """Request wagers."""
        assert not self._lost, "wagers are placed without a feed"
        is_late = 0 < self._max_delay_ns < self._delay_ns
        assert not is_late, f"wagers are placed with a feed that is {self._delay_ns} ns late"
        self._exchange.place(requests)

    def cancel(self, refs: Sequence[WagerRef]) -> None:
        """Request cancels."""
        self._exchange.cancel(refs)

    def cancel_all(
        self, event_id: EventId | None = None, market_id: MarketId | None = None
    ) -> None:
        """Request a mass cancel."""
        self._exchange.cancel_all(event_id, market_id)

    def ask_state(self) -> None:
        """Request one AccountState."""
        self._exchange.ask_state()
