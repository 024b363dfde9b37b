"""Public views of the exchange as JSON: tournaments, events, markets and their offers."""

from recordings.tape import TapeInfo
from sim.exchange.books import LineBook
from sim.exchange.displayed_book import best_level, levels, totals
from sim.exchange.prophet import SimulatedProphet
from sim.sandbox.serializers import (
    EVENT_STATUS,
    MARKET_STATUS,
    Json,
    dollars,
    event_json,
    number,
    selection_json,
    strike_name,
    tournament_json,
)
from sim.sandbox.wire_ids import WireIds, display_order, tournament_id
from sim.sandbox.wire_markets import wire_market
from strategies.trading.model.ids import EventId, LineId, MarketKey
from strategies.trading.model.market import (
    EventStatus,
    Line,
    Market,
    MarketStatus,
    Pair,
    SportEvent,
)
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import implied_probability


class MarketViews:
    """The exchange's books and statuses, as JSON for responses and socket messages.

    Call `mark_changed` when the offers of a line change and `reschedule` when an event is
    rescheduled; the JSON then has the new times.
    """

    def __init__(self, info: TapeInfo, wire_ids: WireIds, exchange: SimulatedProphet) -> None:
        """Show an exchange in its current state, whenever a view is requested."""
        self.wire_ids = wire_ids
        self._exchange = exchange
        self.catalogue = info.catalogue()
        self._ladder = info.ladder
        self._market_indices = {market.key: at for at, market in enumerate(info.markets)}
        self._event_indices = {event.event_id: at for at, event in enumerate(info.events)}
        self._events = {event.event_id: event for event in info.events}
        self._changed_at_ns: dict[LineId, int] = {}
        self._event_changed_ns: dict[EventId, int] = {}

    # Changes ----------------------------------------------------------------------------------

    def mark_changed(self, line_id: LineId, now_ns: int) -> None:
        """Record when the offers of a line changed."""
        self._changed_at_ns[line_id] = now_ns

    def mark_event_changed(self, event_id: EventId, now_ns: int) -> None:
        """Record when an event changed."""
        self._event_changed_ns[event_id] = now_ns

    def reschedule(self, event_id: EventId, scheduled_ns: int) -> None:
        """Set the scheduled start of an event."""
        old = self._events[event_id]
        self._events[event_id] = SportEvent(
            old.event_id, old.name, old.home, old.away, old.tournament, old.sport, scheduled_ns
        )

    # Views ------------------------------------------------------------------------------------

    def ladder(self) -> list[int]:
        """Return the permitted odds."""
        return list(self._ladder.rungs)

    def tournaments(self) -> list[Json]:
        """Return every tournament that has an event."""
        known = self.wire_ids.tournaments().values()
        return [tournament_json(event, self._changed_ns(event.event_id)) for event in known]

    def sport_events(self, wanted_tournament: int) -> list[Json]:
        """Return the events of a tournament."""
        return [
            self.event(event.event_id)
            for event in self._events.values()
            if tournament_id(event.tournament) == wanted_tournament
        ]

    def event(self, event_id: EventId) -> Json:
        """Return an event."""
        event = self._events[event_id]
        status = EVENT_STATUS[EventStatus(self._event_status(event_id))]
        event_number = self.wire_ids.event_ids[event_id]
        return event_json(event, event_number, status, self._changed_ns(event_id))

    def tournament_of(self, event_id: EventId) -> int:
        """Return the number of an event's tournament."""
        return tournament_id(self._events[event_id].tournament)

    def markets(self, event_id: EventId) -> list[Json] | None:
        """Return the offered markets of an event; None once the event has ended."""
        if self._event_status(event_id) == EventStatus.ENDED:
            return None
        markets = self.wire_ids.markets_of(event_id)
        return [self.market(market) for market in markets if self._is_offered(market.key)]

    def _is_offered(self, key: MarketKey) -> bool:
        """Return whether a market has lines and a status."""
        return bool(self._status_of(key) and self.catalogue.pairs_by_market[key])

    def market(self, market: Market) -> Json:
        """Return a market with everything offered in it."""
        pairs = self.catalogue.pairs_by_market[market.key]
        wire = wire_market(market.kind)
        fields: Json = {
            "category_name": wire.category,
            "id": self.wire_ids.market_ids[market.key],
            "name": market.name,
            "status": self.market_status(market.key),
            "sub_type": wire.sub_type,
            "type": wire.type,
            **self._totals(pairs),
        }
        updated_ns = max((self._pair_changed_ns(pair) for pair in pairs), default=0)
        if updated_ns:
            fields["updated_at"] = updated_ns
        if not market.type.row.has_point:
            return fields | {"strike": 0, "selections": self.selections(pairs[0])}
        main = min(pairs, key=self._distance_from_even, default=None)
        return fields | {"market_strikes": [self._strike(pair, pair is main) for pair in pairs]}

    def _strike(self, pair: Pair, favourite: bool) -> Json:
        wire = wire_market(pair.market.kind)
        fields: Json = {
            "category_name": "",
            "id": self.wire_ids.market_id_of(pair.first),
            "name": strike_name(pair.market.kind, pair.first.point),
            "selections": self.selections(pair),
            "status": self.market_status(pair.market_key),
            "strike": number(pair.first.point),
            "sub_type": wire.sub_type,
            "type": wire.type,
            **self._totals([pair]),
        }
        return fields | {"favourite": True} if favourite else fields

    def selections(self, pair: Pair) -> list[list[Json]]:
        """Return the offers on both lines of a pair."""
        lines = display_order(pair.first, pair.second)
        return [self._selection(pair.type, line) for line in lines]

    def market_status(self, key: MarketKey) -> str:
        """Return the status of a market."""
        return MARKET_STATUS[MarketStatus(self._status_of(key))]

    def strike(self, line: Line) -> Json:
        """Return the event and market of a strike id."""
        wire = wire_market(self.catalogue.markets[line.market_key].kind)
        return {
            "event_id": self.wire_ids.event_ids[line.event_id],
            "market_id": self.wire_ids.market_ids[line.market_key],
            "strike_id": self.wire_ids.strike_ids[line.line_id],
            "type": wire.type,
            "sub_type": wire.sub_type,
        }

    # Parts ------------------------------------------------------------------------------------

    def _selection(self, type_: MarketType, line: Line) -> list[Json]:
        return selection_json(
            type_,
            line,
            self.wire_ids.strike_ids[line.line_id],
            self._team(line),
            levels(self._book(line)),
            self._changed_at_ns.get(line.line_id, 0),
        )

    def _team(self, line: Line) -> str:
        event = self._events[line.event_id]
        teams = {Selection.HOME: event.home, Selection.AWAY: event.away}
        return teams.get(line.selection, line.selection.value)

    def _totals(self, pairs: list[Pair]) -> Json:
        """Return the total and filled quantity of pairs, consistent with the levels (8.1)."""
        filled_cents = sum(totals(self._book(pair.first)).filled_cents for pair in pairs)
        open_cents = sum(
            profit_cents(level.value_cents, level.odds)
            for pair in pairs
            for line in (pair.first, pair.second)
            for level in levels(self._book(line))
        )
        fields: Json = {"total_filled_quantity": dollars(filled_cents)}
        if filled_cents + open_cents:
            fields["total_quantity"] = dollars(filled_cents + open_cents)
        return fields

    def _distance_from_even(self, pair: Pair) -> float:
        """Return how far a pair's best offers are from even; 1 if a side has none."""
        first, second = (best_level(self._book(line)) for line in (pair.first, pair.second))
        if first is None or second is None:
            return 1
        return abs(implied_probability(first.odds) - implied_probability(second.odds))

    def _book(self, line: Line) -> LineBook:
        return self._exchange.books_by_line[line.line_id]

    def _pair_changed_ns(self, pair: Pair) -> int:
        return max(self._changed_at_ns.get(line.line_id, 0) for line in (pair.first, pair.second))

    def _status_of(self, key: MarketKey) -> int:
        """Return the MarketStatus of a market, zero before the first is set."""
        return self._exchange.markets.status_of(self._market_indices[key])

    def _event_status(self, event_id: EventId) -> int:
        return self._exchange.markets.event_status_of(self._event_indices[event_id])

    def _changed_ns(self, event_id: EventId) -> int:
        return self._event_changed_ns.get(event_id, 0)
