"""One participant's money at the simulated exchange."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sim.exchange.line_results import result_of
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.ids import LineId, MarketKey
from strategies.trading.model.market import Pair, Result


@dataclass(slots=True)
class _LineTotal:
    """The matched stakes on a line and the profit that they win if the line wins."""

    stake_cents: int = 0
    profit_cents: int = 0

    def gross_cents(self, result: Result) -> int:
        if result is Result.WON:
            return self.profit_cents
        return -self.stake_cents if result is Result.LOST else 0


@dataclass(slots=True)
class _MarketTotal:
    """The matched wagers in a market, and the outcome of its settlement once settled."""

    lines: dict[LineId, _LineTotal] = field(default_factory=dict)
    settled: bool = False
    results: Mapping[LineId, Result] = field(default_factory=dict)
    gross_cents: int = 0
    commission_cents: int = 0

    def line(self, line_id: LineId) -> _LineTotal:
        return self.lines.setdefault(line_id, _LineTotal())

    def covered_cents(self, pair: Pair) -> int:
        """Return how much of a pair's stakes no result can lose, as the lines offset each other."""
        first, second = self.line(pair.first.line_id), self.line(pair.second.line_id)
        worst_cents = min(
            0,
            first.profit_cents - second.stake_cents,
            second.profit_cents - first.stake_cents,
        )
        return max(0, worst_cents + first.stake_cents + second.stake_cents)


class ExchangeAccount:
    """One participant's money at the exchange, in cents.

    A fill takes nothing from `cash_cents`: its stake is at risk, part of `matched_cents`, until the
    market settles. Then each line wins its profit, loses its stake or returns it, and commission
    is charged on the market's net winnings. A repeated settlement replaces the earlier one.

    `covered_cents` is the part of the matched stakes that no result can lose, because matched
    wagers on both lines of a pair offset each other: the exchange returns it as exposure credit.
    """

    def __init__(
        self, catalogue: Catalogue, starting_balance_cents: int, commission: Commission
    ) -> None:
        """Open an account with a balance."""
        self.cash_cents = starting_balance_cents
        self.matched_cents = 0
        self.covered_cents = 0
        self._catalogue = catalogue
        self._commission = commission
        self._markets: dict[MarketKey, _MarketTotal] = {}

    @property
    def commission_cents(self) -> int:
        """Return the commission taken so far."""
        return sum(total.commission_cents for total in self._markets.values())

    def book_fill(self, pair: Pair, line_id: LineId, stake_cents: int, profit_cents: int) -> None:
        """Book a fill on a line of a pair, in a market that is not settled."""
        market = self._markets.setdefault(pair.market_key, _MarketTotal())
        covered_cents = market.covered_cents(pair)
        total = market.line(line_id)
        total.stake_cents += stake_cents
        total.profit_cents += profit_cents
        self.matched_cents += stake_cents
        self.covered_cents += market.covered_cents(pair) - covered_cents

    def break_fill(self, pair: Pair, line_id: LineId, stake_cents: int, profit_cents: int) -> None:
        """Void a fill that was booked; a settled market is paid out again without it."""
        market = self._markets[pair.market_key]
        if not market.settled:
            self.book_fill(pair, line_id, -stake_cents, -profit_cents)
            return
        total = market.line(line_id)
        total.stake_cents -= stake_cents
        total.profit_cents -= profit_cents
        self.settle(pair.market_key, market.results)

    def settle(self, market_key: MarketKey, results: Mapping[LineId, Result]) -> None:
        """Pay a market out by its results; replace its earlier settlement if there is one.

        A line without a result is paid by the reverse of its opposite's; if neither line has one,
        the stakes are returned.
        """
        market = self._markets.get(market_key)
        if market is None:
            return
        pairs = self._catalogue.pairs_by_market[market_key]
        if market.settled:
            self.cash_cents -= market.gross_cents - market.commission_cents
        else:
            self.matched_cents -= sum(total.stake_cents for total in market.lines.values())
            self.covered_cents -= sum(market.covered_cents(pair) for pair in pairs)
        by_pair = [self._pair_gross_cents(market, pair, results) for pair in pairs]
        market.settled = True
        market.results = results
        market.gross_cents = sum(by_pair)
        market.commission_cents = self._commission.on(by_pair)
        self.cash_cents += market.gross_cents - market.commission_cents

    @staticmethod
    def _pair_gross_cents(
        market: _MarketTotal, pair: Pair, results: Mapping[LineId, Result]
    ) -> int:
        gross_cents = 0
        for line, other in ((pair.first, pair.second), (pair.second, pair.first)):
            total = market.lines.get(line.line_id)
            if total is not None:
                gross_cents += total.gross_cents(result_of(line.line_id, other.line_id, results))
        return gross_cents
