"""The calls that ask what can be traded: tournaments, events, markets, ladder (partner API, 4)."""

from sim.sandbox.api_errors import RefusedError
from sim.sandbox.api_request import ApiRequest, whole
from sim.sandbox.market_views import MarketViews
from sim.sandbox.serializers import Shape
from sim.sandbox.wire_ids import WireIds
from strategies.trading.model.market import SportEvent

_MOST_EVENTS, _MOST_STRIKES = 50, 20


class CatalogueCalls:
    """Answers what everybody may ask; raises RefusedError where a question is wrong."""

    def __init__(self, names: WireIds, reference: MarketViews) -> None:
        """Answer from what the exchange shows."""
        self._names = names
        self._reference = reference

    def tournaments(self, _: ApiRequest) -> Shape:
        """Return every tournament."""
        return {"data": {"tournaments": self._reference.tournaments()}}

    def sport_events(self, call: ApiRequest) -> Shape:
        """Return the events of a tournament; null if there are none."""
        number = whole(call.query.get("tournament_id"), "invalid_param")
        return {"data": {"sport_events": self._reference.sport_events(number) or None}}

    def markets(self, call: ApiRequest) -> Shape:
        """Return the markets of an event; null once it has ended."""
        number = whole(call.query.get("event_id"), "invalid_event_id")
        event = self._event(number)
        return {"data": {"event_id": number, "markets": self._reference.markets(event.event_id)}}

    def multiple_markets(self, call: ApiRequest) -> Shape:
        """Return the markets of up to fifty events, by their ids as text."""
        ids = call.ids("event_ids", _MOST_EVENTS, "market_event_limit_exceeded")
        events = {text: self._event(whole(text, "invalid_event_id")) for text in ids}
        markets = self._reference.markets
        return {"data": {text: markets(event.event_id) for text, event in events.items()}}

    def strikes(self, call: ApiRequest) -> Shape:
        """Return what up to twenty strike ids stand for."""
        lines = [
            self._names.line(strike_id)
            for strike_id in call.ids("strike_ids", _MOST_STRIKES, "strike_id_invalid")
        ]
        if None in lines:
            raise RefusedError("strike_id_invalid", "there is no such strike")
        return {"data": [self._reference.strike(line) for line in lines if line is not None]}

    def search_markets(self, call: ApiRequest) -> Shape:
        """Return the markets of every event of a tournament that has not ended."""
        number = whole(call.query.get("tournament_id"), "invalid_param")
        events = [shape["event_id"] for shape in self._reference.sport_events(number)]
        found = [self._reference.markets(self._event(event).event_id) for event in events]
        return {"data": {"markets": [market for markets in found for market in markets or []]}}

    def players(self, _: ApiRequest) -> Shape:
        """Return no players: there are no markets on them here."""
        return {"data": {"players": None}}

    def player(self, _: ApiRequest) -> Shape:
        """Refuse to tell of a player: there is none."""
        raise RefusedError("data_not_found", "there is no such player")

    def ladder(self, _: ApiRequest) -> Shape:
        """Return the permitted odds, as bare numbers."""
        return {"data": self._reference.ladder()}

    def _event(self, number: int) -> SportEvent:
        event = self._names.event(number)
        if event is None:
            raise RefusedError("sport_event_not_found", f"no event {number}")
        return event
