"""The scores of an NBA game, on the game clock, and who had the ball between them.

Scores follow each other after log-normal gaps. The margin follows its expectation with a residual
that reverts to zero, as measured on 15,000 games: independent scores would vary too little within
a game or too much at its end. On top of that the players in play change, so that one team is
better than expected for some minutes. Near the end the team behind fouls and shoots for the tie:
twice as many games are tied after 48 minutes as a smooth process would leave tied.

The ball goes to the other side after a score, and again after an attempt that fails. How often it
failed follows from the gap and from who scores next, so that whoever has the ball is the likelier
next scorer by just the correlation between scorers.
"""

from collections.abc import Iterator
from math import ceil, exp, log, sqrt
from typing import NamedTuple

from numpy.random import Generator

from sim.crowd.game import GameTimes, Score, Situation

CLOCK = GameTimes(regulation_s=2880.0, overtime_s=300.0)

POINTS = (1, 2, 3, 4)
POINTS_SHARES = (0.072, 0.680, 0.246, 0.002)
POINTS_MEAN = sum(size * share for size, share in zip(POINTS, POINTS_SHARES, strict=True))
# Mean points of overtimes per game, which the closing total includes.
OVERTIME_POINTS = 1.9
# Mean points that the shorter gaps of the end-game add.
END_GAME_POINTS = 2.0
# Log-normal gaps between scores: their spread, with that of overtimes, gives a total's s.d.
GAP_SIGMA = 0.6
# Scores are at least this far apart, so that all who see them late see them in order.
MIN_GAP_S = 5.0
# Share of the residual margin that reverts in one game. That it differs between games is an
# assumption: it makes the tails as heavy as measured, with an excess kurtosis of 0.4.
REVERSION_MEDIAN = 0.70
REVERSION_SIGMA = 0.65
# Correlation between scorers of successive scores: negative, as possession changes.
SCORER_CORRELATION = -0.295
# How long an attempt to score takes: with this, whoever has the ball scores next about as often as
# the correlation says, and is the likelier one after a first attempt that failed too.
ATTEMPT_S = 15.0
# The players in play: s.d. of what a line-up is better than expected, in points a regulation,
# and how long one stays. With that the first three quarters vary as much as measured; in the last
# one both teams play their best.
STRENGTH_SIGMA = 14.0
STRENGTH_MEMORY_S = 300.0
# Of that, what the first line-up differs by: more of it was expected.
FIRST_STRENGTH = 0.65
LAST_QUARTER_S = 720.0
LAST_QUARTER_STRENGTH = 0.0
# The end-game, fitted to the share of overtimes and otherwise assumed: in the last END_GAME_S gaps
# shrink, as fouls stop the clock; in the last LAST_SHOT_S a team behind by one score at most
# scores more often, and chooses the shot that ties.
END_GAME_S = 120.0
END_GAME_GAP_FACTOR = 0.6
MAX_RUSHED_LEAD = 8
LAST_QUARTER_CORRELATION = -0.38
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
    line_up: float


class PlayedScores(NamedTuple):
    """Every score with its game clock, and the situation from each time on."""

    scores: list[tuple[float, Score]]
    situations: list[tuple[float, Situation]]


