"""Changes at the exchange as messages on the sockets (partner API, 10.5)."""

from sim.sandbox.api_versions import API_VERSIONS
from sim.sandbox.market_views import MarketViews
from sim.sandbox.serializers import MARKET_STATUS, Json, dollars, number, strike_name
from sim.sandbox.socket_hub import SocketHub
from sim.sandbox.wager_records import Fill, WagerRecord
from sim.sandbox.wire_markets import outcome_id, wire_market
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
    """Sends what the exchange publishes to the sockets, in both API versions.

    Offers are sent pair by pair with all their levels, once everything of an instant was received.
    A trade is sent from its maker's side. Scores are not sent: the exchange has no message for
    them.
    """

    def __init__(self, views: MarketViews, hub: SocketHub) -> None:
        """Send the JSON of `views` through a hub."""
        self._views = views
        self._wire_ids = views.wire_ids
        self._catalogue = views.catalogue
        self._hub = hub
        self._changed: dict[PairId, Pair] = {}
        self._sequence = 0

    # Market data ------------------------------------------------------------------------------

    def on_event(self, event: Event, now_ns: int) -> None:
        """Send an event, or mark its pair as changed until `publish_offers`."""
        match event:
            case OfferChanged():
                pair = self._catalogue.pair_of(event.line_id)
                self._changed[pair.pair_id] = pair
                self._views.mark_changed(event.line_id, now_ns)
            case TradeSeen():
                self._send_trade(event, now_ns)
            case MarketStatusChanged():
                self._send_market(event, now_ns)
            case EventStatusChanged():
                self._send_event(event.event_id, now_ns)
            case EventScheduled():
                self._views.reschedule(event.event_id, event.scheduled_ns)
                self._send_event(event.event_id, now_ns)

    def publish_offers(self, now_ns: int) -> None:
        """Send the offers of the pairs that changed."""
        changed, self._changed = self._changed, {}
        for pair in changed.values():
            self._send_offers(pair, now_ns)

    # Messages ---------------------------------------------------------------------------------

    def send_wager_update(self, record: WagerRecord, fill: Fill | None) -> None:
        """Send an update of a wager to its account's channel."""
        at_ns = record.updated_ns
        info = record.update_json(self._wire_ids, fill, self._next_sequence_number(at_ns))
        for version in API_VERSIONS:
            channel = version.private_channel(record.account_id)
            if self._hub.has_subscribers(channel):
                payload = version.named({"info": info})
                change = version.change_type("order")
                self._hub.send(channel, version.orders_event, change, "u", at_ns, payload)

    def send_health_check(self, now_ns: int) -> None:
        """Send a health check to every subscribed account channel."""
        for channel in self._hub.subscribed_channels():
            if channel.startswith("private-service="):
                change = "private_system_signal"
                self._hub.send(channel, "health_check", change, "u", now_ns, {})

    def _send_offers(self, pair: Pair, now_ns: int) -> None:
        event_number = self._wire_ids.event_ids[pair.first.event_id]
        versions = [
            e for e in API_VERSIONS if self._hub.has_subscribers(e.offers_channel(event_number))
        ]
        if not versions:
            return
        market_number = self._wire_ids.market_ids[pair.market_key]
        payload = {
            "sport_event_id": event_number,
            "market_id": market_number,
            "info": {
                "id": market_number,
                "name": strike_name(pair.market.kind, pair.first.point),
                "type": wire_market(pair.market.kind).type,
                "strike": number(pair.first.point),
                "sequence_number": self._next_sequence_number(now_ns),
                "selections": self._views.selections(pair),
            },
        }
        for version in versions:
            channel = version.offers_channel(event_number)
            event = self._event_name(pair.first.event_id)
            renamed = version.named(payload)
            self._hub.send(channel, event, "market_selections", "u", now_ns, renamed)

    def _send_trade(self, trade: TradeSeen, now_ns: int) -> None:
        maker = self._catalogue.opposite(trade.line_id)
        odds = opposite(trade.odds)
        type_ = self._catalogue.markets[maker.market_key].type
        info: Json = {
            "sport_event_id": self._wire_ids.event_ids[maker.event_id],
            "market_id": self._wire_ids.market_ids[maker.market_key],
            "outcome_id": outcome_id(type_, maker.selection),
            "strike_id": self._wire_ids.strike_ids[maker.line_id],
            "strike": number(maker.point),
            "price": odds,
            "fill_price": odds,
            "filled_quantity": dollars(profit_cents(trade.stake_cents, trade.odds)),
            "origin_market_strike": number(maker.point),
            "sequence_number": self._next_sequence_number(now_ns),
        }
        self._broadcast(maker.event_id, "matched_order", "c", now_ns, {"info": info})

    def _send_market(self, event: MarketStatusChanged, now_ns: int) -> None:
        key = event.market_key
        event_number = self._wire_ids.event_ids[key.event_id]
        market = self._catalogue.markets[key]
        info: Json = {
            "id": self._wire_ids.market_ids[key],
            "sport_event_id": event_number,
            "name": market.name,
            "status": MARKET_STATUS[event.status],
            "description": "",
            "sequence_number": self._next_sequence_number(now_ns),
        }
        payload = {"id": event_number, "info": info}
        self._broadcast(key.event_id, "market", "u", now_ns, payload)

    def _send_event(self, event_id: EventId, now_ns: int) -> None:
        self._views.mark_event_changed(event_id, now_ns)
        info = self._views.event(event_id)
        payload = {
            "id": str(info["event_id"]),
            "tournament_id": str(info["tournament_id"]),
            "info": info | {"sequence_number": self._next_sequence_number(now_ns)},
        }
        self._broadcast(event_id, "sport_event", "u", now_ns, payload)

    def _broadcast(
        self, event_id: EventId, change_type: str, op: str, now_ns: int, payload: Json
    ) -> None:
        for version in API_VERSIONS:
            channel = version.broadcast_channel()
            if self._hub.has_subscribers(channel):
                event = self._event_name(event_id)
                change, renamed = version.change_type(change_type), version.named(payload)
                self._hub.send(channel, event, change, op, now_ns, renamed)

    def _event_name(self, event_id: EventId) -> str:
        return f"tournament_{self._views.tournament_of(event_id)}"

    def _next_sequence_number(self, now_ns: int) -> int:
        """Return the time as sequence number, or the last one plus one if that is greater."""
        self._sequence = max(self._sequence + 1, now_ns)
        return self._sequence
