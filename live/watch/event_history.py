"""An event at an earlier moment, and one of its pairs over time: from a session's tape and journal.

The tape shows what is in its complete segments, so the last part of a minute is not there yet. It
is read in a thread of the server's process; the session is not asked.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from msgspec import Struct

from live.watch.journaled_wagers import JournaledWagers
from recordings.reader import Tape
from recordings.tape import SEGMENT_GLOB, Kind, Row
from recordings.tape_events import TapeEvents
from strategies.trading.markets.market_states import MarketStates
from strategies.trading.model.book import Book, Touch
from strategies.trading.model.errors import ConfigError, TapeError
from strategies.trading.model.events import OfferChanged, ReferencePrice, TradeSeen
from strategies.trading.model.ids import EventId, PairId
from strategies.trading.model.market import Line
from strategies.trading.model.odds import implied_probability
from strategies.trading.model.position import Position
from strategies.trading.pricing.newest_counts import NEWEST_COUNTS
from strategies.trading.snapshot.book_view import source_views
from strategies.trading.snapshot.snapshot_types import (
    LineView,
    OfferLevel,
    PairDetail,
    TradeView,
)

# Points of a track: more than a chart has pixels for would only slow it.
_MOST_POINTS = 1_200


class EventMoment(Struct, frozen=True):
    """An event as the tape shows it at `at_ns`; the tape reaches from `from_ns` to `to_ns`."""

    at_ns: int
    from_ns: int
    to_ns: int
    status: str
    score: tuple[int, int] | None
    clock_ns: int | None
    market_status: dict[str, str]
    pairs: list[PairDetail]


class TouchPoint(Struct, frozen=True, array_like=True):
    """The best offers on both lines, as probabilities of the first line; None without one."""

    at_ns: int
    first: float | None
    second: float | None


class QuoteSpan(Struct, frozen=True, array_like=True):
    """A wager of ours: from when to when it was open (None: it is), and its probability."""

    from_ns: int
    to_ns: int | None
    side: int
    odds: int
    stake_cents: int


class FillPoint(Struct, frozen=True, array_like=True):
    """A fill of ours."""

    at_ns: int
    side: int
    odds: int
    stake_cents: int


class PairTrack(Struct, frozen=True):
    """A pair over time: the touch, outside prices, our wagers and fills."""

    from_ns: int
    to_ns: int
    touches: list[TouchPoint]
    sources: list[tuple[int, str, float]]
    quotes: list[QuoteSpan]
    fills: list[FillPoint]


class _EventTape:
    """The rows of one event of one recording, held so that a slider can move through them."""

    def __init__(self, path: Path, event_id: EventId) -> None:
        """Read the rows; raise TapeError, also if the recording has nothing of the event."""
        tape = Tape(path)
        self.info = tape.info
        self.catalogue = tape.info.catalogue()
        self.keys = tuple(key for key in self.catalogue.markets if key.event_id == event_id)
        if not self.keys:
            message = f"{path}: has no market of event {event_id}"
            raise TapeError(message)
        self.from_ns, self.to_ns = tape.time_span()
        self.rows = list(self._rows_of(tape, event_id))
        self.events = TapeEvents(self.info, self.catalogue)

    def _rows_of(self, tape: Tape, event_id: EventId) -> Iterator[Row]:
        number = next(i for i, e in enumerate(self.info.events) if e.event_id == event_id)
        lines = [i for i, e in enumerate(self.info.lines) if e.event_id == event_id]
        markets = [i for i, e in enumerate(self.info.markets) if e.event_id == event_id]
        for chunk in tape.chunks():
            columns = chunk.numbers
            wanted = (
                (columns["event"] == number)
                | np.isin(columns["market"], markets)
                | np.isin(columns["line"], lines)
            )
            if wanted.any():
                rows = zip(wanted.tolist(), chunk.rows(), strict=True)
                yield from (row for is_wanted, row in rows if is_wanted)


class EventHistory:
    """Looks back in the recordings of one session, one request after the other."""

    def __init__(self, folder: Path) -> None:
        """Read a session's folder."""
        self._folder = folder
        self._wagers = JournaledWagers(folder)
        self._lock = asyncio.Lock()
        self._tape: tuple[tuple[Path, int, str], _EventTape] | None = None

    async def at(self, event_id: str, at_ns: int) -> EventMoment:
        """Return an event at a time, or at the nearest that the tape has; raise TradingError."""
        async with self._lock:
            return await asyncio.to_thread(self._at, event_id, at_ns)

    async def track(self, event_id: str, pair_id: str) -> PairTrack:
        """Return a pair over the last start; raise ConfigError for an unknown one."""
        async with self._lock:
            return await asyncio.to_thread(self._track, event_id, PairId(pair_id))

    # A moment ---------------------------------------------------------------------------------

    def _at(self, event_id: str, at_ns: int) -> EventMoment:
        tape = self._tape_of(event_id, at_ns)
        self._wagers.refresh()
        at_ns = min(max(at_ns, tape.from_ns), tape.to_ns)
        states = MarketStates(tape.catalogue, tape.keys, NEWEST_COUNTS, eager=False)
        for row in tape.rows:
            if row.received_ns > at_ns:
                break
            event = tape.events.of_row(row)
            if event is not None:
                states.apply(event, row.received_ns)
        (state,) = states.events.values()
        return EventMoment(
            at_ns=at_ns,
            from_ns=self._first_ns(event_id),
            to_ns=tape.to_ns,
            status=state.status.name.lower(),
            score=state.score,
            clock_ns=state.clock_ns or None,
            market_status={
                str(key.market_id): market.status.name.lower()
                for key, market in states.markets.items()
            },
            pairs=[self._pair(book, states, at_ns) for book in states.books.values()],
        )

    def _pair(self, book: Book, states: MarketStates, at_ns: int) -> PairDetail:
        pair, trade = book.pair, book.trade
        position = self._wagers.position(pair, at_ns)
        lines = (pair.first.line_id, pair.second.line_id)
        return PairDetail(
            pair_id=pair.pair_id,
            point=pair.first.point,
            first=self._line(book, position, 0, states, at_ns),
            second=self._line(book, position, 1, states, at_ns),
            fair=None,
            own_fair=None,
            sources=source_views(states.events[pair.first.event_id], pair),
            last_price=None if trade is None else trade.probability,
            last_trade_ns=None if trade is None else trade.at_ns,
            traded_cents=book.traded_cents,
            trades=[
                TradeView(each.at_ns, lines.index(each.line_id), each.odds, each.stake_cents)
                for each in reversed(book.trades)
            ],
            quotes=[],
            exposure_cents=-position.worst_case_cents(),
        )

    def _line(
        self, book: Book, position: Position, side: int, states: MarketStates, at_ns: int
    ) -> LineView:
        pair = book.pair
        line: Line = pair.second if side else pair.first
        other = pair.first if side else pair.second
        offers = (book.second if side else book.first).by_odds
        # Takers see here what is ours on the other line.
        ours = self._wagers.shown(other.line_id, at_ns)
        event = states.catalogue.events[line.event_id]
        return LineView(
            line_id=line.line_id,
            label=line.label(pair.market, event),
            offers=[
                OfferLevel(odds, cents, min(cents, ours.get(odds, 0)))
                for odds, cents in sorted(offers.items(), reverse=True)
            ],
            wagers=self._wagers.open_on(line.line_id, at_ns),
            profit_cents=position.profit_if[side],
            matched_cents=position.matched_cents[side],
            open_cents=position.open_cents[side],
        )

    # A track ---------------------------------------------------------------------------------

    def _track(self, event_id: str, pair_id: PairId) -> PairTrack:
        tape = self._tape_of(event_id, None)
        pair = tape.catalogue.pairs.get(pair_id)
        if pair is None:
            message = f"no pair {pair_id[:60]!r} in event {event_id[:40]}"
            raise ConfigError(message)
        self._wagers.refresh()
        touches, sources = _thinned(tape, pair_id)
        quotes, fills = self._wagers.track(pair)
        return PairTrack(
            tape.from_ns,
            tape.to_ns,
            touches,
            sources,
            [QuoteSpan(*quote) for quote in quotes],
            [FillPoint(*fill) for fill in fills],
        )

    # Recordings -------------------------------------------------------------------------------

    def _tape_of(self, event_id: str, at_ns: int | None) -> _EventTape:
        """Return the recording that has a time, or else the last before it."""
        if at_ns is not None and self._tape is not None and self._tape[0][2] == event_id:
            # Whatever was recorded since is later: a slider that moves reads nothing again.
            held = self._tape[1]
            if held.from_ns <= at_ns <= held.to_ns:
                return held
        tape = None
        for path in sorted(self._folder.glob("tape-*"), reverse=True):
            with suppress(TapeError):
                tape = self._read(path, event_id)
                if at_ns is None or tape.from_ns <= at_ns:
                    return tape
        if tape is None:
            message = f"no recording of event {event_id[:40]!r} yet; a segment takes a minute"
            raise ConfigError(message)
        return tape

    def _read(self, path: Path, event_id: str) -> _EventTape:
        key = (path, sum(1 for _ in path.glob(SEGMENT_GLOB)), event_id)
        if self._tape is None or self._tape[0] != key:
            self._tape = (key, _EventTape(path, EventId(event_id)))
        return self._tape[1]

    def _first_ns(self, event_id: str) -> int:
        """Return when the first recording of an event begins."""
        for path in sorted(self._folder.glob("tape-*")):
            with suppress(TapeError):
                tape = Tape(path)
                if any(event.event_id == event_id for event in tape.info.events):
                    return tape.time_span()[0]
        return 0


