"""The ledger: settled profit, commission, and positions that have no result yet.

Only settled profit is profit. Positions without a result are marked at the last fair price, in
figures of their own; a later result may correct an earlier one.
"""

from dataclasses import dataclass

from strategies.trading.accounting.commission import Commission
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.events import MarketSettled
from strategies.trading.model.ids import LineId, MarketKey, PairId
from strategies.trading.model.market import Pair, Result
from strategies.trading.model.position import Exposure, Position
from strategies.trading.ports.journal import AccountSnapshot


@dataclass(frozen=True, slots=True)
class Settlement:
    """The result of a settled market in cents: gross profit by pair, and the commission on it.

    `at_ns` is when the result arrived by which it is paid.
    """

    gross_by_pair: tuple[tuple[Pair, int], ...]
    commission_cents: int
    at_ns: int

    @property
    def net_cents(self) -> int:
        """Return the profit after commission."""
        return sum(gross for _, gross in self.gross_by_pair) - self.commission_cents


class Ledger:
    """The desk's own account of its money, in cents.

    `profit_cents` is settled and net of commission, `balance_cents` the starting balance with it.
    Stakes and marks are read from the exposure. A monthly rebate of the `fees` is in neither: the
    exchange pays it later, so it cannot be staked.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        exposure: Exposure,
        commission: Commission,
        starting_balance_cents: int,
    ) -> None:
        """Start with a balance and no positions."""
        self.starting_balance_cents = starting_balance_cents
        self.balance_cents = starting_balance_cents
        self.profit_cents = 0
        self.commission_cents = 0
        self.settlements: dict[MarketKey, Settlement] = {}
        self._catalogue = catalogue
        self._exposure = exposure
        self.fees = commission
        self._results: dict[MarketKey, tuple[MarketSettled, int]] = {}
        self._settled_positions: dict[MarketKey, dict[PairId, Position]] = {}

    def snapshot(self) -> AccountSnapshot:
        """Return the desk's money now."""
        exposure = self._exposure
        return AccountSnapshot(
            self.balance_cents, self.profit_cents, exposure.marked_cents, exposure.total_cents
        )

    @property
    def marked_cents(self) -> int:
        """Return the expected profit of the positions without a result, at the last fair prices."""
        return self._exposure.marked_cents

    @property
    def turnover_cents(self) -> int:
        """Return all stake that was matched."""
        return self._exposure.turnover_cents

    @property
    def available_cents(self) -> int:
        """Return what may still be staked: the balance less every stake matched or open."""
        return self.balance_cents - self._exposure.matched_cents - self._exposure.open_cents

    @property
    def equity_cents(self) -> int:
        """Return the balance with unsettled positions at their last fair price."""
        return self.balance_cents + self.marked_cents

    def settle(self, event: MarketSettled, at_ns: int) -> None:
        """Pay out a market by its results; a later settlement replaces an earlier one."""
        known = self._results.get(event.market_key)
        if known is None or event.revision == 0 or event.revision > known[0].revision:
            self._results[event.market_key] = event, at_ns
            self._pay_out(event, at_ns)

    def pay_late_fill(self, key: MarketKey) -> None:
        """Pay out by its result, if there is one, what was matched in a market after that."""
        if key in self._results:
            self._pay_out(*self._results[key])

    def result_of(self, pair: Pair) -> Result | None:
        """Return the last result of a pair's first line, None before its market was settled."""
        known = self._results.get(pair.market_key)
        return None if known is None else _first_result(pair, dict(known[0].results))

    def open_positions(self) -> list[Position]:
        """Return the positions without a result."""
        return [position for position in self._exposure.positions.values() if not position.flat]

    def _pay_out(self, event: MarketSettled, at_ns: int) -> None:
        key = event.market_key
        if key in self.settlements:
            self._add(self.settlements[key], -1)
        self._take_positions(key)
        results = dict(event.results)
        gross = tuple(
            (position.pair, position.profit_under(_first_result(position.pair, results)))
            for position in self._settled_positions[key].values()
        )
        commission_cents = self.fees.on(cents for _, cents in gross)
        self.settlements[key] = Settlement(gross, commission_cents, at_ns)
        self._add(self.settlements[key], 1)

    def _take_positions(self, key: MarketKey) -> None:
        """Move a market's positions out of the exposure, as they are no longer at risk."""
        settled = self._settled_positions.setdefault(key, {})
        for pair in self._catalogue.pairs_by_market[key]:
            position = self._exposure.positions.get(pair.pair_id)
            if position is not None and not position.flat:
                settled.setdefault(pair.pair_id, Position(pair)).add_matched_of(position)
                self._exposure.release(pair)

    def _add(self, settlement: Settlement, sign: int) -> None:
        self.balance_cents += sign * settlement.net_cents
        self.profit_cents += sign * settlement.net_cents
        self.commission_cents += sign * settlement.commission_cents


def _first_result(pair: Pair, results: dict[LineId, Result]) -> Result:
    """Return the result of the first line, or what the second's implies; void without either."""
    if pair.first.line_id in results:
        return results[pair.first.line_id]
    opposite = {Result.WON: Result.LOST, Result.LOST: Result.WON}
    second = results.get(pair.second.line_id, Result.VOIDED)
    return opposite.get(second, second)
