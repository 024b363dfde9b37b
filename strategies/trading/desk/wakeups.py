"""When a desk must act though nothing arrives, so that it need not look all the time.

| what | when |
|---|---|
| a silent feed of an event, or its start | when its markets may not be quoted any more |
| a price that changes with time | when it changes; a strategy with a refresh looks at the refresh |
| a cancel without a response | after `CANCEL_PATIENCE_NS` |
| a wager that must be cancelled, and cannot be yet | when the exchange takes its cancel |
| a wager that was refused | after `RETRY_NS`, or at the next refresh |
| a price at which wagers were refused as they opened | when the risk manager's back-off ends |
| a wager that the command rate denied | when the rate permits it, or at the next refresh |
"""

from collections.abc import Callable, Sequence
from functools import partial

from strategies.trading.desk.alarm import Alarm
from strategies.trading.markets.market_states import MarketState, MarketStates
from strategies.trading.model.event_state import EventState
from strategies.trading.model.events import (
    Event,
    EventScheduled,
    EventStatusChanged,
    FeedDelayed,
    MarketsAdded,
    ReferencePrice,
    ScoreChanged,
    TradeSeen,
)
from strategies.trading.model.ids import EventId, MarketKey
from strategies.trading.ports.clock import Clock
from strategies.trading.ports.journal import Denial
from strategies.trading.pricing.touch import Pricing
from strategies.trading.risk.controls import BACK_OFF, COMMAND_RATE
from strategies.trading.risk.risk_manager import RiskManager


class Wakeups:
    """Wakes a desk at the times at which time alone changes what it must do."""

    def __init__(
        self,
        clock: Clock,
        market_states: MarketStates,
        risk: RiskManager,
        pricing: Pricing,
        *,
        wants_every_change: bool,
        by_time: Callable[[], None],
        retry: Callable[[MarketState], None],
    ) -> None:
        """Call `by_time` when a market may have changed by time, `retry` for one that waits."""
        self._clock = clock
        self._market_states = market_states
        self._risk = risk
        self._pricing = pricing
        self._wants_every_change = wants_every_change
        self._retry = retry
        self._time = Alarm(clock, by_time)
        self._markets: dict[MarketKey, Alarm] = {}
        self._looked_ns = 0
        # The events whose prices time moves, in the order in which they began to.
        self._moving: dict[EventId, None] = {}
        self._is_watching = False

    def watch(self, now_ns: int) -> None:
        """From now on wake the desk when time changes something of any event."""
        self._is_watching = True
        for event in self._market_states.events.values():
            self._watch(event, now_ns)

    def note(self, event: Event, now_ns: int) -> None:
        """Wake it earlier if market data changed when time matters."""
        if not self._is_watching or type(event) is TradeSeen:
            return
        if isinstance(event, MarketsAdded):
            self.watch(now_ns)
        elif isinstance(event, EventScheduled | EventStatusChanged | ReferencePrice):
            state = self._market_states.event_of(event)
            if state is not None:
                self._watch(state, now_ns)
        elif isinstance(event, ScoreChanged):
            state = self._market_states.events.get(event.event_id)
            if state is not None:
                self._next_move_ns(state, now_ns)
        elif isinstance(event, FeedDelayed):
            for market in self._market_states.markets_of(event.event_id):
                self.look_at(market, now_ns)

    def look_at(self, market: MarketState, now_ns: int) -> None:
        """Make a market due at once if it may be quoted from now on, or not, or less closely."""
        if self._risk.block_reason(market, now_ns) != market.block_reason:
            self._market_states.mark_urgent(market)
        elif self._risk.widening(market.event, now_ns) != market.widening:
            # The strategy's quotes may be the same, and are other wagers now.
            market.targets = None
            self._market_states.mark_urgent(market)

    def retry_at(self, market: MarketState, when_ns: int) -> None:
        """Wake it for one market at a time, or earlier if that waits for something earlier."""
        alarm = self._markets.get(market.key)
        if alarm is None:
            alarm = self._markets[market.key] = Alarm(self._clock, partial(self._retry, market))
        alarm.set(when_ns)

    def later(self, market: MarketState, when_ns: int) -> None:
        """Make a market due at the next refresh, or at a time without a refresh."""
        if self._wants_every_change:
            self.retry_at(market, when_ns)
        else:
            self._market_states.mark_changed(market)

    def after_denials(self, market: MarketState, denials: Sequence[Denial], now_ns: int) -> None:
        """Make a market due when time alone may end a denial of its quotes."""
        controls = {denial.control for denial in denials}
        if COMMAND_RATE in controls:
            permitted_ns = self._risk.permitted_ns(now_ns)
            if permitted_ns is not None:
                self.later(market, permitted_ns)
        if BACK_OFF in controls:
            self.later(market, self._risk.back_off.next_end_ns(now_ns))

    def mark_moved(self, now_ns: int) -> None:
        """Make the markets due whose prices time has changed since this was last called."""
        since_ns, self._looked_ns = self._looked_ns, now_ns
        moved = set()
        for event_id in tuple(self._moving):
            move_ns = self._next_move_ns(self._market_states.events[event_id], since_ns)
            if move_ns is None:
                del self._moving[event_id]
            elif move_ns <= now_ns:
                moved.add(event_id)
        if moved:
            for market in self._market_states.markets.values():
                if market.key.event_id in moved and market.block_reason is None:
                    self._market_states.mark(market)

    def _watch(self, event: EventState, now_ns: int) -> None:
        self._time.set(self._risk.next_block_ns(event, now_ns))
        move_ns = self._next_move_ns(event, now_ns)
        if self._wants_every_change and move_ns is not None:
            self._time.set(move_ns)

    def _next_move_ns(self, event: EventState, after_ns: int) -> int | None:
        """Return when time next moves prices of an event, and keep that it does."""
        move_ns = self._pricing.next_move_ns(event, after_ns)
        if move_ns is not None:
            self._moving[event.event.event_id] = None
        return move_ns
