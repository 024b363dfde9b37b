"""The table of market types, one row for each, and what distinguishes markets of one type.

A market is about a whole game or one of its periods, and about both teams or one. A new type or
period is a row here, its name at the exchange in `live/prophetx/market_data/market_names.py`, and
its name in the sandbox in `sim/sandbox/wire_markets.py`; mypy names every place that must decide.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Self


class Selection(StrEnum):
    """One outcome of a market that can be backed."""

    HOME = "home"
    AWAY = "away"
    OVER = "over"
    UNDER = "under"


class Team(StrEnum):
    """The team that a market is about, if it is about one."""

    HOME = "home"
    AWAY = "away"


# Sports by what a game of theirs is divided into, in lower case. Any other may have any period.
_OF_QUARTERS = frozenset({"basketball", "american football"})
_OF_INNINGS = frozenset({"baseball"})
_OF_THIRDS = frozenset({"ice hockey"})
_DIVIDED = _OF_QUARTERS | _OF_INNINGS | _OF_THIRDS | {"soccer"}


def is_decided_by_score(sport: str) -> bool:
    """Return whether all markets of a period are decided by one score, home against away.

    Those of other sports may count different things: in tennis, sets for the winner and games for
    the total.
    """
    return sport.lower() in _DIVIDED


class Period(StrEnum):
    """The part of a game that a market is about. The values are those of `markets.periods`.

    `sports` are those known to have it. Halves are taken in all: there are recordings of them.
    """

    sports: frozenset[str]

    GAME = "game", _DIVIDED
    FIRST_HALF = "first_half", _DIVIDED
    SECOND_HALF = "second_half", _DIVIDED
    FIRST_QUARTER = "first_quarter", _OF_QUARTERS
    SECOND_QUARTER = "second_quarter", _OF_QUARTERS
    THIRD_QUARTER = "third_quarter", _OF_QUARTERS
    FOURTH_QUARTER = "fourth_quarter", _OF_QUARTERS
    FIRST_FIVE_INNINGS = "first_five_innings", _OF_INNINGS
    FIRST_INNING = "first_inning", _OF_INNINGS
    SECOND_INNING = "second_inning", _OF_INNINGS
    THIRD_INNING = "third_inning", _OF_INNINGS
    FOURTH_INNING = "fourth_inning", _OF_INNINGS
    FIFTH_INNING = "fifth_inning", _OF_INNINGS
    SIXTH_INNING = "sixth_inning", _OF_INNINGS
    SEVENTH_INNING = "seventh_inning", _OF_INNINGS
    EIGHTH_INNING = "eighth_inning", _OF_INNINGS
    NINTH_INNING = "ninth_inning", _OF_INNINGS
    FIRST_PERIOD = "first_period", _OF_THIRDS
    SECOND_PERIOD = "second_period", _OF_THIRDS
    THIRD_PERIOD = "third_period", _OF_THIRDS

    def __new__(cls, value: str, *sports: frozenset[str]) -> Self:
        """Make a member that is equal to its value and carries its sports."""
        member = str.__new__(cls, value)
        member._value_ = value
        (member.sports,) = sports
        return member

    @property
    def is_part(self) -> bool:
        """Return whether it is a part of a game only."""
        return self is not Period.GAME

    @property
    def label(self) -> str:
        """Return the period as people read it: "first half"."""
        return self.value.replace("_", " ")

    def is_played_in(self, sport: str) -> bool:
        """Return whether games of a sport may have it; of an unknown sport any is possible."""
        name = sport.lower()
        return name in self.sports or name not in _DIVIDED


_TEAMS = (Selection.HOME, Selection.AWAY)
_AMOUNTS = (Selection.OVER, Selection.UNDER)


@dataclass(frozen=True, slots=True)
class MarketRow:
    """The properties of every market of a type.

    `first` and `second` are its two selections: if one wins the other loses. `label` is its name in
    reports. With `has_point`, each pair of lines has a point; `mirrored` points have opposite signs
    on the two lines (home -4.5, away +4.5), others are the same on both. A market of a type that
    `is_about_team` is about one of the two teams, any other about the game.
    """

    label: str
    first: Selection
    second: Selection
    has_point: bool = True
    mirrored: bool = False
    is_about_team: bool = False


class MarketType(StrEnum):
    """The kinds of question with two outcomes. The values are those of `markets.types`."""

    row: MarketRow

    MONEYLINE = "moneyline", MarketRow("moneyline", *_TEAMS, has_point=False)
    SPREAD = "spread", MarketRow("spread", *_TEAMS, mirrored=True)
    TOTAL = "total", MarketRow("total", *_AMOUNTS)
    TEAM_TOTAL = "team_total", MarketRow("total", *_AMOUNTS, is_about_team=True)

    def __new__(cls, value: str, *row: MarketRow) -> Self:
        """Make a member that is equal to its value and carries its one row."""
        member = str.__new__(cls, value)
        member._value_ = value
        (member.row,) = row
        return member

    def opposite_point(self, point: float) -> float:
        """Return the point of the second line where this is the first line's, or the other way."""
        # Subtracting leaves no negative zero, which would read "-0".
        return 0.0 - point if self.row.mirrored else point


class MarketKind(NamedTuple):
    """The kind of a market within its event, such as the first half total of the home team."""

    type: MarketType
    period: Period = Period.GAME
    team: Team | None = None


def market_kinds() -> Iterator[MarketKind]:
    """Yield every kind of market that there can be."""
    for type_ in MarketType:
        teams = tuple(Team) if type_.row.is_about_team else (None,)
        for period in Period:
            for team in teams:
                yield MarketKind(type_, period, team)
