"""The worst case of an event as one, over the final scores that its markets are decided by.

Moneyline, spread, total and team totals of one period of a game are results of the same score, so
their worst outcomes cannot all happen at once: home cannot lose and cover -4.5. A pair brings in
one amount if its first line wins, another if its second does, and nothing on a push.

What stands of the markets is not assumed: a shortened baseball game keeps its moneyline and voids
its spread and its total. So each market may be void on its own, and a market that wins never
pays for another that loses. Periods of a game are added up, as if independent, which can only
overstate the loss; and so are all markets of a sport that one score does not decide, such as
tennis, where the winner of the match may lose more games.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from strategies.trading.model.ids import MarketKey, PairId
from strategies.trading.model.market import Market, Pair
from strategies.trading.model.market_types import MarketType, Period, Team

_Cents = NDArray[np.int64]

# Points beyond these are in no game; their pairs are added up, so that no line that an exchange
# may list by mistake makes the grid of scores large.
_LARGEST_SPREAD = 100
_LARGEST_TOTAL = 400

# More cents than there are: what a line that loses at no score can lose.
NO_LOSS_CENTS = 1 << 56


class PairOutcomes(NamedTuple):
    """What a pair brings in, in cents, if its first line wins and if its second does."""

    pair: Pair
    first_cents: int
    second_cents: int

    @property
    def worst_cents(self) -> int:
        """Return the least that it can bring in; a push or a void brings zero."""
        return min(self.first_cents, self.second_cents, 0)


def worst_of_event_cents(outcomes: Iterable[PairOutcomes], *, one_score: bool) -> int:
    """Return the least that the pairs of one event can bring in together; never above zero.

    `one_score` is whether the markets of a period are decided by one score. It is never above the
    truth, and never below the sum of the pairs' own worst cases.
    """
    return sum(group.worst_cents() for group in _groups(outcomes, one_score=one_score))


def worst_if_lost_cents(
    outcomes: Sequence[PairOutcomes], pair: Pair, side: int, *, one_score: bool
) -> int:
    """Return the least that an event can bring in over the scores at which a line loses.

    The market of the line stands, and its gains count. So if a loss of L cents is allowed, which
    is not passed already, L more than this may be staked on the line: on the first of the pair
    with `side` 0, else on the second. NO_LOSS_CENTS if it can never lose.
    """
    mine = PairOutcomes(pair, 0, 0)
    least_cents = 0
    for group in _groups([*outcomes, mine], one_score=one_score):
        if pair.pair_id in group.pair_ids:
            least_cents += group.worst_if_lost_cents(pair, side)
        else:
            least_cents += group.worst_cents()
    return least_cents


class _Axis(Enum):
    """The figure of a final score that decides a market."""

    MARGIN = "home less away"
    TOTAL = "home and away"
    HOME = "home"
    AWAY = "away"


def _axis(market: Market) -> _Axis:
    match market.type:
        case MarketType.MONEYLINE | MarketType.SPREAD:
            return _Axis.MARGIN
        case MarketType.TOTAL:
            return _Axis.TOTAL
        case MarketType.TEAM_TOTAL:
            return _Axis.HOME if market.participant is Team.HOME else _Axis.AWAY


class _Alone:
    """A pair whose loss is added to that of all others."""

    def __init__(self) -> None:
        self.pair_ids: set[PairId] = set()
        self._sides = [0, 0]

    def add(self, outcomes: PairOutcomes) -> None:
        """Add stakes on the pair."""
        self.pair_ids.add(outcomes.pair.pair_id)
        self._sides[0] += outcomes.first_cents
        self._sides[1] += outcomes.second_cents

    def worst_cents(self) -> int:
        """Return the least that it can bring in."""
        return min(0, *self._sides)

    def worst_if_lost_cents(self, _: Pair, side: int) -> int:
        """Return what it brings in if the line of a side loses."""
        return self._sides[1 - side]


class _ScoreGroup:
    """Markets that are decided by one score."""

    def __init__(self) -> None:
        self.pair_ids: set[PairId] = set()
        # By market its axis, and of each pair the edge and the cents above and below it.
        self._markets: dict[MarketKey, tuple[_Axis, list[tuple[float, int, int]]]] = {}
        self._spread = self._total = 0

    def add(self, outcomes: PairOutcomes) -> None:
        """Add a pair."""
        pair, first_cents, second_cents = outcomes
        self.pair_ids.add(pair.pair_id)
        axis, steps = self._markets.setdefault(pair.market_key, (_axis(pair.market), []))
        steps.append((_edge(pair), first_cents, second_cents))
        point = ceil(abs(pair.first.point))
        if axis is _Axis.MARGIN:
            self._spread = max(self._spread, point)
        else:
            self._total = max(self._total, point)

    def worst_cents(self) -> int:
        """Return the least that its markets can bring in at one score."""
        return int(self._cells(self._clipped()).min())

    def worst_if_lost_cents(self, pair: Pair, side: int) -> int:
        """Return the same over the scores at which a line loses, with its market standing."""
        key = pair.market_key
        values = self._values(key)
        edge, low = _edge(pair), self._lowest(_axis(pair.market))
        # The first line loses below the edge, the second above it.
        if side == 0:
            values[_place(ceil(edge) - low, values) :] = NO_LOSS_CENTS
        else:
            values[: _place(_above(edge) - low, values)] = NO_LOSS_CENTS
        by_axis = self._clipped(without=key)
        by_axis[_axis(pair.market)] = by_axis[_axis(pair.market)] + values
        return min(int(self._cells(by_axis).min()), NO_LOSS_CENTS)

    @property
    def _size(self) -> int:
        """Return how many scores of a team are distinguished, from 0.

        With both scores below it every combination of results occurs: beyond the largest total
        by more than the largest spread, no more points change a result.
        """
        return self._total + self._spread + 3

    def _lowest(self, axis: _Axis) -> int:
        return 1 - self._size if axis is _Axis.MARGIN else 0

    def _values(self, key: MarketKey) -> _Cents:
        """Return what a market brings in at each value of its axis."""
        axis, steps = self._markets[key]
        low = self._lowest(axis)
        wide = axis in (_Axis.MARGIN, _Axis.TOTAL)
        values = np.zeros(2 * self._size - 1 if wide else self._size, np.int64)
        for edge, first_cents, second_cents in steps:
            values[_place(_above(edge) - low, values) :] += first_cents
            values[: _place(ceil(edge) - low, values)] += second_cents
        return values

    def _clipped(self, without: MarketKey | None = None) -> dict[_Axis, _Cents]:
        """Return what the markets lose at each value of each axis; a gain counts as nothing."""
        wide, narrow = 2 * self._size - 1, self._size
        lengths = dict(zip(_Axis, (wide, wide, narrow, narrow), strict=True))
        by_axis = {axis: np.zeros(length, np.int64) for axis, length in lengths.items()}
        for key, (axis, _) in self._markets.items():
            if key != without:
                by_axis[axis] += np.minimum(self._values(key), 0)
        return by_axis

    def _cells(self, by_axis: dict[_Axis, _Cents]) -> _Cents:
        """Return the sum at each score: rows by the home team's points, columns by the other's."""
        # Row h holds the margins h, h-1, ... and the totals h, h+1, ...: windows of the two axes.
        margins = sliding_window_view(by_axis[_Axis.MARGIN][::-1], self._size)[::-1]
        cells: _Cents = margins + sliding_window_view(by_axis[_Axis.TOTAL], self._size)
        if by_axis[_Axis.HOME].any():
            cells += by_axis[_Axis.HOME][:, None]
        if by_axis[_Axis.AWAY].any():
            cells += by_axis[_Axis.AWAY]
        return cells


def _groups(outcomes: Iterable[PairOutcomes], *, one_score: bool) -> Iterable[_Alone | _ScoreGroup]:
    """Return the pairs in groups whose worst cases are added up."""
    groups: dict[Period | MarketKey | PairId, _Alone | _ScoreGroup] = {}
    for each in outcomes:
        pair, key = each.pair, _group_key(each.pair, one_score=one_score)
        group = groups.get(key)
        if group is None:
            group = groups[key] = _ScoreGroup() if _is_on_grid(pair) else _Alone()
        group.add(each)
    return groups.values()


def _group_key(pair: Pair, *, one_score: bool) -> Period | MarketKey | PairId:
    if not _is_on_grid(pair):
        return pair.pair_id
    return pair.market.period if one_score else pair.market_key


def _is_on_grid(pair: Pair) -> bool:
    largest = _LARGEST_SPREAD if _axis(pair.market) is _Axis.MARGIN else _LARGEST_TOTAL
    return abs(pair.first.point) <= largest


def _edge(pair: Pair) -> float:
    """Return the value of the axis above which the first line wins, and below which it loses."""
    return -pair.first.point if _axis(pair.market) is _Axis.MARGIN else pair.first.point


def _above(edge: float) -> int:
    """Return the first whole number beyond an edge."""
    return int(edge // 1) + 1


def _place(index: int, values: _Cents) -> int:
    return min(max(0, index), len(values))
