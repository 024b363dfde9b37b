"""The NBA: what is expected of its games, and what is offered on them."""

from math import floor

from numpy.random import Generator

from sim.crowd.game import Game, Points
from sim.crowd.sports.nba_fair import fair
from sim.crowd.sports.nba_score import CLOCK, POSSESSION_POINTS, draw_scores
from sim.crowd.sports.nba_wall_clock import lay_out
from sim.crowd.sports.sport import MARKET_IDS, Sport
from strategies.trading.model.units import NS_PER_SECOND

# Mean and s.d. over games of what is expected of them. Closing lines were measured with a s.d. of
# 6.4 in quieter years; margins of all years want 7.2. The level of the totals is that of 2016-17.
LINE = (2.4, 7.2)
TOTAL = (212.0, 8.0)
APART = 3


def draw_game(rng: Generator) -> Game:
    """Draw what is expected of a game, and play it."""
    return play(rng, line=float(rng.normal(*LINE)), total=float(rng.normal(*TOTAL)))


def play(rng: Generator, *, line: float, total: float) -> Game:
    """Play a game in which the home team is expected to win by `line` and both to score `total`."""
    course = lay_out(rng, draw_scores(rng, line, total))
    return Game(line, total, _points(line, total), CLOCK, *course)


def _points(line: float, total: float) -> Points:
    """Return points on halves, the main ones nearest to what is expected, two more each."""
    spread, over = -(floor(line) + 0.5), floor(total) + 0.5
    return Points((spread, spread - APART, spread + APART), (over, over - APART, over + APART))


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
    draw_game=draw_game,
    fair=fair,
    possession_points=POSSESSION_POINTS,
)
