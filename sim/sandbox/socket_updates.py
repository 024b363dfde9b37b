"""What changed at the exchange, as messages on the sockets (partner API, 10.5)."""

from sim.sandbox.api_versions import EDITIONS
from sim.sandbox.market_views import MarketViews
from sim.sandbox.serializers import MARKET_STATUS, Shape, dollars, number, strike_name
from sim.sandbox.socket_hub import Hub
from sim.sandbox.wager_records import Fill, WagerRecord
from sim.sandbox.wire_ids import outcome_id
from strategies.trading.model.events import (
    Event,
    EventScheduled,
    EventStatusChanged,
    MarketStatusChanged,
    OfferChanged,
    TradeSeen,
)
from strategies.trading.model.ids import EventId, PairId
from strategies.trading.model.market import Pair
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import opposite


class SocketUpdates:
    """Hears what the exchange publishes, and tells it to the sockets in both editions.

    Offers are told pair by pair, whole, once all that came at an instant was heard. A trade is told
    from its maker's side. Scores are not told: the exchange has no message for them.
    """

    def __init__(self, reference: MarketViews, hub: Hub) -> None:
        """Tell a hub what a reference knows."""
        self._reference = reference
        self._names = reference.names
        self._catalogue = reference.catalogue
        self._hub = hub
        self._changed: dict[PairId, Pair] = {}
        self._sequence = 0

    # What is heard ----------------------------------------------------------------------------

    def hear(self, event: Event, now_ns: int) -> None:
        """Hear what the exchange publishes at a time."""
        match event:
            case OfferChanged():
                pair = self._catalogue.pair_of(event.line_id)
                self._changed[pair.pair_id] = pair
                self._reference.touch(event.line_id, now_ns)
            case TradeSeen():
                self._tell_trade(event, now_ns)
            case MarketStatusChanged():
                self._tell_market(event, now_ns)
            case EventStatusChanged():
                self._tell_event(event.event_id, now_ns)
            case EventScheduled():
                self._reference.reschedule(event.event_id, event.scheduled_ns)
                self._tell_event(event.event_id, now_ns)

    def act(self, now_ns: int) -> None:
        """Tell the offers that changed."""
        changed, self._changed = self._changed, {}
        for pair in changed.values():
            self._tell_offers(pair, now_ns)

    # What is told -----------------------------------------------------------------------------

    def tell_wager(self, record: WagerRecord, fill: Fill | None) -> None:
        """Tell the account of a wager what became of it."""
        at_ns = record.updated_ns
        info = record.update(self._names, fill, self._next(at_ns))
        for edition in EDITIONS:
            channel = edition.private_channel(record.partner_id)
            if self._hub.heard(channel):
                payload = edition.named({"info": info})
                change = edition.change_type("order")
                self._hub.tell(channel, edition.orders_event, change, "u", at_ns, payload)

    def tell_health(self, now_ns: int) -> None:
        """Tell every account's channel that the exchange is there."""
        for channel in self._hub.heard_channels():
            if channel.startswith("private-service="):
                change = "private_system_signal"
                self._hub.tell(channel, "health_check", change, "u", now_ns, {})

    def _tell_offers(self, pair: Pair, now_ns: int) -> None:
        event_number = self._names.event_ids[pair.first.event_id]
        heard = [e for e in EDITIONS if self._hub.heard(e.offers_channel(event_number))]
        if not heard:
            return
        market_number = self._names.market_ids[pair.market_key]
        payload = {
            "sport_event_id": event_number,
            "market_id": market_number,
            "info": {
                "id": market_number,
                "name": strike_name(pair.type, pair.first.point),
                "type": pair.type.value,
                "strike": number(pair.first.point),
                "sequence_number": self._next(now_ns),
                "selections": self._reference.selections(pair),
            },
        }
        for edition in heard:
            channel = edition.offers_channel(event_number)
            event = self._event_name(pair.first.event_id)
            named = edition.named(payload)
            self._hub.tell(channel, event, "market_selections", "u", now_ns, named)

    def _tell_trade(self, trade: TradeSeen, now_ns: int) -> None:
        maker = self._catalogue.opposite(trade.line_id)
        odds = opposite(trade.odds)
        type_ = self._catalogue.markets[maker.market_key].type
        info: Shape = {
            "sport_event_id": self._names.event_ids[maker.event_id],
            "market_id": self._names.market_ids[maker.market_key],
            "outcome_id": outcome_id(type_, maker.selection),
            "strike_id": self._names.strike_ids[maker.line_id],
            "strike": number(maker.point),
            "price": odds,
            "fill_price": odds,
            "filled_quantity": dollars(profit_cents(trade.stake_cents, trade.odds)),
            "origin_market_strike": number(maker.point),
            "sequence_number": self._next(now_ns),
        }
        self._tell_all(maker.event_id, "matched_order", "c", now_ns, {"info": info})

    def _tell_market(self, event: MarketStatusChanged, now_ns: int) -> None:
        key = event.market_key
        event_number = self._names.event_ids[key.event_id]
        market = self._catalogue.markets[key]
        info: Shape = {
            "id": self._names.market_ids[key],
            "sport_event_id": event_number,
            "name": market.name,
            "status": MARKET_STATUS[event.status],
            "description": "",
            "sequence_number": self._next(now_ns),
        }
        payload = {"id": event_number, "info": info}
        self._tell_all(key.event_id, "market", "u", now_ns, payload)

    def _tell_event(self, event_id: EventId, now_ns: int) -> None:
        self._reference.touch_event(event_id, now_ns)
        info = self._reference.event(event_id)
        payload = {
            "id": str(info["event_id"]),
            "tournament_id": str(info["tournament_id"]),
            "info": info | {"sequence_number": self._next(now_ns)},
        }
        self._tell_all(event_id, "sport_event", "u", now_ns, payload)

    def _tell_all(
        self, event_id: EventId, change_type: str, op: str, now_ns: int, payload: Shape
    ) -> None:
        for edition in EDITIONS:
            channel = edition.broadcast_channel()
            if self._hub.heard(channel):
                event = self._event_name(event_id)
                change, named = edition.change_type(change_type), edition.named(payload)
                self._hub.tell(channel, event, change, op, now_ns, named)

    def _event_name(self, event_id: EventId) -> str:
        return f"tournament_{self._reference.tournament_of(event_id)}"

    def _next(self, now_ns: int) -> int:
        """Return a sequence number: the time, or one more than the last where that is not more."""
        self._sequence = max(self._sequence + 1, now_ns)
        return self._sequence
