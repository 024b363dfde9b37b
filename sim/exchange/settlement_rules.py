"""What a market settles to by how its game ended: the exchange's rules, by sport.

docs/exchange.md has a row for each. A recording holds results and needs none of this; a simulated
game is settled by it.
"""

from dataclasses import dataclass
from enum import Enum, auto

from strategies.trading.model.market import Result
from strategies.trading.model.market_types import MarketType

_BASEBALL = "baseball"
# A moneyline stands after five innings, any other market after nine; half an inning less where the
# home team leads, which need not bat then.
_MONEYLINE_HALVES, _OTHER_HALVES = 2 * 5, 2 * 9


class Ending(Enum):
    """How a game ended: played to its end, not started on its local day, or broken off for good."""

    FINISHED = auto()
    POSTPONED = auto()
    SUSPENDED = auto()


@dataclass(frozen=True, slots=True)
class GameEnd:
    """A game at its end, with its points then.

    One that was SUSPENDED was not resumed within 36 hours; `half_innings` of it were complete, if
    it is of baseball.
    """

    sport: str
    home: int
    away: int
    ending: Ending = Ending.FINISHED
    half_innings: int = 0

    @property
    def lead(self) -> int:
        """Return by how many points home is ahead."""
        return self.home - self.away


def first_result(type_: MarketType, surplus: float, end: GameEnd) -> Result:
    """Return the result of the first line of a pair, home or over.

    `surplus` is by how many points it wins by the score at the end; it loses where that is
    negative. An even moneyline, a tie or a dead heat, is void: no line of it names that outcome.
    """
    if not _stands(type_, surplus, end):
        return Result.VOIDED
    if surplus == 0:
        return Result.VOIDED if type_ is MarketType.MONEYLINE else Result.PUSHED
    return Result.WON if surplus > 0 else Result.LOST


def _stands(type_: MarketType, surplus: float, end: GameEnd) -> bool:
    """Return whether a market is settled by the score at the end of its game."""
    if end.ending is Ending.FINISHED:
        return True
    if end.ending is Ending.POSTPONED or end.sport.lower() != _BASEBALL:
        return False
    if surplus > 0 and type_ in (MarketType.TOTAL, MarketType.TEAM_TOTAL):
        # Over had won before the game was broken off.
        return True
    needed = _MONEYLINE_HALVES if type_ is MarketType.MONEYLINE else _OTHER_HALVES
    return end.half_innings >= needed - (end.lead > 0)
