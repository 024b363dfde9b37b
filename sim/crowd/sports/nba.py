"""The NBA: the expectations of its games, and the points on offer."""

from math import floor

import numpy as np
from numpy.random import Generator

from sim.crowd.game import Game, Points
from sim.crowd.sports.nba_fair import fair
from sim.crowd.sports.nba_score import CLOCK, draw_scores
from sim.crowd.sports.nba_wall_clock import wall_times
from sim.crowd.sports.sport import MARKET_IDS, Sport
from strategies.trading.model.units import NS_PER_SECOND

# Mean and s.d. of expectations over games. Closing lines were measured with a s.d. of 6.4 in the
# less variable years; the margins of all years require 7.2. Totals are at the level of 2016-17.
LINE = (2.4, 7.2)
TOTAL = (212.0, 8.0)
POINT_STEP = 3
# Prices of the last ten minutes were measured to be too near to even, second hand: by 1.62.
LATE_SLOPE = 1.6
# The clock stops at a score: what is seen with it is seen before that.
BEFORE_STOPPAGE_S = 1e-6


def play(rng: Generator, line: float, total: float) -> Game:
    """Play a game with an expected home margin of `line` and an expected sum of `total`."""
    played = draw_scores(rng, line, total)
    times = wall_times(rng, played.scores)
    clocks_s = [clock_s - BEFORE_STOPPAGE_S for clock_s, _ in played.situations]
    seen_s = np.interp(clocks_s, times.clock_s, times.wall_s).tolist()
    situations = [
        (at_s, situation) for at_s, (_, situation) in zip(seen_s, played.situations, strict=True)
    ]
    return Game(line, total, _points(line, total), CLOCK, *times, situations)


def _points(line: float, total: float) -> Points:
    """Return points on halves: the main ones nearest to the expectation, and two outer ones."""
    spread, over = -(floor(line) + 0.5), floor(total) + 0.5
    return Points.around(spread, over, POINT_STEP)


NBA = Sport(
    key="nba",
    tournament="NBA",
    name="Basketball",
    teams=(
        "Lakeview Lanterns",
        "Harbor City Herons",
        "Cinder Falls Comets",
        "Port Ellis Pilots",
        "Granite Bay Giants",
        "Wexford Wolves",
    ),
    market_ids=MARKET_IDS,
    # 2026-01-15 00:30 UTC.
    scheduled_ns=1_768_437_000 * NS_PER_SECOND,
    in_play_delay_s=5.0,
    margin_sigma=12.0,
    total_sigma=17.2,
    line=LINE,
    total=TOTAL,
    play=play,
    fair=fair,
    late_slope=LATE_SLOPE,
)
