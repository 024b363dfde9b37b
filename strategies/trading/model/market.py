"""Sport events, their markets, the lines of a market, and the pairs of lines."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from msgspec import Struct

from strategies.trading.model.errors import TapeError
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, PairId
from strategies.trading.model.market_types import (
    MarketKind,
    MarketType,
    Period,
    Selection,
    Team,
)
from strategies.trading.model.money import dollars_text


class MarketStatus(IntEnum):
    """The status of a market: it accepts wagers, not for the moment, or never again."""

    OPEN = 1
    SUSPENDED = 2
    CLOSED = 3


class EventStatus(IntEnum):
    """The status of a sport event; LIVE is in-play."""

    NOT_STARTED = 1
    LIVE = 2
    ENDED = 3


class Result(IntEnum):
    """The result of a line; PUSHED and VOIDED return the stake."""

    WON = 1
    LOST = 2
    PUSHED = 3
    VOIDED = 4


@dataclass(frozen=True, slots=True)
class SportEvent:
    """A game. `scheduled_ns` is the announced start, nanoseconds since the epoch, UTC."""

    event_id: EventId
    name: str
    home: str
    away: str
    tournament: str
    sport: str
    scheduled_ns: int

    def team_name(self, team: Team) -> str:
        """Return the name of one of its two teams."""
        return self.home if team is Team.HOME else self.away


class Market(Struct, frozen=True, omit_defaults=True):
    """One question about an event; a market with points holds a pair of lines for each point.

    `period` is the part of the game that it is about, `participant` the team, None if it is about
    both. Both are left out of a journal where they have their defaults.
    """

    event_id: EventId
    market_id: MarketId
    type: MarketType
    name: str
    period: Period = Period.GAME
    participant: Team | None = None

    @property
    def key(self) -> MarketKey:
        """Return the key of this market: its id is unique within its event only."""
        return MarketKey(self.event_id, self.market_id)

    @property
    def kind(self) -> MarketKind:
        """Return the kind of market: type, period and team."""
        return MarketKind(self.type, self.period, self.participant)

    def label(self, event: SportEvent) -> str:
        """Return its name among the markets of its event: "first half spread"."""
        team = [] if self.participant is None else [event.team_name(self.participant)]
        period = [self.period.label] if self.period.is_part else []
        return " ".join([*team, *period, self.type.row.label])


@dataclass(frozen=True, slots=True)
class Line:
    """A selection at a point: the thing one wagers on.

    `point` is a multiple of a half. Home -4.5 is opposite away +4.5; over and under share their
    point; a moneyline has point 0.
    """

    line_id: LineId
    event_id: EventId
    market_id: MarketId
    selection: Selection
    point: float

    @property
    def market_key(self) -> MarketKey:
        """Return the market that the line belongs to."""
        return MarketKey(self.event_id, self.market_id)

    def label(self, market: Market, event: SportEvent) -> str:
        """Return its name within its market: "Boston Celtics -4.5", "over 210.5"."""
        row, selection = market.type.row, self.selection
        if selection in (Selection.OVER, Selection.UNDER):
            return f"{selection} {self.point:g}"
        team = event.home if selection is Selection.HOME else event.away
        return f"{team} {self.point:+g}" if row.has_point else team


@dataclass(frozen=True, slots=True)
class Pair:
    """The two opposite lines of one event, market and point: home and away, or over and under.

    If the first line wins the second loses, and the other way round; a push or a void returns
    the stakes of both.
    """

    pair_id: PairId
    market: Market
    first: Line
    second: Line
    market_key: MarketKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Keep the key of the market, which every update of a wager needs."""
        object.__setattr__(self, "market_key", self.first.market_key)

    @property
    def type(self) -> MarketType:
        """Return the type of its market."""
        return self.market.type

    def label(self, event: SportEvent) -> str:
        """Return its name within its event: "spread, home -4.5", "total 210.5"."""
        market, row, point = self.market.label(event), self.type.row, self.first.point
        if not row.has_point:
            return market
        return f"{market}, {row.first} {point:+g}" if row.mirrored else f"{market} {point:g}"


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
