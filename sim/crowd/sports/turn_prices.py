"""Fair probabilities of a game in turns: exact, from the same tables that play the game.

By backward induction, the probability of a result with n turns left is the mean of those after the
next turn. The outcomes of the present turn are weighted by what is seen of it, or where nothing is
by how much of it is left. Where a game has variants that the score does not reveal, such as which
team receives first, they are equally likely.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import ceil, exp
from typing import NamedTuple, assert_never

import numpy as np

from sim.crowd.arrays import Floats, Integers
from sim.crowd.crowd_types import CrowdType
from sim.crowd.game import UNKNOWN_SITUATION, Score, SeenTurn, Situation
from sim.crowd.sports.turns import Rules, Turn, leads
from strategies.trading.model.market_types import MarketType

# Expectations are rounded to a grid, in shares of the outcome's s.d., so that tables are reused.
GRID_SHARE = 0.01
# A total hardly depends on the line, so for it the grid of lines is coarser by this factor.
LINE_COARSENING = 20
MARGIN_CACHE = 1024
TOTAL_CACHE = 32
# Overtimes beyond this number are neglected in a total.
OVERTIMES_PRICED = 4
# In turns: less than this before the end of a turn, the next one is present.
MOMENT = 1e-6


class TurnOutcomes(NamedTuple):
    """What may come of the present turn, with weights: arrays with a value per outcome.

    `leads` are indices of the leads after it, `points` what it adds to the total. Weights are
    proportional to probabilities, over all variants of a game.
    """

    turns_left: int
    leads: Integers
    points: Integers
    weights: Floats


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
        self._margin_tables = lru_cache(MARGIN_CACHE)(self._price_margin)
        self._total_tables = lru_cache(TOTAL_CACHE)(self._count_points)

    def __call__(
        self,
        type_: CrowdType,
        point: float,
        score: Score,
        share_left: float,
        line: float,
        total: float,
        situation: Situation = UNKNOWN_SITUATION,
    ) -> float:
        """Return the probability that home or over wins, given that it is not pushed."""
        seen = situation.turn
        match type_:
            case MarketType.MONEYLINE | MarketType.SPREAD:
                return self._covers(point, score, share_left, line, total, seen)
            case MarketType.TOTAL:
                return self._exceeds(point, score, share_left, line, total, seen)
            case _:
                assert_never(type_)

    def _covers(
        self,
        point: float,
        score: Score,
        share_left: float,
        line: float,
        total: float,
        seen: SeenTurn,
    ) -> float:
        """Return the probability that home wins by more than minus the point."""
        key = round(line / self._line_step), round(total / self._total_step)
        won = pushed = weight = 0.0
        for rules, table in self._margin_tables(point, *key):
            after = _outcomes(rules, share_left, score, seen)
            results = after.weights @ table[after.turns_left, after.leads]
            won += float(results[0])
            pushed += float(results[1])
            weight += float(after.weights.sum())
        return _given_no_push(won / weight, pushed / weight)

    def _exceeds(
        self,
        point: float,
        score: Score,
        share_left: float,
        line: float,
        total: float,
        seen: SeenTurn,
    ) -> float:
        """Return the probability of more points than the point."""
        key = (
            round(line / self._line_step / LINE_COARSENING),
            round(total / self._total_step / 2),
        )
        won = reached = weight = 0.0
        for rules, tails in self._total_tables(*key):
            after = _outcomes(rules, share_left, score, seen)
            needed = point - sum(score) - after.points
            won += _at_least(tails, after, np.floor(needed) + 1)
            reached += _at_least(tails, after, np.ceil(needed))
            weight += float(after.weights.sum())
        return _given_no_push(won / weight, (reached - won) / weight)

    def _price_margin(self, point: float, line: int, total: int) -> list[tuple[Rules, Floats]]:
        """Return, by variant, the probabilities of a win and of a push: by turns left and lead."""
        variants = self._rules(line * self._line_step, total * self._total_step)
        return [(rules, _margin_table(rules, point)) for rules in variants]

    def _count_points(self, line: int, total: int) -> list[tuple[Rules, Floats]]:
        """Return, by variant, the probabilities of at least as many points to come.

        The tables are by turns left, lead, and points.
        """
        variants = self._rules(
            line * LINE_COARSENING * self._line_step, total * 2 * self._total_step
        )
        return [(rules, _tails(_total_table(rules, self._max_points))) for rules in variants]


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


def _tails(table: Floats) -> Floats:
    """Return the probabilities of at least as many points, from those of just as many."""
    tails = np.zeros((*table.shape[:2], table.shape[2] + 1))
    tails[:, :, :-1] = table[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
    return tails


def _outcomes(rules: Rules, share_left: float, score: Score, seen: SeenTurn) -> TurnOutcomes:
    """Return what may come of the present turn; nothing more once the game has ended."""
    turns = rules.turns
    max_lead = turns[0].max_lead
    lead = min(max(score.home - score.away, -max_lead), max_lead) + max_lead
    left = share_left * len(turns)
    if left < MOMENT:
        return TurnOutcomes(0, np.array([lead]), np.zeros(1, dtype=np.int64), np.ones(1))
    turns_left = min(ceil(left - MOMENT), len(turns)) - 1
    turn = turns[len(turns) - 1 - turns_left]
    if seen.turns_left == turns_left:
        home, away = exp(seen.home), exp(seen.away)
    else:
        home = away = left - turns_left
    weights = turn.probabilities[:, lead] * np.where(turn.scorers > 0, home, away)
    return TurnOutcomes(
        turns_left,
        np.append(turn.reached[:, lead], lead),
        turn.points,
        np.append(weights, turn.none[lead]),
    )


def _at_least(tails: Floats, after: TurnOutcomes, points: Floats) -> float:
    """Return the weight of at least as many points to come, given those for each outcome."""
    wanted = np.clip(points, 0, tails.shape[2] - 1).astype(np.int64)
    return float(after.weights @ tails[after.turns_left, after.leads, wanted])


def _given_no_push(won: float, pushed: float) -> float:
    """Return the probability of a win given no push, and one half where a push is certain."""
    return min(won / (1 - pushed), 1.0) if pushed < 1 else 0.5
