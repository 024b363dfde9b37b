"""A recording of one game as arrays: messages, trades, and the best offers of each pair."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np

from recordings.reader import Tape
from recordings.tape import Kind, score_of
from sim.crowd.arrays import Flags, Floats, Integers
from strategies.trading.model.market import EventStatus, MarketStatus, Pair, Result
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.odds import implied_probability, opposite, prophetx_ladder

# The value of each level of a line, by its odds.
_Book = dict[int, int]

_COLUMNS = ("exchange_ns", "seq", "kind", "market", "line", "odds", "amount_cents", "state")


@dataclass(frozen=True, slots=True)
class Touches:
    """The best offers of a pair from each time on, as implied probabilities; NaN if none.

    `depth` is the mean number of levels of the two lines, `rungs` the median number of ladder steps
    between neighbouring levels. `first_cents` and `second_cents` are what takers may stake at the
    best offers, zero if none; `width` is how many steps of the ladder lie between the two best
    prices. Two books have the same `prices` if they have offers at the same odds.
    """

    at_ns: Integers
    first: Floats
    second: Floats
    depth: Floats
    rungs: Floats
    first_cents: Integers
    second_cents: Integers
    width: Floats
    prices: Integers

    def on(self, grid_ns: Integers) -> "Touches":
        """Return the touches at the times of a grid."""
        indices = np.searchsorted(self.at_ns, grid_ns, side="right") - 1
        columns = (getattr(self, each.name)[indices] for each in fields(self)[1:])
        return Touches(grid_ns, *columns)

    @property
    def overround(self) -> Floats:
        """Return the sum of the implied probabilities less one, NaN if an offer is missing."""
        return self.first + self.second - 1

    @property
    def mid(self) -> Floats:
        """Return the mid probability of the best offers, NaN if one is missing."""
        return (self.first + 1 - self.second) / 2

    @property
    def last_two_sided(self) -> Integers:
        """Return for each message the last one, up to it, with both sides; zero if none."""
        known = ~np.isnan(self.mid)
        return np.maximum.accumulate(np.where(known, np.arange(len(known)), 0))


class Trades(NamedTuple):
    """The trades of a market: when, in which message, what the taker staked, and at which price.

    `is_first` is whether the first line of a pair was backed: home or over. Stakes are in cents;
    `implied` is the probability that the odds imply.
    """

    at_ns: Integers
    seq: Integers
    stakes: Floats
    is_first: Flags
    implied: Floats


def went_live(tape: Tape) -> bool:
    """Return whether the game of a recording was played; a postponed one is not."""
    return any(
        (
            (chunk.numbers["kind"] == Kind.EVENT_STATUS)
            & (chunk.numbers["state"] == EventStatus.LIVE)
        ).any()
        for chunk in tape.chunks()
    )


class TapeView:
    """One recorded game with moneyline, spread and total; times are the exchange's, in ns.

    `live_ns` is the start; in-play is from `reopened_ns`, the end of the first suspension, to
    `ended_ns`, the start of the last one. `scores` are the official scores with their times, and
    `clocks_ns` the playing time elapsed at each, zero if unreported.
    """

    def __init__(self, tape: Tape) -> None:
        """Read the whole tape, which must contain the start and the end of the game."""
        chunks = list(tape.chunks())
        self._rows = {
            name: np.concatenate([chunk.numbers[name] for chunk in chunks]) for name in _COLUMNS
        }
        texts = list(chain.from_iterable(chunk.texts for chunk in chunks))
        self.types = [market.type for market in tape.info.markets]
        self._pairs = list(tape.info.catalogue().pairs.values())
        self._lines = {line.line_id: index for index, line in enumerate(tape.info.lines)}
        at_ns, state = self._rows["exchange_ns"], self._rows["state"]
        live = self._of(Kind.EVENT_STATUS) & (state == EventStatus.LIVE)
        self.live_ns = int(at_ns[live][0])
        self.reopened_ns = int(min(span[1] for span in self.suspensions(MarketType.MONEYLINE)))
        self.ended_ns = int(max(span[0] for span in self.suspensions(MarketType.MONEYLINE)))
        scored = np.flatnonzero(self._of(Kind.SCORE))
        self.scores = [(int(at_ns[index]), score_of(texts[index])) for index in scored.tolist()]
        self.clocks_ns: Integers = state[scored]
        self.event = tape.info.events[0]

    def main_pair(self, type_: MarketType) -> Touches:
        """Return the touches of the pair that is listed first in a market."""
        return self.touches[self.pairs_of(type_)[0]]

    def pairs_of(self, type_: MarketType) -> list[int]:
        """Return the indices of the pairs of a market, the main one first."""
        return [index for index, pair in enumerate(self._pairs) if pair.type is type_]

    def messages_ns(self, type_: MarketType) -> Integers:
        """Return when each message that concerns a market was sent."""
        return self._sent_ns(self._rows["market"] == self.types.index(type_))

    def book_changes_ns(self, type_: MarketType) -> Integers:
        """Return when each message that changes a book of a market was sent."""
        return self._sent_ns(
            self._of(Kind.OFFER) & (self._rows["market"] == self.types.index(type_))
        )

    def _sent_ns(self, rows: Flags) -> Integers:
        """Return when each message that has one of these rows was sent."""
        _, first = np.unique(self._rows["seq"][rows], return_index=True)
        times_ns: Integers = self._rows["exchange_ns"][rows][first]
        return times_ns

    def trades_of(self, type_: MarketType) -> Trades:
        """Return the trades of all lines of a market, in order."""
        pairs = [self._pairs[index] for index in self.pairs_of(type_)]
        first = [self._lines[pair.first.line_id] for pair in pairs]
        rows = self._of(Kind.TRADE) & (self._rows["market"] == self.types.index(type_))
        names = ("exchange_ns", "seq", "amount_cents", "line", "odds")
        at_ns, seq, cents, line, odds = (self._rows[name][rows] for name in names)
        implied = np.array([implied_probability(each) for each in odds.tolist()])
        return Trades(at_ns, seq, cents.astype(np.float64), np.isin(line, first), implied)

    @property
    def moneyline(self) -> Pair:
        """Return the pair of the moneyline."""
        return self._pairs[self.pairs_of(MarketType.MONEYLINE)[0]]

    @property
    def home_won(self) -> bool:
        """Return whether the first line of the moneyline won; it did not in a tie."""
        return self.home_value == 1

    @property
    def home_value(self) -> float:
        """Return what a contract on the first line of the moneyline paid: a half in a tie."""
        of_first = self._rows["line"] == self._lines[self.moneyline.first.line_id]
        results = self._rows["state"][self._of(Kind.RESULT) & of_first]
        return {Result.WON: 1.0, Result.LOST: 0.0}.get(Result(results[-1]), 0.5)

    def suspensions(self, type_: MarketType) -> list[tuple[int, int]]:
        """Return start and end of each suspension of a market."""
        rows = self._of(Kind.MARKET_STATUS) & (self._rows["market"] == self.types.index(type_))
        at_ns = self._rows["exchange_ns"][rows].tolist()
        states = self._rows["state"][rows].tolist()
        return [
            (at_ns[index], at_ns[index + 1])
            for index, state in enumerate(states)
            if state == MarketStatus.SUSPENDED
        ]

    @cached_property
    def touches(self) -> list[Touches]:
        """Return the touches of every pair."""
        rows = np.flatnonzero(self._of(Kind.OFFER))
        columns = [self._rows[name][rows] for name in ("exchange_ns", "seq", "line", "odds")]
        cents = self._rows["amount_cents"][rows]
        found = []
        for pair in self._pairs:
            lines = [self._lines[line.line_id] for line in (pair.first, pair.second)]
            here = np.isin(columns[2], lines)
            found.append(_touches(lines[0], *(column[here] for column in (*columns, cents))))
        return found

    def _of(self, kind: Kind) -> Flags:
        is_of: Flags = self._rows["kind"] == kind
        return is_of


def _touches(
    first: int, at_ns: Integers, seq: Integers, line: Integers, odds: Integers, cents: Integers
) -> Touches:
    """Return the touches of one pair after each message."""
    books: tuple[_Book, _Book] = ({}, {})
    # Before the first message both books are empty.
    nothing = float("nan")
    table: list[tuple[float, ...]] = [(0, nothing, nothing, 0.0, nothing, 0, 0, nothing, 0)]
    prices = 0
    lasts = np.append(np.diff(seq) != 0, True)[: len(seq)].tolist()
    rows = zip(at_ns.tolist(), line.tolist(), odds.tolist(), cents.tolist(), lasts, strict=True)
    for when_ns, index, rung, amount_cents, is_last in rows:
        side = int(index != first)
        book = books[side]
        if (rung in book) != bool(amount_cents):
            # Each level has a number of its own, and is in the sum or not.
            prices ^= hash((side, rung))
        if amount_cents:
            book[rung] = amount_cents
        else:
            book.pop(rung, None)
        if is_last:
            table.append((when_ns, *_summary(books), prices))
    columns = list(zip(*table, strict=True))
    return Touches(
        at_ns=_integers(columns[0]),
        first=np.array(columns[1]),
        second=np.array(columns[2]),
        depth=np.array(columns[3]),
        rungs=np.array(columns[4]),
        first_cents=_integers(columns[5]),
        second_cents=_integers(columns[6]),
        width=np.array(columns[7]),
        prices=_integers(columns[8]),
    )


def _integers(values: Sequence[float]) -> Integers:
    return np.array(values, dtype=np.int64)


def _summary(books: tuple[_Book, _Book]) -> tuple[float, ...]:
    """Return the columns of Touches but the first and the last one."""
    best = [max(book) if book else None for book in books]
    first, second = (float("nan") if odds is None else implied_probability(odds) for odds in best)
    cents = (0 if odds is None else book[odds] for odds, book in zip(best, books, strict=True))
    return (first, second, _depth(books), _rungs(books), *cents, _width(*best))


def _width(first: int | None, second: int | None) -> float:
    if first is None or second is None:
        return float("nan")
    index = prophetx_ladder().index
    return float(index(opposite(second)) - index(first))


def _depth(books: tuple[_Book, _Book]) -> float:
    return (len(books[0]) + len(books[1])) / 2


def _rungs(books: tuple[_Book, _Book]) -> float:
    """Return the median number of ladder steps between neighbouring levels."""
    steps: list[int] = []
    for book in books:
        indices = sorted(prophetx_ladder().index(rung) for rung in book)
        steps += [after - before for before, after in pairwise(indices)]
    return float(sorted(steps)[len(steps) // 2]) if steps else float("nan")
