"""The ledger: settled profit, commission, and positions that have no result yet.

Only settled profit is profit. Positions without a result are marked at the last fair price, in
figures of their own; a later result may correct an earlier one.
"""

from dataclasses import dataclass

from strategies.trading.accounting.commission import Commission
from strategies.trading.accounting.exposure import Exposure
from strategies.trading.model.events import MarketSettled, WagerMatched
from strategies.trading.model.ids import LineId, MarketKey, PairId
from strategies.trading.model.market import Catalogue, Pair, Result
from strategies.trading.model.position import Position


@dataclass(frozen=True, slots=True)
class Settlement:
    """The result of a settled market in cents: gross profit by pair, and the commission on it."""

    gross_by_pair: tuple[tuple[Pair, int], ...]
    commission_cents: int

    @property
    def net_cents(self) -> int:
        """Return the profit after commission."""
        return sum(gross for _, gross in self.gross_by_pair) - self.commission_cents


class Ledger:
    """The desk's own account of its money, in cents.

    `profit_cents` is settled and net of commission; `marked_cents` is the expected profit of the
    positions without a result, at the last fair prices. Stakes are read from the exposure.
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
        self.profit_cents = 0
        self.commission_cents = 0
        self.turnover_cents = 0
        self.marked_cents = 0
        self.settlements: dict[MarketKey, Settlement] = {}
        self._catalogue = catalogue
        self._exposure = exposure
        self._commission = commission
        self._results: dict[MarketKey, MarketSettled] = {}
        self._settled_positions: dict[MarketKey, dict[PairId, Position]] = {}
        self._marks: dict[PairId, int] = {}
        self._fairs: dict[PairId, float] = {}

    @property
    def balance_cents(self) -> int:
        """Return the starting balance and the profit settled since."""
        return self.starting_balance_cents + self.profit_cents

    @property
    def available_cents(self) -> int:
        """Return what may still be staked: the balance less every stake matched or open."""
        return self.balance_cents - self._exposure.matched_cents - self._exposure.open_cents

    @property
    def equity_cents(self) -> int:
        """Return the balance with unsettled positions at their last fair price."""
        return self.balance_cents + self.marked_cents

    def book_fill(self, pair: Pair, event: WagerMatched) -> None:
        """Count a fill that the exposure holds already, and revalue its position."""
        self.turnover_cents += event.stake_cents
        self.revalue(pair)

    def revalue(self, pair: Pair) -> None:
        """Revalue a pair's position after it changed.

        A fill that arrives after the result of its market is paid out by that result.
        """
        if pair.market_key in self._results:
            self._pay_out(self._results[pair.market_key])
        else:
            self._mark_position(pair)

    def mark(self, pair: Pair, fair_first: float) -> None:
        """Value a pair's position at a fair probability of its first line."""
        self._fairs[pair.pair_id] = fair_first
        self._mark_position(pair)

    def settle(self, event: MarketSettled) -> None:
        """Pay out a market by its results; a later settlement replaces an earlier one."""
        known = self._results.get(event.market_key)
        if known is None or event.revision == 0 or event.revision > known.revision:
            self._results[event.market_key] = event
            self._pay_out(event)

    def open_positions(self) -> list[tuple[Position, int]]:
        """Return the positions without a result, each with its mark."""
        return [
            (position, self._marks.get(pair_id, 0))
            for pair_id, position in self._exposure.positions.items()
            if not position.flat
        ]

    def _pay_out(self, event: MarketSettled) -> None:
        key = event.market_key
        if key in self.settlements:
            self._reverse(key)
        self._take_positions(key)
        results = dict(event.results)
        gross = tuple(
            (position.pair, position.profit_under(_first_result(position.pair, results)))
            for position in self._settled_positions[key].values()
        )
        commission_cents = self._commission.on(cents for _, cents in gross)
        self.settlements[key] = Settlement(gross, commission_cents)
        self.profit_cents += self.settlements[key].net_cents
        self.commission_cents += commission_cents

    def _mark_position(self, pair: Pair) -> None:
        position = self._exposure.positions.get(pair.pair_id)
        if position is None or position.flat:
            return
        fair = self._fairs.get(pair.pair_id)
        if fair is not None:
            mark = position.marked_cents(fair)
            self.marked_cents += mark - self._marks.get(pair.pair_id, 0)
            self._marks[pair.pair_id] = mark

    def _take_positions(self, key: MarketKey) -> None:
        """Move a market's positions out of the exposure, as they are no longer at risk."""
        settled = self._settled_positions.setdefault(key, {})
        for pair in self._catalogue.pairs_by_market[key]:
            position = self._exposure.positions.get(pair.pair_id)
            if position is not None and not position.flat:
                settled.setdefault(pair.pair_id, Position(pair)).add_matched_of(position)
                self._exposure.release(pair)
                self.marked_cents -= self._marks.pop(pair.pair_id, 0)

    def _reverse(self, key: MarketKey) -> None:
        settlement = self.settlements[key]
        self.profit_cents -= settlement.net_cents
        self.commission_cents -= settlement.commission_cents


def _first_result(pair: Pair, results: dict[LineId, Result]) -> Result:
    """Return the result of the first line, or what the second's implies; void without either."""
    if pair.first.line_id in results:
        return results[pair.first.line_id]
    opposite = {Result.WON: Result.LOST, Result.LOST: Result.WON}
    second = results.get(pair.second.line_id, Result.VOIDED)
    return opposite.get(second, second)