def draw_scores(rng: Generator, line: float, total: float) -> PlayedScores:
    """Return a game, overtimes included until one team leads."""
    reversion = REVERSION_MEDIAN * exp(REVERSION_SIGMA * rng.standard_normal())
    gap_mean_s = CLOCK.regulation_s * POINTS_MEAN / (total - OVERTIME_POINTS - END_GAME_POINTS)
    draws = _score_draws(rng, log(gap_mean_s) - GAP_SIGMA**2 / 2)
    played = PlayedScores([], [])
    margin, points, scorer, clock_s, end_s = 0, 0, 0, 0.0, CLOCK.regulation_s
    strength = FIRST_STRENGTH * STRENGTH_SIGMA * float(rng.standard_normal())
    while True:
        draw = next(draws)
        before_s, is_rushed = clock_s, _is_end_game(clock_s, end_s) and _is_close(margin)
        clock_s += max(draw.gap * (END_GAME_GAP_FACTOR if is_rushed else 1.0), MIN_GAP_S)
        if clock_s >= end_s:
            if margin != 0:
                return played
            end_s += CLOCK.overtime_s * ceil((clock_s - end_s) / CLOCK.overtime_s)
        expected = line - reversion * (margin - clock_s / CLOCK.regulation_s * line) + strength
        lean = expected * gap_mean_s / CLOCK.regulation_s / POINTS_MEAN
        is_last = end_s - clock_s < LAST_SHOT_S and 0 < abs(margin) <= ONE_SCORE
        last = scorer
        correlation = LAST_QUARTER_CORRELATION if _is_late(clock_s) else SCORER_CORRELATION
        scorer = _scorer(draw, lean, correlation * last, margin if is_last else 0)
        if last:
            played.situations.extend(_failed_attempts(before_s, clock_s, last, scorer, strength))
        strength = _next_strength(draw, strength, before_s, clock_s)
        size = _size(draw, scorer, margin if is_last else 0)
        margin += scorer * size
        points += size
        played.scores.append((clock_s, Score((points + margin) // 2, (points - margin) // 2)))
        played.situations.append((clock_s, Situation(-scorer, strength)))


def _score_draws(rng: Generator, gap_log: float) -> Iterator[ScoreDraw]:
    """Yield the random numbers of one score after another, drawn in batches."""
    while True:
        yield from map(
            ScoreDraw,
            rng.lognormal(gap_log, GAP_SIGMA, DRAW_BATCH).tolist(),
            rng.random(DRAW_BATCH).tolist(),
            rng.choice(POINTS, DRAW_BATCH, p=POINTS_SHARES).tolist(),
            rng.random(DRAW_BATCH).tolist(),
            rng.standard_normal(DRAW_BATCH).tolist(),
        )


def _failed_attempts(
    from_s: float, to_s: float, last: int, scorer: int, strength: float
) -> Iterator[tuple[float, Situation]]:
    """Yield each change of the ball between two scores, evenly spread.

    Their number is the one nearest to what fits into the gap, of those after which the next scorer
    has the ball.
    """
    odd = int(scorer == last)
    changes = max(odd, odd + 2 * round(((to_s - from_s) / ATTEMPT_S - 1 - odd) / 2))
    for change in range(1, changes + 1):
        ball = -last if change % 2 == 0 else last
        yield from_s + (to_s - from_s) * change / (changes + 1), Situation(ball, strength)


def _next_strength(draw: ScoreDraw, strength: float, from_s: float, to_s: float) -> float:
    """Return the strength of the line-up after some time; better ones are less different late."""
    kept = exp((from_s - to_s) / STRENGTH_MEMORY_S)
    sigma = STRENGTH_SIGMA * (LAST_QUARTER_STRENGTH if _is_late(to_s) else 1.0)
    return kept * strength + sigma * sqrt(1 - kept**2) * draw.line_up


def _is_late(clock_s: float) -> bool:
    return clock_s >= CLOCK.regulation_s - LAST_QUARTER_S


def _is_close(margin: int) -> bool:
    return abs(margin) <= MAX_RUSHED_LEAD


def _is_end_game(clock_s: float, end_s: float) -> bool:
    return end_s - clock_s < END_GAME_S


def _scorer(draw: ScoreDraw, lean: float, after: float, close_margin: int) -> int:
    """Return +1 for home, -1 for away.

    `lean` is the expected share of home less that of away, `after` what the last score adds to it.
    """
    tilt = (1 - SCORER_CORRELATION) * lean + after
    if close_margin:
        tilt -= LAST_SHOT_BIAS if close_margin > 0 else -LAST_SHOT_BIAS
    return 1 if draw.scorer < min(max((1 + tilt) / 2, 0.05), 0.95) else -1


def _size(draw: ScoreDraw, scorer: int, close_margin: int) -> int:
    """Return the points of a score; the team behind may choose those that tie the game."""
    if scorer * close_margin < 0 and draw.shot < TYING_SHARE:
        return abs(close_margin)
    return draw.size
