"""A pair over time, from a session's tape and journal, in as many points as a chart shows."""

from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from live.watch.event_tape import EventTape
from live.watch.journaled_wagers import JournaledWagers
from strategies.trading.model.events import ReferencePrice
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import Pair
from strategies.trading.model.odds import Odds, implied_probability
from strategies.trading.pricing.newest_counts import NEWEST_COUNTS
from strategies.trading.snapshot.book_view import source_views

# Points of a track: more than a chart has pixels for would only slow it.
_MOST_POINTS = 1_200


class TouchPoint(Struct, frozen=True, array_like=True):
    """The best offers of others on both lines, as probabilities of the first; None without one."""

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
    """A pair over time: the best offers of others, outside prices, our wagers and fills."""

    from_ns: int
    to_ns: int
    touches: list[TouchPoint]
    sources: list[tuple[int, str, float]]
    quotes: list[QuoteSpan]
    fills: list[FillPoint]


def pair_track(tape: EventTape, pair: Pair, wagers: JournaledWagers) -> PairTrack:
    """Return a pair over the time of a recording."""
    quotes, fills = wagers.track(pair)
    step_ns = max(1, (tape.to_ns - tape.from_ns) // _MOST_POINTS)
    return PairTrack(
        tape.from_ns,
        tape.to_ns,
        list(_touches(tape, pair, wagers, step_ns)),
        list(_source_prices(tape, pair, step_ns)),
        [QuoteSpan(*quote) for quote in quotes],
        [FillPoint(*fill) for fill in fills],
    )


def _touches(
    tape: EventTape, pair: Pair, wagers: JournaledWagers, step_ns: int
) -> Iterator[TouchPoint]:
    """Yield the touch where it changed, at most one a step: the last."""
    numbers = tape.line_numbers(pair)
    times = tape.offers.times_of(numbers)
    last_of_step = np.diff(times // step_ns, append=-1) != 0
    # Takers see on a line what is ours on the other.
    ours = [_OwnShown(wagers, line.line_id) for line in (pair.second, pair.first)]
    before: tuple[float | None, float | None] | None = None
    for at_ns in times[last_of_step].tolist():
        first, second = (
            _longest_of_others(tape.offers.at(number, at_ns), own.until(at_ns))
            for number, own in zip(numbers, ours, strict=True)
        )
        touch = (
            None if first is None else implied_probability(first),
            None if second is None else 1 - implied_probability(second),
        )
        if touch != before:
            yield TouchPoint(at_ns, *touch)
        before = touch


class _OwnShown:
    """What takers see of our wagers on a line, at times that ascend."""

    def __init__(self, wagers: JournaledWagers, line_id: LineId) -> None:
        self._changes = iter(wagers.shown_changes(line_id))
        self._next = next(self._changes, None)
        self._cents: dict[Odds, int] = {}

    def until(self, at_ns: int) -> dict[Odds, int]:
        while self._next is not None and self._next[0] <= at_ns:
            _, odds, change_cents = self._next
            self._cents[odds] = self._cents.get(odds, 0) + change_cents
            self._next = next(self._changes, None)
        return self._cents


def _longest_of_others(offers: dict[Odds, int], ours: dict[Odds, int]) -> Odds | None:
    return max((odds for odds, cents in offers.items() if cents > ours.get(odds, 0)), default=None)


def _source_prices(tape: EventTape, pair: Pair, step_ns: int) -> Iterator[tuple[int, str, float]]:
    """Yield time, source and price of what outside sources gave, of each one a step at most."""
    lines = {pair.first.line_id, pair.second.line_id}
    states = tape.states_at(tape.from_ns, NEWEST_COUNTS)
    event = states.events[pair.first.event_id]
    last: dict[str, tuple[int, float]] = {}
    for at_ns, price in tape.inputs:
        if not isinstance(price, ReferencePrice) or price.line_id not in lines:
            continue
        states.apply(price, at_ns)
        for view in source_views(event, pair):
            before_ns, before = last.get(view.source, (0, None))
            is_new = view.source == price.source and view.probability != before
            if is_new and at_ns - before_ns >= step_ns:
                last[view.source] = (at_ns, view.probability)
                yield at_ns, view.source, view.probability
