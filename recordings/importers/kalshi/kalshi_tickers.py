"""Kalshi's tickers of games, and what their contracts are about.

    KXNBAGAME-26JAN05BOSNYK-NYK       yes pays if New York wins
    KXNBASPREAD-26JAN05BOSNYK-NYK4    yes pays if New York wins by more than its strike
    KXNBATOTAL-26JAN05BOSNYK-219      yes pays if there are more points than its strike

The teams stand without a space between them, the away team first; some leagues have the start, four
digits in New York, behind the day. A strike is in the description of the market, not in its ticker.
"""

import re
from collections.abc import Collection
from datetime import date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.units import NS_PER_SECOND

EASTERN = ZoneInfo("America/New_York")
# Assumed of a game whose ticker has no time; most games of American leagues begin in the evening.
ASSUMED_HOUR = time(19)
_TICKER = re.compile(
    r"KX(?P<league>[A-Z0-9]+?)(?P<kind>GAME|SPREAD|TOTAL)-"
    r"(?P<game>(?P<day>\d{2}[A-Z]{3}\d{2})(?P<hour>\d{4})?(?P<teams>[A-Z]+))-"
    r"(?P<side>[A-Z]*)(?:[\d.]+)?"
)
_TYPES = {"GAME": MarketType.MONEYLINE, "SPREAD": MarketType.SPREAD, "TOTAL": MarketType.TOTAL}
_SPORTS = {
    **dict.fromkeys(("NBA", "WNBA", "NCAAMB", "NCAAWB"), "basketball"),
    **dict.fromkeys(("NFL", "NCAAF"), "american football"),
    "MLB": "baseball",
    "NHL": "ice hockey",
}


class KalshiContract(NamedTuple):
    """A contract on a game; `side` is the team on which yes pays, empty of a total."""

    ticker: str
    game: str
    league: str
    day: date
    hour: time | None
    teams: str
    type: MarketType
    side: str


class ContractLines(NamedTuple):
    """The market of a contract, and the lines on which yes and no pay."""

    market: Market
    yes: Line
    no: Line


def parse_ticker(ticker: str) -> KalshiContract | None:
    """Return what a ticker says, None of one that is about no game, or another question of it."""
    found = _TICKER.fullmatch(ticker)
    if found is None:
        return None
    type_ = _TYPES[found["kind"]]
    if (type_ is MarketType.TOTAL) == bool(found["side"]):
        return None
    try:
        day = datetime.strptime(found["day"].title(), "%y%b%d").date()  # noqa: DTZ007
        hour = time.fromisoformat(found["hour"]) if found["hour"] else None
    except ValueError:
        return None
    game = f"{found['league']}-{found['game']}"
    return KalshiContract(
        ticker, game, found["league"], day, hour, found["teams"], type_, found["side"]
    )


def teams_of(contract: KalshiContract, sides: Collection[str]) -> tuple[str, str]:
    """Return the away and the home team of a game, by the sides of its contracts.

    Where no contract names a side, the teams are taken to have names of one length.
    """
    teams = contract.teams
    for side in sides:
        if teams.startswith(side) and side != teams:
            return side, teams.removeprefix(side)
        if teams.endswith(side) and side != teams:
            return teams.removesuffix(side), side
    return teams[: len(teams) // 2], teams[len(teams) // 2 :]


def start_ns(contract: KalshiContract) -> int:
    """Return the start of a game by its ticker, in nanoseconds since the epoch."""
    begins = datetime.combine(contract.day, contract.hour or ASSUMED_HOUR, EASTERN)
    return round(begins.timestamp()) * NS_PER_SECOND


def sport_event(contract: KalshiContract, teams: tuple[str, str], begins_ns: int) -> SportEvent:
    """Return a game; `teams` are away and home."""
    away, home = teams
    sport = _SPORTS.get(contract.league, contract.league.lower())
    event_id, name = EventId(contract.game), f"{away} at {home}"
    return SportEvent(event_id, name, home, away, contract.league, sport, begins_ns)


def contract_lines(contract: KalshiContract, home: str, strike: float | None) -> ContractLines:
    """Return the lines of a contract; `strike` is needed of all but moneylines.

    Points are whole numbers: more than 4 of them is the same as more than 4.5.
    """
    row, type_ = contract.type.row, contract.type
    market_id = MarketId(str(type_))
    market = Market(EventId(contract.game), market_id, type_, row.label)
    point = 0.0
    if row.has_point:
        assert strike is not None, "contracts without a strike are left out"
        point = strike if not strike.is_integer() else strike + 0.5
    if type_ is MarketType.TOTAL:
        return ContractLines(
            market,
            _line(market, Selection.OVER, point),
            _line(market, Selection.UNDER, point),
        )
    is_home = contract.side == home
    yes, no = (Selection.HOME, Selection.AWAY) if is_home else (Selection.AWAY, Selection.HOME)
    return ContractLines(market, _line(market, yes, 0.0 - point), _line(market, no, 0.0 + point))


def _line(market: Market, selection: Selection, point: float) -> Line:
    line_id = LineId(f"{market.event_id}:{market.market_id}:{selection}:{point:g}")
    return Line(line_id, market.event_id, market.market_id, selection, point)
