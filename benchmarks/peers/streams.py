"""The streams that every program is given: a generated book of one pair, and real Betfair files.

The generated stream is neutral: levels in whole prices and whole units, which each program takes as
its own ladder and money. Prices rise with the probability of home. Our tape offers the ask side to
takers of home and the bid side to takers of away.
"""

import bz2
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.backtest import add_pair
from recordings.importers.betfair import import_betfair
from recordings.tape import Clocks, Side
from recordings.writer import TapeWriter
from strategies.trading.model.market import MarketStatus
from strategies.trading.model.odds import opposite, prophetx_ladder
from strategies.trading.model.units import NS_PER_SECOND

ROWS = 300_000
# A timer of 10 ms makes 39,200 decisions.
_SECONDS = 392
# Not zero, at which nautilus_trader 1.221 crashes.
_FIRST_NS = NS_PER_SECOND
_LEVELS = 5
_MOST = 1_000
_LOWEST, _HIGHEST = 205, 350
BID, ASK = 0, 1
LEVEL, TRADE = 0, 1

# An event of the stream: a level's new amount, or what a taker matched at the level. The columns
# are the file of those programs that read arrays.
EVENT = np.dtype(
    [("at_ns", "i8"), ("kind", "i8"), ("side", "i8"), ("price", "i8"), ("amount", "i8")]
)


class StreamFiles(NamedTuple):
    """One stream in the forms in which the programs read it; `messages` are those of its source."""

    messages: int
    tape: Path
    source: Path


class _Book:
    """A book of five levels a side that never crosses; each side maps prices to amounts."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        middle = (_LOWEST + _HIGHEST) // 2
        self.sides = (
            {middle - 1 - depth: self._amount() for depth in range(_LEVELS)},
            {middle + depth: self._amount() for depth in range(_LEVELS)},
        )

    def step(self) -> Iterator[tuple[int, int, int, int]]:
        """Change the book once, and yield the events: kind, side, price and amount."""
        kind, side, depth = self._rng.integers((100, 2, _LEVELS)).tolist()
        if kind < 11:
            yield from self._take(self._within_range(side))
        elif self._touch(ASK) - self._touch(BID) > 1 and kind < 50:
            yield from self._improve(side)
        else:
            # All levels stand a price apart but for gaps that `_take` has left.
            price = sorted(self.sides[side], reverse=side == BID)[depth]
            yield self._set(side, price, self._amount())

    def _take(self, side: int) -> Iterator[tuple[int, int, int, int]]:
        price = self._touch(side)
        there = self.sides[side][price]
        taken = min(there, self._amount())
        yield TRADE, side, price, taken
        yield self._set(side, price, there - taken)
        if taken == there:
            away = min(self.sides[side]) - 1 if side == BID else max(self.sides[side]) + 1
            yield self._set(side, away, self._amount())

    def _improve(self, side: int) -> Iterator[tuple[int, int, int, int]]:
        better = self._touch(side) + (1 if side == BID else -1)
        worst = min(self.sides[side]) if side == BID else max(self.sides[side])
        yield self._set(side, worst, 0)
        yield self._set(side, better, self._amount())

    def _set(self, side: int, price: int, amount: int) -> tuple[int, int, int, int]:
        self.sides[side][price] = amount
        if not amount:
            del self.sides[side][price]
        return LEVEL, side, price, amount

    def _touch(self, side: int) -> int:
        return max(self.sides[BID]) if side == BID else min(self.sides[ASK])

    def _within_range(self, side: int) -> int:
        """Return the side, or the one whose taking leads back to prices that the ladder has."""
        if self._touch(BID) <= _LOWEST:
            return ASK
        return BID if self._touch(ASK) >= _HIGHEST else side

    def _amount(self) -> int:
        return int(self._rng.integers(10, _MOST))


def generate_stream(rows: int, seed: int = 1) -> np.ndarray:
    """Return a stream of at least this many events, the first of which set up the book."""
    rng = np.random.default_rng(seed)
    book = _Book(rng)
    step_ns = _SECONDS * NS_PER_SECOND // rows
    events = [
        (_FIRST_NS, LEVEL, side, price, amount)
        for side in (BID, ASK)
        for price, amount in book.sides[side].items()
    ]
    while len(events) < rows:
        at_ns = _FIRST_NS + len(events) * step_ns
        events.extend((at_ns, *event) for event in book.step())
    return np.array(events, dtype=EVENT)


def write_tape(stream: np.ndarray, folder: Path) -> None:
    """Write a stream as a recording of one moneyline; a price is a rung, a unit is a dollar."""
    rungs = prophetx_ladder().rungs
    with TapeWriter(
        folder, source="simulated: benchmarks.peers", simulated=True, clocks=Clocks.ONE
    ) as tape:
        home, away = add_pair(tape, 0)
        last_ns = 0
        tape.begin_message(0, 0)
        tape.market_status(0, MarketStatus.OPEN)
        for at_ns, kind, side, price, amount in stream.tolist():
            if at_ns != last_ns:
                tape.begin_message(at_ns, at_ns)
                last_ns = at_ns
            odds = rungs[-1 - price]
            line, odds = (home, odds) if side == ASK else (away, opposite(odds))
            if kind == TRADE:
                tape.trade(line, odds, 100 * amount, Side.TAKER)
            else:
                tape.offer(line, odds, 100 * amount)


def generated_files(folder: Path, rows: int = ROWS) -> StreamFiles:
    """Write the generated stream to a folder, as a tape and as an array."""
    stream = generate_stream(rows)
    write_tape(stream, folder / "tape")
    np.save(folder / "stream.npy", stream)
    return StreamFiles(len(stream), folder / "tape", folder / "stream.npy")


def real_files(source: Path, folder: Path) -> StreamFiles:
    """Unpack a Betfair stream file into a folder, and import it as a tape.

    What flumine's recorder adds to Betfair's messages is left out, as nautilus_trader refuses it.
    """
    with (bz2 if source.suffix == ".bz2" else gzip).open(source) as packed:
        messages = [json.loads(line) for line in packed]
    for message in messages:
        for change in message.get("mc", ()):
            change.pop("_stream_id", None)
    unpacked = folder / "book"
    unpacked.write_text("".join(f"{json.dumps(message)}\n" for message in messages))
    import_betfair(unpacked, folder / "tape")
    return StreamFiles(len(messages), folder / "tape", unpacked)
