"""The catalogue of a session: its events, markets, lines and pairs, by id."""

from collections.abc import Iterable

from strategies.trading.model.errors import TapeError
from strategies.trading.model.ids import EventId, LineId, MarketKey, PairId
from strategies.trading.model.market import Line, Market, Pair, SportEvent
from strategies.trading.model.market_types import Selection
from strategies.trading.model.money import dollars_text


class Catalogue:
    """All events, markets, lines and pairs of a session, by id. Entries are never removed."""

    def __init__(
        self, events: Iterable[SportEvent], markets: Iterable[Market], lines: Iterable[Line]
    ) -> None:
        """Start with these entries; raise TapeError as `add` does."""
        self.events: dict[EventId, SportEvent] = {}
        self.markets: dict[MarketKey, Market] = {}
        self.lines: dict[LineId, Line] = {}
        self.pairs: dict[PairId, Pair] = {}
        self.pairs_by_market: dict[MarketKey, list[Pair]] = {}
        self._pair_by_line: dict[LineId, Pair] = {}
        self.add(events, markets, lines)

    def add(
        self, events: Iterable[SportEvent], markets: Iterable[Market], lines: Iterable[Line]
    ) -> list[Pair]:
        """Add entries, and return the pairs that they form.

        Both lines of a pair must come together. Raise TapeError if a line has no market or no
        opposite line, or a market is impossible for its event.
        """
        self.events |= {event.event_id: event for event in events}
        for market in markets:
            require_possible(market, self.events.get(market.event_id))
            self.markets[market.key] = market
            self.pairs_by_market.setdefault(market.key, [])
        return self._pair_lines({line.line_id: line for line in lines})

    def pair_of(self, line_id: LineId) -> Pair:
        """Return the pair that a line belongs to."""
        return self._pair_by_line[line_id]

    def name_of(self, key: EventId | MarketKey) -> str:
        """Return the name of an event or a market, or its id if it is not known here."""
        if isinstance(key, MarketKey):
            return f"{self.name_of(key.event_id)}, {self.label_of(key)}"
        return self.events[key].name if key in self.events else f"event {key}"

    def label_of(self, key: MarketKey) -> str:
        """Return the name of a market among those of its event, or its id if it is not known."""
        market = self.markets.get(key)
        if market is None:
            return f"market {key.market_id}"
        return market.label(self.events[key.event_id])

    def line_text(self, line_id: LineId) -> str:
        """Return game, market and selection of a line, or its id if it is not known here."""
        line = self.lines.get(line_id)
        if line is None:
            return f"line {line_id}"
        event, market = self.events[line.event_id], self.markets[line.market_key]
        return f"{event.name}, {market.label(event)}, {line.label(market, event)}"

    def wager_text(self, ref: str, line_id: LineId, odds: int, stake_cents: int) -> str:
        """Return a wager as a person can act on it: reference, stake, odds and what it is on."""
        return f"{ref}: {dollars_text(stake_cents)} at {odds:+d} on {self.line_text(line_id)}"

    def opposite(self, line_id: LineId) -> Line:
        """Return the line that wins when this one loses."""
        pair = self._pair_by_line[line_id]
        return pair.second if pair.first.line_id == line_id else pair.first

    def _pair_lines(self, lines: dict[LineId, Line]) -> list[Pair]:
        by_place = {(line.market_key, line.selection, line.point): line for line in lines.values()}
        known = len(self.pairs)
        for line in lines.values():
            self._add_pair(line, by_place)
        self.lines |= lines
        alone = [line_id for line_id in lines if line_id not in self._pair_by_line]
        if alone:
            message = f"line {alone[0]} has no opposite line in its market"
            raise TapeError(message)
        return list(self.pairs.values())[known:]

    def _add_pair(
        self, first: Line, by_place: dict[tuple[MarketKey, Selection, float], Line]
    ) -> None:
        """Add the pair of a line that is the first of one, if its second line is there too."""
        market = self.markets.get(first.market_key)
        if market is None or market.event_id not in self.events:
            message = f"line {first.line_id} belongs to no known market of a known event"
            raise TapeError(message)
        row = market.type.row
        if first.selection is not row.first:
            return
        point = market.type.opposite_point(first.point)
        second = by_place.get((first.market_key, row.second, point))
        pair_id = PairId(f"{first.event_id}:{first.market_id}:{first.point:g}")
        if second is None or second.line_id in self._pair_by_line or pair_id in self.pairs:
            return
        pair = Pair(pair_id, market, first, second)
        self.pairs[pair_id] = pair
        self.pairs_by_market[pair.market_key].append(pair)
        self._pair_by_line[first.line_id] = pair
        self._pair_by_line[second.line_id] = pair


def require_possible(market: Market, event: SportEvent | None) -> None:
    """Raise TapeError if a market's participant does not fit its type, or its period the sport.

    The period is not checked while the event is unknown.
    """
    place = f"market {market.market_id} of event {market.event_id}"
    if (market.participant is None) == market.type.row.is_about_team:
        named = "names no team" if market.participant is None else f"names {market.participant}"
        message = f"{place}: a {market.type} {named}"
        raise TapeError(message)
    if event is not None and not market.period.is_played_in(event.sport):
        message = f"{place}: is on the {market.period.label}, which {event.sport} does not have"
        raise TapeError(message)
