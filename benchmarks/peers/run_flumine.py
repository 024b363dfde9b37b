"""Joins the touch of a Betfair stream file with flumine, in its own environment.

`run_flumine.py FILE nobody|change`. Its stream is parsed as it is simulated. Latencies are
flumine's own: an order acts at the market's first update after 0.12 s.
"""

import json
import logging
import sys
from time import process_time
from typing import Any

from flumine import BaseStrategy, FlumineSimulation, clients
from flumine.order.order import OrderStatus
from flumine.order.ordertype import LimitOrder
from flumine.order.trade import Trade
from flumine.streams.betfairhistoricalstream import BetfairHistoricalStream

_STAKE = 50.0
_UNLIMITED = 10**9


class JoinTouch(BaseStrategy):
    """Backs every runner at the best price available to lay: beside those who back it already."""

    trades = True

    def start(self, _flumine: Any) -> None:
        """Start with nothing placed."""
        self.decisions = 0
        self.orders: list[Any] = []
        self.live: dict[int, list[Any]] = {}

    def check_market_book(self, _market: Any, market_book: Any) -> bool:
        """Decide on every update of an open market."""
        return self.trades and market_book.status == "OPEN"

    def process_market_book(self, market: Any, market_book: Any) -> None:
        """Join the touch of each runner."""
        self.decisions += 1
        for runner in market_book.runners:
            if runner.status == "ACTIVE" and runner.ex.available_to_lay:
                self._join(market, runner, runner.ex.available_to_lay[0]["price"])

    def _join(self, market: Any, runner: Any, price: float) -> None:
        """Have one order at the price; cancel the others as soon as each can be cancelled."""
        live = [o for o in self.live.get(runner.selection_id, ()) if not o.complete]
        self.live[runner.selection_id] = live
        for order in live:
            if order.order_type.price != price and order.status == OrderStatus.EXECUTABLE:
                market.cancel_order(order)
        if any(order.order_type.price == price for order in live):
            return
        trade = Trade(market.market_id, runner.selection_id, runner.handicap, self)
        order = trade.create_order(side="BACK", order_type=LimitOrder(price, _STAKE))
        market.place_order(order)
        self.orders.append(order)
        live.append(order)


def main(path: str, case: str) -> None:
    """Run and print what was measured."""
    logging.getLogger("flumine").setLevel(logging.CRITICAL)
    framework = FlumineSimulation(
        client=clients.SimulatedClient(transaction_limit=None, min_bet_validation=False)
    )
    strategy = JoinTouch(
        streams=[BetfairHistoricalStream(file_path=path)],
        max_order_exposure=_UNLIMITED,
        max_selection_exposure=_UNLIMITED,
        max_live_trade_count=_UNLIMITED,
    )
    strategy.trades = case != "nobody"
    framework.add_strategy(strategy)
    began = process_time()
    framework.run()
    measured = {"seconds": process_time() - began}
    if strategy.trades:
        measured |= {
            "decisions": strategy.decisions,
            "placed": len(strategy.orders),
            "cancelled": sum(order.size_cancelled > 0 for order in strategy.orders),
            "fills": sum(order.size_matched > 0 for order in strategy.orders),
        }
    print(json.dumps(measured))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
