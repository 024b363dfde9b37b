"""The wagers that rest on one pair of lines, and what a taker is shown of them.

A maker stakes on one of the two lines, 0 or 1; a taker is offered the other line at the opposite
odds. Wagers at the same odds are matched first come, first served.
"""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from strategies.trading.money import fill_profit_cents, profit_cents, stake_within_profit
from strategies.trading.odds import Ladder, Odds, implied_probability, opposite

OFFERS_SHOWN = 10


class RestingWager:
    """A maker's stake on one line, of which ever more is matched.

    `takeable_cents` is the most a taker can still stake against it.
    """

    __slots__ = ("_matched_cents", "line", "maker", "odds", "stake_cents", "takeable_cents")

    def __init__(self, maker: int, line: int, odds: Odds, stake_cents: int) -> None:
        """Start with nothing matched."""
        self.maker = maker
        self.line = line
        self.odds = odds
        self.stake_cents = stake_cents
        self.takeable_cents = profit_cents(stake_cents, odds)
        self._matched_cents = 0

    def match(self, budget_cents: int) -> int:
        """Let a taker match as much as the budget allows, and return the taker's stake."""
        before_cents = self.takeable_cents
        open_cents = self.stake_cents - self._matched_cents
        self._matched_cents += stake_within_profit(
            self._matched_cents, open_cents, self.odds, budget_cents
        )
        open_cents = self.stake_cents - self._matched_cents
        self.takeable_cents = fill_profit_cents(self._matched_cents, open_cents, self.odds)
        return before_cents - self.takeable_cents


class Offer(NamedTuple):
    """What a taker is shown at some odds: the most to stake, and the makers' original stakes."""

    amount_cents: int
    quantity_cents: int


class Fill(NamedTuple):
    """A taker's stake, matched at some odds."""

    odds: Odds
    stake_cents: int


class CrowdBook:
    """All resting wagers of one pair. It is never crossed: makers step back from each other."""

    def __init__(self, ladder: Ladder) -> None:
        """Start empty."""
        self._ladder = ladder
        self.wagers: list[RestingWager] = []

    def passive_odds(self, line: int, odds: Odds) -> Odds | None:
        """Return these odds, or the shortest longer ones at which a stake here would rest."""
        others = [wager.odds for wager in self.wagers if wager.line != line]
        if not others or odds > opposite(min(others)):
            return odds
        stepped = self._ladder.step(opposite(min(others)), 1)
        return stepped if stepped > opposite(min(others)) else None

    def rest(self, wager: RestingWager) -> None:
        """Add a wager behind those that came before; it must not cross another."""
        assert self.passive_odds(wager.line, wager.odds) == wager.odds
        self.wagers.append(wager)

    def remove(self, wagers: Iterable[RestingWager]) -> None:
        """Take wagers out, whether or not they are still there."""
        gone = set(map(id, wagers))
        self.wagers = [wager for wager in self.wagers if id(wager) not in gone]

    def offers(self, line: int) -> dict[Odds, Offer]:
        """Return what a taker on this line is shown, longest odds first, no more than ten."""
        offers: dict[Odds, Offer] = {}
        for odds, wagers in groupby(self._against(line), key=attrgetter("odds")):
            at_odds = list(wagers)
            offers[opposite(odds)] = Offer(
                sum(wager.takeable_cents for wager in at_odds),
                sum(wager.stake_cents for wager in at_odds),
            )
            if len(offers) == OFFERS_SHOWN:
                break
        return offers

    def best_probability(self, line: int) -> float | None:
        """Return what the best offer on this line implies, if there is one."""
        best = next(iter(self._against(line)), None)
        return None if best is None else implied_probability(opposite(best.odds))

    def take(self, line: int, stake_cents: int, probability_most: float) -> list[Fill]:
        """Match a taker's stake against the offers shown on a line, longest odds first.

        Offers that imply more than `probability_most` are left alone, and what cannot be matched
        is dropped.
        """
        fills: list[Fill] = []
        shown = self.offers(line)
        for wager in self._against(line):
            odds = opposite(wager.odds)
            if odds not in shown or implied_probability(odds) > probability_most:
                break
            taken_cents = wager.match(stake_cents)
            if taken_cents == 0:
                break
            stake_cents -= taken_cents
            fills.append(Fill(odds, taken_cents))
        self.wagers = [wager for wager in self.wagers if wager.takeable_cents > 0]
        return fills

    def _against(self, line: int) -> list[RestingWager]:
        others = [wager for wager in self.wagers if wager.line != line]
        return sorted(others, key=attrgetter("odds"))
