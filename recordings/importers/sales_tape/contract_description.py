"""The description of a contract in ProphetX's public time and sales, taken apart.

Boston Celtics @ New York Knicks, NBA, 2026-06-17 20:30 ET - Moneyline: New York Knicks
Boston Celtics @ New York Knicks, NBA, 2026-06-17 20:30 ET - Spread: Boston Celtics +4.5
Boston Celtics @ New York Knicks, NBA, 2026-06-17 20:30 ET - Total: Over 219.5
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple
from zoneinfo import ZoneInfo

from recordings.importers.wall_times import time_ns
from strategies.trading.model.errors import TapeError
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market, SportEvent
from strategies.trading.model.market_types import MarketType, Period, Selection

EASTERN = ZoneInfo("America/New_York")
_FORM = re.compile(
    r"(?P<away>.+?) @ (?P<home>.+), (?P<league>[^,]+), (?P<start>[^,]+?)(?: E[SD]?T)?"
    r" - (?P<market>[^:]+): (?P<selection>.+)"
)
_POINTED = re.compile(r"(?P<side>.+?) (?P<point>[+-]?\d+(?:\.\d+)?)")
# How a start may be written; the published description says no more than "START ET".
_STARTS = (
    *(None, "%Y-%m-%d %I:%M %p", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M", "%b %d %Y %I:%M %p"),
    "%B %d %Y %I:%M %p",
)
_NAMES = {
    "moneyline": MarketType.MONEYLINE,
    "spread": MarketType.SPREAD,
    "run line": MarketType.SPREAD,
    "puck line": MarketType.SPREAD,
    "total": MarketType.TOTAL,
    "total points": MarketType.TOTAL,
    "total runs": MarketType.TOTAL,
    "total goals": MarketType.TOTAL,
}
_PERIODS = {
    "": Period.GAME,
    "1st half ": Period.FIRST_HALF,
    "first half ": Period.FIRST_HALF,
    "2nd half ": Period.SECOND_HALF,
    "1st quarter ": Period.FIRST_QUARTER,
    "first 5 innings ": Period.FIRST_FIVE_INNINGS,
    "1st period ": Period.FIRST_PERIOD,
}
_MARKETS: Mapping[str, tuple[MarketType, Period]] = {
    f"{prefix}{name}": (type_, period)
    for prefix, period in _PERIODS.items()
    for name, type_ in _NAMES.items()
}
_SPORTS = {
    **dict.fromkeys(("nba", "wnba", "ncaab"), "basketball"),
    **dict.fromkeys(("nfl", "ncaaf", "cfl"), "american football"),
    **dict.fromkeys(("mlb",), "baseball"),
    **dict.fromkeys(("nhl",), "ice hockey"),
}


class ContractDescription(NamedTuple):
    """A description; `market` and `selection` are as they are written."""

    away: str
    home: str
    league: str
    start_ns: int
    market: str
    selection: str

    @property
    def game(self) -> str:
        """Return a name for the game that can be that of a folder."""
        day = str(self.start_ns // 1_000_000_000)
        words = re.sub(r"[^a-z0-9]+", "-", f"{self.league} {self.away} at {self.home}".lower())
        return f"{words.strip('-')}-{day}"

    def event(self) -> SportEvent:
        """Return the game."""
        return SportEvent(
            event_id=EventId(self.game),
            name=f"{self.away} at {self.home}",
            home=self.home,
            away=self.away,
            tournament=self.league,
            sport=_SPORTS.get(self.league.lower(), self.league.lower()),
            scheduled_ns=self.start_ns,
        )

    def lines(self) -> tuple[Market, Line, Line] | None:
        """Return the market and its lines, first the one that prices are of; None of other markets.

        That is the side named second: home, and under of a total. Raise TapeError for a selection
        that does not belong to its market.
        """
        known = _MARKETS.get(self.market.strip().lower())
        if known is None:
            return None
        type_, period = known
        market_id = MarketId(f"{type_}-{period}")
        market = Market(EventId(self.game), market_id, type_, self.market, period)
        point = self._point_of_second(type_)
        second, first = type_.row.second, type_.row.first
        if type_ is not MarketType.TOTAL:
            second, first = Selection.HOME, Selection.AWAY
        return (
            market,
            self._line(market, second, point),
            self._line(market, first, type_.opposite_point(point)),
        )

    def _point_of_second(self, type_: MarketType) -> float:
        """Return the point of the side that prices are of."""
        if not type_.row.has_point:
            if self.selection not in (self.home, self.away):
                raise self._misplaced()
            return 0.0
        found = _POINTED.fullmatch(self.selection)
        if found is None or not (2 * float(found["point"])).is_integer():
            raise self._misplaced()
        side, point = found["side"], float(found["point"])
        if type_ is MarketType.TOTAL and side.lower() in ("over", "under"):
            return point
        if type_ is not MarketType.TOTAL and side in (self.home, self.away):
            return point if side == self.home else 0.0 - point
        raise self._misplaced()

    def _misplaced(self) -> TapeError:
        return TapeError(f"{self.selection!r} is no selection of {self.market!r} in its game")

    def _line(self, market: Market, selection: Selection, point: float) -> Line:
        line_id = LineId(f"{self.game}:{market.market_id}:{selection}:{point:g}")
        return Line(line_id, market.event_id, market.market_id, selection, point)


def parse_description(text: str) -> ContractDescription:
    """Return the parts of a description; raise TapeError for one of another form."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        message = f"{text!r} is not of the form AWAY @ HOME, LEAGUE, START ET - MARKET: SELECTION"
        raise TapeError(message)
    start_ns = _start_ns(found["start"])
    parts = (found[name].strip() for name in ("market", "selection"))
    return ContractDescription(found["away"], found["home"], found["league"], start_ns, *parts)


def _start_ns(text: str) -> int:
    for form in _STARTS:
        with suppress(TapeError):
            return time_ns(text, EASTERN, form)
    message = f"{text!r} is no start of a game"
    raise TapeError(message)
