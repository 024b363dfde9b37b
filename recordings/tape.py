"""The tape: what a recording holds. Reading is in `reader.py`, writing in `writer.py`.

A recording is a folder of Parquet segments, `segment-00000.parquet` and on, each whole on its own.
Rows are flat and in order of arrival. A row's `event`, `market` and `line` are places in the small
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
REFERENCE      x     x      x                                             probability

An OFFER row says what a taker on the line may now stake at these odds, however it came about; an
amount of zero removes the offer. A TRADE row says on whose side line, odds and amount are: the
maker's, the taker's, or unknown. A SCORE is home points, then away points; its clock is the playing
time elapsed, overtimes included, and zero if unreported. A REFERENCE is a fair price of a line from
outside the exchange: its probability in whole parts of PROBABILITY_PARTS, as all columns but `text`
are integers, neither none of them nor all.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from strategies.trading.model.market import Catalogue, Line, Market, SportEvent
from strategies.trading.model.odds import Ladder

TAPE_VERSION = 1
NOWHERE = -1
PROBABILITY_PARTS = 1_000_000_000
METADATA_KEY = b"tape"
SEGMENT_GLOB = "segment-*.parquet"


def segment_name(number: int) -> str:
    """Return the file name of a recording's segment, counted from zero."""
    return f"segment-{number:05d}.parquet"


class Kind(IntEnum):
    """What a row says."""

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
    """Whose side of a trade a row tells; NONE on rows that are no trade."""

    NONE = 0
    MAKER = 1
    TAKER = 2
    UNKNOWN = 3


class Clocks(IntEnum):
    """Whether arrival was stamped apart from the exchange's time, or is the same stamp."""

    ONE = 1
    TWO = 2


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
    """What a recording says about itself: where it is from, and its dictionaries.

    `source` tells a reader what the recording is; `simulated` is true where no real market was
    recorded. `notes` are sentences that a report must repeat, such as what an importer moved.
    """

    source: str
    simulated: bool
    clocks: Clocks
    ladder: Ladder
    notes: list[str] = field(default_factory=list)
    events: list[SportEvent] = field(default_factory=list)
    markets: list[Market] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def catalogue(self) -> Catalogue:
        """Return everything on the tape that can be wagered on."""
        return Catalogue(self.events, self.markets, self.lines)
