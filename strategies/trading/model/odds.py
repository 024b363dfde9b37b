"""American odds: their payout, their implied probability, and the ladder of permitted odds.

Odds are integers. Their plain integer order is the order of payout, from -25000 (pays least) to
+25000 (pays most). Even money is +100; -100 does not exist. Odds off the ladder cannot be wagered.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from typing import NewType

from strategies.trading.model.errors import ConfigError

Odds = NewType("Odds", int)

EVEN = Odds(100)

# Magnitudes of the ladder, from the exchange's sandbox on 2026-09-12: (from, to, step).
_LADDER_STEPS = (
    (100, 130, 1),
    (130, 200, 2),
    (200, 500, 5),
    (500, 1000, 10),
    (1000, 2000, 50),
    (2000, 5000, 100),
    (5000, 10000, 250),
    (10000, 25000, 500),
)
_LADDER_EXTRAS = (2250, 2750, 25000)


def payout_ratio(odds: int) -> tuple[int, int]:
    """Return profit per unit of stake as (numerator, denominator): +150 pays 150/100."""
    return (odds, 100) if odds > 0 else (100, -odds)


def implied_probability(odds: int) -> float:
    """Return the probability at which a wager at these odds has no edge, in 0..1."""
    return 100 / (odds + 100) if odds > 0 else -odds / (100 - odds)


def opposite(odds: int) -> Odds:
    """Return the odds that the counterparty gets; +100 is its own opposite."""
    return Odds(odds) if odds == EVEN else Odds(-odds)


def crosses(odds: int, other_odds: int) -> bool:
    """Return whether wagers at these odds on the two lines of a pair would match each other.

    They do when the other's stake pays at least what the first asks, that is when the two
    implied probabilities sum to one or more (partner API, 8.2).
    """
    return opposite(other_odds) >= odds


class Ladder:
    """The permitted odds, in order of payout."""

    __slots__ = ("_index", "_probabilities_falling", "_ratios", "rungs")

    def __init__(self, rungs: Iterable[int]) -> None:
        """Take the permitted odds in any order; raise ConfigError for an impossible one."""
        self.rungs: tuple[Odds, ...] = tuple(Odds(rung) for rung in sorted(set(rungs)))
        wrong = [rung for rung in self.rungs if -100 <= rung < 100]
        if wrong or not self.rungs:
            message = f"a ladder of American odds cannot hold {wrong or 'nothing'}"
            raise ConfigError(message)
        self._index = {rung: index for index, rung in enumerate(self.rungs)}
        self._ratios = [Fraction(*payout_ratio(rung)) for rung in self.rungs]
        self._probabilities_falling = [-implied_probability(rung) for rung in self.rungs]

    def __contains__(self, odds: object) -> bool:
        """Return whether odds are permitted."""
        return odds in self._index

    def __len__(self) -> int:
        """Return the number of rungs."""
        return len(self.rungs)

    def index(self, odds: int) -> int:
        """Return the place of a rung, counted from the shortest; raise KeyError off the ladder."""
        return self._index[Odds(odds)]

    def step(self, odds: int, rungs: int) -> Odds:
        """Return the rung that is `rungs` longer (shorter if negative), or the last one."""
        place = self._index[Odds(odds)] + rungs
        return self.rungs[max(0, min(place, len(self.rungs) - 1))]

    def rungs_between(self, odds: int, other_odds: int) -> int:
        """Return how many steps lie between two rungs, never negative."""
        return abs(self._index[Odds(odds)] - self._index[Odds(other_odds)])

    def shortest_implying_at_most(self, probability: float) -> Odds | None:
        """Return the shortest rung whose implied probability does not exceed this, if any."""
        place = bisect_left(self._probabilities_falling, -probability)
        return self.rungs[place] if place < len(self.rungs) else None

    def longest_paying_at_most(self, ratio: Fraction) -> Odds | None:
        """Return the longest rung that pays no more than this profit per stake, if any."""
        place = bisect_right(self._ratios, ratio)
        return self.rungs[place - 1] if place else None


@cache
def prophetx_ladder() -> Ladder:
    """Return the 555 odds that ProphetX permits: 278 positive, 277 negative."""
    positive = {odds for start, end, step in _LADDER_STEPS for odds in range(start, end, step)}
    positive.update(_LADDER_EXTRAS)
    return Ladder(positive | {-odds for odds in positive if odds != EVEN})
