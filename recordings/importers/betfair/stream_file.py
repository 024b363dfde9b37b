"""Reads Betfair stream files: plain, gzip or bzip2, one `mcm` message a line.

This module decodes and checks the messages; `definition.py`, `market_book.py` and `trades.py`
interpret them. Names follow Betfair's stream API here and nowhere else.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from recordings.importers.betfair.stream_source import (
    UNREADABLE,
    CutFileError,
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


class UnreadableChange(NamedTuple):
    """A change of a market that cannot be read, and why."""

    market_id: str
    reason: str


class StreamMessage(Struct):
    """One line of the file; `pt` is when Betfair sent it, in milliseconds since the epoch.

    `unreadable` are the changes of markets that are not as Betfair documents them.
    """

    op: Literal["mcm"]
    pt: Annotated[int, Meta(ge=0, le=_LAST_MS)]
    mc: list[BetfairMarketChange] = []
    unreadable: list[UnreadableChange] = []


class _Envelope(Struct):
    op: Literal["mcm"]
    pt: Annotated[int, Meta(ge=0, le=_LAST_MS)]
    mc: list[msgspec.Raw] = []


class _AnyChange(Struct):
    id: str


class _AnyMessage(Struct):
    op: str


class ReadingLog:
    """What was noticed while stream files were read.

    `moved` counts the messages that got the time of the one ahead, as they were dated before it, by
    `most_ms_back` at most. `cuts` say where files end within a line; with `salvages` what comes
    before such an end is read, and else that is an error.
    """

    def __init__(self, *, salvages: bool = False) -> None:
        """Start with nothing noticed."""
        self.salvages = salvages
        self.moved = 0
        self.most_ms_back = 0
        self.cuts: list[str] = []


def read_messages(
    source: StreamSource, log: ReadingLog | None = None
) -> Iterator[tuple[int, StreamMessage]]:
    """Yield each market change message with the number of its line, from 1.

    Blank lines and messages about the connection are left out. A message dated up to a second
    before the one ahead of it gets that one's time. Raise StreamFileError, naming the file and the
    line, if the file is empty or damaged, or if a line is something else or older; or if it is cut
    off, unless the log salvages.
    """
    log = log or ReadingLog()
    decoder = msgspec.json.Decoder(StreamMessage)
    lines = _numbered_lines(source)
    number = last_pt = 0
    try:
        for number, line in lines:
            message = _read(decoder, source, number, line)
            if message is None:
                continue
            _put_in_order(message, last_pt, source, number, log)
            last_pt = message.pt
            yield number, message
    except CutFileError as error:
        if not log.salvages or not last_pt:
            raise
        log.cuts.append(f"{error}; what comes before it was imported")
    if number == 0:
        raise StreamFileError(source, 1, "the file is empty")


def _read(
    decoder: msgspec.json.Decoder[StreamMessage], source: StreamSource, number: int, line: bytes
) -> StreamMessage | None:
    """Return the message of a line, None if it is about the connection."""
    try:
        return _decoded(decoder, line)
    except ValueError as error:
        partly = _partly_decoded(line)
        if partly is not None or _is_of_connection(line):
            return partly
        is_cut = not line.endswith(b"\n")
        kind = CutFileError if is_cut else StreamFileError
        raise kind(source, number, str(error)) from error


def _put_in_order(
    message: StreamMessage, last_pt: int, source: StreamSource, number: int, log: ReadingLog
) -> None:
    back_ms = last_pt - message.pt
    if back_ms > _MOST_MS_BACK:
        reason = f"pt goes back in time, from {last_pt} to {message.pt}"
        raise StreamFileError(source, number, reason)
    if back_ms > 0:
        message.pt = last_pt
        log.moved += 1
        log.most_ms_back = max(log.most_ms_back, back_ms)


def _partly_decoded(line: bytes) -> StreamMessage | None:
    """Return a message without the changes that cannot be read, None if nothing can be.

    One market that is not as it should be must not cost a file all others.
    """
    try:
        envelope = msgspec.json.decode(line, type=_Envelope)
        ids = [msgspec.json.decode(change, type=_AnyChange).id for change in envelope.mc]
    except (msgspec.MsgspecError, ValueError):
        return None
    message = StreamMessage("mcm", envelope.pt)
    for market_id, raw in zip(ids, envelope.mc, strict=True):
        try:
            change = msgspec.json.decode(raw, type=BetfairMarketChange)
            _require_sane(change)
        except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
            message.unreadable.append(UnreadableChange(market_id, str(error)))
        else:
            message.mc.append(change)
    return message


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
        raise CutFileError(source, number + 1, f"cannot be read ({error})") from error


def _decoded(decoder: msgspec.json.Decoder[StreamMessage], line: bytes) -> StreamMessage:
    """Return a line as a message; raise ValueError if it is none."""
    try:
        message = decoder.decode(line)
        for change in message.mc:
            _require_sane(change)
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
        text = f"no Betfair market change message ({error})"
        raise ValueError(text) from error
    return message


def _require_sane(change: BetfairMarketChange) -> None:
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
