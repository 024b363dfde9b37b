"""Sport events, their markets, the lines of a market, and the pairs of lines."""

from dataclasses import dataclass, field
from enum import IntEnum

from msgspec import Struct

from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, PairId
from strategies.trading.model.market_types import (
    MarketKind,
    MarketType,
    Period,
    Selection,
    Team,
)


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
    is_on_winner_of_game: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Keep what every update of a wager, and every decision, needs."""
        object.__setattr__(self, "market_key", self.first.market_key)
        is_on_winner = self.market.kind == MarketKind(MarketType.MONEYLINE)
        object.__setattr__(self, "is_on_winner_of_game", is_on_winner)

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
