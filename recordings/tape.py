"""The tape format. `reader.py` reads it, `writer.py` writes it.

A recording is a folder of Parquet segments, `segment-00000.parquet` onwards, each readable alone.
Rows are flat and in order of arrival. A row's `event`, `market` and `line` are indices of the small
dictionaries that every segment carries in its metadata, or NOWHERE. Rows of one message share `seq`
and are seen together. The columns, by kind of row:

kind           event market line odds amount_cents   quantity_cents side  state        text
OFFER          x     x      x    x    a taker's most 0 if unreported
TRADE          x     x      x    x    the stake                     whose
MARKET_STATUS  x     x                                                    MarketStatus
EVENT_STATUS   x                                                          EventStatus
SCHEDULE       x                                                          start, ns
SCORE          x                                                          clock, ns    "54-51"
IN_PLAY_DELAY  x     x                                                    delay, ns
RESULT         x     x      x                                             Result
UNTYPED                                                                                as it came
REFERENCE      x     x      x                                             probability   source

An OFFER row holds the largest stake, in cents, that a taker on the line may now place at these
odds; zero removes the offer. UNREPORTED_CENTS is an offer of unreported size, on a tape that
declares its amounts unreported. The line, odds and amount of a TRADE row are those of `side`: the
maker, the taker, or unknown. A SCORE is home points, then away points; its clock is the playing
time elapsed, overtimes included, and zero if unreported. A REFERENCE is a probability of a line
from outside the exchange, as an integer number of PROBABILITY_PARTS strictly between zero and all
of them, because every column but `text` is an integer; its text has the source, the source's own
time and, for prices with a vig, those of the other selections (`reference_text.py`). UNTYPED rows
also mark the beginning and the end of a gap in the feed (`feed_marks.py`).
"""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import NamedTuple

from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.errors import TapeError
from strategies.trading.model.market import Line, Market, SportEvent
from strategies.trading.model.odds import Ladder

TAPE_VERSION = 1
NOWHERE = -1
PROBABILITY_PARTS = 1_000_000_000
# The amount of an offer whose size its source does not report.
UNREPORTED_CENTS = -1
METADATA_KEY = b"tape"
SEGMENT_GLOB = "segment-*.parquet"
# A time of the exchange further before the arrival is no time of the message, but an error.
LONGEST_DELAY_NS = 3_600_000_000_000


def segment_name(number: int) -> str:
    """Return the file name of a recording's segment, counted from zero."""
    return f"segment-{number:05d}.parquet"


class Kind(IntEnum):
    """The kind of a row: which of its columns mean something, as in the table above."""

    OFFER = 1
    TRADE = 2
    MARKET_STATUS = 3
    EVENT_STATUS = 4
    SCHEDULE = 5
    SCORE = 6
    IN_PLAY_DELAY = 7
    RESULT = 8
    UNTYPED = 9
    REFERENCE = 10


class Side(IntEnum):
    """The side of a trade that a row's line, odds and amount are of; NONE on other rows."""

    NONE = 0
    MAKER = 1
    TAKER = 2
    UNKNOWN = 3


class Clocks(IntEnum):
    """The timestamps of rows: one, or one of arrival and another of the exchange."""

    ONE = 1
    TWO = 2


class Unreported(StrEnum):
    """What a source does not report, so that a run on its recording cannot depend on it.

    AMOUNTS are those of some offers or all, TAKERS the taking sides of all trades.
    """

    AMOUNTS = "amounts"
    OFFERS = "offers"
    TRADES = "trades"
    TAKERS = "takers"
    RESULTS = "results"


class Row(NamedTuple):
    """One row of a tape, in the order of its columns. Times are nanoseconds since the epoch."""

    received_ns: int
    exchange_ns: int
    seq: int
    kind: int
    event: int
    market: int
    line: int
    odds: int
    amount_cents: int
    quantity_cents: int
    side: int
    state: int
    text: str | None


@dataclass(slots=True)
class TapeInfo:
    """The metadata of a recording: its origin, and its dictionaries.

    `source` describes the recording to a reader; `simulated` is true if it is not of a real market.
    `notes` are sentences that a report must repeat, such as how an importer changed prices.
    `unreported` is what the source does not report.
    """

    source: str
    simulated: bool
    clocks: Clocks
    ladder: Ladder
    notes: list[str] = field(default_factory=list)
    events: list[SportEvent] = field(default_factory=list)
    markets: list[Market] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    unreported: tuple[Unreported, ...] = ()

    def catalogue(self) -> Catalogue:
        """Return everything on the tape that can be wagered on."""
        return Catalogue(self.events, self.markets, self.lines)


def has_segments(folder: Path) -> bool:
    """Return whether a folder has at least one whole segment of a recording."""
    return any(folder.glob(SEGMENT_GLOB))


def score_of(text: str | None) -> tuple[int, int]:
    """Return the points of the home and the away side; raise TapeError for another form."""
    home, _, away = (text or "").partition("-")
    if not home.isdecimal() or not away.isdecimal():
        message = f"score {text!r}: not of the form 54-51"
        raise TapeError(message)
    return int(home), int(away)
