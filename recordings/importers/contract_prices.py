"""Prices of contracts that pay one dollar, as American odds and stakes.

An exchange of contracts lists one contract for a pair of lines: `yes` pays a dollar if the first
line wins, `no` if it does not. Who takes an ask of `yes` at a price stakes that price on the first
line, and wins the rest of the dollar. Who takes a bid of `yes` buys `no` at a dollar less the bid.
"""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from recordings.importers.betfair.snapping import Movement, Snapped, Snapper
from strategies.trading.model.odds import Ladder, Odds

_CENTS = Decimal(100)


class ContractPrices:
    """Snaps prices to a ladder, and counts how far that moved them.

    `moved` is over offers and trades, weighted by their stakes, or by number where those are
    unreported. `off_ladder` counts prices that no rung reaches.
    """

    def __init__(self, ladder: Ladder) -> None:
        """Snap to this ladder."""
        self.moved = Movement()
        self.off_ladder = 0
        self._snapper = Snapper(ladder)
        # A market has few different prices and many quotes.
        self._by_price: dict[Decimal, Snapped | None] = {}
        self._by_ratio: dict[Fraction, Snapped | None] = {}

    def odds(self, price: Decimal, stake_cents: int = 1) -> Odds | None:
        """Return the longest odds that pay a taker no more than a contract bought at a price.

        `price` is in dollars between 0 and 1; None if no rung of the ladder pays so little or much.
        """
        if price not in self._by_price:
            ratio = (1 - Fraction(price)) / Fraction(price)
            self._by_price[price] = self._snapper.snap_ratio(ratio)
        return self._counted(self._by_price[price], stake_cents)

    def odds_paying(self, ratio: Fraction, stake_cents: int = 1) -> Odds | None:
        """Return the longest odds that pay no more than this profit per stake, None as `odds`."""
        if ratio not in self._by_ratio:
            self._by_ratio[ratio] = self._snapper.snap_ratio(ratio)
        return self._counted(self._by_ratio[ratio], stake_cents)

    def _counted(self, snapped: Snapped | None, stake_cents: int) -> Odds | None:
        if snapped is None:
            self.off_ladder += 1
            return None
        self.moved.add(snapped.moved, stake_cents)
        return snapped.odds

    def note(self) -> str:
        """Return the sentence on how far prices were moved."""
        off = (
            f" {self.off_ladder:,} prices beyond the ladder were skipped."
            if self.off_ladder
            else ""
        )
        return (
            "Snapping prices to the American ladder moved the implied probability by "
            f"{self.moved.mean:.5f} on average ({self.moved.most:.5f} at most), never in a taker's "
            f"favour: a maker is paid slightly more than at the source.{off}"
        )


def stake_cents(price: Decimal, contracts: Decimal) -> int:
    """Return what a number of contracts costs at a price in dollars, half up to the cent."""
    return int((price * contracts * _CENTS).quantize(Decimal(1), rounding=ROUND_HALF_UP))
