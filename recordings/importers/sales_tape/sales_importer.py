"""Imports ProphetX's public time and sales: the trades of each game, whose takers are unknown.

The exchange publishes a CSV file of each session, from 16:30 to 16:30 in New York. This module was
written after a published analysis of the files, not after a file: that says which columns there
are (`price`, `quantity`, `event_contract`, `contract_description`, `trade_date`), that the price is
the probability of the side named second, that a third of the rows stand twice, and that parlays are
among them. The name of the column with the time of execution is not in it: `SalesFiles` takes it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from recordings.importers.contract_prices import ContractPrices, stake_cents
from recordings.importers.csv_rows import csv_rows
from recordings.importers.many_imports import ImportTask
from recordings.importers.sales_tape.contract_description import (
    EASTERN,
    ContractDescription,
    parse_description,
)
from recordings.importers.wall_times import time_ns
from recordings.tape import Clocks, Side, Unreported
from recordings.writer import TapeWriter
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import TapeError
from strategies.trading.model.market import EventStatus, MarketStatus

TIME_COLUMN = "execution_time"
_NEEDED = ("price", "quantity", "event_contract", "contract_description")
_UNREPORTED = (Unreported.OFFERS, Unreported.TAKERS, Unreported.RESULTS)
_MOST_NAMES = 5


class Sale(NamedTuple):
    """A trade: its time, what it was of, the price in dollars, and how many contracts."""

    ns: int
    contract: ContractDescription
    price: Decimal
    contracts: Decimal


@dataclass(slots=True)
class SalesFiles:
    """The trades of session files, by game, and what was set aside.

    `doubled` counts rows that stand a second time, `parlays` trades of more than one contract, and
    `others` those of markets that are no moneyline, spread or total, by the market's name.
    """

    time_column: str = TIME_COLUMN
    rows: int = 0
    doubled: int = 0
    parlays: int = 0
    others: Counter[str] = field(default_factory=Counter)
    sales: dict[str, list[Sale]] = field(default_factory=lambda: defaultdict(list))
    _seen: set[tuple[str, ...]] = field(default_factory=set)

    def read(self, file: Path) -> None:
        """Add a file's trades; raise TapeError for the first row that cannot be read."""
        for line, fields in csv_rows(file, (*_NEEDED, self.time_column)):
            self.rows += 1
            try:
                self._add(fields)
            except TapeError as error:
                message = f"{file}, line {line}: {error}"
                raise TapeError(message) from error

    def _add(self, fields: dict[str, str]) -> None:
        row = tuple(fields.values())
        if row in self._seen:
            self.doubled += 1
            return
        self._seen.add(row)
        if "parlay" in f"{fields['event_contract']} {fields['contract_description']}".lower():
            self.parlays += 1
            return
        contract = parse_description(fields["contract_description"])
        if contract.lines() is None:
            self.others[contract.market] += 1
            return
        price, contracts = (_number(name, fields[name]) for name in ("price", "quantity"))
        if not 0 < price < 1:
            message = f"price {price} is no probability between 0 and 1"
            raise TapeError(message)
        sale = Sale(time_ns(fields[self.time_column], EASTERN), contract, price, contracts)
        self.sales[contract.game].append(sale)

    def lines(self) -> Iterator[str]:
        """Yield what was read, and what was set aside, to print."""
        share = self.doubled / self.rows if self.rows else 0.0
        yield (
            f"{counted(self.rows, 'row')}: {self.doubled:,} ({share:.1%}) stood twice, "
            f"{counted(self.parlays, 'parlay')} and {counted(self.others.total(), 'other trade')} "
            f"set aside, {counted(len(self.sales), 'game')}"
        )
        if self.others:
            named = [f"{name} {count:,}" for name, count in self.others.most_common(_MOST_NAMES)]
            yield f"set aside, as no moneyline, spread or total: {', '.join(named)}"


def sales_tasks(files: SalesFiles) -> list[ImportTask]:
    """Return a task for each game of the files that were read; raise TapeError without any."""
    if not files.sales:
        message = f"no trade of a game among {counted(files.rows, 'row')}"
        raise TapeError(message)
    return [
        ImportTask(game, partial(import_sales, sales))
        for game, sales in sorted(files.sales.items())
    ]


def import_sales(sales: Sequence[Sale], folder: Path) -> str:
    """Write the trades of a game into a new folder; return a line about it."""
    ordered = sorted(sales, key=attrgetter("ns"))
    with TapeWriter(
        folder,
        source="ProphetX's public time and sales",
        simulated=False,
        clocks=Clocks.ONE,
        unreported=_UNREPORTED,
    ) as writer:
        event = writer.add_event(ordered[0].contract.event())
        tape = _SalesTape(writer, event)
        for ns, at_once in groupby(ordered, attrgetter("ns")):
            tape.write(ns, list(at_once))
        writer.info.notes.extend(tape.notes())
    return f"{counted(len(sales), 'trade')} of {counted(len(writer.info.markets), 'market')}"


class _SalesTape:
    """Writes the trades of one game, in order."""

    def __init__(self, writer: TapeWriter, event: int) -> None:
        self._writer = writer
        self._event = event
        self._start_ns = writer.info.events[event].scheduled_ns
        self._prices = ContractPrices(writer.info.ladder)
        self._opened: set[int] = set()
        self._live = False
        self._scheduled = False

    def write(self, ns: int, sales: Sequence[Sale]) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._begin_message(min(ns, self._start_ns))
            self._writer.schedule(self._event, self._start_ns)
        if ns >= self._start_ns and not self._live:
            self._live = True
            self._begin_message(self._start_ns)
            self._writer.event_status(self._event, EventStatus.LIVE)
        self._begin_message(ns)
        for sale in sales:
            self._write_trade(sale)

    def notes(self) -> Iterator[str]:
        yield (
            "Imported from ProphetX's public time and sales: trades alone. The price is that of "
            "the side named second, home or under, and no row says who took it."
        )
        yield "The scheduled start is taken for the start of the game."
        yield self._prices.note()

    def _begin_message(self, ns: int) -> None:
        self._writer.begin_message(ns, ns)

    def _write_trade(self, sale: Sale) -> None:
        described = sale.contract.lines()
        assert described is not None, "trades of other markets were set aside"
        market = self._writer.add_market(described[0])
        line = self._writer.add_line(described[1])
        self._writer.add_line(described[2])
        if market not in self._opened:
            self._opened.add(market)
            self._writer.market_status(market, MarketStatus.OPEN)
        cents = stake_cents(sale.price, sale.contracts)
        odds = self._prices.odds(sale.price, cents)
        if odds is not None and cents:
            self._writer.trade(line, odds, cents, Side.UNKNOWN)


def _number(name: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or number <= 0:
        message = f"{name} {text!r} is no positive number"
        raise TapeError(message)
    return number
