"""A recording of markets on a game, on its halves and on each team, written by hand."""

from pathlib import Path
from typing import NamedTuple

from recordings.tape import Clocks, Side
from recordings.writer import TapeWriter
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market, MarketStatus, Result, SportEvent
from strategies.trading.model.market_types import MarketKind, MarketType, Period, Team
from strategies.trading.model.units import NS_PER_SECOND

START_NS = 1_790_000_000 * NS_PER_SECOND
GAME = EventId("9000001")
MINUTES = 20
SETTINGS = (
    "markets.types=[moneyline,spread,total,team_total]",
    "markets.periods=[game,first_half,second_half]",
)


class Offered(NamedTuple):
    """A market with one pair: its first line's point and result, and how people name it."""

    kind: MarketKind
    point: float
    first_result: Result
    label: str


FIRST_HALF, SECOND_HALF = Period.FIRST_HALF, Period.SECOND_HALF
# Home led 60 to 57 at half time and won 110 to 108.
OFFERED = (
    Offered(MarketKind(MarketType.MONEYLINE), 0.0, Result.WON, "moneyline"),
    Offered(MarketKind(MarketType.MONEYLINE, FIRST_HALF), 0.0, Result.WON, "first half moneyline"),
    Offered(
        MarketKind(MarketType.SPREAD, FIRST_HALF),
        -3.0,
        Result.PUSHED,
        "first half spread, home -3",
    ),
    Offered(MarketKind(MarketType.TOTAL, FIRST_HALF), 117.5, Result.LOST, "first half total 117.5"),
    Offered(
        MarketKind(MarketType.TEAM_TOTAL, team=Team.HOME), 108.5, Result.WON, "Hawks total 108.5"
    ),
    Offered(
        MarketKind(MarketType.TEAM_TOTAL, team=Team.AWAY), 109.5, Result.LOST, "Bulls total 109.5"
    ),
    Offered(
        MarketKind(MarketType.SPREAD, SECOND_HALF),
        -1.5,
        Result.LOST,
        "second half spread, home -1.5",
    ),
)
OPPOSITE = {Result.WON: Result.LOST, Result.LOST: Result.WON, Result.PUSHED: Result.PUSHED}


def write_derived_tape(folder: Path) -> Path:
    """Write the recording: offers on both lines of each market, takers on both, and results."""
    with TapeWriter(folder, source="test", simulated=True, clocks=Clocks.ONE) as tape:
        start_ns = START_NS + 7200 * NS_PER_SECOND
        event = tape.add_event(
            SportEvent(GAME, "Bulls at Hawks", "Hawks", "Bulls", "NBA", "basketball", start_ns)
        )
        places = [_add(tape, number, each) for number, each in enumerate(OFFERED)]
        tape.begin_message(START_NS, START_NS)
        tape.schedule(event, start_ns)
        for market, _, _ in places:
            tape.market_status(market, MarketStatus.OPEN)
        for minute in range(MINUTES):
            now_ns = START_NS + (1 + 60 * minute) * NS_PER_SECOND
            tape.begin_message(now_ns, now_ns)
            for _, first, second in places:
                tape.offer(first, 102, 50_000 + minute)
                tape.offer(second, -108, 50_000 + minute)
            later_ns = now_ns + 30 * NS_PER_SECOND
            tape.begin_message(later_ns, later_ns)
            for _, first, second in places:
                line, odds = (first, 102) if minute % 2 else (second, -108)
                tape.trade(line, odds, 60_000, Side.TAKER)
        end_ns = START_NS + 60 * MINUTES * NS_PER_SECOND
        tape.begin_message(end_ns, end_ns)
        for (market, first, second), each in zip(places, OFFERED, strict=True):
            tape.market_status(market, MarketStatus.CLOSED)
            tape.result(first, each.first_result)
            tape.result(second, OPPOSITE[each.first_result])
    return folder


def _add(tape: TapeWriter, number: int, each: Offered) -> tuple[int, int, int]:
    kind, market_id = each.kind, MarketId(f"m{number}")
    row = kind.type.row
    market = Market(GAME, market_id, kind.type, each.label, kind.period, kind.team)
    place = tape.add_market(market)
    points = (each.point, kind.type.opposite_point(each.point))
    first, second = (
        tape.add_line(Line(LineId(f"m{number}:{name}"), GAME, market_id, name, point))
        for name, point in zip((row.first, row.second), points, strict=True)
    )
    return place, first, second
