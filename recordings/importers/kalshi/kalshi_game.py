"""Writes the recording of one game from the messages of its contracts."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from recordings.importers.contract_prices import ContractPrices, stake_cents
from recordings.importers.kalshi.kalshi_messages import (
    BookDelta,
    BookSnapshot,
    Candle,
    ContractTicker,
    ContractTrade,
    MarketLifecycle,
    PriceRange,
    number_of,
    quoted,
)
from recordings.importers.kalshi.kalshi_tickers import (
    ContractLines,
    KalshiContract,
    contract_lines,
    sport_event,
)
from recordings.importers.kalshi.rung_book import RungBook
from recordings.importers.missing_parts import missing_parts
from recordings.tape import UNREPORTED_CENTS, Clocks, Side, Unreported
from recordings.writer import TapeWriter
from strategies.trading.model.counted import counted
from strategies.trading.model.market import EventStatus, MarketStatus, Result

_STATUSES = {"activated": MarketStatus.OPEN, "deactivated": MarketStatus.SUSPENDED}
_RESULTS = {"yes": Result.WON, "no": Result.LOST, "void": Result.VOIDED}
_OPPOSITE = {Result.WON: Result.LOST, Result.LOST: Result.WON, Result.VOIDED: Result.VOIDED}


@dataclass(slots=True)
class _Counts:
    """What was written, and what a note has to say of it."""

    messages: int = 0
    offers: int = 0
    unreported_amounts: bool = False
    trades: int = 0
    known_takers: int = 0
    candles: int = 0
    results_at_end: int = 0
    crossed: int = 0
    gaps: int = 0


@dataclass(slots=True)
class _Contract:
    """A contract of the game: its lines and their indices, and whether its book was sent."""

    lines: ContractLines
    market: int
    yes: int
    no: int
    has_book: bool = False


class KalshiGame:
    """A game's recording. Rows are written at times that never go back; `finish` ends it."""

    def __init__(
        self, folder: Path, contract: KalshiContract, teams: tuple[str, str], start_ns: int
    ) -> None:
        """Begin a recording in a new folder; `teams` are away and home."""
        self.counts = _Counts()
        self.writer = TapeWriter(
            folder,
            source="Kalshi market data",
            simulated=False,
            clocks=Clocks.ONE,
            unreported=(Unreported.AMOUNTS,),
        )
        self._prices = ContractPrices(self.writer.info.ladder)
        self._book = RungBook(self._prices)
        self._home = teams[1]
        self._event = self.writer.add_event(sport_event(contract, teams, start_ns))
        self._start_ns = start_ns
        self._live = False
        self._last_ns = 0
        self._contracts: dict[str, _Contract] = {}
        self._opened: set[int] = set()
        self._results: dict[int, Result] = {}
        self._lost = False

    def add_contract(self, contract: KalshiContract, strike: float | None) -> None:
        """Add a contract, whose messages follow."""
        lines = contract_lines(contract, self._home, strike)
        market = self.writer.add_market(lines.market)
        yes, no = self.writer.add_line(lines.yes), self.writer.add_line(lines.no)
        self._contracts[contract.ticker] = _Contract(lines, market, yes, no)

    def apply_snapshot(self, ns: int, message: BookSnapshot) -> None:
        """Replace a contract's book."""
        contract = self._contracts[message.market_ticker]
        contract.has_book = True
        self._book.clear(message.market_ticker)
        for side in ("yes", "no"):
            for price, contracts in message.levels(side):
                self._book.set(self._level(message.market_ticker, side, price), contracts)
        self._write_offers(ns, contract)

    def apply_delta(self, ns: int, message: BookDelta) -> bool:
        """Change a level; return False where the book cannot be as it was sent."""
        contract = self._contracts[message.market_ticker]
        if not contract.has_book:
            return False
        price, change = message.change()
        level = self._level(message.market_ticker, message.side, price)
        contracts = self._book.contracts(level) + change
        if contracts < 0:
            return False
        self._book.set(level, contracts)
        self._write_offers(ns, contract)
        return True

    def apply_ticker(self, ns: int, message: ContractTicker) -> None:
        """Set the touch of a contract whose book is not sent."""
        contract = self._contracts[message.market_ticker]
        if contract.has_book:
            return
        bid = quoted(message.yes_bid_dollars, message.yes_bid)
        ask = quoted(message.yes_ask_dollars, message.yes_ask)
        sizes = (message.yes_bid_size_fp, message.yes_ask_size_fp)
        self._set_touch(message.market_ticker, (bid, ask), sizes)
        self._write_offers(ns, contract)

    def apply_trade(self, ns: int, message: ContractTrade) -> None:
        """Write a trade on the line that its taker bought."""
        price, contracts = message.price_and_contracts()
        contract = self._contracts[message.market_ticker]
        if message.taker_side == "no":
            self._write_trade(ns, contract, contract.no, 1 - price, contracts, Side.TAKER)
        else:
            side = Side.UNKNOWN if message.taker_side is None else Side.TAKER
            self._write_trade(ns, contract, contract.yes, price, contracts, side)

    def apply_candle(self, ns: int, ticker: str, candle: Candle) -> None:
        """Write the touch at the end of a period, and all that was traded in it as one trade."""
        contract = self._contracts[ticker]
        self.counts.candles += 1
        bid = quoted(candle.yes_bid.close_dollars, candle.yes_bid.close)
        ask = quoted(candle.yes_ask.close_dollars, candle.yes_ask.close)
        self._set_touch(ticker, (bid, ask), (None, None))
        self._write_offers(ns, contract)
        price = _traded_at(candle.price)
        volume = candle.volume if candle.volume_fp is None else candle.volume_fp
        contracts = Decimal(0) if volume is None else number_of(volume)
        if price is not None and contracts > 0:
            self._write_trade(ns, contract, contract.yes, price, contracts, Side.UNKNOWN)

    def apply_lifecycle(self, ns: int, message: MarketLifecycle) -> None:
        """Write the status of a market, or its result."""
        contract = self._contracts[message.market_ticker]
        status = _STATUSES.get(message.event_type)
        if status is not None:
            self._begin_message(ns)
            self._opened.add(contract.market)
            self.writer.market_status(contract.market, status)
        elif message.event_type == "determined":
            self.settle(ns, message.market_ticker, message.result)

    def settle(self, ns: int, ticker: str, result: str | None) -> bool:
        """Write the result of a contract once; return whether that was one."""
        contract = self._contracts[ticker]
        won = _RESULTS.get(result or "")
        # The contract on the other team may have said so already.
        if won is None or self._results.get(contract.yes) == won:
            return False
        self._begin_message(ns)
        for line, its in ((contract.yes, won), (contract.no, _OPPOSITE[won])):
            self._results[line] = its
            self.writer.result(line, its)
        return True

    def lose_feed(self, ns: int, reason: str) -> None:
        """Write that messages are missing, until the books are sent again."""
        if not self._lost:
            self._lost = True
            self.counts.gaps += 1
            self._begin_message(ns)
            self.writer.feed_lost(reason)

    def restore_feed(self, ns: int) -> None:
        """Write that the books are whole again."""
        if self._lost:
            self._lost = False
            self._begin_message(ns)
            self.writer.feed_restored()

    def finish(self, results: dict[str, str]) -> str:
        """Write results that are known from elsewhere, and the notes; return a line about it."""
        for ticker in self._contracts:
            self.counts.results_at_end += self.settle(self._last_ns, ticker, results.get(ticker))
        if all(each.yes in self._results for each in self._contracts.values()):
            self._begin_message(self._last_ns)
            self.writer.event_status(self._event, EventStatus.ENDED)
        counts = self.counts
        missing = missing_parts(
            amounts=not counts.unreported_amounts,
            offers=counts.offers > 0,
            trades=counts.trades > 0,
            takers=counts.known_takers > 0,
            results=bool(self._results),
        )
        self.writer.info.unreported = tuple(missing)
        self.writer.info.notes.extend(self._notes())
        rows = self.writer.rows_written
        self.writer.close()
        return f"{counted(len(self._contracts), 'contract')}, {counted(rows, 'row')}"

    def _notes(self) -> Iterator[str]:
        yield (
            "Imported from market data of Kalshi: a contract pays a dollar, and the contracts on "
            "both teams are one pair of lines. The team named last in the ticker is home."
        )
        yield self._prices.note()
        counts = self.counts
        if counts.candles:
            yield (
                f"{counted(counts.candles, 'candle')}: all trades of a period are one at its mean "
                "price, or its last, at its end, and offers are its closing bid and ask."
            )
        if counts.gaps:
            gaps = counted(counts.gaps, "gap")
            yield f"{gaps} in the sequence of messages: the feed is lost there."
        if counts.crossed:
            yield (
                f"After {counted(counts.crossed, 'message')} the books of the contracts on both "
                "teams crossed each other, as they are traded apart."
            )
        if counts.results_at_end:
            yield "The time of the results is unknown: they are written at the end."

    def _level(self, ticker: str, side: str, price: Decimal) -> tuple[str, int, Decimal]:
        """Return the level of a bid: takers buy the other side for what it leaves of a dollar."""
        contract = self._contracts[ticker]
        return ticker, contract.no if side == "yes" else contract.yes, 1 - price

    def _set_touch(
        self,
        ticker: str,
        bid_and_ask: tuple[Decimal | None, Decimal | None],
        sizes: tuple[object, object],
    ) -> None:
        self._book.clear(ticker)
        contract = self._contracts[ticker]
        bid, ask = bid_and_ask
        for price, line, size in (
            (None if bid is None else 1 - bid, contract.no, sizes[0]),
            (ask, contract.yes, sizes[1]),
        ):
            if price is not None:
                contracts = number_of(size) if isinstance(size, str | int | float) else None
                self._book.set((ticker, line, price), contracts)

    def _write_offers(self, ns: int, contract: _Contract) -> None:
        changes = list(self._book.changes())
        if not changes:
            return
        self._begin_message(ns)
        self._open(contract.market)
        for line, odds, cents in changes:
            self.counts.offers += 1
            self.counts.unreported_amounts |= cents == UNREPORTED_CENTS
            self.writer.offer(line, odds, cents)
        self.counts.crossed += self._book.is_crossed(contract.yes, contract.no)

    def _write_trade(
        self,
        ns: int,
        contract: _Contract,
        line: int,
        price: Decimal,
        contracts: Decimal,
        side: Side,
    ) -> None:
        cents = stake_cents(price, contracts)
        odds = self._prices.odds(price, cents)
        if odds is not None and cents > 0:
            self._begin_message(ns)
            self._open(contract.market)
            self.counts.trades += 1
            self.counts.known_takers += side is Side.TAKER
            self.writer.trade(line, odds, cents, side)

    def _open(self, market: int) -> None:
        if market not in self._opened:
            self._opened.add(market)
            self.writer.market_status(market, MarketStatus.OPEN)

    def _begin_message(self, ns: int) -> None:
        """Begin a message, and write what is due by then: the schedule, and the start."""
        if self._last_ns == 0:
            self._begin_at(min(ns, self._start_ns))
            self.writer.schedule(self._event, self._start_ns)
        if ns >= self._start_ns and not self._live:
            self._live = True
            self._begin_at(self._start_ns)
            self.writer.event_status(self._event, EventStatus.LIVE)
        self._begin_at(ns)

    def _begin_at(self, ns: int) -> None:
        # Times of trades are whole seconds, so that one may seem to come before the row ahead.
        self._last_ns = max(self._last_ns, ns)
        self.writer.begin_message(self._last_ns, self._last_ns)


def _traded_at(price: PriceRange) -> Decimal | None:
    """Return the mean price of what was traded in a period, or its last, None without trades."""
    mean = quoted(price.mean_dollars, price.mean)
    return quoted(price.close_dollars, price.close) if mean is None else mean
