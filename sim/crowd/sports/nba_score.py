"""The scores of an NBA game, on the game clock.

Scores follow each other after log-normal gaps. The margin follows its expectation with a residual
that reverts to zero, as measured on 15,000 games: independent scores would vary too little within
a game or too much at its end. Near the end the team behind fouls and shoots for the tie: twice as
many games are tied after 48 minutes as a smooth process would leave tied.
"""

from collections.abc import Iterator
from math import ceil, exp, log
from typing import NamedTuple

from numpy.random import Generator

from sim.crowd.game import GameTimes, Score

CLOCK = GameTimes(regulation_s=2880.0, overtime_s=300.0)

POINTS = (1, 2, 3, 4)
POINTS_SHARES = (0.072, 0.680, 0.246, 0.002)
POINTS_MEAN = sum(size * share for size, share in zip(POINTS, POINTS_SHARES, strict=True))
# Mean points of overtimes per game, which the closing total includes.
OVERTIME_POINTS = 1.9
# Log-normal gaps between scores: their spread, with that of overtimes, gives a total's s.d.
GAP_SIGMA = 0.625
# Scores are at least this far apart, so that all who see them late see them in order.
MIN_GAP_S = 5.0
# Share of the residual margin that reverts in one game. That it differs between games is an
# assumption: it makes the tails as heavy as measured, with an excess kurtosis of 0.4.
REVERSION_MEDIAN = 0.70
REVERSION_SIGMA = 0.65
# Correlation between scorers of successive scores: negative, as possession changes.
SCORER_CORRELATION = -0.295
# The points by which the side that scored last falls back by that, over all scores to come.
POSSESSION_POINTS = POINTS_MEAN * -SCORER_CORRELATION / (1 - SCORER_CORRELATION)
# The end-game, fitted to the share of overtimes and otherwise assumed: in the last END_GAME_S gaps
# shrink, as fouls stop the clock; in the last LAST_SHOT_S a team behind by one score at most
# scores more often, and chooses the shot that ties.
END_GAME_S = 120.0
END_GAME_GAP_FACTOR = 0.8
MAX_RUSHED_LEAD = 8
LAST_SHOT_S = 40.0
ONE_SCORE = 3
LAST_SHOT_BIAS = 0.165
TYING_SHARE = 0.45
DRAW_BATCH = 160


class ScoreDraw(NamedTuple):
    """The random numbers of one score."""

    gap: float
    scorer: float
    size: int
    shot: float


def draw_scores(rng: Generator, line: float, total: float) -> list[tuple[float, Score]]:
    """Return every score with its game clock, overtimes included until one team leads."""
    reversion = REVERSION_MEDIAN * exp(REVERSION_SIGMA * rng.standard_normal())
    gap_mean_s = CLOCK.regulation_s * POINTS_MEAN / (total - OVERTIME_POINTS)
    draws = _score_draws(rng, log(gap_mean_s) - GAP_SIGMA**2 / 2)
    scores: list[tuple[float, Score]] = []
    margin, points, scorer, clock_s, end_s = 0, 0, 0, 0.0, CLOCK.regulation_s
    while True:
        draw = next(draws)
        is_rushed = _is_end_game(clock_s, end_s) and abs(margin) <= MAX_RUSHED_LEAD
        clock_s += max(draw.gap * (END_GAME_GAP_FACTOR if is_rushed else 1.0), MIN_GAP_S)
        if clock_s >= end_s:
            if margin != 0:
                return scores
            end_s += CLOCK.overtime_s * ceil((clock_s - end_s) / CLOCK.overtime_s)
        expected = line - reversion * (margin - clock_s / CLOCK.regulation_s * line)
        lean = expected * gap_mean_s / CLOCK.regulation_s / POINTS_MEAN
        is_last = end_s - clock_s < LAST_SHOT_S and 0 < abs(margin) <= ONE_SCORE
        scorer = _scorer(draw, lean, scorer, margin if is_last else 0)
        size = _size(draw, scorer, margin if is_last else 0)
        margin += scorer * size
        points += size
        scores.append((clock_s, Score((points + margin) // 2, (points - margin) // 2)))


def _score_draws(rng: Generator, gap_log: float) -> Iterator[ScoreDraw]:
    """Yield the random numbers of one score after another, drawn in batches."""
    while True:
        yield from map(
            ScoreDraw,
            rng.lognormal(gap_log, GAP_SIGMA, DRAW_BATCH).tolist(),
            rng.random(DRAW_BATCH).tolist(),
            rng.choice(POINTS, DRAW_BATCH, p=POINTS_SHARES).tolist(),
            rng.random(DRAW_BATCH).tolist(),
        )


def _is_end_game(clock_s: float, end_s: float) -> bool:
    return end_s - clock_s < END_GAME_S


def _scorer(draw: ScoreDraw, lean: float, last: int, close_margin: int) -> int:
    """Return +1 for home, -1 for away; `lean` is the expected share of home less that of away."""
    tilt = (1 - SCORER_CORRELATION) * lean + SCORER_CORRELATION * last
    if close_margin:
        tilt -= LAST_SHOT_BIAS if close_margin > 0 else -LAST_SHOT_BIAS
    return 1 if draw.scorer < min(max((1 + tilt) / 2, 0.05), 0.95) else -1


def _size(draw: ScoreDraw, scorer: int, close_margin: int) -> int:
    """Return the points of a score; the team behind may choose those that tie the game."""
    if scorer * close_margin < 0 and draw.shot < TYING_SHARE:
        return abs(close_margin)
    return draw.size
