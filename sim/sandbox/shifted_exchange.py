"""A simulated exchange that replays a past recording as if it happened now.

The recording, or the simulated day, keeps its own time inside. Every outgoing timestamp, and the
clock, is shifted by a constant.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeVar

from recordings.tape import Clocks, TapeInfo
from sim.engine.latency import NoDelay
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.exchange_connection import Decide, Inbox, OnEvent
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.sources.market_source import MarketSource
from strategies.trading.model.events import Event, EventScheduled
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.clock import Timer
from strategies.trading.ports.schedule import CallSchedule, Priority, ScheduledCall

_Response = TypeVar("_Response")


class SteppingClock(Protocol):
    """A clock that steps an environment as its own time passes."""

    def now_ns(self) -> int:
        """Return the time."""

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Timer:
        """Call back at a time."""

    def enter(self, callback: Callable[[], None]) -> None:
        """Step everything that is due, then make the callback at the current time."""

    async def run(self) -> None:
        """Step events as they become due, until cancelled."""


class ShiftedTime:
    """The schedule of an environment, with every time shifted by a constant."""

    def __init__(self, env: ReplayEnvironment, shift_ns: int) -> None:
        """Shift the times of `env` by `shift_ns`."""
        self._env = env
        self._shift_ns = shift_ns

    @property
    def now_ns(self) -> int:
        """Return the time."""
        return self._env.now_ns + self._shift_ns

    def next_ns(self) -> int | None:
        """Return the time of the next event, None if nothing is left."""
        due_ns = self._env.next_ns()
        return None if due_ns is None else due_ns + self._shift_ns

    def schedule_call(
        self, when_ns: int, priority: Priority, callback: Callable[[], None]
    ) -> ScheduledCall:
        """Make a call at a time that has not passed; return the handle to cancel it."""
        return self._env.schedule_call(when_ns - self._shift_ns, priority, callback)

    def step(self) -> None:
        """Process the next event."""
        self._env.step()


class ShiftedExchange:
    """An exchange driven by a market source, from a chosen time on, without latency.

    `make_exchange` takes `env` and `info`; `make_clock` takes a `schedule` and may be called more
    than once. The replay is at `before_start_ns` before the first scheduled start when
    the clock starts, or at the source's beginning if that is later.
    """

    def __init__(
        self,
        feed: MarketSource,
        make_exchange: Callable[..., SimulatedProphet],
        make_clock: Callable[..., SteppingClock],
        before_start_ns: int,
    ) -> None:
        """Build the exchange; nothing is replayed before `open`."""
        self.env = feed.environment(feed.name, _ignore_progress)
        begin_ns = max(self.env.now_ns, _first_start_ns(feed.info) - before_start_ns)
        shift_ns = make_clock(schedule=CallSchedule()).now_ns() - begin_ns
        # Whole seconds: the exchange sends scheduled starts with a resolution of one second.
        self._shift_ns = shift_ns - shift_ns % NS_PER_SECOND
        self.info = _with_shifted_starts(feed.info, self._shift_ns)
        self.exchange = make_exchange(env=self.env, info=feed.info)
        self.clock = make_clock(schedule=ShiftedTime(self.env, self._shift_ns))
        self._inbox = Inbox(self.env)
        everything = [market.key for market in feed.info.markets]
        publisher = Publisher(self.env, self._inbox, NoDelay(), Clocks.ONE, everything)

        def publish_trade(book: LineBook, odds: Odds, stake_cents: int) -> None:
            publisher.publish_trade(book, odds, stake_cents, self.env.now_ns)

        # A source that publishes trades itself replaces this when it joins.
        self.exchange.on_trade = publish_trade
        unused = self.exchange.open_account("nobody", 0, _ignore_updates)
        feed.join(self.env, self.exchange, publisher, unused)

    def now_ns(self) -> int:
        """Return the shifted time of the event that is being processed."""
        return self.env.now_ns + self._shift_ns

    def open(self, on_event: OnEvent, decide: Decide) -> None:
        """Replay everything before the current time; from then on pass market data on, shifted."""

        def on_event_shifted(event: Event, at_ns: int) -> None:
            if isinstance(event, EventScheduled):
                event = EventScheduled(event.event_id, event.scheduled_ns + self._shift_ns)
            on_event(event, at_ns + self._shift_ns)

        def decide_shifted(now_ns: int) -> None:
            decide(now_ns + self._shift_ns)

        self._inbox.connect(on_event_shifted, decide_shifted, wake_on_every_change=True)
        self.at_present(lambda: None)

    def at_present(self, request: Callable[[], _Response]) -> _Response:
        """Step everything that is due, then return the result of `request` at the current time."""
        responses: list[_Response] = []
        self.clock.enter(lambda: responses.append(request()))
        return responses[0]


def _first_start_ns(info: TapeInfo) -> int:
    return min((event.scheduled_ns for event in info.events), default=0)


def _with_shifted_starts(info: TapeInfo, shift_ns: int) -> TapeInfo:
    events = [replace(e, scheduled_ns=e.scheduled_ns + shift_ns) for e in info.events]
    return replace(info, events=events)


def _ignore_progress(_label: str, _done: int, _total: int) -> None:
    """Ignore the progress."""


def _ignore_updates(_: tuple[Event, ...]) -> None:
    """Ignore private updates: the account exists for the source and places no wagers."""
