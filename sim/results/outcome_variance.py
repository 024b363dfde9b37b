"""How far chance may carry the outcome of fills: the variance of what the game decides.

Lines that hang on one figure of a final score are nested: if home covers -4.5 it covers -2.5 too.
So their joint outcomes follow from their fair prices alone, without a model of the score: both
win with the smaller of the two probabilities. Margin and total of a game, its periods and its team
totals count as independent; of the NBA a correlation of 0.001 between margin and total was
measured, of the other sports same-game factors of 0.97 to 1.13.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import NamedTuple

from strategies.trading.model.event_exposure import axis_of
from strategies.trading.model.ids import PairId
from strategies.trading.model.market import Pair
from strategies.trading.model.market_types import is_decided_by_score


class Stake(NamedTuple):
    """What a fill adds to a pair: the payout if the first line wins, less that if the second does.

    `fair_first` is the fair probability of the first line from which on the game decides.
    """

    pair: Pair
    sport: str
    payout_first_cents: int
    fair_first: float


def outcome_variance(stakes: Iterable[Stake]) -> float:
    """Return the variance, in square cents, of the outcome of fills that come in order of time.

    While a position is held from one fill to the next, the move of its price counts as it was.
    The last price decides how much is open still.
    """
    held: dict[PairId, Stake] = {}
    variance = 0.0
    for stake in stakes:
        pair_id = stake.pair.pair_id
        before = held.get(pair_id)
        if before is None:
            held[pair_id] = stake
            continue
        moved = before.payout_first_cents * (stake.fair_first - before.fair_first)
        variance += moved * moved
        payout_cents = before.payout_first_cents + stake.payout_first_cents
        held[pair_id] = stake._replace(payout_first_cents=payout_cents)
    return variance + sum(_variance_of_nested(group) for group in _nested(held.values()))


def _nested(stakes: Iterable[Stake]) -> Iterable[list[Stake]]:
    """Return positions in groups, each of lines that hang on one figure of a score."""
    groups: dict[Hashable, list[Stake]] = defaultdict(list)
    for stake in stakes:
        market = stake.pair.market
        one_score = is_decided_by_score(stake.sport)
        figure = (market.period, axis_of(market)) if one_score else market.market_id
        groups[market.event_id, figure].append(stake)
    return groups.values()


def _variance_of_nested(stakes: list[Stake]) -> float:
    """Return the variance of positions whose first lines win together as far as they can.

    Over and under are first and second as home and away are: a higher edge is less likely.
    """
    ordered = sorted(stakes, key=lambda stake: stake.fair_first)
    variance = 0.0
    # The covariance of two lines is the smaller probability less the product of both.
    lower_cents = 0.0
    for stake in ordered:
        cents, fair = stake.payout_first_cents, stake.fair_first
        variance += cents * cents * fair * (1.0 - fair)
        variance += 2.0 * cents * (1.0 - fair) * lower_cents
        lower_cents += cents * fair
    return max(0.0, variance)
