"""A market behind the gateway port that plays a recording with its results, message by message."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import chain, groupby
from pathlib import Path

from live.session.catalogue_updates import CatalogueUpdates
from live.session.gateway import MarketListener, Notify, Venue
from live.wall_clock import WallClock
from recordings.reader import Tape
from recordings.tape import Kind, Row, TapeInfo
from recordings.writer import TapeWriter
from strategies.trading.model.units import NS_PER_SECOND


class PlayedMarket:
    """Writes a message of a recording whenever `play` is called, at the present of the clock.

    Its games start two hours after the session.
    """

    def __init__(self, played: Path, *, clock: WallClock) -> None:
        """Read the recording."""
        self.venue = Venue("played", "memory", real_money=False)
        self.whole = asyncio.Event()
        self.updated_ns = self.gaps = self.unreadable = 0
        self.unreadable_prices: dict[str, int] = {}
        tape = Tape(played)
        self._info = tape.info
        rows = chain.from_iterable(chunk.rows() for chunk in tape.chunks())
        self._messages = [list(message) for _, message in groupby(rows, lambda row: row.seq)]
        self._clock = clock
        self._unsent: list[Row] = []
        self._listener: MarketListener | None = None

    @asynccontextmanager
    async def connect(self, _: Mapping[str, str], __: Path) -> AsyncIterator[None]:
        """Log in."""
        yield

    async def begin(self, folder: Path, _: float, __: float, ___: Notify) -> TapeInfo:
        """Begin the tape, with everything that is in the recording."""
        info = self._info
        self._tape = TapeWriter(folder, source="test", simulated=True, clocks=info.clocks)
        self._tape.on_row = self._unsent.append
        self._scheduled_ns = self._clock.wall_ns() + 7_200 * NS_PER_SECOND
        for event in info.events:
            self._tape.add_event(replace(event, scheduled_ns=self._scheduled_ns))
        for market in info.markets:
            self._tape.add_market(market)
        for line in info.lines:
            self._tape.add_line(line)
        return self._tape.info

    async def run(self) -> None:
        """Write the first two messages, which open every market with offers, and wait."""
        self.play()
        self.play()
        self.whole.set()
        await asyncio.Event().wait()

    def attach(self, listener: MarketListener, _: CatalogueUpdates) -> None:
        """Send the rows that were written so far."""
        self._listener = listener
        self._send()

    def play(self) -> bool:
        """Write the next message; return whether there is another."""
        self._clock.enter(self._write)
        return bool(self._messages)

    def end_segment(self) -> None:
        """Complete the open segment."""
        self._tape.end_segment()

    def close(self) -> None:
        """Complete the tape."""
        self._tape.close()

    def _write(self) -> None:
        self.updated_ns = self._clock.now_ns()
        self._tape.begin_message(self.updated_ns, self.updated_ns)
        for row in self._messages.pop(0):
            if row.kind == Kind.SCHEDULE:
                self._tape.schedule(row.event, self._scheduled_ns)
            else:
                self._tape.copy(row)
        self._send()

    def _send(self) -> None:
        if self._listener is not None and self._unsent:
            rows, self._unsent[:] = [*self._unsent], []
            self._listener.on_rows(rows)
