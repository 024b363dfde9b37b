"""A recording of markets on games, on their periods and on each team, written by hand."""

from pathlib import Path
from typing import NamedTuple

from recordings.tape import Clocks, Side
from recordings.writer import TapeWriter
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market, MarketStatus, Result, SportEvent
from strategies.trading.model.market_types import MarketKind, MarketType, Period, Team
from strategies.trading.model.units import NS_PER_SECOND

START_NS = 1_790_000_000 * NS_PER_SECOND
MINUTES = 20
SCHEDULED_NS = START_NS + 7200 * NS_PER_SECOND
BASKETBALL, BASEBALL, HOCKEY = GAMES = (
    SportEvent(
        EventId("9000001"), "Bulls at Hawks", "Hawks", "Bulls", "NBA", "basketball", SCHEDULED_NS
    ),
    SportEvent(EventId("9000002"), "Reds at Cubs", "Cubs", "Reds", "MLB", "Baseball", SCHEDULED_NS),
    SportEvent(
        EventId("9000003"), "Kraken at Wild", "Wild", "Kraken", "NHL", "Ice Hockey", SCHEDULED_NS
    ),
)


class Offered(NamedTuple):
    """A market with one pair: its first line's point and result, and how people name the pair.

    Without a result the recording ends before one is known.
    """

    game: SportEvent
    kind: MarketKind
    point: float
    first_result: Result | None
    label: str

    @property
    def market_id(self) -> MarketId:
        """Return the market's id, unlike that of any other."""
        return MarketId(f"m{OFFERED.index(self)}")

    @property
    def key(self) -> str:
        """Return what a summary calls the market."""
        return f"{self.game.event_id}:{self.market_id}"

    @property
    def full_label(self) -> str:
        """Return how people name the pair, with its game."""
        return f"{self.game.name}: {self.label}"


MONEYLINE, SPREAD, TOTAL = MarketType.MONEYLINE, MarketType.SPREAD, MarketType.TOTAL
TEAM_TOTAL = MarketType.TEAM_TOTAL
WON, LOST, PUSHED = Result.WON, Result.LOST, Result.PUSHED
HOME, AWAY = Team.HOME, Team.AWAY
OFFERED = [
    Offered(game, MarketKind(type_, period, team), point, result, label)
    for game, type_, period, team, point, result, label in (
        # Home led 31 to 27 after a quarter and 60 to 57 at half time, and won 110 to 108.
        (BASKETBALL, MONEYLINE, Period.GAME, None, 0.0, WON, "moneyline"),
        (BASKETBALL, MONEYLINE, Period.FIRST_HALF, None, 0.0, WON, "first half moneyline"),
        (BASKETBALL, SPREAD, Period.FIRST_HALF, None, -3.0, PUSHED, "first half spread, home -3"),
        (BASKETBALL, TOTAL, Period.FIRST_HALF, None, 117.5, LOST, "first half total 117.5"),
        (BASKETBALL, TEAM_TOTAL, Period.GAME, HOME, 108.5, WON, "Hawks total 108.5"),
        (BASKETBALL, TEAM_TOTAL, Period.GAME, AWAY, 109.5, LOST, "Bulls total 109.5"),
        (BASKETBALL, SPREAD, Period.SECOND_HALF, None, -1.5, LOST, "second half spread, home -1.5"),
        (BASKETBALL, MONEYLINE, Period.FIRST_QUARTER, None, 0.0, WON, "first quarter moneyline"),
        (
            *(BASKETBALL, TEAM_TOTAL, Period.FIRST_QUARTER, AWAY, 27.5, LOST),
            "Bulls first quarter total 27.5",
        ),
        (BASKETBALL, TOTAL, Period.FOURTH_QUARTER, None, 50.5, None, "fourth quarter total 50.5"),
        # Nobody scored in the first inning; home led 3 to 1 after five.
        (BASEBALL, TOTAL, Period.FIRST_INNING, None, 0.5, LOST, "first inning total 0.5"),
        (
            *(BASEBALL, SPREAD, Period.FIRST_FIVE_INNINGS, None, -1.5, WON),
            "first five innings spread, home -1.5",
        ),
        (BASEBALL, MONEYLINE, Period.NINTH_INNING, None, 0.0, None, "ninth inning moneyline"),
        (HOCKEY, TOTAL, Period.FIRST_PERIOD, None, 1.5, WON, "first period total 1.5"),
    )
]
SETTINGS = (
    f"markets.types=[{','.join(MarketType)}]",
    f"markets.periods=[{','.join(sorted({each.kind.period for each in OFFERED}))}]",
)
OPPOSITE = {WON: LOST, LOST: WON, PUSHED: PUSHED}


class _Places(NamedTuple):
    """Where a market and its two lines are in the tape's dictionaries."""

    market: int
    first: int
    second: int


def write_derived_tape(folder: Path, minutes: int = MINUTES) -> Path:
    """Write the recording: offers on both lines of each market, takers on both, and results."""
    with TapeWriter(folder, source="test", simulated=True, clocks=Clocks.ONE) as tape:
        games = [tape.add_event(game) for game in GAMES]
        places = [_add(tape, each) for each in OFFERED]
        tape.begin_message(START_NS, START_NS)
        for game in games:
            tape.schedule(game, SCHEDULED_NS)
        for place in places:
            tape.market_status(place.market, MarketStatus.OPEN)
        for minute in range(minutes):
            _write_minute(tape, minute, places)
        end_ns = START_NS + 60 * minutes * NS_PER_SECOND
        tape.begin_message(end_ns, end_ns)
        for place, each in zip(places, OFFERED, strict=True):
            tape.market_status(place.market, MarketStatus.CLOSED)
            if each.first_result is not None:
                tape.result(place.first, each.first_result)
                tape.result(place.second, OPPOSITE[each.first_result])
    return folder


def _write_minute(tape: TapeWriter, minute: int, places: list[_Places]) -> None:
    now_ns = START_NS + (1 + 60 * minute) * NS_PER_SECOND
    tape.begin_message(now_ns, now_ns)
    for place in places:
        tape.offer(place.first, 102, 50_000 + minute)
        tape.offer(place.second, -108, 50_000 + minute)
    later_ns = now_ns + 30 * NS_PER_SECOND
    tape.begin_message(later_ns, later_ns)
    for place in places:
        line, odds = (place.first, 102) if minute % 2 else (place.second, -108)
        tape.trade(line, odds, 60_000, Side.TAKER)


def _add(tape: TapeWriter, each: Offered) -> _Places:
    kind, game_id, market_id = each.kind, each.game.event_id, each.market_id
    row = kind.type.row
    market = Market(game_id, market_id, kind.type, each.label, kind.period, kind.team)
    place = tape.add_market(market)
    points = (each.point, kind.type.opposite_point(each.point))
    first, second = (
        tape.add_line(Line(LineId(f"{market_id}:{name}"), game_id, market_id, name, point))
        for name, point in zip((row.first, row.second), points, strict=True)
    )
    return _Places(place, first, second)
