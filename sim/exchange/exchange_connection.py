"""The connection between a desk and the simulated exchange, with latency in both directions.

Commands and responses are delayed here. Market data comes from a publisher, with its times of
arrival. Receiving it decides nothing, so it need not be done one message at a time: messages are
queued in order of arrival until the desk is next asked to decide, and are then delivered with their
own arrival times. The desk sees no difference, and most of a recording costs one append a message.
"""

from collections import deque
from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from functools import partial

from sim.engine.delay_line import DelayLine
from sim.engine.latency import Latency
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.prophet import SimulatedProphet
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
    CancelRefused,
    Event,
    EventScheduled,
    EventStatusChanged,
    FeedDelayed,
    FeedLost,
    FeedRestored,
    MarketSettled,
    MarketStatusChanged,
    OfferChanged,
    ScoreChanged,
)
from strategies.trading.model.ids import EventId, MarketId, MarketKey, WagerRef
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.schedule import Priority

_TOO_FAST = "rate_limit_reached"

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
        self._scheduler = env.scheduler
        self._on_event: OnEvent = _ignore
        self._on_market_data: OnEvent = _ignore
        self._decide: Decide = _do_nothing
        self._wake_always = False
        self._messages: deque[tuple[int, Event]] = deque()
        self._last_arrival_ns = 0
        self._last_wake_ns = -1
        self._missed: dict[Hashable, Event] = {}
        # The gaps of the source itself that last, by their events.
        self._source_lost: dict[tuple[EventId, ...], Event] = {}

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
        if wake:
            self._note_gap(event)
        if wake or self._wake_always:
            self._wake_at(arrival_ns)
        elif len(messages) > _MAX_QUEUED:
            self.drain(self._scheduler.now_ns)

    def drain(self, now_ns: int) -> None:
        """Deliver every message that arrived before `now_ns`."""
        messages, on_market_data = self._messages, self._on_market_data
        while messages and messages[0][0] < now_ns:
            arrival_ns, event = messages.popleft()
            on_market_data(event, arrival_ns)

    def deliver(self, events: Iterable[Event]) -> None:
        """Deliver responses that arrive together now, and let the desk decide."""
        now_ns = self._scheduler.now_ns
        self.drain(now_ns)
        for event in events:
            self._on_event(event, now_ns)
        self._decide(now_ns)

    def disconnect(self) -> None:
        """Lose the feed: market data that arrives from now on is missed until `reconnect`."""
        self.deliver((FeedLost(),))
        self._on_market_data = self._keep_missed

    def reconnect(self) -> None:
        """Restore the feed, after a snapshot of everything that changed meanwhile.

        Missed trades and outside prices stay missed, and so does the game clock of the last score.
        """
        self.drain(self._scheduler.now_ns)
        self._on_market_data = self._on_event
        missed, self._missed = self._missed, {}
        # A gap of the source does not end with one of the connection.
        self.deliver((*missed.values(), FeedRestored(), *self._source_lost.values()))

    def _keep_missed(self, event: Event, _: int) -> None:
        """Keep the latest state of everything that a snapshot shows."""
        match event:
            case OfferChanged(line_id=line_id, odds=odds):
                self._missed[line_id, odds] = event
            case MarketStatusChanged(market_key=key):
                self._missed[key] = event
            case EventStatusChanged() | EventScheduled() | FeedDelayed():
                self._missed[type(event), event.event_id] = event
            case FeedLost(event_ids=event_ids) | FeedRestored(event_ids=event_ids):
                self._missed[FeedLost, event_ids] = event
            case ScoreChanged(event_id=event_id, home=home, away=away):
                self._missed[ScoreChanged, event_id] = ScoreChanged(event_id, home, away)

    def _note_gap(self, event: Event) -> None:
        if isinstance(event, FeedLost):
            self._source_lost[event.event_ids] = event
        elif isinstance(event, FeedRestored):
            self._source_lost.pop(event.event_ids, None)

    def _wake_at(self, arrival_ns: int) -> None:
        """Schedule one wake per instant; arrivals are in order, so comparing the last suffices."""
        if arrival_ns != self._last_wake_ns:
            self._last_wake_ns = arrival_ns
            self._scheduler.call_in_order(arrival_ns, Priority.FEED, self._wake)

    def _wake(self) -> None:
        now_ns = self._scheduler.now_ns
        self.drain(now_ns + 1)
        self._decide(now_ns)


