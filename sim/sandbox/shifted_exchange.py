"""The stage: the simulated exchange, what plays on it, and the clock that both go by.

What plays keeps its own time: that of its recording, or of its simulated day. To the world it is
the present: all times that leave the stage are later by the same shift, and so is the clock.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from recordings.tape import Clocks, TapeInfo
from sim.engine.inbox import Decide, Inbox, OnEvent
from sim.engine.latency import NoDelay
from sim.engine.virtual_clock import ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.market_source import MarketSource
from strategies.trading.model.events import Event, EventScheduled
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.clock import Timer

_Answer = TypeVar("_Answer")


class PacedClock(Protocol):
    """A clock that steps an environment as its own time passes."""

    def now_ns(self) -> int:
        """Return the time."""

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Timer:
        """Call back at a time."""

    def enter(self, callback: Callable[[], None]) -> None:
        """Let all that is due happen, then the callback at the present."""

    async def run(self) -> None:
        """Step what is due as it becomes due, until cancelled."""


class ShiftedTime:
    """An environment as a clock sees it to which all of its times are later."""

    def __init__(self, env: ReplayEnvironment, shift_ns: int) -> None:
        """Let every time of an environment be so much later."""
        self._env = env
        self._shift_ns = shift_ns

    @property
    def now(self) -> int:
        """Return the time."""
        return self._env.now_ns + self._shift_ns

    def peek(self) -> float:
        """Return the time of what is next, infinity if there is nothing."""
        return self._env.peek() + self._shift_ns

    def schedule(self, event: Any, priority: Any, delay: int = 0) -> None:
        """Let an event happen after a delay."""
        self._env.schedule(event, priority, delay)

    def step(self) -> None:
        """Let happen what is next."""
        self._env.step()


class ShiftedExchange:
    """An exchange on which a feed plays from a chosen time on; what it says is heard at once.

    `make_exchange` takes the environment and what is on offer; `make_clock` takes something with an
    environment's time, and may be called more than once. The chosen time is so long before the
    first scheduled start, or the feed's beginning if that is later.
    """

    def __init__(
        self,
        feed: MarketSource,
        make_exchange: Callable[..., SimulatedProphet],
        make_clock: Callable[..., PacedClock],
        before_start_ns: int,
    ) -> None:
        """Set it; nothing happens before it is opened."""
        self.env = feed.environment(feed.name, _show_nothing)
        begin_ns = max(self.env.now_ns, _first_start_ns(feed.info) - before_start_ns)
        shift_ns = make_clock(env=ReplayEnvironment()).now_ns() - begin_ns
        # Whole seconds, as the exchange tells scheduled starts in no less.
        self._shift_ns = shift_ns - shift_ns % NS_PER_SECOND
        self.info = _shifted(feed.info, self._shift_ns)
        self.exchange = make_exchange(env=self.env, info=feed.info)
        self.clock = make_clock(env=ShiftedTime(self.env, self._shift_ns))
        self._inbox = Inbox(self.env)
        everything = [market.key for market in feed.info.markets]
        publisher = Publisher(self.env, self._inbox, NoDelay(), Clocks.ONE, everything)

        def publish_trade(book: LineBook, odds: Odds, stake_cents: int) -> None:
            publisher.publish_trade(book, odds, stake_cents, self.env.now_ns)

        # A feed that publishes trades itself says so when it joins.
        self.exchange.on_trade = publish_trade
        nobody = self.exchange.open_account("nobody", 0, _hear_nothing)
        feed.join(self.env, self.exchange, publisher, nobody)

    def now_ns(self) -> int:
        """Return the time to the world of what happens now."""
        return self.env.now_ns + self._shift_ns

    def open(self, on_event: OnEvent, decide: Decide) -> None:
        """Let everything happen that lies before the present, and tell what the exchange says."""

        def on_event_shifted(event: Event, at_ns: int) -> None:
            if isinstance(event, EventScheduled):
                event = EventScheduled(event.event_id, event.scheduled_ns + self._shift_ns)
            on_event(event, at_ns + self._shift_ns)

        def decide_shifted(now_ns: int) -> None:
            decide(now_ns + self._shift_ns)

        self._inbox.connect(on_event_shifted, decide_shifted, wake_on_every_change=True)
        self.at_present(lambda: None)

    def at_present(self, ask: Callable[[], _Answer]) -> _Answer:
        """Return what is answered at the present, once all that is due has happened."""
        answers: list[_Answer] = []
        self.clock.enter(lambda: answers.append(ask()))
        return answers[0]


def _first_start_ns(info: TapeInfo) -> int:
    return min((event.scheduled_ns for event in info.events), default=0)


def _shifted(info: TapeInfo, shift_ns: int) -> TapeInfo:
    events = [replace(e, scheduled_ns=e.scheduled_ns + shift_ns) for e in info.events]
    return replace(info, events=events)


def _show_nothing(_label: str, _done: int, _total: int) -> None:
    """Show no progress."""


def _hear_nothing(_: tuple[Event, ...]) -> None:
    """Hear nothing: nobody wagers on that account."""
