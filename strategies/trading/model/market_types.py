"""The table of market types, one row for each, and what else tells markets of one type apart.

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
    """The team that a market is about, where it is about one."""

    HOME = "home"
    AWAY = "away"


class Period(StrEnum):
    """The part of a game that a market is about. The values are those of `markets.periods`."""

    GAME = "game"
    FIRST_HALF = "first_half"
    SECOND_HALF = "second_half"

    @property
    def label(self) -> str:
        """Return the period as people read it: "first half"."""
        return self.value.replace("_", " ")


_TEAMS = (Selection.HOME, Selection.AWAY)
_AMOUNTS = (Selection.OVER, Selection.UNDER)


@dataclass(frozen=True, slots=True)
class MarketRow:
    """What holds for every market of a type.

    `first` and `second` are its two selections: if one wins the other loses. `label` is its name as
    people read it. With `has_point`, each pair of lines stands at a point; `mirrored` points have
    opposite signs on the two lines (home -4.5, away +4.5), others are the same on both. A market of
    a type that `is_about_team` is about one of the two teams, any other about the game.
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
    """Which market of an event: "the first half total of the home team"."""

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