class ExchangeConnection:
    """Implements the port `Exchange` for one desk on the simulated exchange.

    Commands reach the exchange after the compute and entry delays, in order; cancels of single
    wagers have a delay of their own, and are in order among themselves. Responses and private
    updates reach the desk's inbox after the response delay, in order. Settlements of markets that
    the desk is not subscribed to are not sent.
    """

    def __init__(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        latency: Latency,
        inbox: Inbox,
        subscribed: Container[MarketKey],
    ) -> None:
        """Open the desk's account with the starting balance of the exchange's settings.

        `subscribed` are the markets that the desk's publisher publishes; they may change.
        """
        self._scheduler = env.scheduler
        self._exchange = exchange
        self._inbox = inbox
        self._subscribed = subscribed
        self._entry = DelayLine(env, Priority.EXCHANGE, latency.compute, latency.entry)
        # Requests travel apart: a placement that was sent after a cancel may come before it.
        self._cancels = DelayLine(env, Priority.EXCHANGE, latency.compute, latency.cancel)
        self._responses = DelayLine(env, Priority.DESK, latency.response)
        balance_cents = exchange.settings.starting_balance_cents
        self.participant = exchange.open_account("desk", balance_cents, self._notify)

    # The port ---------------------------------------------------------------------------------

    def place(self, requests: Sequence[PlaceWager]) -> None:
        """Request wagers; each is accepted or rejected on its own."""
        self._entry.send(partial(self._place, tuple(requests)))

    def cancel(self, refs: Sequence[WagerRef]) -> None:
        """Request to cancel the unmatched part of wagers."""
        self._cancels.send(partial(self._cancel, tuple(refs)))

    def cancel_all(
        self, event_id: EventId | None = None, market_id: MarketId | None = None
    ) -> None:
        """Request to cancel everything open: of an event, of one of its markets, or in all."""
        self._entry.send(partial(self._cancel_all, event_id, market_id))

    def ask_state(self) -> None:
        """Request one AccountState."""
        self._entry.send(self._ask_state)

    # At the exchange --------------------------------------------------------------------------

    def _place(self, requests: tuple[PlaceWager, ...]) -> None:
        self._notify(tuple(self._exchange.place(self.participant, requests)))

    def _cancel(self, refs: tuple[WagerRef, ...]) -> None:
        self._notify(tuple(self._exchange.cancel(self.participant, refs)))

    def _cancel_all(self, event_id: EventId | None, market_id: MarketId | None) -> None:
        code = self._exchange.cancel_all(self.participant, event_id, market_id)
        if code == _TOO_FAST:
            self._refuse_temporarily(
                self._exchange.live_refs(self.participant, event_id, market_id)
            )

    def _refuse_temporarily(self, refs: Sequence[WagerRef]) -> None:
        retry_at_ns = self._scheduler.now_ns + NS_PER_SECOND
        self._notify(tuple(CancelRefused(ref, _TOO_FAST, retry_at_ns) for ref in refs))

    # Responses and private updates ------------------------------------------------------------

    def _ask_state(self) -> None:
        # Counted against the rate limit but never refused: the desk must be able to reconcile.
        now_ns = self._scheduler.now_ns
        self.participant.admit_request(now_ns)
        self._notify((self.participant.account_state(now_ns),))

    def _notify(self, events: tuple[Event, ...]) -> None:
        relevant = tuple(event for event in events if self._is_relevant(event))
        if relevant:
            self._send(relevant)

    def _send(self, events: tuple[Event, ...]) -> None:
        self._responses.send(partial(self._inbox.deliver, events))

    def _is_relevant(self, event: Event) -> bool:
        if type(event) is not MarketSettled:
            return True
        return event.market_key in self._subscribed


def _ignore(_: Event, __: int) -> None:
    """Discard events while no desk is connected."""


def _do_nothing(_: int) -> None:
    """Decide nothing while no desk is connected."""
