"""The markets of a simulated game: the event, its markets and lines, and their results."""

import hashlib

from sim.crowd.game import Game, Score
from sim.crowd.sports.sport import Sport
from strategies.trading.model.ids import EventId, LineId
from strategies.trading.model.market import Line, Market, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection

FIRST_EVENT_ID = 9_000_000
# The away team is this many places after the home team in the sport's list.
AWAY_TEAM_OFFSET = 1

Lines = tuple[Line, Line]
Selections = tuple[Selection, Selection]
_TEAMS: Selections = (Selection.HOME, Selection.AWAY)
_SUM: Selections = (Selection.OVER, Selection.UNDER)


class MarketOffering:
    """The sport event and its three markets, each with its pairs of lines, the main pair first.

    The first line of a pair is home or over. Market ids are those that ProphetX uses.
    """

    def __init__(self, seed: int, sport: Sport, game: Game) -> None:
        """Derive all ids from the seed; the points are those that the game is offered with."""
        self.event = _event(seed, sport)
        self.markets: list[tuple[Market, list[Lines]]] = [
            self._market(sport, MarketType.MONEYLINE, _TEAMS, [(0.0, 0.0)]),
            self._market(sport, MarketType.SPREAD, _TEAMS, [(p, -p) for p in game.points.spreads]),
            self._market(sport, MarketType.TOTAL, _SUM, [(p, p) for p in game.points.totals]),
        ]

    def _market(
        self,
        sport: Sport,
        type_: MarketType,
        selections: Selections,
        points: list[tuple[float, float]],
    ) -> tuple[Market, list[Lines]]:
        market_id = sport.market_ids[type_]
        market = Market(self.event.event_id, market_id, type_, type_.capitalize())
        return market, [
            (_line(market, selections[0], first), _line(market, selections[1], second))
            for first, second in points
        ]


def results(type_: MarketType, point: float, final: Score) -> tuple[Result, Result]:
    """Return the results of a pair whose first line is home or over at this point."""
    if type_ is MarketType.TOTAL:
        surplus = final.home + final.away - point
    else:
        surplus = final.home - final.away + point
    if surplus == 0:
        return Result.PUSHED, Result.PUSHED
    return (Result.WON, Result.LOST) if surplus > 0 else (Result.LOST, Result.WON)


def _event(seed: int, sport: Sport) -> SportEvent:
    home = sport.teams[seed % len(sport.teams)]
    away = sport.teams[(seed + AWAY_TEAM_OFFSET) % len(sport.teams)]
    return SportEvent(
        EventId(str(FIRST_EVENT_ID + seed)),
        f"{away} at {home} (simulated)",
        home,
        away,
        sport.tournament,
        sport.name,
        sport.scheduled_ns,
    )


def _line(market: Market, selection: Selection, point: float) -> Line:
    name = f"{market.event_id}:{market.market_id}:{selection}:{point:g}"
    line_id = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
    return Line(LineId(line_id), market.event_id, market.market_id, selection, point)
