"""One simulated NBA game: who scores when, on the game clock and on the wall clock.

The margin follows its expectation with a residual that is pulled back to zero, as measured on
15,000 games: independent scores would be too calm inside a game or too wide at its end. All times
in this module are seconds from tip-off. The game knows its whole course; the crowd must not.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

REGULATION_S = 2880.0
OVERTIME_S = 300.0
QUARTER_S = 720.0
HALF_S = 1440.0

# Mean and s.d. of what is expected of games, as closing lines say.
LINE = (2.5, 4.0)
TOTAL = (212.0, 6.0)

POINTS = (1, 2, 3)
POINTS_SHARES = (0.073, 0.682, 0.245)
POINTS_MEAN = 2.172
# Log-normal gaps between scores on the game clock: their spread gives totals a s.d. of 17.
GAP_SIGMA = 0.686
# Scores never follow so closely that anybody hears of them in the wrong order.
GAP_S_LEAST = 5.0
# How much of the residual margin is given back in one game, and how often the team that scored
# last scores next: below a half, as possession changes; both together give a final s.d. of 12.
PULL_PER_GAME = 0.75
SCORER_CORRELATION = -0.276

DEAD_BALL_S = 19.0
TIMEOUT_SHARE = 0.135
TIMEOUT_S = (100.0, 170.0)
BREAK_S = (150.0, 175.0)
HALF_TIME_S = (915.0, 985.0)
LATE_S = 120.0
LATE_SLOWDOWN = 3.0


class Score(NamedTuple):
    """Points of both teams."""

    home: int
    away: int


@dataclass(frozen=True)
class Game:
    """The course of a game: its scores, and the wall clock against the game clock.

    `line` and `total` are the margin of the home team and the points that were to be expected.
    `scores` pairs a wall time with the score from then on; `wall_s` and `clock_s` are knots.
    """

    line: float
    total: float
    scores: list[tuple[float, Score]]
    wall_s: list[float]
    clock_s: list[float]

    @property
    def final(self) -> Score:
        """Return the score that everything settles on; never level."""
        return self.scores[-1][1]

    @property
    def length_s(self) -> float:
        """Return how long the game lasts on the wall clock."""
        return self.wall_s[-1]

    def clock_at(self, wall_s: float) -> float:
        """Return the game clock at a wall time: between two knots it runs, or stands still."""
        after = bisect_right(self.wall_s, wall_s)
        if after == len(self.wall_s):
            return self.clock_s[-1]
        return min(self.clock_s[after - 1] + wall_s - self.wall_s[after - 1], self.clock_s[after])

    def share_left(self, clock_s: float) -> float:
        """Return what is left to play, as a share of regulation; overtime is not foreseen."""
        if clock_s < REGULATION_S:
            return (REGULATION_S - clock_s) / REGULATION_S
        if clock_s == self.clock_s[-1]:
            return 0.0
        return (OVERTIME_S - (clock_s - REGULATION_S) % OVERTIME_S) / REGULATION_S


def draw_game(rng: Generator) -> Game:
    """Draw what is expected of a game, and play it."""
    return play(rng, line=float(rng.normal(*LINE)), total=float(rng.normal(*TOTAL)))


def play(rng: Generator, *, line: float, total: float) -> Game:
    """Play a game in which the home team is expected to win by `line` and both to score `total`."""
    scores = _scores_on_the_clock(rng, line, total)
    overtimes = max(0, int(np.ceil((scores[-1][0] - REGULATION_S) / OVERTIME_S)))
    return _on_the_wall(rng, line, total, scores, REGULATION_S + overtimes * OVERTIME_S)


def _scores_on_the_clock(rng: Generator, line: float, total: float) -> list[tuple[float, Score]]:
    """Return every score with its game clock, overtimes included until one team leads."""
    gap_mean_s = REGULATION_S * POINTS_MEAN / total
    gap_median_s = gap_mean_s * np.exp(-(GAP_SIGMA**2) / 2)
    scores: list[tuple[float, Score]] = []
    score, scorer, clock_s, end_s = Score(0, 0), 0, 0.0, REGULATION_S
    while True:
        gap_s = float(gap_median_s * np.exp(GAP_SIGMA * rng.standard_normal()))
        clock_s += max(gap_s, GAP_S_LEAST)
        while clock_s >= end_s:
            if score.home != score.away:
                return scores
            end_s += OVERTIME_S
        played = clock_s / REGULATION_S
        drift = line - PULL_PER_GAME * (score.home - score.away - played * line)
        scorer = _next_scorer(rng, scorer, drift * gap_mean_s / REGULATION_S)
        score = _add(score, scorer, int(rng.choice(POINTS, p=POINTS_SHARES)))
        scores.append((clock_s, score))


def _next_scorer(rng: Generator, last: int, drift: float) -> int:
    """Return +1 for home, -1 for away; `drift` is the margin expected of this one score."""
    tilt = (1 - SCORER_CORRELATION) * drift / POINTS_MEAN + SCORER_CORRELATION * last
    return 1 if rng.random() < np.clip((1 + tilt) / 2, 0.05, 0.95) else -1


def _add(score: Score, scorer: int, points: int) -> Score:
    if scorer > 0:
        return Score(score.home + points, score.away)
    return Score(score.home, score.away + points)


def _on_the_wall(
    rng: Generator, line: float, total: float, scores: list[tuple[float, Score]], end_s: float
) -> Game:
    """Lay the game clock out on the wall clock: it stands still after scores and in breaks."""
    quarters_s = np.arange(QUARTER_S, REGULATION_S, QUARTER_S).tolist()
    overtimes_s = np.arange(REGULATION_S, end_s + 1, OVERTIME_S).tolist()
    breaks = [(period_end_s, None) for period_end_s in quarters_s + overtimes_s]
    stops = sorted([*scores, *breaks], key=lambda stop: stop[0])
    wall_s, clock_s, told = [0.0], [0.0], []
    for stop_s, score in stops:
        wall_s.append(wall_s[-1] + stop_s - clock_s[-1])
        clock_s.append(stop_s)
        if score is not None:
            told.append((wall_s[-1], score))
        if stop_s < end_s:
            wall_s.append(wall_s[-1] + _stoppage_s(rng, stop_s, is_break=score is None))
            clock_s.append(stop_s)
    return Game(line, total, told, wall_s, clock_s)


def _stoppage_s(rng: Generator, clock_s: float, *, is_break: bool) -> float:
    if is_break:
        return float(rng.uniform(*(HALF_TIME_S if clock_s == HALF_S else BREAK_S)))
    dead_s = float(rng.exponential(DEAD_BALL_S))
    if clock_s > REGULATION_S - LATE_S:
        dead_s *= LATE_SLOWDOWN
    return dead_s + (float(rng.uniform(*TIMEOUT_S)) if rng.random() < TIMEOUT_SHARE else 0.0)
