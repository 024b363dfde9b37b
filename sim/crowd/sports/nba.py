"""The NBA: the expectations of its games, and the points on offer."""

from math import floor

from numpy.random import Generator

from sim.crowd.game import Game, Points
from sim.crowd.sports.nba_fair import fair
from sim.crowd.sports.nba_score import CLOCK, POSSESSION_POINTS, draw_scores
from sim.crowd.sports.nba_wall_clock import wall_times
from sim.crowd.sports.sport import MARKET_IDS, Sport
from strategies.trading.model.units import NS_PER_SECOND

# Mean and s.d. of expectations over games. Closing lines were measured with a s.d. of 6.4 in the
# less variable years; the margins of all years require 7.2. Totals are at the level of 2016-17.
LINE = (2.4, 7.2)
TOTAL = (212.0, 8.0)
POINT_STEP = 3


def play(rng: Generator, line: float, total: float) -> Game:
    """Play a game with an expected home margin of `line` and an expected sum of `total`."""
    times = wall_times(rng, draw_scores(rng, line, total))
    return Game(line, total, _points(line, total), CLOCK, *times)


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
    possession_points=POSSESSION_POINTS,
)
