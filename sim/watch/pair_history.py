"""All that a recording has about one pair of lines, and its state at any moment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recordings.feed_marks import feed_mark
from recordings.tape import PROBABILITY_PARTS, Kind, score_of
from recordings.tape_events import TapeEvents
from sim.inspect.recorded_book import RecordedScore, RecordedTrade
from sim.watch.offer_table import IntArray
from sim.watch.recording_index import RecordingIndex
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.market import EventStatus, MarketStatus, Pair, Result

_MOST_TRADES = 40


@dataclass(frozen=True, slots=True)
class PairMoment:
    """A pair, its market and its event at a time of the exchange, in nanoseconds.

    `sides` are the odds and cents that takers can stake on the first and the second line, longest
    odds first. `status` and `score` are None before the first, `status_ns` and `score_ns` are since
    when. `trades` are the last ones in the market, newest first. `outside` is the last fair
    probability of the first line from outside, at `outside_ns`. `lost_ns` is since when the feed is
    lost, None while it is not. `results` are those of the lines, None before.
    """

    at_ns: int
    start_ns: int
    event_status: EventStatus
    status: MarketStatus | None
    status_ns: int
    score: RecordedScore | None
    score_ns: int
    sides: tuple[Sequence[tuple[int, int]], Sequence[tuple[int, int]]]
    trades: Sequence[RecordedTrade]
    outside: float | None
    outside_ns: int
    lost_ns: int | None
    results: tuple[Result | None, Result | None]


class PairHistory:
    """The rows about one pair: its state at a time, and when it changes.

    Times of changes are of whole instants: the state at such a time is that after all of its rows.
    """

    def __init__(self, index: RecordingIndex, catalogue: Catalogue, pair: Pair) -> None:
        """Find the rows of a pair of the recording."""
        info = index.info
        self._index = index
        self._events = TapeEvents(info, catalogue)
        self._event = [each.event_id for each in info.events].index(pair.market.event_id)
        self._market = [each.key for each in info.markets].index(pair.market_key)
        self._lines = [index.line_numbers[each.line_id] for each in (pair.first, pair.second)]
        self._scheduled_ns = info.events[self._event].scheduled_ns
        self._wanted = np.zeros(len(info.lines) + 1, dtype=bool)
        self._wanted[self._lines] = True
        self._find_rows()

    def _find_rows(self) -> None:
        noted, info = self._index.noted, self._index.info
        of_event, of_market = noted["event"] == self._event, noted["market"] == self._market
        of_pair = np.isin(noted["line"], self._lines)
        self._event_statuses = self._numbers(Kind.EVENT_STATUS, of_event)
        self._starts = self._numbers(Kind.SCHEDULE, of_event)
        self._scores = self._numbers(Kind.SCORE, of_event)
        self._statuses = self._numbers(Kind.MARKET_STATUS, of_market)
        self._market_results = self._numbers(Kind.RESULT, of_market)
        self._results = [self._numbers(Kind.RESULT, noted["line"] == each) for each in self._lines]
        self._trades = self._numbers(Kind.TRADE, of_market)
        self._outside = self._numbers(Kind.REFERENCE, of_pair)
        self._marks = self._marks_of(info.events[self._event].event_id)
        changes = [self._event_statuses, self._starts, self._scores, self._statuses]
        changes += [self._market_results, self._trades, self._outside, self._marks]
        self._changes_ns = self._times(np.unique(np.concatenate(changes)))

    def moment(self, at_ns: int) -> PairMoment:
        """Return the state after all rows up to a time and with it."""
        count = self._index.notes_until(at_ns)
        offers = self._index.offers_at(at_ns)
        status, status_ns = self._status(count)
        score = self._last(self._scores, count)
        start = self._last(self._starts, count)
        event_status = self._last(self._event_statuses, count)
        outside = self._last(self._outside, count)
        mark = self._last(self._marks, count)
        is_lost = mark is not None and self._is_lost(mark)
        noted = self._index.noted
        return PairMoment(
            at_ns=at_ns,
            start_ns=self._scheduled_ns if start is None else self._state(start),
            event_status=EventStatus(
                EventStatus.NOT_STARTED if event_status is None else self._state(event_status)
            ),
            status=status,
            status_ns=status_ns,
            score=None if score is None else self._score(score),
            score_ns=0 if score is None else int(noted["at_ns"][score]),
            sides=(offers.of_line(self._lines[0]), offers.of_line(self._lines[1])),
            trades=self._last_trades(count),
            outside=None if outside is None else self._probability(outside),
            outside_ns=0 if outside is None else int(noted["at_ns"][outside]),
            lost_ns=int(noted["at_ns"][mark]) if mark is not None and is_lost else None,
            results=(self._result(0, count), self._result(1, count)),
        )

    # When something happens -------------------------------------------------------------------

    def next_change_ns(self, at_ns: int, step: int) -> int | None:
        """Return the first time after a time at which something changes; with -1 before it."""
        if step > 0:
            offer_ns = self._index.next_offer_ns(at_ns, self._wanted)
        else:
            offer_ns = self._index.previous_offer_ns(at_ns, self._wanted)
        other_ns = _next(self._changes_ns, at_ns, step)
        found = [each for each in (offer_ns, other_ns) if each is not None]
        return (min if step > 0 else max)(found, default=None)

    def next_score_ns(self, at_ns: int, step: int) -> int | None:
        """Return the time of the next score; with -1 of the one before."""
        return _next(self._times(self._scores), at_ns, step)

    def next_suspension_ns(self, at_ns: int, step: int) -> int | None:
        """Return when the market is suspended next; with -1 when it was before."""
        suspended = self._index.noted["state"][self._statuses] == MarketStatus.SUSPENDED
        begins = suspended & ~np.concatenate(([False], suspended[:-1])) if len(suspended) else []
        return _next(self._times(self._statuses[begins]), at_ns, step)

    def next_gap_ns(self, at_ns: int, step: int) -> int | None:
        """Return when the feed is lost next; with -1 when it was before."""
        lost = [number for number in self._marks.tolist() if self._is_lost(number)]
        return _next(self._times(np.array(lost, dtype=np.int64)), at_ns, step)

    # Rows -------------------------------------------------------------------------------------

    def _numbers(self, kind: Kind, where: NDArray[np.bool_]) -> IntArray:
        return np.flatnonzero(where & (self._index.noted["kind"] == kind))

    def _marks_of(self, event_id: str) -> IntArray:
        """Return the marks of the feed that are of an event, or of all."""
        everywhere = np.ones(len(self._index.noted["kind"]), dtype=bool)
        numbers = self._numbers(Kind.UNTYPED, everywhere).tolist()
        return np.array(list(self._of_event(numbers, event_id)), dtype=np.int64)

    def _of_event(self, numbers: Iterable[int], event_id: str) -> Iterable[int]:
        for number in numbers:
            mark = feed_mark(self._index.texts[number])
            if mark is not None and (not mark.event_ids or event_id in mark.event_ids):
                yield number

    def _times(self, numbers: IntArray) -> IntArray:
        times: IntArray = self._index.noted["at_ns"][numbers]
        return times

    def _state(self, number: int) -> int:
        return int(self._index.noted["state"][number])

    def _last(self, numbers: IntArray, count: int) -> int | None:
        """Return the last of some rows among the first `count` of the noted ones."""
        before = int(np.searchsorted(numbers, count))
        return int(numbers[before - 1]) if before else None

    def _status(self, count: int) -> tuple[MarketStatus | None, int]:
        """Return the status of the market and since when; a result closes it for good."""
        if len(self._market_results) and self._market_results[0] < count:
            return MarketStatus.CLOSED, int(self._times(self._market_results)[0])
        number = self._last(self._statuses, count)
        if number is None:
            return None, 0
        before = self._statuses[: np.searchsorted(self._statuses, number, side="right")]
        others = np.flatnonzero(self._index.noted["state"][before] != self._state(number))
        since = before[others[-1] + 1] if len(others) else before[0]
        return MarketStatus(self._state(number)), int(self._index.noted["at_ns"][since])

    def _score(self, number: int) -> RecordedScore:
        return RecordedScore(*score_of(self._index.texts[number]), self._state(number))

    def _probability(self, number: int) -> float:
        row = self._index.note(number)
        of_line = row.state / PROBABILITY_PARTS
        return of_line if row.line == self._lines[0] else 1 - of_line

    def _is_lost(self, number: int) -> bool:
        mark = feed_mark(self._index.texts[number])
        return mark is not None and mark.lost

    def _last_trades(self, count: int) -> list[RecordedTrade]:
        end = int(np.searchsorted(self._trades, count))
        last = self._trades[max(0, end - _MOST_TRADES) : end]
        rows = [self._index.note(number) for number in last[::-1].tolist()]
        return [
            RecordedTrade(
                row.at_ns, self._events.trade(row.line, row.odds, row.amount_cents, row.side)
            )
            for row in rows
        ]

    def _result(self, side: int, count: int) -> Result | None:
        number = self._last(self._results[side], count)
        return None if number is None else Result(self._state(number))


def _next(times: IntArray, at_ns: int, step: int) -> int | None:
    """Return the first of sorted times after a time; with -1 the last before it."""
    if step > 0:
        after = int(np.searchsorted(times, at_ns, side="right"))
        return int(times[after]) if after < len(times) else None
    before = int(np.searchsorted(times, at_ns, side="left"))
    return int(times[before - 1]) if before else None
