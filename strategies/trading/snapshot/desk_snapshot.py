"""Reads a desk for those who watch it: its money and limits, its events, the books of one event.

It changes nothing, and each call takes one event at most, so that a caller can let the desk work in
between.
"""

from collections import Counter
from collections.abc import Iterable

from strategies.trading.desk.desk import Desk
from strategies.trading.markets.market_states import MarketState
from strategies.trading.model.event_state import EventState
from strategies.trading.model.ids import EventId, MarketKey
from strategies.trading.model.market import EventStatus, MarketStatus
from strategies.trading.snapshot.book_view import pair_view, quote_side
from strategies.trading.snapshot.desk_activity import DatedDecision, DeskActivity
from strategies.trading.snapshot.limit_uses import limit_uses
from strategies.trading.snapshot.snapshot_types import (
    DecisionView,
    DeskOverview,
    EventDetail,
    EventSummary,
    MarketDetail,
    MarketSummary,
    MoneyView,
    QuoteView,
    StateView,
)

# Decisions of an event that a detail holds, the newest of all its markets.
_DECISIONS_SHOWN = 120


class DeskSnapshot:
    """Takes snapshots of one desk, with what its activity knows of the time before."""

    def __init__(self, desk: Desk, activity: DeskActivity) -> None:
        """Read this desk."""
        self._desk = desk
        self._activity = activity

    def overview(self, now_ns: int) -> DeskOverview:
        """Return the desk without its events."""
        desk = self._desk
        return DeskOverview(
            at_ns=now_ns,
            state=self._state(),
            state_changes=list(self._activity.state_changes),
            money=self._money(),
            limits=list(limit_uses(desk, now_ns)),
            open_wagers=desk.wagers.live_count,
            is_feed_lost=desk.market_states.feed_lost,
        )

    def events(self) -> list[EventState]:
        """Return the events of the desk in the order of their starts."""
        states = self._desk.market_states.events.values()
        return sorted(states, key=lambda state: (state.scheduled_ns, state.event.event_id))

    def event(self, event_id: str) -> EventState | None:
        """Return the state of an event, None if the desk does not follow it."""
        return self._desk.market_states.events.get(EventId(event_id))

    def markets_by_event(self) -> dict[EventId, list[MarketState]]:
        """Return the markets of every event."""
        markets: dict[EventId, list[MarketState]] = {}
        for market in self._desk.market_states.markets.values():
            markets.setdefault(market.key.event_id, []).append(market)
        return markets

    def live_by_market(self) -> Counter[MarketKey]:
        """Return how many wagers of each market may still be matched."""
        return Counter(wager.pair.market_key for wager in self._desk.wagers.live())

    def event_row(
        self,
        state: EventState,
        markets: Iterable[MarketState],
        live: Counter[MarketKey],
        now_ns: int,
    ) -> EventSummary:
        """Return an event with these markets of it; `live` is as `live_by_market` returns it."""
        desk, event = self._desk, state.event
        rows = [self._market_row(market, live[market.key], now_ns) for market in markets]
        positions = desk.exposure.positions_of(event.event_id)
        return EventSummary(
            event_id=event.event_id,
            name=event.name,
            home=event.home,
            away=event.away,
            tournament=event.tournament,
            sport=event.sport,
            scheduled_ns=state.scheduled_ns,
            status=_EVENT_STATUS[state.status],
            score=state.score,
            clock_ns=state.clock_ns or None,
            live_since_ns=state.live_since_ns or None,
            is_paused=state.paused,
            is_feed_lost=state.feed_lost,
            feed_delay_ns=state.feed_delay_ns,
            settled_cents=sum(row.settled_cents or 0 for row in rows),
            marked_cents=sum(position.mark_cents for position in positions),
            matched_cents=sum(sum(position.matched_cents) for position in positions),
            exposure_cents=desk.exposure.joint_of_event(event.event_id),
            exposure_limit_cents=desk.risk.limits.max_event_exposure_cents,
            open_wagers=sum(row.open_wagers for row in rows),
            markets=rows,
        )

    def event_detail(self, state: EventState, now_ns: int) -> EventDetail:
        """Return an event with all its books."""
        event_id = state.event.event_id
        markets = self._desk.market_states.markets_of(event_id)
        live = Counter(
            {market.key: sum(1 for _ in self._live_wagers(market)) for market in markets}
        )
        row = self.event_row(state, markets, live, now_ns)
        return EventDetail(
            at_ns=now_ns,
            event=row,
            updated_ns=state.updated_ns,
            markets=[
                self._market_detail(market, market_row, now_ns)
                for market, market_row in zip(markets, row.markets, strict=True)
            ],
            fills=list(self._activity.fills(event_id)),
            decisions=self._decisions(markets),
        )

    # Parts ------------------------------------------------------------------------------------

    def _state(self) -> StateView:
        desk, changes = self._desk, self._activity.state_changes
        if changes and changes[-1].state == desk.risk.state.value:
            last = changes[-1]
            return StateView(last.state, last.reason, last.at_ns)
        reason = desk.risk.halt_reason or ""
        return StateView(desk.risk.state.value, reason, self._activity.started_ns)

    def _money(self) -> MoneyView:
        ledger, exposure = self._desk.ledger, self._desk.exposure
        return MoneyView(
            equity_cents=ledger.equity_cents,
            balance_cents=ledger.balance_cents,
            marked_cents=ledger.marked_cents,
            profit_cents=ledger.profit_cents,
            commission_cents=ledger.commission_cents,
            matched_cents=exposure.matched_cents,
            open_cents=exposure.open_cents,
            available_cents=ledger.available_cents,
            exposure_cents=exposure.joint_total_cents(),
        )

    def _market_row(self, market: MarketState, live: int, now_ns: int) -> MarketSummary:
        desk, silence = self._desk, self._activity.silence(market.key)
        reasons = self._reasons(market, live, now_ns)
        settlement = desk.ledger.settlements.get(market.key)
        positions = (desk.exposure.positions.get(book.pair.pair_id) for book in market.books)
        return MarketSummary(
            market_id=market.key.market_id,
            label=market.market.label(market.event.event),
            status=_MARKET_STATUS[market.status],
            is_paused=market.paused,
            open_wagers=live,
            exposure_cents=desk.exposure.of_market(market.key),
            marked_cents=sum(each.mark_cents for each in positions if each is not None),
            settled_cents=None if settlement is None else settlement.net_cents,
            reasons=reasons,
            silent_since_ns=silence.since_ns if reasons and silence is not None else None,
        )

    def _reasons(self, market: MarketState, live: int, now_ns: int) -> list[str]:
        """Return why nothing of ours is offered; nothing is as long as it is only being cancelled.

        A block comes first, as the controls are not asked then.
        """
        blocked = self._desk.risk.block_reason(market, now_ns)
        if blocked is not None:
            halted = self._desk.risk.halt_reason
            return [blocked if halted is None else f"halted: {halted}"]
        if live:
            return []
        denials = [f"{each.control}: {each.reason}" for each in market.denials]
        silence = self._activity.silence(market.key)
        last = [] if silence is None else [silence.reason]
        return list(dict.fromkeys([*denials, *last])) or ["not decided yet"]

    def _live_wagers(self, market: MarketState) -> Iterable[object]:
        for line_id in market.line_ids:
            yield from self._desk.wagers.live_on(line_id)

    def _market_detail(self, market: MarketState, row: MarketSummary, now_ns: int) -> MarketDetail:
        last = next(reversed(list(self._activity.decisions(market.key))), None)
        quotes = () if last is None else last.decision.quotes
        return MarketDetail(
            row=row,
            exposure_limit_cents=self._desk.risk.limits.max_market_exposure_cents,
            mispriced_in_row=self._desk.risk.mispriced_in_row(market),
            pairs=[
                pair_view(self._desk, self._activity, market, book, quotes, now_ns)
                for book in market.books
            ],
        )

    def _decisions(self, markets: Iterable[MarketState]) -> list[DecisionView]:
        """Return the newest decisions on markets, the oldest of them first."""
        dated = [each for market in markets for each in self._activity.decisions(market.key)]
        dated.sort(key=lambda each: each.at_ns)
        return [self._decision_view(each) for each in dated[-_DECISIONS_SHOWN:]]

    def _decision_view(self, dated: DatedDecision) -> DecisionView:
        decision, quotes = dated.decision, []
        for quote in decision.quotes:
            pair = self._desk.market_states.catalogue.pair_of(quote.line_id)
            view = QuoteView(quote_side(pair, quote), quote.odds, quote.stake_cents)
            quotes.append((str(pair.pair_id), view))
        return DecisionView(
            dated.at_ns,
            decision.market_key.market_id,
            [(str(pair_id), fair) for pair_id, fair in decision.fairs],
            quotes,
            decision.silence,
        )


_EVENT_STATUS = {status: status.name.lower() for status in EventStatus}
_MARKET_STATUS = {status: status.name.lower() for status in MarketStatus}
