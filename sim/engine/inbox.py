"""A desk's inbox in the simulation: market data in order of arrival, responses as they come.

Receiving market data decides nothing, so it need not be done one message at a time: messages are
queued in order of arrival until the desk is next asked to decide, and are then delivered with their
own arrival times. The desk sees no difference, and most of a recording costs one append a message.
"""

from collections import deque
from collections.abc import Callable, Hashable

from sim.engine.virtual_clock import ReplayEnvironment
from strategies.trading.model.events import (
    Event,
    EventScheduled,
    EventStatusChanged,
    FeedLost,
    FeedRestored,
    MarketStatusChanged,
    OfferChanged,
    ScoreChanged,
)
from strategies.trading.ports.schedule import Priority

OnEvent = Callable[[Event, int], None]
Decide = Callable[[int], None]

# Bounds the memory of messages that are queued while the desk seldom decides.
_MAX_QUEUED = 65_536


class Inbox:
    """Delivers market data and responses to one desk.

    Market data never overtakes. At one instant responses are delivered before the market data that
    arrives then; before a timer or a response, everything that arrived earlier is delivered. Times
    are nanoseconds.
    """

    def __init__(self, env: ReplayEnvironment) -> None:
        """Start empty; until `connect` everything that is delivered is discarded."""
        self._env = env
        self._on_event: OnEvent = _ignore
        self._on_market_data: OnEvent = _ignore
        self._decide: Decide = _do_nothing
        self._wake_always = False
        self._messages: deque[tuple[int, Event]] = deque()
        self._last_arrival_ns = 0
        self._last_wake_ns = -1
        self._missed: dict[Hashable, Event] = {}

    def connect(
        self,
        on_event: OnEvent,
        decide: Decide,
        wake_on_every_change: bool = False,
        on_response: OnEvent | None = None,
    ) -> None:
        """Connect a desk: `on_event` takes an event and its arrival time, `decide` the time.

        With `wake_on_every_change` the desk decides at every arrival. What comes outside the feed
        goes to `on_response` if given, so that an observer of responses costs the feed nothing.
        """
        self._on_market_data = on_event
        self._on_event = on_response or on_event
        self._decide = decide
        self._wake_always = wake_on_every_change

    def publish(self, arrival_ns: int, event: Event, wake: bool) -> None:
        """Queue a public message; with `wake` the desk decides when it arrives."""
        if arrival_ns < self._last_arrival_ns:
            arrival_ns = self._last_arrival_ns
        else:
            self._last_arrival_ns = arrival_ns
        messages = self._messages
        messages.append((arrival_ns, event))
        if wake or self._wake_always:
            self._wake_at(arrival_ns)
        elif len(messages) > _MAX_QUEUED:
            self.drain(self._env.now_ns)

    def drain(self, now_ns: int) -> None:
        """Deliver every message that arrived before `now_ns`."""
        messages, on_market_data = self._messages, self._on_market_data
        while messages and messages[0][0] < now_ns:
            arrival_ns, event = messages.popleft()
            on_market_data(event, arrival_ns)

    def deliver(self, *events: Event) -> None:
        """Deliver responses that arrive together now, and let the desk decide."""
        now_ns = self._env.now_ns
        self.drain(now_ns)
        for event in events:
            self._on_event(event, now_ns)
        self._decide(now_ns)

    def disconnect(self) -> None:
        """Lose the feed: market data that arrives from now on is missed until `reconnect`."""
        self.deliver(FeedLost())
        self._on_market_data = self._keep_missed

    def reconnect(self) -> None:
        """Restore the feed, after a snapshot of everything that changed meanwhile.

        Missed trades and outside prices stay missed, and so does the game clock of the last score.
        """
        self.drain(self._env.now_ns)
        self._on_market_data = self._on_event
        missed, self._missed = self._missed, {}
        self.deliver(*missed.values(), FeedRestored())

    def _keep_missed(self, event: Event, _: int) -> None:
        """Keep the latest state of everything that a snapshot shows."""
        match event:
            case OfferChanged(line_id=line_id, odds=odds):
                self._missed[line_id, odds] = event
            case MarketStatusChanged(market_key=key):
                self._missed[key] = event
            case EventStatusChanged() | EventScheduled():
                self._missed[type(event), event.event_id] = event
            case ScoreChanged(event_id=event_id, home=home, away=away):
                self._missed[ScoreChanged, event_id] = ScoreChanged(event_id, home, away)

    def _wake_at(self, arrival_ns: int) -> None:
        """Schedule one wake per instant; arrivals are in order, so comparing the last suffices."""
        if arrival_ns != self._last_wake_ns:
            self._last_wake_ns = arrival_ns
            self._env.schedule_call(arrival_ns, Priority.FEED, self._wake)

    def _wake(self) -> None:
        now_ns = self._env.now_ns
        self.drain(now_ns + 1)
        self._decide(now_ns)


def _ignore(_: Event, __: int) -> None:
    """Discard events while no desk is connected."""


def _do_nothing(_: int) -> None:
    """Decide nothing while no desk is connected."""
