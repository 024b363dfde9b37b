"""The markets of a simulated game: the event, its markets and lines, and their results."""

import hashlib
from typing import NamedTuple, assert_never

from sim.crowd.crowd_types import CROWD_TYPES, CrowdType
from sim.crowd.game import Game, Points
from sim.crowd.sports.registry import SPORTS
from sim.crowd.sports.sport import Sport
from sim.exchange.line_results import opposite_result
from sim.exchange.settlement_rules import GameEnd, first_result
from strategies.trading.model.ids import EventId, LineId
from strategies.trading.model.market import Line, Market, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection

FIRST_EVENT_ID = 9_000_000
# The away team is this many places after the home team in the sport's list.
AWAY_TEAM_OFFSET = 1

Lines = tuple[Line, Line]


class OfferedMarket(NamedTuple):
    """A market with its pairs of lines, home or over first; the main pair is the first."""

    type: CrowdType
    market: Market
    pairs: list[Lines]


class MarketOffering:
    """The sport event and its markets, one of each type that a crowd trades.

    Market ids are those that ProphetX uses.
    """

    def __init__(self, event: SportEvent, sport: Sport, game: Game) -> None:
        """Derive all ids from the event's; the points are those that the game is offered with."""
        self.event = event
        self.markets = [self._offered(sport, type_, game.points) for type_ in CROWD_TYPES]

    def _offered(self, sport: Sport, type_: CrowdType, points: Points) -> OfferedMarket:
        market_id = sport.market_ids.of(type_)
        market = Market(self.event.event_id, market_id, type_, type_.capitalize())
        row = type_.row
        pairs = [
            (_line(market, row.first, first), _line(market, row.second, second))
            for first, second in _line_points(type_, points)
        ]
        return OfferedMarket(type_, market, pairs)


def drawn_event(seed: int, sport: Sport) -> SportEvent:
    """Return the event of a game that was not scheduled; its teams are by the seed.

    No game of another sport or seed has its id.
    """
    home = sport.teams[seed % len(sport.teams)]
    away = sport.teams[(seed + AWAY_TEAM_OFFSET) % len(sport.teams)]
    return SportEvent(
        EventId(str(FIRST_EVENT_ID + seed * len(SPORTS) + list(SPORTS).index(sport.key))),
        f"{away} at {home} (simulated)",
        home,
        away,
        sport.tournament,
        sport.name,
        sport.scheduled_ns,
    )


def results(type_: CrowdType, point: float, end: GameEnd) -> tuple[Result, Result]:
    """Return the results of a pair whose first line is home or over at this point."""
    first = first_result(type_, _surplus(type_, point, end), end)
    return first, opposite_result(first)


def _line_points(type_: CrowdType, points: Points) -> list[tuple[float, float]]:
    """Return the points of the two lines of each pair of a market, those of the main pair first."""
    match type_:
        case MarketType.MONEYLINE:
            return [(0.0, 0.0)]
        case MarketType.SPREAD:
            return [(point, -point) for point in points.spreads]
        case MarketType.TOTAL:
            return [(point, point) for point in points.totals]
        case _:
            assert_never(type_)


def _surplus(type_: CrowdType, point: float, end: GameEnd) -> float:
    """Return by how much the first line of a pair wins; it loses where that is negative."""
    match type_:
        case MarketType.MONEYLINE | MarketType.SPREAD:
            return end.lead + point
        case MarketType.TOTAL:
            return end.home + end.away - point
        case _:
            assert_never(type_)


def _line(market: Market, selection: Selection, point: float) -> Line:
    name = f"{market.event_id}:{market.market_id}:{selection}:{point:g}"
    line_id = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
    return Line(LineId(line_id), market.event_id, market.market_id, selection, point)
