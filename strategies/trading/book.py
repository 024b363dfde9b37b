"""The book as the desk knows it: all offers of a pair, ours told apart from the others'."""

from strategies.trading.market import Pair
from strategies.trading.odds import Odds


class Offers:
    """What a taker may stake on one line, in cents by odds.

    Our own wagers on the opposite line show up here too; they are told apart so that a strategy
    never sees itself.
    """

    __slots__ = ("_own", "_seen", "best", "by_odds")

    def __init__(self) -> None:
        """Start with no offers."""
        self.by_odds: dict[Odds, int] = {}
        self.best: Odds | None = None
        self._own: dict[Odds, int] = {}
        self._seen: Odds | None = None

    def put(self, odds: Odds, amount_cents: int) -> bool:
        """Set what is offered at these odds, zero to remove the offer.

        Tell whether that is at the touch, or beyond it, as it was when it was last asked for.
        """
        if amount_cents:
            self.by_odds[odds] = amount_cents
            if self.best is None or odds > self.best:
                self.best = odds
        else:
            self.by_odds.pop(odds, None)
            if odds == self.best:
                self.best = max(self.by_odds, default=None)
        return self._seen is None or odds >= self._seen

    def add_own(self, odds: Odds, change_cents: int) -> None:
        """Note that so much more (or less, if negative) of the offer at these odds is ours."""
        own_cents = self._own.get(odds, 0) + change_cents
        if own_cents > 0:
            self._own[odds] = own_cents
        else:
            self._own.pop(odds, None)

    def others_cents(self, odds: Odds) -> int:
        """Return what others offer at these odds, never negative."""
        return max(0, self.by_odds.get(odds, 0) - self._own.get(odds, 0))

    def touch(self) -> tuple[Odds, int] | None:
        """Return the best offer of others as (odds, cents), if there is one."""
        best = self.best
        if best is not None:
            cents = self.others_cents(best)
            if not cents:
                best, cents = self._next_of_others()
        self._seen = best
        return None if best is None else (best, cents)

    def _next_of_others(self) -> tuple[Odds | None, int]:
        for odds in sorted(self.by_odds, reverse=True):
            cents = self.others_cents(odds)
            if cents:
                return odds, cents
        return None, 0


class Book:
    """The offers on both lines of a pair."""

    __slots__ = ("first", "pair", "second")

    def __init__(self, pair: Pair) -> None:
        """Start with nothing offered on either line."""
        self.pair = pair
        self.first = Offers()
        self.second = Offers()
