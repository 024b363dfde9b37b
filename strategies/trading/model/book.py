"""The desk's book of a pair, with our own offers separated from those of others."""

from typing import NamedTuple

from strategies.trading.model.market import Pair
from strategies.trading.model.odds import Odds

# How many levels the exchange displays of each line (partner API, 10.5). If that many are
# displayed, offers beyond the last are unknown, not gone.
DISPLAYED_LEVELS = 10

# The longest time between a private update and the change of the book that it explains.
_MAX_APART_NS = 2_000_000_000

_ROUNDING_CENTS = 1

# The best offer of others as (odds, cents), if there is one.
Touch = tuple[Odds, int] | None


class Offers:
    """The stakes that takers may take on one line, in cents by odds.

    Our own wagers on the opposite line are displayed here too, and are separated so that a strategy
    does not react to itself. Private updates of our wagers and the market data that shows them come
    over different channels, in either order. So we track which stake of ours is *due* to be
    displayed, and which we infer *is* displayed. While less is displayed than due, an increase is
    ours first; while more is, a decrease is ours first, and so is a decrease that came just before
    the private update that explains it.

    `by_others` is whether the last `put` was news of others: not, if our own placing or cancelling
    explains it.
    """

    __slots__ = (
        "_due",
        "_fallen",
        "_marked",
        "_ours",
        "_touch",
        "_touch_is_known",
        "best",
        "by_odds",
        "by_others",
    )

    def __init__(self) -> None:
        """Start with no offers."""
        self.by_odds: dict[Odds, int] = {}
        self.best: Odds | None = None
        self.by_others = False
        self._due: dict[Odds, int] = {}
        self._ours: dict[Odds, int] = {}
        self._fallen: dict[Odds, tuple[int, int]] = {}
        self._marked: Odds | None = None
        # A decision reads the touch some ten times.
        self._touch: Touch = None
        self._touch_is_known = True

    def put(self, odds: Odds, amount_cents: int, at_ns: int) -> bool:
        """Set what is offered at these odds from `at_ns` on, zero to remove the offer.

        Return whether that is at the touch or beyond it, as of the last `mark_touch`.
        """
        self.by_others = True
        self._touch_is_known = False
        if odds in self._due or odds in self._ours:
            self._attribute(odds, amount_cents, at_ns)
        elif len(self.by_odds) >= DISPLAYED_LEVELS - 1 and (self._due or self._ours):
            self.by_others = not self._at_edge(odds, amount_cents)
        if amount_cents:
            self.by_odds[odds] = amount_cents
            if self.best is None or odds > self.best:
                self.best = odds
        else:
            self.by_odds.pop(odds, None)
            if odds == self.best:
                self.best = max(self.by_odds, default=None)
        return self._marked is None or odds >= self._marked

    def expect_own(self, odds: Odds, change_cents: int) -> None:
        """Expect `change_cents` more of ours (less if negative) to be shown by market data."""
        _set(self._due, odds, self._due.get(odds, 0) + change_cents)

    def lose_own(self, odds: Odds, cents: int, at_ns: int) -> None:
        """Record that `cents` of ours are gone as of `at_ns`; the book may show that already."""
        self.expect_own(odds, -cents)
        fallen_ns, fallen_cents = self._fallen.pop(odds, (0, 0))
        if at_ns - fallen_ns <= _MAX_APART_NS:
            shown_cents = min(fallen_cents, cents)
            _set(self._ours, odds, self._ours.get(odds, 0) - shown_cents)
            self._touch_is_known = False

    def disown(self, odds: Odds, cents: int) -> None:
        """Record that `cents` of ours that were expected never were shown and never will be."""
        self.expect_own(odds, -cents)
        _set(self._ours, odds, min(self._ours.get(odds, 0), self._due.get(odds, 0)))
        self._touch_is_known = False

    def others_cents(self, odds: Odds) -> int:
        """Return what others offer at these odds."""
        return self.by_odds.get(odds, 0) - self._ours.get(odds, 0)

    def _attribute(self, odds: Odds, amount_cents: int, at_ns: int) -> None:
        """Infer how much of a change in what is shown is our own stake."""
        change_cents = amount_cents - self.by_odds.get(odds, 0)
        ours_cents = self._ours.get(odds, 0)
        missing_cents = self._due.get(odds, 0) - ours_cents
        if missing_cents > 0:
            ours_cents += max(0, min(change_cents, missing_cents))
        else:
            ours_cents += min(0, max(change_cents, missing_cents))
            # Others' for now; ours if a private update within _MAX_APART_NS says so.
            self._fallen[odds] = (at_ns, max(0, missing_cents - change_cents))
        others_cents = self.others_cents(odds)
        _set(self._ours, odds, min(ours_cents, amount_cents))
        # The exchange rounds the sum of a level where we round our part of it.
        others_change_cents = amount_cents - self._ours.get(odds, 0) - others_cents
        self.by_others = abs(others_change_cents) > _ROUNDING_CENTS

    def _at_edge(self, odds: Odds, amount_cents: int) -> bool:
        """Return whether a put only moves the last level that is displayed.

        An offer of ours ahead of that level pushes it out of the display, and its end brings it
        back, so it proves nothing about others.
        """
        if amount_cents and odds in self.by_odds:
            return False
        # A plain loop: most books have many levels, and a lower one comes early.
        for other in self.by_odds:  # noqa: SIM110
            if other < odds:
                return False
        return True

    def touch(self) -> Touch:
        """Return the best offer of others as (odds, cents), if there is one."""
        if not self._touch_is_known:
            self._touch = self._best_of_others()
            self._touch_is_known = True
        return self._touch

    def best_of(self, number: int) -> list[tuple[Odds, int]]:
        """Return the best `number` of others' offers as (odds, cents), the longest odds first."""
        offers = ((odds, self.others_cents(odds)) for odds in sorted(self.by_odds, reverse=True))
        return [offer for offer in offers if offer[1]][:number]

    def mark_touch(self) -> None:
        """Make `put` compare with the present touch from now on."""
        touch = self.touch()
        self._marked = None if touch is None else touch[0]

    def _best_of_others(self) -> Touch:
        best = self.best
        if best is not None and not self.others_cents(best):
            best = None
            for odds, cents in self.by_odds.items():
                if (best is None or odds > best) and cents != self._ours.get(odds, 0):
                    best = odds
        return None if best is None else (best, self.others_cents(best))


def _set(cents_by_odds: dict[Odds, int], odds: Odds, cents: int) -> None:
    """Store an amount, and drop the key where it is not above zero."""
    if cents > 0:
        cents_by_odds[odds] = cents
    else:
        cents_by_odds.pop(odds, None)


class LastTrade(NamedTuple):
    """The price of the last trade of a pair, as the probability of its first line, and its time."""

    probability: float
    at_ns: int


class Book:
    """The offers on both lines of a pair, and what was traded.

    `trade` is the last trade seen, None before the first; `traded_cents` what takers staked so far.
    """

    __slots__ = ("first", "pair", "second", "trade", "traded_cents")

    def __init__(self, pair: Pair) -> None:
        """Start with nothing offered on either line."""
        self.pair = pair
        self.first = Offers()
        self.second = Offers()
        self.trade: LastTrade | None = None
        self.traded_cents = 0

    def touches(self) -> tuple[Touch, Touch]:
        """Return the best offers of others on the first and the second line."""
        return self.first.touch(), self.second.touch()

    def mark_touches(self) -> None:
        """Make `put` of both lines compare with the present touches from now on."""
        self.first.mark_touch()
        self.second.mark_touch()
