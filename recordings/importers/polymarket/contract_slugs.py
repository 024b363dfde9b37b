"""The names of Polymarket US's contracts, which say what each is about.

aec-mlb-atl-stl-2026-07-11                moneyline: yes pays if Atlanta, named first, wins
asc-mlb-atl-stl-2026-07-11-neg-1pt5       spread: yes pays if Atlanta -1.5 wins
tsc-mlb-atl-stl-2026-07-11-f5-4pt5        total of the first five innings: yes is over 4.5
aec-mlb-tb-bos-2026-07-17-dh2             the second game of a day
"""

import re
from datetime import date
from typing import NamedTuple

from strategies.trading.model.errors import TapeError
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market
from strategies.trading.model.market_types import MarketType, Period, Selection

_SLUG = re.compile(
    r"(?P<kind>aec|asc|tsc)-"
    r"(?P<game>(?P<league>[a-z]+)-(?P<first>[a-z0-9]+)-(?P<second>[a-z0-9]+)"
    r"-(?P<day>\d{4}-\d{2}-\d{2})(?:-dh\d)?)"
    r"(?P<half>-f5)?(?:-(?P<sign>neg|pos))?(?:-(?P<whole>\d+)(?:pt(?P<tenths>\d))?)?"
)
_TYPES = {"aec": MarketType.MONEYLINE, "asc": MarketType.SPREAD, "tsc": MarketType.TOTAL}


class ContractSlug(NamedTuple):
    """A contract: `game` names its game, `point` is that of the line on which `yes` pays."""

    slug: str
    game: str
    league: str
    first_team: str
    second_team: str
    day: date
    type: MarketType
    period: Period
    point: float

    def market(self) -> Market:
        """Return the market that the contract belongs to."""
        period = "" if self.period is Period.GAME else f" {self.period.label}"
        market_id = MarketId(f"{self.type}-{self.period}")
        name = f"{self.game}{period} {self.type.row.label}"
        return Market(EventId(self.game), market_id, self.type, name, self.period)

    def lines(self) -> tuple[Line, Line]:
        """Return the lines on which `yes` and `no` pay. The team named second is home."""
        yes = Selection.OVER if self.type is MarketType.TOTAL else Selection.AWAY
        no = Selection.UNDER if self.type is MarketType.TOTAL else Selection.HOME
        return self._line(yes, self.point), self._line(no, self.type.opposite_point(self.point))

    def _line(self, selection: Selection, point: float) -> Line:
        market = self.market()
        line_id = LineId(f"{self.slug}:{selection}")
        return Line(line_id, market.event_id, market.market_id, selection, point)


def parse_slug(slug: str) -> ContractSlug:
    """Return what a contract's name says; raise TapeError for a name of another form."""
    found = _SLUG.fullmatch(slug)
    if found is None:
        message = f"{slug!r} is no name of a moneyline (aec), spread (asc) or total (tsc)"
        raise TapeError(message)
    type_ = _TYPES[found["kind"]]
    point = float(f"{found['whole'] or 0}.{found['tenths'] or 0}")
    has_sign = found["sign"] is not None
    if (found["whole"] is not None, has_sign) != (type_.row.has_point, type_.row.mirrored):
        message = f"{slug!r} has not the points of a {type_.row.label}"
        raise TapeError(message)
    if not (2 * point).is_integer():
        message = f"{slug!r} has a point that is no multiple of a half"
        raise TapeError(message)
    return ContractSlug(
        slug=slug,
        game=found["game"],
        league=found["league"],
        first_team=found["first"],
        second_team=found["second"],
        day=_day(slug, found["day"]),
        type=type_,
        period=Period.FIRST_FIVE_INNINGS if found["half"] else Period.GAME,
        point=0.0 - point if found["sign"] == "neg" else point,
    )


def _day(slug: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"{slug!r} has no day of the calendar"
        raise TapeError(message) from None
