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

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import product
from math import ceil
from typing import NamedTuple

from strategies.trading.model.ids import MarketKey, PairId
from strategies.trading.model.market import Market, Pair
from strategies.trading.model.market_types import MarketType, Period, Team

# Points beyond these are in no game: an exchange may list such a line by mistake. Their pairs are
# added up, as such a market may as well be settled by another rule.
_LARGEST_SPREAD = 100
_LARGEST_TOTAL = 400

# More cents than there are: what a line that loses at no score can lose.
NO_LOSS_CENTS = 1 << 56
# More points, and more cents, than there are.
_UNBOUNDED = 1 << 60


class PairOutcomes:
    """What a pair brings in, in cents, if its first line wins and if its second does."""

    __slots__ = ("first_cents", "pair", "second_cents")

    def __init__(self, pair: Pair, first_cents: int, second_cents: int) -> None:
        """Take the two outcomes; a push or a void brings in nothing."""
        self.pair = pair
        self.first_cents = first_cents
        self.second_cents = second_cents

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


class Axis(Enum):
    """The figure of a final score that decides a market."""

    MARGIN = "home less away"
    TOTAL = "home and away"
    HOME = "home"
    AWAY = "away"


def axis_of(market: Market) -> Axis:
    """Return the figure of the final score that decides a market."""
    match market.type:
        case MarketType.MONEYLINE | MarketType.SPREAD:
            return Axis.MARGIN
        case MarketType.TOTAL:
            return Axis.TOTAL
        case MarketType.TEAM_TOTAL:
            return Axis.HOME if market.participant is Team.HOME else Axis.AWAY


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


class _Band(NamedTuple):
    """What markets bring in while the figure of an axis is from `low` to `high`, both included."""

    cents: int
    low: int
    high: int


# The edge of a pair, and the cents that it brings in above and below it.
_Step = tuple[float, int, int]
_Bands = Sequence[_Band]


class _ScoreGroup:
    """Markets that are decided by one score."""

    def __init__(self) -> None:
        self.pair_ids: set[PairId] = set()
        self._axes: dict[Axis, dict[MarketKey, list[_Step]]] = {axis: {} for axis in Axis}

    def add(self, outcomes: PairOutcomes) -> None:
        """Add a pair."""
        pair = outcomes.pair
        self.pair_ids.add(pair.pair_id)
        steps = self._axes[axis_of(pair.market)].setdefault(pair.market_key, [])
        steps.append((_edge(pair), outcomes.first_cents, outcomes.second_cents))

    def worst_cents(self) -> int:
        """Return the least that its markets can bring in at one score."""
        return _least_cents(*(_bands(self._axes[axis], _whole(axis)) for axis in Axis))

    def worst_if_lost_cents(self, pair: Pair, side: int) -> int:
        """Return the same over the scores at which a line loses, with its market standing."""
        edge, decided_by = _edge(pair), axis_of(pair.market)
        lowest, highest = _whole(decided_by)
        # The first line loses below the edge, the second above it.
        lost = (lowest, ceil(edge) - 1) if side == 0 else (max(lowest, _above(edge)), highest)
        return _least_cents(
            *(
                _bands(self._axes[axis], lost, standing=pair.market_key)
                if axis is decided_by
                else _bands(self._axes[axis], _whole(axis))
                for axis in Axis
            )
        )


def _whole(axis: Axis) -> tuple[int, int]:
    return (-_UNBOUNDED if axis is Axis.MARGIN else 0), _UNBOUNDED


def _bands(
    markets: dict[MarketKey, list[_Step]],
    within: tuple[int, int],
    standing: MarketKey | None = None,
) -> list[_Band]:
    """Return what markets of one axis bring in over a part of it, the least first.

    Each may be void, so a gain counts as nothing, but for one that is known to stand.
    """
    # The most that a market counts for.
    tops = {key: _UNBOUNDED if key == standing else 0 for key in markets}
    values = {key: sum(second for _, _, second in steps) for key, steps in markets.items()}
    cents = sum(min(values[key], top) for key, top in tops.items())
    low, highest = within
    bands = []
    for at, key, change_cents in sorted(_changes(markets)):
        if at > highest:
            break
        if at > low:
            bands.append(_Band(cents, low, at - 1))
            low = at
        before_cents = values[key]
        values[key] += change_cents
        cents += min(values[key], tops[key]) - min(before_cents, tops[key])
    if low <= highest:
        bands.append(_Band(cents, low, highest))
    return sorted(bands)


def _changes(markets: dict[MarketKey, list[_Step]]) -> Iterator[tuple[int, MarketKey, int]]:
    """Yield at which value of the axis a market brings in how much more."""
    for key, steps in markets.items():
        for edge, first_cents, second_cents in steps:
            yield ceil(edge), key, -second_cents
            yield _above(edge), key, first_cents


def _least_cents(margins: _Bands, totals: _Bands, homes: _Bands, aways: _Bands) -> int:
    """Return the least sum of one band of each axis that occur at one score, or NO_LOSS_CENTS.

    Each axis is given with the least first, so that most sums need not be looked at.
    """
    least_cents = NO_LOSS_CENTS
    for home, away, margin in product(homes, aways, margins):
        cents = home.cents + away.cents + margin.cents
        for total in totals:
            if cents + total.cents >= least_cents:
                break
            if _occur_together(margin, total, home, away):
                least_cents = cents + total.cents
    return least_cents


def _occur_together(margin: _Band, total: _Band, home: _Band, away: _Band) -> bool:
    """Return whether there is a score with all four figures within their bands."""
    # For the points h of home those of the other team are whole numbers from the largest to the
    # smallest of three bounds; each pair of bounds is one condition on h.
    lowest = max(
        home.low,
        away.low + margin.low,
        total.low - away.high,
        -((total.low + margin.low) // -2),
    )
    highest = min(
        home.high,
        away.high + margin.high,
        total.high - away.low,
        (total.high + margin.high) // 2,
    )
    return lowest <= highest


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
    largest = _LARGEST_SPREAD if axis_of(pair.market) is Axis.MARGIN else _LARGEST_TOTAL
    return abs(pair.first.point) <= largest


def _edge(pair: Pair) -> float:
    """Return the value of the axis above which the first line wins, and below which it loses."""
    return -pair.first.point if axis_of(pair.market) is Axis.MARGIN else pair.first.point


def _above(edge: float) -> int:
    """Return the first whole number beyond an edge."""
    return int(edge // 1) + 1
