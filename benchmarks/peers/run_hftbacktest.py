"""Joins the touch of a generated stream with hftbacktest, in its own environment.

`run_hftbacktest.py STREAM CASE LATENCY_NS`, of which CASE is nobody, change or timer. The strategy
is compiled by numba before it is measured, on the first events of the stream.
"""

import json
import sys
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    GTX,
    LIMIT,
    LOCAL_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.types import event_dtype
from numba import njit

_STAKE = 50.0
_TIMER_NS = 10_000_000
_FOREVER_NS = 10**15
_WARM_UP_EVENTS = 2_000
# The results of a wait after which there is more to come.
_TIME_PASSED, _FEED, _RESPONSE = 0, 2, 3


@njit
def join_touch(backtest: Any, timer_ns: int, trades: bool) -> tuple[int, int, int]:
    """Rest one order on each side at the touch; return decisions, orders placed and cancels."""
    decisions = placed = cancels = 0
    resting = np.zeros(2, np.uint64)
    number = 0
    while True:
        if timer_ns:
            result = backtest.elapse(timer_ns)
        else:
            result = backtest.wait_next_feed(True, _FOREVER_NS)
        if result not in (_TIME_PASSED, _FEED, _RESPONSE):
            return decisions, placed, cancels
        if not trades:
            continue
        decisions += 1
        backtest.clear_inactive_orders(0)
        depth = backtest.depth(0)
        for side in range(2):
            touch = depth.best_bid_tick if side == 0 else depth.best_ask_tick
            order = backtest.orders(0).get(resting[side])
            if order is not None:
                if order.price_tick == touch or not order.cancellable:
                    continue
                backtest.cancel(0, order.order_id, False)
                cancels += 1
            number += 1
            placed += 1
            resting[side] = number
            price = touch * depth.tick_size
            if side == 0:
                backtest.submit_buy_order(0, number, price, _STAKE, GTX, LIMIT, False)
            else:
                backtest.submit_sell_order(0, number, price, _STAKE, GTX, LIMIT, False)


def events_of(stream: np.ndarray, latency_ns: int) -> np.ndarray:
    """Return a stream as hftbacktest's events; a trade's side is the one that was taken."""
    is_bid, is_trade = stream["side"] == 0, stream["kind"] == 1
    buys = np.where(is_trade, ~is_bid, is_bid)
    events = np.zeros(len(stream), event_dtype)
    events["ev"] = (
        EXCH_EVENT
        | LOCAL_EVENT
        | np.where(is_trade, TRADE_EVENT, DEPTH_EVENT)
        | np.where(buys, BUY_EVENT, SELL_EVENT)
    )
    events["exch_ts"] = stream["at_ns"]
    events["local_ts"] = stream["at_ns"] + latency_ns
    events["px"] = stream["price"]
    events["qty"] = stream["amount"]
    return events


def backtest_of(events: np.ndarray, latency_ns: int) -> Any:
    """Return a backtest with the pessimistic queue model, as ours."""
    asset = (
        BacktestAsset()
        .data(events)
        .linear_asset(1.0)
        .constant_order_latency(latency_ns, latency_ns)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(1.0)
        .lot_size(1.0)
    )
    return HashMapMarketDepthBacktest([asset])


def main(path: Path, case: str, latency_ns: int) -> None:
    """Run and print what was measured."""
    events = events_of(np.load(path), latency_ns)
    timer_ns, trades = _TIMER_NS if case == "timer" else 0, case != "nobody"
    first = events[:_WARM_UP_EVENTS].copy()
    join_touch(backtest_of(first, latency_ns), timer_ns, trades)
    backtest = backtest_of(events, latency_ns)
    began = process_time()
    decisions, placed, cancels = join_touch(backtest, timer_ns, trades)
    measured = {"seconds": process_time() - began}
    if trades:
        fills = int(backtest.state_values(0).num_trades)
        measured |= {"decisions": decisions, "placed": placed, "cancelled": cancels, "fills": fills}
    print(json.dumps(measured))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
