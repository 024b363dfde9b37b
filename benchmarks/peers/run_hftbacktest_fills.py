"""Places given orders in a stream with hftbacktest, in its own environment, without latency.

`run_hftbacktest_fills.py STREAM ORDERS POWER ...`: powers of its probabilistic queue model, 0 for
the risk-averse one. ORDERS is an array with a row for each order of one unit: side, price, when it
joins and when it is cancelled, in nanoseconds. Prints for each power when each order was filled, 0
if it was not.
"""

import json
import sys
from typing import Any

import numpy as np
from hftbacktest import FILLED, GTX, LIMIT, BacktestAsset, HashMapMarketDepthBacktest
from numba import njit

from benchmarks.peers.run_hftbacktest import events_of

_FOREVER_NS = 10**15


@njit
def place_and_cancel(
    backtest: Any, actions: np.ndarray, orders: np.ndarray, filled_ns: np.ndarray
) -> None:
    """Place and cancel orders at their times; fill `filled_ns`."""
    for row in range(len(actions)):
        at_ns, number, places = actions[row]
        backtest.elapse(at_ns - backtest.current_timestamp)
        if places:
            price = float(orders[number, 1])
            if orders[number, 0] == 0:
                backtest.submit_buy_order(0, number + 1, price, 1.0, GTX, LIMIT, False)
            else:
                backtest.submit_sell_order(0, number + 1, price, 1.0, GTX, LIMIT, False)
            continue
        order = backtest.orders(0).get(number + 1)
        if order.status == FILLED:
            filled_ns[number] = order.exch_timestamp
        else:
            backtest.cancel(0, number + 1, False)


def actions_of(orders: np.ndarray) -> np.ndarray:
    """Return what is done when: time, order, and whether it is placed or cancelled."""
    numbers = np.arange(len(orders))
    placed = np.stack((orders[:, 2], numbers, np.ones_like(numbers)), axis=1)
    cancelled = np.stack((orders[:, 3], numbers, np.zeros_like(numbers)), axis=1)
    actions = np.concatenate((placed, cancelled))
    return actions[np.argsort(actions[:, 0], kind="stable")]


def backtest_of(events: np.ndarray, power: float) -> Any:
    """Return a backtest without latency under a queue model."""
    asset = BacktestAsset().data(events).linear_asset(1.0).constant_order_latency(0, 0)
    asset = asset.power_prob_queue_model(power) if power else asset.risk_adverse_queue_model()
    asset = asset.no_partial_fill_exchange().trading_value_fee_model(0.0, 0.0)
    return HashMapMarketDepthBacktest([asset.tick_size(1.0).lot_size(1.0)])


def main(stream: str, given: str, powers: list[str]) -> None:
    """Run under each model and print the times."""
    orders = np.load(given)
    # hftbacktest reads this array as it runs, and does not keep it alive.
    events = events_of(np.load(stream), 0)
    found = []
    for power in powers:
        backtest = backtest_of(events, float(power))
        filled_ns = np.zeros(len(orders), np.int64)
        # Its clock stands at zero until the first event.
        backtest.wait_next_feed(True, _FOREVER_NS)
        place_and_cancel(backtest, actions_of(orders), orders, filled_ns)
        found.append(filled_ns.tolist())
    print(json.dumps({"filled_ns": found}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
