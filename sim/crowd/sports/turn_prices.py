"""Fair probabilities of a game in turns: exact, from the same tables that play the game.

By backward induction, the probability of a result with n turns left is the mean of those after the
next turn. Within a turn prices are interpolated. Where a game has variants that the score does not
reveal, such as which team receives first, the price is the mean over them.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import assert_never

import numpy as np

from sim.crowd.arrays import Floats
from sim.crowd.crowd_types import CrowdType
from sim.crowd.game import UNKNOWN_SITUATION, Score, Situation
from sim.crowd.sports.turns import Rules, Turn, leads
from strategies.trading.model.market_types import MarketType

# Expectations are rounded to a grid, in shares of the outcome's s.d., so that tables are reused.
GRID_SHARE = 0.01
# A total hardly depends on the line, so for it the grid of lines is coarser by this factor.
LINE_COARSENING = 20
MARGIN_CACHE = 1024
TOTAL_CACHE = 64
# Overtimes beyond this number are neglected in a total.
OVERTIMES_PRICED = 4


class TurnPrices:
    """The fair prices of one sport; implements Fair."""

    def __init__(
        self,
        rules: Callable[[float, float], Sequence[Rules]],
        *,
        margin_sigma: float,
        total_sigma: float,
        max_points: int,
    ) -> None:
        """Price games by the rules for a line and a total; points to come are clipped."""
        self._rules = rules
        self._line_step = margin_sigma * GRID_SHARE
        self._total_step = total_sigma * GRID_SHARE
        self._max_points = max_points
        self._margin_table = lru_cache(MARGIN_CACHE)(self._price_margin)
        self._total_table = lru_cache(TOTAL_CACHE)(self._count_points)

    def __call__(
        self,
        type_: CrowdType,
        point: float,
        score: Score,
        share_left: float,
        line: float,
        total: float,
        situation: Situation = UNKNOWN_SITUATION,  # noqa: ARG002 - a turn has no state but the score
    ) -> float:
        """Return the probability that home or over wins, given that it is not pushed."""
        match type_:
            case MarketType.MONEYLINE | MarketType.SPREAD:
                return self._covers(point, score, share_left, line, total)
            case MarketType.TOTAL:
                return self._exceeds(point, score, share_left, line, total)
            case _:
                assert_never(type_)

    def _covers(
        self, point: float, score: Score, share_left: float, line: float, total: float
    ) -> float:
        """Return the probability that home wins by more than minus the point."""
        key = round(line / self._line_step), round(total / self._total_step)
        table = self._margin_table(point, *key)
        whole, share, index = _place(table, share_left, score)
        (won, pushed), (won_before, pushed_before) = table[whole : whole + 2, index].tolist()
        return _given_no_push(
            won + share * (won_before - won), pushed + share * (pushed_before - pushed)
        )

    def _exceeds(
        self, point: float, score: Score, share_left: float, line: float, total: float
    ) -> float:
        """Return the probability of more points than the point."""
        key = (
            round(line / self._line_step / LINE_COARSENING),
            round(total / self._total_step / 2),
        )
        table = self._total_table(*key)
        whole, share, index = _place(table, share_left, score)
        remaining = table[whole, index] + share * (table[whole + 1, index] - table[whole, index])
        return _over(remaining, point - sum(score))

    def _price_margin(self, point: float, line: int, total: int) -> Floats:
        """Return the probabilities of a win and of a push, by turns left, lead, and result."""
        variants = self._rules(line * self._line_step, total * self._total_step)
        return np.asarray(np.mean([_margin_table(rules, point) for rules in variants], axis=0))

    def _count_points(self, line: int, total: int) -> Floats:
        """Return the probabilities of points to come, by turns left, lead, and points."""
        variants = self._rules(
            line * LINE_COARSENING * self._line_step, total * 2 * self._total_step
        )
        return np.asarray(
            np.mean([_total_table(rules, self._max_points) for rules in variants], axis=0)
        )


def _margin_table(rules: Rules, point: float) -> Floats:
    surplus = leads(rules.turns[0].max_lead) + point
    ended = np.column_stack([surplus > 0, surplus == 0]).astype(np.float64)
    tied = len(surplus) // 2
    after = np.zeros(len(surplus))
    after[tied] = 1.0
    for turn in rules.overtime:
        after = after @ turn.steps
    if rules.max_overtimes is None:
        after[tied] = 0.0
        after /= after.sum()
    ended[tied] = after @ ended
    table = [ended]
    for turn in reversed(rules.turns):
        table.append(turn.steps @ table[-1])
    return np.array(table)


def _total_table(rules: Rules, max_points: int) -> Floats:
    size = 2 * rules.turns[0].max_lead + 1
    ended = np.zeros((size, max_points + 1))
    ended[:, 0] = 1.0
    for _ in range(rules.max_overtimes or OVERTIMES_PRICED):
        remaining = ended
        for turn in reversed(rules.overtime):
            remaining = _prepend_turn(turn, remaining)
        ended[size // 2] = remaining[size // 2]
    table = [ended]
    for turn in reversed(rules.turns):
        table.append(_prepend_turn(turn, table[-1]))
    return np.array(table)


def _prepend_turn(turn: Turn, remaining: Floats) -> Floats:
    """Return the probabilities of points to come before a turn, from those after it."""
    before = turn.none[:, None] * remaining
    scoring = zip(turn.home, turn.away, turn.reached, turn.probabilities, strict=True)
    for home, away, reached, probabilities in scoring:
        points = home + away
        before[:, points:] += probabilities[:, None] * remaining[reached, :-points]
    return before


def _place(table: Floats, share_left: float, score: Score) -> tuple[int, float, int]:
    """Return the whole turns left and the share of one more, and the index of the lead."""
    turns, indices = table.shape[0] - 1, table.shape[1]
    left = min(max(share_left, 0.0), 1.0) * turns
    whole = min(int(left), turns - 1)
    index = min(max(score.home - score.away + indices // 2, 0), indices - 1)
    return whole, left - whole, index


def _over(remaining: Floats, needed: float) -> float:
    """Return the probability of more points to come than needed, given that it is no push."""
    if needed < 0:
        return 1.0
    below = int(np.ceil(needed))
    pushed = float(remaining[below]) if below == needed and below < len(remaining) else 0.0
    return _given_no_push(float(remaining[int(needed) + 1 :].sum()), pushed)


def _given_no_push(won: float, pushed: float) -> float:
    """Return the probability of a win given no push, and one half where a push is certain."""
    return min(won / (1 - pushed), 1.0) if pushed < 1 else 0.5
