"""Endpoints for what can be traded: tournaments, events, markets, ladder (partner API, 4)."""

from sim.sandbox.api_errors import RefusedError
from sim.sandbox.api_request import ApiRequest, whole
from sim.sandbox.market_views import MarketViews
from sim.sandbox.serializers import Json
from sim.sandbox.wire_ids import WireIds
from strategies.trading.model.market import SportEvent

_MAX_EVENTS, _MAX_STRIKES = 50, 20


class MarketEndpoints:
    """Endpoints for public market data; they raise RefusedError for invalid requests."""

    def __init__(self, wire_ids: WireIds, views: MarketViews) -> None:
        """Respond from the views of the exchange."""
        self._wire_ids = wire_ids
        self._views = views

    def tournaments(self, _: ApiRequest) -> Json:
        """Return every tournament."""
        return {"data": {"tournaments": self._views.tournaments()}}

    def sport_events(self, request: ApiRequest) -> Json:
        """Return the events of a tournament; null if there are none."""
        number = whole(request.query.get("tournament_id"), "invalid_param")
        return {"data": {"sport_events": self._views.sport_events(number) or None}}

    def markets(self, request: ApiRequest) -> Json:
        """Return the markets of an event; null once it has ended."""
        number = whole(request.query.get("event_id"), "invalid_event_id")
        event = self._event(number)
        return {"data": {"event_id": number, "markets": self._views.markets(event.event_id)}}

    def multiple_markets(self, request: ApiRequest) -> Json:
        """Return the markets of up to fifty events, by their ids as text."""
        ids = request.ids("event_ids", _MAX_EVENTS, "market_event_limit_exceeded")
        events = {text: self._event(whole(text, "invalid_event_id")) for text in ids}
        markets = self._views.markets
        return {"data": {text: markets(event.event_id) for text, event in events.items()}}

    def strikes(self, request: ApiRequest) -> Json:
        """Return the event and market of up to twenty strike ids."""
        lines = [
            self._wire_ids.line(strike_id)
            for strike_id in request.ids("strike_ids", _MAX_STRIKES, "strike_id_invalid")
        ]
        if None in lines:
            raise RefusedError("strike_id_invalid", "there is no such strike")
        return {"data": [self._views.strike(line) for line in lines if line is not None]}

    def search_markets(self, request: ApiRequest) -> Json:
        """Return the markets of every event of a tournament that has not ended."""
        number = whole(request.query.get("tournament_id"), "invalid_param")
        events = [event["event_id"] for event in self._views.sport_events(number)]
        found = [self._views.markets(self._event(event).event_id) for event in events]
        return {"data": {"markets": [market for markets in found for market in markets or []]}}

    def players(self, _: ApiRequest) -> Json:
        """Return no players: the sandbox has no player markets."""
        return {"data": {"players": None}}

    def player(self, _: ApiRequest) -> Json:
        """Refuse every player id: the sandbox has no players."""
        raise RefusedError("data_not_found", "there is no such player")

    def ladder(self, _: ApiRequest) -> Json:
        """Return the permitted odds, as bare numbers."""
        return {"data": self._views.ladder()}

    def _event(self, number: int) -> SportEvent:
        event = self._wire_ids.event(number)
        if event is None:
            raise RefusedError("sport_event_not_found", f"no event {number}")
        return event
