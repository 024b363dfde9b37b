"""What can be wagered on: sport events, their markets, the lines of a market, and their pairs."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from strategies.trading.model.errors import TapeError
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, PairId


class MarketType(StrEnum):
    """The kinds of market that have two outcomes and that ProphetX offers."""

    MONEYLINE = "moneyline"
    SPREAD = "spread"
    TOTAL = "total"


class Selection(StrEnum):
    """One outcome of a market that can be backed."""

    HOME = "home"
    AWAY = "away"
    OVER = "over"
    UNDER = "under"


class MarketStatus(IntEnum):
    """Whether a market takes wagers: now, not for now, or no more."""

    OPEN = 1
    SUSPENDED = 2
    CLOSED = 3


class EventStatus(IntEnum):
    """Where a sport event stands; LIVE is in-play."""

    NOT_STARTED = 1
    LIVE = 2
    ENDED = 3


class Result(IntEnum):
    """What became of a line; PUSHED and VOIDED return the stake."""

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


@dataclass(frozen=True, slots=True)
class Market:
    """One question about an event; a spread or total market holds a pair of lines per point."""

    event_id: EventId
    market_id: MarketId
    type: MarketType
    name: str

    @property
    def key(self) -> MarketKey:
        """Return what tells this market from those of other events."""
        return MarketKey(self.event_id, self.market_id)


@dataclass(frozen=True, slots=True)
class Line:
    """A selection at a point: the thing one wagers on.

    `point` is a multiple of a half. Home -4.5 stands against away +4.5; over and under share
    their point; a moneyline has point 0.
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


@dataclass(frozen=True, slots=True)
class Pair:
    """The two opposite lines of one event, market and point: home and away, or over and under.

    If the first line wins the second loses, and the other way round; a push or a void returns
    the stakes of both.
    """

    pair_id: PairId
    type: MarketType
    first: Line
    second: Line

    @property
    def market_key(self) -> MarketKey:
        """Return the market that the pair belongs to."""
        return self.first.market_key


_FIRST_TO_SECOND = {Selection.HOME: Selection.AWAY, Selection.OVER: Selection.UNDER}


class Catalogue:
    """Everything a session may wager on, with its look-ups. It only grows."""

    def __init__(
        self, events: Iterable[SportEvent], markets: Iterable[Market], lines: Iterable[Line]
    ) -> None:
        """Begin with what `add` takes, and raise what it raises."""
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
        """Take in more, and return the pairs of it.

        Both lines of a pair come together. Raise TapeError where a line has no market, or no
        opposite of its own.
        """
        self.events |= {event.event_id: event for event in events}
        for market in markets:
            self.markets[market.key] = market
            self.pairs_by_market.setdefault(market.key, [])
        return self._pair_lines({line.line_id: line for line in lines})

    def pair_of(self, line_id: LineId) -> Pair:
        """Return the pair that a line belongs to."""
        return self._pair_by_line[line_id]

    def opposite(self, line_id: LineId) -> Line:
        """Return the line that wins when this one loses."""
        pair = self._pair_by_line[line_id]
        return pair.second if pair.first.line_id == line_id else pair.first

    def _pair_lines(self, lines: dict[LineId, Line]) -> list[Pair]:
        seconds = {
            (line.market_key, line.selection, line.point): line
            for line in lines.values()
            if line.selection not in _FIRST_TO_SECOND
        }
        known = len(self.pairs)
        for first in lines.values():
            if first.selection in _FIRST_TO_SECOND:
                self._add_pair(first, seconds)
        self.lines |= lines
        alone = [line_id for line_id in lines if line_id not in self._pair_by_line]
        if alone:
            message = f"line {alone[0]} has no opposite line in its market"
            raise TapeError(message)
        return list(self.pairs.values())[known:]

    def _add_pair(
        self, first: Line, seconds: dict[tuple[MarketKey, Selection, float], Line]
    ) -> None:
        market = self.markets.get(first.market_key)
        if market is None or market.event_id not in self.events:
            message = f"line {first.line_id} belongs to no known market of a known event"
            raise TapeError(message)
        mirrored = market.type is MarketType.SPREAD
        point = 0.0 - first.point if mirrored else first.point
        second = seconds.get((first.market_key, _FIRST_TO_SECOND[first.selection], point))
        pair_id = PairId(f"{first.event_id}:{first.market_id}:{first.point:g}")
        if second is None or second.line_id in self._pair_by_line or pair_id in self.pairs:
            return
        pair = Pair(pair_id, market.type, first, second)
        self.pairs[pair_id] = pair
        self.pairs_by_market[pair.market_key].append(pair)
        self._pair_by_line[first.line_id] = pair
        self._pair_by_line[second.line_id] = pair
