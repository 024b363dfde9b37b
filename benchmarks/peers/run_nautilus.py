"""Joins the touch of a stream with nautilus_trader, in its own environment.

`run_nautilus.py FILE nobody|change LATENCY_NS`, of which FILE is a generated stream (.npy) or a
Betfair stream file. Making its objects of a file is measured apart, as `parse_seconds`. Its risk
engine and its log are off. The latency is that of commands; 1.221 has none of market data, and no
queue position: an order is filled when the book crosses it, not by a trade at its price.
"""

import json
import sys
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from nautilus_trader.adapters.betfair.parsing.core import (
    betting_instruments_from_file,
    parse_betfair_file,
)
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.backtest.models import LatencyModel
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import GBP, USD
from nautilus_trader.model.data import BookOrder, OrderBookDelta, OrderBookDeltas, TradeTick
from nautilus_trader.model.enums import (
    AccountType,
    AggressorSide,
    BookAction,
    BookType,
    OmsType,
    OrderSide,
    RecordFlag,
)
from nautilus_trader.model.identifiers import ClientId, InstrumentId, Symbol, TradeId, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

_STAKE = 50
_BALANCE = 1_000_000_000
_VENUE = Venue("BETFAIR")


class JoinTouch(Strategy):
    """Rests an order at the touch of each of its (instrument, side)."""

    def __init__(self, sides: dict[Any, list[OrderSide]]) -> None:
        """Take the sides of each instrument to quote."""
        super().__init__()
        self.sides = sides
        self.decisions = self.placed = self.cancelled = self.fills = 0
        self.live: dict[Any, list[Any]] = {}

    def on_start(self) -> None:
        """Listen to the books."""
        for instrument_id in self.sides:
            self.subscribe_order_book_deltas(instrument_id, BookType.L2_MBP)

    def on_order_book_deltas(self, deltas: Any) -> None:
        """Join the touch of the instrument that changed."""
        self.decisions += 1
        instrument_id = deltas.instrument_id
        book = self.cache.order_book(instrument_id)
        for side in self.sides[instrument_id]:
            price = book.best_bid_price() if side == OrderSide.BUY else book.best_ask_price()
            if price is not None:
                self._join(instrument_id, side, price)

    def _join(self, instrument_id: Any, side: OrderSide, price: Price) -> None:
        """Have one order at the price; cancel the others as soon as each is open."""
        key = instrument_id, side
        live = [order for order in self.live.get(key, ()) if not order.is_closed]
        self.live[key] = live
        for order in live:
            if order.price != price and order.is_open and not order.is_pending_cancel:
                self.cancel_order(order)
        if any(order.price == price for order in live):
            return
        instrument = self.cache.instrument(instrument_id)
        order = self.order_factory.limit(
            instrument_id, side, instrument.make_qty(_STAKE), price, post_only=True
        )
        self.submit_order(order)
        self.placed += 1
        live.append(order)

    def on_order_filled(self, _event: Any) -> None:
        """Count it."""
        self.fills += 1

    def on_order_canceled(self, _event: Any) -> None:
        """Count it."""
        self.cancelled += 1


def generated_stream(path: str) -> tuple[list[Any], list[Any]]:
    """Return the instrument and the data of a generated stream."""
    instrument = Equity(
        InstrumentId(Symbol("HOME"), _VENUE), Symbol("HOME"), USD, 0, Price(1, 0), Quantity(1, 0),
        0, 0,
    )  # fmt: skip
    identity = instrument.id
    sides = (OrderSide.BUY, OrderSide.SELL)
    takers = (AggressorSide.SELLER, AggressorSide.BUYER)
    data: list[Any] = []
    for number, (at_ns, kind, side, price, amount) in enumerate(np.load(path).tolist()):
        quantity = Quantity(amount, 0)
        if kind:
            trade_id = TradeId(str(number))
            tick = (identity, Price(price, 0), quantity, takers[side], trade_id, at_ns, at_ns)
            data.append(TradeTick(*tick))
            continue
        action = BookAction.UPDATE if amount else BookAction.DELETE
        order = BookOrder(sides[side], Price(price, 0), quantity, price)
        flags = RecordFlag.F_LAST
        delta = OrderBookDelta(identity, action, order, flags, number, at_ns, at_ns)
        data.append(OrderBookDeltas(identity, [delta]))
    return [instrument], data


def betfair_stream(path: str) -> tuple[list[Any], list[Any]]:
    """Return the instruments and the data of a Betfair stream file."""
    instruments = betting_instruments_from_file(path, "GBP", 0, 0)
    return list({i.id: i for i in instruments}.values()), list(parse_betfair_file(path, "GBP"))


def main(path: str, case: str, latency_ns: int) -> None:
    """Run and print what was measured."""
    generated = Path(path).suffix == ".npy"
    began = process_time()
    instruments, data = (generated_stream if generated else betfair_stream)(path)
    parse_seconds = process_time() - began
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=True)
        )
    )
    currency = USD if generated else GBP
    engine.add_venue(
        venue=_VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN if generated else AccountType.BETTING,
        base_currency=currency,
        starting_balances=[Money(_BALANCE, currency)],
        book_type=BookType.L2_MBP,
        latency_model=LatencyModel(latency_ns) if latency_ns else None,
        trade_execution=True,
    )
    for instrument in instruments:
        engine.add_instrument(instrument)
    # At Betfair, who backs a runner rests on the side of the sellers.
    sides = [OrderSide.BUY, OrderSide.SELL] if generated else [OrderSide.SELL]
    strategy = JoinTouch({instrument.id: sides for instrument in instruments})
    if case != "nobody":
        engine.add_strategy(strategy)
    engine.add_data(data, client_id=ClientId("BETFAIR"))
    began = process_time()
    engine.run()
    measured = {"seconds": process_time() - began, "parse_seconds": parse_seconds}
    if case != "nobody":
        measured |= {
            "decisions": strategy.decisions,
            "placed": strategy.placed,
            "cancelled": strategy.cancelled,
            "fills": strategy.fills,
        }
    print(json.dumps(measured))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
