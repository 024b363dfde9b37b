"""What a desk hears, and when: market data as it arrives, answers as they come.

Hearing market data decides nothing, so it need not be done one message at a time: messages lie in
order of arrival until the desk is next asked to decide, and are then heard with their own times.
For the desk this is the same, and most of a recording costs one append a message.
"""

from collections import deque
from collections.abc import Callable, Hashable

from sim.engine.virtual_clock import Priority, ReplayEnvironment
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

Hear = Callable[[Event, int], None]
Act = Callable[[int], None]

# So many messages lie unheard at most, however seldom the desk decides.
_MOST_MESSAGES = 65_536


class Inbox:
    """A desk's end of the feed and of the answers.

    Market data never overtakes. At one instant the desk hears answers before the market data that
    arrives then; a timer or an answer finds heard what arrived before it.
    """

    def __init__(self, env: ReplayEnvironment) -> None:
        """Start empty; `connect` says who listens."""
        self._env = env
        self._hear: Hear = _ignore
        self._hear_feed: Hear = _ignore
        self._act: Act = _do_nothing
        self._wake_always = False
        self._messages: deque[tuple[int, Event]] = deque()
        self._last_arrival_ns = 0
        self._last_wake_ns = -1
        self._missed: dict[Hashable, Event] = {}

    def connect(self, hear: Hear, act: Act, wake_on_every_change: bool = False) -> None:
        """Let a desk listen: `hear` notes an event at a time, `act` decides.

        A desk that wants to decide on every change is woken at every arrival.
        """
        self._hear = self._hear_feed = hear
        self._act = act
        self._wake_always = wake_on_every_change

    def publish(self, arrival_ns: int, event: Event, wake: bool) -> None:
        """Put a public message on its way; `wake` asks the desk to decide when it arrives."""
        if arrival_ns < self._last_arrival_ns:
            arrival_ns = self._last_arrival_ns
        else:
            self._last_arrival_ns = arrival_ns
        messages = self._messages
        messages.append((arrival_ns, event))
        if wake or self._wake_always:
            self._wake_at(arrival_ns)
        elif len(messages) > _MOST_MESSAGES:
            self.drain(self._env.now_ns)

    def drain(self, now_ns: int) -> None:
        """Hear everything that arrived before a time."""
        messages, hear = self._messages, self._hear_feed
        while messages and messages[0][0] < now_ns:
            arrival_ns, event = messages.popleft()
            hear(event, arrival_ns)

    def deliver(self, *events: Event) -> None:
        """Hear answers that arrive together now, and decide."""
        now_ns = self._env.now_ns
        self.drain(now_ns)
        for event in events:
            self._hear(event, now_ns)
        self._act(now_ns)

    def cut(self) -> None:
        """Lose the feed: what arrives from now on is missed until `mend`."""
        self.deliver(FeedLost())
        self._hear_feed = self._miss

    def mend(self) -> None:
        """Have the feed again, and with it how the exchange stands by now.

        Trades stay missed, outside prices too, and where the game clock stood with the last score.
        """
        self.drain(self._env.now_ns)
        self._hear_feed = self._hear
        missed, self._missed = self._missed, {}
        self.deliver(*missed.values(), FeedRestored())

    def _miss(self, event: Event, _: int) -> None:
        """Keep the last word on each thing that can stand one way or another."""
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
        """Wake once an instant; arrivals are in order, so the last one tells."""
        if arrival_ns != self._last_wake_ns:
            self._last_wake_ns = arrival_ns
            self._env.schedule_call(arrival_ns, Priority.FEED, self._wake)

    def _wake(self) -> None:
        now_ns = self._env.now_ns
        self.drain(now_ns + 1)
        self._act(now_ns)


def _ignore(_: Event, __: int) -> None:
    """Hear nothing while no desk is connected."""


def _do_nothing(_: int) -> None:
    """Decide nothing while no desk is connected."""
