"""Messages of Kalshi's market data, as its websocket sends them and as its REST interface has them.

The formats are those of Kalshi's public documentation (docs.kalshi.com: websockets, market
candlesticks) of 2026: prices in dollars and counts of contracts as text (`price_dollars`,
`delta_fp`), in earlier messages in cents and whole numbers (`price`, `delta`). Order books hold
bids alone, those of no at prices of no. A recorder may add the time of arrival to each line, as
`received_ns`, `received_ms`, or `received_at` in ISO form.
"""

import gzip
import zlib
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from recordings.importers.wall_times import time_ns
from strategies.trading.model.errors import TapeError

Number = str | int | float | None
Levels = list[tuple[Number, Number]]
Time = str | int | float | None
_LAST_NS = 7_258_118_400 * 10**9


class KalshiEnvelope(Struct):
    """A line: a message of a kind, with its place in the sequence of its subscription."""

    type: str = ""
    sid: int | None = None
    seq: int | None = None
    msg: Raw = Raw(b"{}")
    received_ns: Annotated[int, Meta(gt=0, le=_LAST_NS)] | None = None
    received_ms: Annotated[int, Meta(gt=0, le=_LAST_NS // 10**6)] | None = None
    received_at: Annotated[datetime, Meta(tz=True)] | None = None

    def arrival_ns(self) -> int | None:
        """Return when the line arrived, None if its recorder did not say."""
        if self.received_ns is not None:
            return self.received_ns
        if self.received_ms is not None:
            return self.received_ms * 10**6
        return None if self.received_at is None else time_ns(self.received_at.isoformat(), None)


class KalshiMessage(Struct):
    """What all messages have; `ts` is in seconds, or ISO text."""

    market_ticker: str
    ts: Time = None
    ts_ms: int | None = None

    def exchange_ns(self) -> int | None:
        """Return the exchange's time, None if the message has none; raise TapeError for none."""
        if self.ts_ms is not None:
            return self.ts_ms * 10**6
        if isinstance(self.ts, str):
            return time_ns(self.ts, None)
        return None if self.ts is None else round(self.ts * 1000) * 10**6


class BookSnapshot(KalshiMessage):
    """All levels of a contract's book."""

    yes_dollars_fp: Levels | None = None
    no_dollars_fp: Levels | None = None
    yes_dollars: Levels | None = None
    no_dollars: Levels | None = None
    yes: Levels | None = None
    no: Levels | None = None

    def levels(self, side: Literal["yes", "no"]) -> Iterator[tuple[Decimal, Decimal]]:
        """Yield price in dollars and contracts of the bids of a side."""
        for name, scale in ((f"{side}_dollars_fp", 1), (f"{side}_dollars", 1), (side, 100)):
            found: Levels | None = getattr(self, name)
            if found is not None:
                for price, contracts in found:
                    yield price_of(price, scale), number_of(contracts)
                return


class BookDelta(KalshiMessage, kw_only=True):
    """A change of one level."""

    side: Literal["yes", "no"]
    price: Number = None
    price_dollars: Number = None
    delta: Number = None
    delta_fp: Number = None

    def change(self) -> tuple[Decimal, Decimal]:
        """Return price in dollars and the change of its contracts."""
        return _price(self.price_dollars, self.price), _either(self.delta_fp, self.delta)


class ContractTrade(KalshiMessage, kw_only=True):
    """A trade; `taker_side` is what its taker bought."""

    yes_price: Number = None
    yes_price_dollars: Number = None
    count: Number = None
    count_fp: Number = None
    taker_side: Literal["yes", "no"] | None = None

    def price_and_contracts(self) -> tuple[Decimal, Decimal]:
        """Return the price of yes in dollars and how many contracts."""
        return _price(self.yes_price_dollars, self.yes_price), _either(self.count_fp, self.count)


class ContractTicker(KalshiMessage, kw_only=True):
    """The best bid and ask of a contract, with or without their sizes."""

    yes_bid: Number = None
    yes_ask: Number = None
    yes_bid_dollars: Number = None
    yes_ask_dollars: Number = None
    yes_bid_size_fp: Number = None
    yes_ask_size_fp: Number = None


class MarketDescription(Struct):
    """What is known of a market besides its messages, as REST and lifecycle messages have it."""

    ticker: str = ""
    floor_strike: Number = None
    result: str | None = None


class MarketLifecycle(KalshiMessage, kw_only=True):
    """A market opened, was paused, or was determined."""

    event_type: str
    result: str | None = None
    additional_metadata: MarketDescription | None = None


class PriceRange(Struct, frozen=True):
    """Prices of a period, in cents or dollars."""

    close: Number = None
    close_dollars: Number = None
    mean: Number = None
    mean_dollars: Number = None


class Candle(Struct):
    """A period of a market, which ends at a second since the epoch."""

    end_period_ts: Annotated[int, Meta(gt=0, le=_LAST_NS // 10**9)]
    price: PriceRange = PriceRange()
    yes_bid: PriceRange = PriceRange()
    yes_ask: PriceRange = PriceRange()
    volume: Number = None
    volume_fp: Number = None


class Candles(Struct):
    """The response of REST to a request for candlesticks."""

    candlesticks: list[Candle]
    ticker: str = ""
    market_ticker: str = ""


class Markets(Struct):
    """The response of REST to a request for markets, or for one."""

    markets: list[MarketDescription] = []
    market: MarketDescription | None = None


def json_documents(file: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file with their numbers, or, of one JSON document, the whole at line 1.

    Empty lines are skipped. Raise TapeError for a file that cannot be read.
    """
    number = 1
    try:
        with file.open("rb") as data:
            packed = data.read(2) == b"\x1f\x8b"
            data.seek(0)
            lines: Any = gzip.GzipFile(fileobj=data) if packed else data
            first = lines.readline().removeprefix(b"\xef\xbb\xbf")
            if not _is_json(first):
                yield 1, first + lines.read()
                return
            yield 1, first
            for number, line in enumerate(lines, 2):
                if line.strip():
                    yield number, line
    except (OSError, EOFError, zlib.error) as error:
        message = f"{file}, line {number}: cannot be read ({error})"
        raise TapeError(message) from error


def price_of(value: Number, scale: int = 1) -> Decimal:
    """Return a price in dollars, given in dollars or, with a scale of 100, in cents."""
    price = number_of(value) / scale
    if not 0 < price < 1:
        message = f"{value!r} is no price between 0 and 1 dollar"
        raise TapeError(message)
    return price


def number_of(value: Number) -> Decimal:
    """Return a number that may be text; raise TapeError for what is none."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        message = f"{value!r} is no number"
        raise TapeError(message)
    return number


def quoted(dollars: Number, cents: Number) -> Decimal | None:
    """Return a price that may be missing; nobody bids at nothing or asks a whole dollar."""
    for value, scale in ((dollars, 1), (cents, 100)):
        if value is not None and value != "":
            price = number_of(value) / scale
            return price if 0 < price < 1 else None
    return None


def _price(dollars: Number, cents: Number) -> Decimal:
    return price_of(cents, 100) if dollars is None else price_of(dollars)


def _either(fixed_point: Number, whole: Number) -> Decimal:
    return number_of(whole if fixed_point is None else fixed_point)


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except msgspec.DecodeError:
        return False
    return True
