"""The books of several contracts on one pair, as offers at the rungs of two lines."""

from collections.abc import Iterator
from decimal import Decimal

from recordings.importers.contract_prices import ContractPrices, stake_cents
from recordings.tape import UNREPORTED_CENTS
from strategies.trading.model.odds import Odds, opposite

# What rests: the contract's ticker, the line that its takers stake on, and their price in dollars.
BidLevel = tuple[str, int, Decimal]
PairRung = tuple[int, Odds]


class RungBook:
    """Sums what rests at prices of contracts into offers on lines, at rungs of the ladder.

    Levels of an unreported number of contracts make an offer of unreported amount.
    """

    def __init__(self, prices: ContractPrices) -> None:
        """Start empty."""
        self._prices = prices
        self._levels: dict[BidLevel, Decimal | None] = {}
        self._rungs: dict[PairRung, set[BidLevel]] = {}
        self._shown: dict[PairRung, int] = {}
        self._touched: dict[PairRung, None] = {}
        # Forgotten where a rung appears or goes.
        self._best: dict[int, Odds | None] = {}

    def contracts(self, level: BidLevel) -> Decimal:
        """Return how many contracts rest at a level."""
        return self._levels.get(level) or Decimal(0)

    def set(self, level: BidLevel, contracts: Decimal | None) -> None:
        """Set how many contracts rest at a level; zero removes it, None is an unreported number."""
        known = level in self._levels
        if contracts is not None and contracts <= 0:
            if known:
                del self._levels[level]
                self._move(level, add=False)
            return
        self._levels[level] = contracts
        self._move(level, add=True)

    def clear(self, ticker: str) -> None:
        """Remove all levels of a contract."""
        for level in [each for each in self._levels if each[0] == ticker]:
            self.set(level, Decimal(0))

    def changes(self) -> Iterator[tuple[int, Odds, int]]:
        """Yield (line, odds, cents) of the rungs that changed, those that are gone first."""
        changed = [(rung, self._cents(rung)) for rung in sorted(self._touched)]
        self._touched.clear()
        for rung, cents in sorted(changed, key=lambda each: each[1] != 0):
            shown = self._shown.get(rung, 0)
            if cents != shown:
                self._shown[rung] = cents
                if not (cents and shown):
                    self._best.pop(rung[0], None)
                yield (*rung, cents)

    def is_crossed(self, first: int, second: int) -> bool:
        """Return whether the best offers on two lines of a pair would match each other."""
        best = self._best_of(first), self._best_of(second)
        return best[0] is not None and best[1] is not None and best[1] >= opposite(best[0])

    def _best_of(self, line: int) -> Odds | None:
        if line not in self._best:
            offered = (odds for (on, odds), cents in self._shown.items() if on == line and cents)
            self._best[line] = max(offered, default=None)
        return self._best[line]

    def _move(self, level: BidLevel, *, add: bool) -> None:
        _, line, price = level
        odds = self._prices.odds(price)
        if odds is not None:
            rung = (line, odds)
            levels = self._rungs.setdefault(rung, set())
            (levels.add if add else levels.discard)(level)
            self._touched[rung] = None

    def _cents(self, rung: PairRung) -> int:
        levels = self._rungs.get(rung, set())
        counts = [(price, self._levels[ticker, line, price]) for ticker, line, price in levels]
        if any(contracts is None for _, contracts in counts):
            return UNREPORTED_CENTS
        return sum(stake_cents(price, contracts) for price, contracts in counts if contracts)
