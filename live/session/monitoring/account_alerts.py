"""Lines for a person about what the exchange did to wagers and games, besides matching them.

Each of these is booked without a person; each may still need one, who can ask the exchange.
"""

from collections.abc import Iterator

from recordings.journal.entries import Payload
from strategies.trading.desk.desk import Desk
from strategies.trading.model.counted import counted
from strategies.trading.model.events import (
    EventScheduled,
    MarketSettled,
    TradeBroken,
    WagerWiped,
)
from strategies.trading.model.ids import EventId, MarketKey
from strategies.trading.model.market import Result
from strategies.trading.model.money import dollars_text
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.journal import Decision, Denial

_HOUR_NS = 3600 * NS_PER_SECOND
# A start that moves by less is the usual delay of a broadcast.
_POSTPONED_NS = _HOUR_NS
# Results come within hours of the end; a suspended baseball game is void after 36 hours.
_RESULT_DUE_NS = 24 * _HOUR_NS
_MOST_NAMED = 20


class AccountAlerts:
    """Finds the lines of one desk; of what lasts, each once a day."""

    def __init__(self, desk: Desk) -> None:
        """Start with nothing said."""
        self._desk = desk
        self._catalogue = desk.market_states.catalogue
        self._wiped: set[EventId] = set()
        self._overdue: dict[MarketKey, int] = {}

    def line(self, payload: Payload | Denial | Decision) -> str | None:
        """Return what a person must know of an input, None if nothing; before it is applied."""
        match payload:
            case TradeBroken():
                return self._broken_text(payload)
            case MarketSettled():
                return self._result_text(payload)
            case EventScheduled():
                return self._postponed_text(payload)
            case WagerWiped():
                return self._wiped_text(payload)
        return None

    def overdue(self, now_ns: int) -> Iterator[str]:
        """Yield a line for each market whose result is missing since a day after the start."""
        for position in self._desk.ledger.open_positions():
            key = position.pair.market_key
            event = self._desk.market_states.events.get(key.event_id)
            if event is None or now_ns - event.scheduled_ns < _RESULT_DUE_NS:
                continue
            if now_ns - self._overdue.get(key, 0) < _RESULT_DUE_NS:
                continue
            self._overdue[key] = now_ns
            hours = (now_ns - event.scheduled_ns) // _HOUR_NS
            at_risk = dollars_text(self._desk.exposure.of_market(key))
            yield (
                f"no result of {self._market_text(key)} {hours:,} hours after the start; "
                f"{at_risk} is at risk; look it up at the exchange"
            )

    def without_end(self, venue_name: str) -> Iterator[str]:
        """Yield a line for each wager that the books hold as open, for when the exchange has none.

        Its end was not received, or the exchange has forgotten it.
        """
        wagers = list(self._desk.wagers.live())
        for wager in wagers[:_MOST_NAMED]:
            named = self._catalogue.wager_text(
                wager.ref, wager.line_id, wager.odds, wager.unmatched_cents
            )
            yield f"open in the books, not at {venue_name}: {named}"
        if wagers:
            number = counted(len(wagers), "wager")
            yield f"{number} in the books without an end; compare with python -m live reconcile"

    def _broken_text(self, event: TradeBroken) -> str | None:
        wager = self._desk.wagers.find(event.ref)
        named: str = event.ref
        if wager is not None:
            if not wager.broken.is_new(event):
                return None
            named = self._catalogue.wager_text(
                event.ref, wager.line_id, wager.odds, wager.stake_cents
            )
        stake = dollars_text(event.stake_cents)
        return f"trade broken by the exchange: {stake} of {named}; what it offset is open again"

    def _result_text(self, event: MarketSettled) -> str | None:
        ledger, key = self._desk.ledger, event.market_key
        held = key in ledger.settlements or self._desk.exposure.of_market(key)
        if not held:
            return None
        void = {result for _, result in event.results} == {Result.VOIDED}
        if key in ledger.settlements:
            what = "corrected to void" if void else "corrected"
            return f"result {what} by the exchange: {self._market_text(key)}"
        return f"void, stakes returned: {self._market_text(key)}" if void else None

    def _postponed_text(self, event: EventScheduled) -> str | None:
        state = self._desk.market_states.events.get(event.event_id)
        if state is None or event.scheduled_ns - state.scheduled_ns < _POSTPONED_NS:
            return None
        hours = (event.scheduled_ns - state.scheduled_ns) / _HOUR_NS
        positions = self._desk.exposure.positions_of(event.event_id)
        matched_cents = sum(sum(position.matched_cents) for position in positions)
        return (
            f"postponed by {hours:,.1f} hours: {state.event.name}; "
            f"{dollars_text(matched_cents)} stays matched until it is played or void"
        )

    def _wiped_text(self, event: WagerWiped) -> str | None:
        wager = self._desk.wagers.find(event.ref)
        if wager is None or wager.pair.first.event_id in self._wiped:
            return None
        self._wiped.add(wager.pair.first.event_id)
        name = self._catalogue.events[wager.pair.first.event_id].name
        return f"wagers wiped by the exchange: {name}; what is quoted now is placed again"

    def _market_text(self, key: MarketKey) -> str:
        event = self._catalogue.events[key.event_id]
        return f"{event.name}, {self._catalogue.markets[key].label(event)}"
