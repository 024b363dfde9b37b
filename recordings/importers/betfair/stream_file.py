"""Reads Betfair stream files: plain, gzip or bzip2, one `mcm` message a line.

This module decodes and checks the messages; `definition.py`, `market_book.py` and `trades.py`
interpret them. Names follow Betfair's stream API here and nowhere else.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from recordings.importers.betfair.stream_source import (
    UNREADABLE,
    StreamFileError,
    StreamSource,
)

LONGEST_LINE_BYTES = 64 << 20
HIGHEST_PRICE = 1000
HIGHEST_SIZE = 10**9
# Times outside these years are damage, and would not fit nanoseconds in 64 bits later on.
_LAST_MS = 7_258_118_400_000
_FIRST_YEAR = 1971
_LAST_YEAR = 2199
_LONGEST_DELAY_S = 3600
# Clocks of Betfair's machines differ by some milliseconds; a file out of order differs by more.
_MOST_MS_BACK = 1000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Messages of the stream that are about the connection and not about a market.
_OF_CONNECTION = ("connection", "status")

PriceSize = tuple[Decimal, Decimal]


class Runner(Struct, rename="camel"):
    """One runner of a market definition; `hc` is its handicap."""

    id: int
    status: str
    sort_priority: int = 0
    hc: float = 0.0
    name: str | None = None


class Definition(Struct, rename="camel"):
    """A market definition, as far as a tape can hold it. `bet_delay` is in seconds."""

    event_id: str
    market_type: str
    market_time: Annotated[datetime, Meta(tz=True)]
    status: Literal["INACTIVE", "OPEN", "SUSPENDED", "CLOSED"]
    runners: list[Runner]
    event_type_id: str = ""
    in_play: bool = False
    bet_delay: Annotated[int, Meta(ge=0, le=_LONGEST_DELAY_S)] = 0
    name: str | None = None
    event_name: str | None = None
    competition_id: int | str | None = None
    competition_name: str | None = None


class RunnerChange(Struct):
    """The changes of one runner: pairs of decimal price and size in pounds.

    `atb` is what a taker may stake on the runner, `atl` what waits to be staked on it; a size of
    zero removes a level. `trd` is the stake on the runner that was traded at a price since the
    market began, counted on both sides.
    """

    id: int
    hc: float = 0.0
    atb: list[PriceSize] = []
    atl: list[PriceSize] = []
    trd: list[PriceSize] = []


class BetfairMarketChange(Struct, rename="camel"):
    """The changes of one market; an image (`img`) replaces all that was known of it."""

    id: str
    market_definition: Definition | None = None
    rc: list[RunnerChange] = []
    img: bool = False


class StreamMessage(Struct):
    """One line of the file; `pt` is when Betfair sent it, in milliseconds since the epoch."""

    op: Literal["mcm"]
    pt: Annotated[int, Meta(ge=0, le=_LAST_MS)]
    mc: list[BetfairMarketChange] = []


class _AnyMessage(Struct):
    op: str


def read_messages(source: StreamSource) -> Iterator[tuple[int, StreamMessage]]:
    """Yield each market change message with the number of its line, from 1.

    Blank lines and messages about the connection are left out. A message dated up to a second
    before the one ahead of it gets that one's time. Raise StreamFileError, naming the file and the
    line, if the file is empty, cut off or damaged, or if a line is something else or older.
    """
    decoder = msgspec.json.Decoder(StreamMessage)
    number = 0
    last_pt = 0
    for number, line in _numbered_lines(source):
        try:
            message = _decoded(decoder, line)
        except ValueError as error:
            if _is_of_connection(line):
                continue
            raise StreamFileError(source, number, str(error)) from error
        if message.pt < last_pt:
            if message.pt < last_pt - _MOST_MS_BACK:
                reason = f"pt goes back in time, from {last_pt} to {message.pt}"
                raise StreamFileError(source, number, reason)
            message.pt = last_pt
        last_pt = message.pt
        yield number, message
    if number == 0:
        raise StreamFileError(source, 1, "the file is empty")


def _is_of_connection(line: bytes) -> bool:
    try:
        return msgspec.json.decode(line, type=_AnyMessage).op in _OF_CONNECTION
    except (msgspec.MsgspecError, ValueError):
        return False


def _numbered_lines(source: StreamSource) -> Iterator[tuple[int, bytes]]:
    number = 0
    try:
        with source.opened() as file:
            while line := file.readline(LONGEST_LINE_BYTES):
                number += 1
                if number == 1:
                    line = line.removeprefix(_BYTE_ORDER_MARK)
                if not line.isspace():
                    yield number, line
    except UNREADABLE as error:
        raise StreamFileError(source, number + 1, f"cannot be read ({error})") from error


def _decoded(decoder: msgspec.json.Decoder[StreamMessage], line: bytes) -> StreamMessage:
    """Return a line as a message; raise ValueError if it is none."""
    try:
        message = decoder.decode(line)
        _require_sane(message)
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
        text = f"no Betfair market change message ({error})"
        raise ValueError(text) from error
    return message


def _require_sane(message: StreamMessage) -> None:
    for change in message.mc:
        if change.market_definition is not None:
            _require_sane_time(change.market_definition.market_time)
        for runner in change.rc:
            for price, size in (*runner.atb, *runner.atl, *runner.trd):
                _require_sane_level(price, size)


def _require_sane_time(time: datetime) -> None:
    if not _FIRST_YEAR <= time.year <= _LAST_YEAR:
        text = f"marketTime {time.isoformat()} is out of range"
        raise ValueError(text)


def _require_sane_level(price: Decimal, size: Decimal) -> None:
    # NaN cannot be compared, so finiteness is checked first.
    if not price.is_finite() or not 1 < price <= HIGHEST_PRICE:
        text = f"{price} is no decimal price"
        raise ValueError(text)
    if not size.is_finite() or not 0 <= size <= HIGHEST_SIZE:
        text = f"{size} is no size"
        raise ValueError(text)
