"""Finds the row of a recording that shows a step of ours.

Private updates and the book arrive separately, either first. As the recording is read after the
session, a step can be aligned with a row that came before it or after it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from recordings.reader import Tape
from recordings.tape import Kind, Row, Side
from sim.compare.own_liquidity import OfferId, Step
from strategies.trading.model.events import WagerMatched
from strategies.trading.model.odds import Odds, opposite
from strategies.trading.model.units import NS_PER_SECOND

# How far apart an update on a wager and the row that shows it may have arrived.
ALIGNMENT_NS = 2 * NS_PER_SECOND


class DisplayChange(NamedTuple):
    """A row that changes an offer: its number on the tape, its arrival, what it shows."""

    row: int
    updated_ns: int
    amount_cents: int
    quantity_cents: int


class SeenOffers:
    """The changes of some offers in a recording, and the trades on them.

    `own_trades` are the numbers of the rows with trades in which we were the taker.
    """

    def __init__(self, tape: Tape, wanted: Iterable[OfferId]) -> None:
        """Read the whole recording."""
        self.changes: dict[OfferId, list[DisplayChange]] = {offer: [] for offer in wanted}
        self.own_trades: set[int] = set()
        self._trades: dict[OfferId, list[DisplayChange]] = {offer: [] for offer in self.changes}
        lines, catalogue = tape.info.lines, tape.info.catalogue()
        for number, row in enumerate(rows_of(tape)):
            change = DisplayChange(number, row.received_ns, row.amount_cents, row.quantity_cents)
            if row.kind == Kind.OFFER:
                offer = OfferId(lines[row.line].line_id, Odds(row.odds))
                _note(self.changes, offer, change)
            elif row.kind == Kind.TRADE and row.side == Side.MAKER:
                taker = catalogue.opposite(lines[row.line].line_id)
                _note(self._trades, OfferId(taker.line_id, opposite(row.odds)), change)

    def is_taker(self, at_ns: int, offer: OfferId, fill: WagerMatched) -> bool:
        """Return whether a trade shows a fill as the taker's, and count that trade as our own.

        It is the nearest in time in which the maker of the offer staked what we can win.
        """
        trades = [
            trade
            for trade in self._trades[offer]
            if abs(trade.updated_ns - at_ns) <= ALIGNMENT_NS
            and abs(trade.amount_cents - fill.profit_cents) <= 1
            and trade.row not in self.own_trades
        ]
        if not trades:
            return False
        self.own_trades.add(min(trades, key=lambda trade: abs(trade.updated_ns - at_ns)).row)
        return True


def first_shown(changes: Sequence[DisplayChange], steps: Sequence[Step]) -> list[int]:
    """Return for each step the index of the change of its offer that is the first to show it.

    That is the nearest in time, within `ALIGNMENT_NS`, by which the offer changed by the amount of
    the step; or else by at least that amount, as others may have moved with us. If there is no such
    change, it is the first that arrived with our update or later, or one index beyond the last.
    The part of a change that shows one step does not count for another.
    """
    times = [change.updated_ns for change in changes]
    amounts = [0, *(change.amount_cents for change in changes)]
    moved = [after - before for before, after in pairwise(amounts)]
    indices = []
    for step in steps:
        near = range(
            bisect_left(times, step.at_ns - ALIGNMENT_NS),
            bisect_right(times, step.at_ns + ALIGNMENT_NS),
        )
        index = _nearest(near, step, times, moved)
        if index is None:
            index = bisect_left(times, step.at_ns)
        else:
            moved[index] -= step.amount_cents
        indices.append(index)
    return indices


def _nearest(near: range, step: Step, times: list[int], moved: list[int]) -> int | None:
    """Return the index of the nearest change that may show a step, to a cent, None if none may."""

    def beyond_cents(index: int) -> int:
        """Return how much more than the step the offer moved."""
        beyond = moved[index] - step.amount_cents
        return beyond if step.amount_cents > 0 else -beyond

    def worth(index: int) -> tuple[bool, int]:
        return abs(beyond_cents(index)) > 1, abs(times[index] - step.at_ns)

    may = [p for p in near if moved[p] * step.amount_cents > 0 and beyond_cents(p) >= -1]
    return min(may, key=worth, default=None)


def rows_of(tape: Tape) -> Iterator[Row]:
    """Yield the rows of a recording; their indices in it are their numbers."""
    for chunk in tape.chunks():
        yield from chunk.rows()


def _note(seen: dict[OfferId, list[DisplayChange]], offer: OfferId, change: DisplayChange) -> None:
    """Keep a row of an offer that is wanted."""
    if offer in seen:
        seen[offer].append(change)
