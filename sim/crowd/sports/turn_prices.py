"""What a line of a game in turns is worth: exact, from the same tables that play the game.

Working back from the end, the chance of a result at a lead with n turns to go is the mean of the
chances after the next turn. Between turns prices run evenly. Where a game may begin in several
ways that no score tells, such as who receives, the price is the mean over them.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from sim.crowd.game import Score
from sim.crowd.sports.turns import Floats, Rules, Turn, leads
from strategies.trading.model.market_types import MarketType

# Expectations are priced on a grid, in shares of a s.d. of the outcome, so that they are met again.
GRID_SHARE = 0.01
# A total hardly depends on who wins, so for it that expectation is coarser.
COARSE = 20
MARGINS_KEPT = 1024
TOTALS_KEPT = 64
# Overtimes beyond this many are left out of a total.
OVERTIMES_PRICED = 4


class TurnPrices:
    """The fair prices of one sport; a Fair."""

    def __init__(
        self,
        rules: Callable[[float, float], Sequence[Rules]],
        *,
        margin_sigma: float,
        total_sigma: float,
        max_points: int,
    ) -> None:
        """Price games by the rules for a line and a total; more points to come are clipped."""
        self._rules = rules
        self._line_step = margin_sigma * GRID_SHARE
        self._total_step = total_sigma * GRID_SHARE
        self._points_most = max_points
        self._margin_table = lru_cache(MARGINS_KEPT)(self._price_margin)
        self._total_table = lru_cache(TOTALS_KEPT)(self._count_points)

    def __call__(
        self,
        type_: MarketType,
        point: float,
        score: Score,
        share_left: float,
        line: float,
        total: float,
    ) -> float:
        """Return the probability that home or over wins, given that it is not pushed."""
        if type_ is MarketType.TOTAL:
            key = round(line / self._line_step / COARSE), round(total / self._total_step / 2)
            coming = _between(self._total_table(*key), share_left, score)
            return _over(coming, point - sum(score))
        key = round(line / self._line_step), round(total / self._total_step)
        won, pushed = _between(self._margin_table(point, *key), share_left, score).tolist()
        return _given_no_push(won, pushed)

    def _price_margin(self, point: float, line: int, total: int) -> Floats:
        """Return chances to win and to push by turns left, lead, and which of the two."""
        ways = self._rules(line * self._line_step, total * self._total_step)
        return np.asarray(np.mean([_margin_table(rules, point) for rules in ways], axis=0))

    def _count_points(self, line: int, total: int) -> Floats:
        """Return the chances of points to come, by turns left, lead, and points."""
        ways = self._rules(line * COARSE * self._line_step, total * 2 * self._total_step)
        most = self._points_most
        return np.asarray(np.mean([_total_table(rules, most) for rules in ways], axis=0))


def _margin_table(rules: Rules, point: float) -> Floats:
    surplus = leads(rules.turns[0].max_lead) + point
    ended = np.column_stack([surplus > 0, surplus == 0]).astype(np.float64)
    level = len(surplus) // 2
    after = np.zeros(len(surplus))
    after[level] = 1.0
    for turn in rules.overtime:
        after = after @ turn.steps
    if rules.max_overtimes is None:
        after[level] = 0.0
        after /= after.sum()
    ended[level] = after @ ended
    table = [ended]
    for turn in reversed(rules.turns):
        table.append(turn.steps @ table[-1])
    return np.array(table)


def _total_table(rules: Rules, max_points: int) -> Floats:
    size = 2 * rules.turns[0].max_lead + 1
    ended = np.zeros((size, max_points + 1))
    ended[:, 0] = 1.0
    for _ in range(rules.max_overtimes or OVERTIMES_PRICED):
        coming = ended
        for turn in reversed(rules.overtime):
            coming = _before(turn, coming)
        ended[size // 2] = coming[size // 2]
    table = [ended]
    for turn in reversed(rules.turns):
        table.append(_before(turn, table[-1]))
    return np.array(table)


def _before(turn: Turn, coming: Floats) -> Floats:
    """Return the chances of points to come before a turn, from those after it."""
    before = turn.none[:, None] * coming
    scoring = zip(turn.home, turn.away, turn.reached, turn.chances, strict=True)
    for home, away, reached, chances in scoring:
        points = home + away
        before[:, points:] += chances[:, None] * coming[reached, :-points]
    return before


def _between(table: Floats, share_left: float, score: Score) -> Floats:
    """Return the row of a table at a lead, evenly between whole turns."""
    turns, places = table.shape[0] - 1, table.shape[1]
    left = min(max(share_left, 0.0), 1.0) * turns
    whole = min(int(left), turns - 1)
    place = min(max(score.home - score.away + places // 2, 0), places - 1)
    row = table[whole, place] + (left - whole) * (table[whole + 1, place] - table[whole, place])
    return np.asarray(row)


def _over(coming: Floats, needed: float) -> float:
    """Return the chance of more points to come than are needed."""
    if needed < 0:
        return 1.0
    below = int(np.ceil(needed))
    pushed = float(coming[below]) if below == needed and below < len(coming) else 0.0
    return _given_no_push(float(coming[int(needed) + 1 :].sum()), pushed)


def _given_no_push(won: float, pushed: float) -> float:
    """Return the chance to win of what is not pushed; what is surely pushed is even."""
    return min(won / (1 - pushed), 1.0) if pushed < 1 else 0.5
