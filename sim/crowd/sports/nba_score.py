"""Who scores when in an NBA game, on the game clock.

Scores follow each other after log-normal gaps. The margin follows its expectation with a residual
that is pulled back to zero, as measured on 15,000 games: independent scores would be too calm
inside a game or too wide at its end. Near the end the team behind fouls and shoots for the tie:
twice as many games are level after 48 minutes as a smooth process would leave level.
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
# Overtime adds so many points to the average game, which the closing total foresees.
OVERTIME_POINTS = 1.9
# Log-normal gaps between scores: their spread, with that of overtimes, gives a total's s.d.
GAP_SIGMA = 0.625
# Scores never follow so closely that anybody hears of them in the wrong order.
MIN_GAP_S = 5.0
# How much of the residual margin is given back in one game. It differs between games, which is an
# assumption: it makes the tails as heavy as they were measured, with an excess kurtosis of 0.4.
PULL_MEDIAN = 0.70
PULL_SIGMA = 0.65
# How often the team that scored last scores next: below a half, as possession changes.
SCORER_CORRELATION = -0.295
# What the side that scored last loses again by that: the sum over all scores to come.
POSSESSION_POINTS = POINTS_MEAN * -SCORER_CORRELATION / (1 - SCORER_CORRELATION)
# The end-game, an assumption but for its effect on the share of overtimes: from so late on gaps
# shrink (fouls stop the clock), and a team behind by one score at most more often has the last
# word, and chooses the shot that levels.
LATE_S = 120.0
LATE_PACE = 0.8
MAX_LATE_LEAD = 8
LAST_S = 40.0
ONE_SCORE = 3
LAST_WORD = 0.165
LEVELLING_SHARE = 0.45
DRAWN_AT_ONCE = 160


class Chance(NamedTuple):
    """What is drawn for one score."""

    gap: float
    scorer: float
    size: int
    shot: float


def draw_scores(rng: Generator, line: float, total: float) -> list[tuple[float, Score]]:
    """Return every score with its game clock, overtimes included until one team leads."""
    pull = PULL_MEDIAN * exp(PULL_SIGMA * rng.standard_normal())
    gap_mean_s = CLOCK.regulation_s * POINTS_MEAN / (total - OVERTIME_POINTS)
    chances = _chances(rng, log(gap_mean_s) - GAP_SIGMA**2 / 2)
    scores: list[tuple[float, Score]] = []
    margin, points, scorer, clock_s, end_s = 0, 0, 0, 0.0, CLOCK.regulation_s
    while True:
        chance = next(chances)
        hurry = _is_late(clock_s, end_s) and abs(margin) <= MAX_LATE_LEAD
        clock_s += max(chance.gap * (LATE_PACE if hurry else 1.0), MIN_GAP_S)
        if clock_s >= end_s:
            if margin != 0:
                return scores
            end_s += CLOCK.overtime_s * ceil((clock_s - end_s) / CLOCK.overtime_s)
        expected = line - pull * (margin - clock_s / CLOCK.regulation_s * line)
        lean = expected * gap_mean_s / CLOCK.regulation_s / POINTS_MEAN
        is_last = end_s - clock_s < LAST_S and 0 < abs(margin) <= ONE_SCORE
        scorer = _scorer(chance, lean, scorer, margin if is_last else 0)
        size = _size(chance, scorer, margin if is_last else 0)
        margin += scorer * size
        points += size
        scores.append((clock_s, Score((points + margin) // 2, (points - margin) // 2)))


def _chances(rng: Generator, gap_log: float) -> Iterator[Chance]:
    """Yield what is drawn for one score after another, many drawn at once."""
    while True:
        yield from map(
            Chance,
            rng.lognormal(gap_log, GAP_SIGMA, DRAWN_AT_ONCE).tolist(),
            rng.random(DRAWN_AT_ONCE).tolist(),
            rng.choice(POINTS, DRAWN_AT_ONCE, p=POINTS_SHARES).tolist(),
            rng.random(DRAWN_AT_ONCE).tolist(),
        )


def _is_late(clock_s: float, end_s: float) -> bool:
    return end_s - clock_s < LATE_S


def _scorer(chance: Chance, lean: float, last: int, close_margin: int) -> int:
    """Return +1 for home, -1 for away; `lean` is the share of scores expected in favour."""
    tilt = (1 - SCORER_CORRELATION) * lean + SCORER_CORRELATION * last
    if close_margin:
        tilt -= LAST_WORD if close_margin > 0 else -LAST_WORD
    return 1 if chance.scorer < min(max((1 + tilt) / 2, 0.05), 0.95) else -1


def _size(chance: Chance, scorer: int, close_margin: int) -> int:
    """Return the points of a score; the team behind may choose those that level."""
    if scorer * close_margin < 0 and chance.shot < LEVELLING_SHARE:
        return abs(close_margin)
    return chance.size