def _thinned(
    tape: _EventTape, pair_id: PairId
) -> tuple[list[TouchPoint], list[tuple[int, str, float]]]:
    """Return the touch and the outside price of a pair over time, in bounded numbers."""
    states = MarketStates(tape.catalogue, tape.keys, NEWEST_COUNTS, eager=False)
    book = states.books[pair_id]
    lines = (book.pair.first.line_id, book.pair.second.line_id)
    step_ns = max(1, (tape.to_ns - tape.from_ns) // _MOST_POINTS)
    touches: list[TouchPoint] = []
    sources: list[tuple[int, str, float]] = []
    indices = {i for i, line in enumerate(tape.info.lines) if line.line_id in lines}
    for row in tape.rows:
        if row.line not in indices or row.kind not in (Kind.OFFER, Kind.REFERENCE):
            continue
        event = tape.events.of_row(row)
        assert isinstance(event, OfferChanged | ReferencePrice | TradeSeen), "of these kinds"
        states.apply(event, row.received_ns)
        if isinstance(event, ReferencePrice):
            prices = source_views(states.events[book.pair.first.event_id], book.pair)
            sources += [
                (row.received_ns, price.source, price.probability)
                for price in prices
                if price.source == event.source
            ]
            continue
        first, second = book.touches()
        point = TouchPoint(row.received_ns, _probability(first, 0), _probability(second, 1))
        if touches and point.at_ns - touches[-1].at_ns < step_ns and len(touches) > 1:
            touches[-1] = TouchPoint(touches[-1].at_ns, point.first, point.second)
        elif not touches or (point.first, point.second) != (touches[-1].first, touches[-1].second):
            touches.append(point)
    return touches, sources


def _probability(touch: Touch, side: int) -> float | None:
    """Return the probability of the first line at which takers of a side trade."""
    if touch is None:
        return None
    probability = implied_probability(touch[0])
    return 1 - probability if side else probability
