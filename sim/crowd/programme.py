"""What is on offer for a simulated game: the event, its markets and lines, and how they settle."""

import hashlib
from math import floor

from sim.crowd.game import Game, Score
from sim.crowd.tempo import NS_PER_S
from strategies.trading.ids import EventId, LineId, MarketId
from strategies.trading.market import Line, Market, MarketType, Result, Selection, SportEvent

# 2026-01-15 00:30 UTC.
SCHEDULED_NS = 1_768_437_000 * NS_PER_S
HOME = "Lakeview Lanterns"
AWAY = "Harbor City Herons"
FIRST_EVENT_ID = 9_000_000

Selections = tuple[Selection, Selection]
_TEAMS: Selections = (Selection.HOME, Selection.AWAY)
_SUM: Selections = (Selection.OVER, Selection.UNDER)


class Programme:
    """The sport event and its three markets: moneyline, main spread and main total.

    Points are halves, so that nothing is pushed. Market ids are those that ProphetX uses.
    """

    def __init__(self, seed: int, game: Game) -> None:
        """Name everything after the seed, with points nearest to what is expected."""
        event_id = EventId(str(FIRST_EVENT_ID + seed))
        self.event = SportEvent(
            event_id, f"{AWAY} at {HOME} (simulated)", HOME, AWAY, "NBA", "basketball", SCHEDULED_NS
        )
        home_point = -(floor(game.line) + 0.5)
        total_point = floor(game.total) + 0.5
        self.markets: list[tuple[Market, tuple[Line, Line]]] = [
            _market(event_id, "219", MarketType.MONEYLINE, _TEAMS, (0.0, 0.0)),
            _market(event_id, "223", MarketType.SPREAD, _TEAMS, (home_point, -home_point)),
            _market(event_id, "225", MarketType.TOTAL, _SUM, (total_point, total_point)),
        ]


def results(type_: MarketType, point: float, final: Score) -> tuple[Result, Result]:
    """Return what becomes of a pair whose first line is home or over at this point."""
    if type_ is MarketType.TOTAL:
        surplus = final.home + final.away - point
    else:
        surplus = final.home - final.away + point
    return (Result.WON, Result.LOST) if surplus > 0 else (Result.LOST, Result.WON)


def _market(
    event_id: EventId,
    number: str,
    type_: MarketType,
    selections: Selections,
    points: tuple[float, float],
) -> tuple[Market, tuple[Line, Line]]:
    market = Market(event_id, MarketId(number), type_, type_.capitalize())
    first = _line(market, selections[0], points[0])
    return market, (first, _line(market, selections[1], points[1]))


def _line(market: Market, selection: Selection, point: float) -> Line:
    name = f"{market.event_id}:{market.market_id}:{selection}:{point:g}"
    line_id = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
    return Line(LineId(line_id), market.event_id, market.market_id, selection, point)
