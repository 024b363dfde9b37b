"""The NHL: a minute is a turn, and may bring a goal. Uncalibrated, for lack of measured data.

Every figure here is an assumption. Goals fall at a constant rate; a team behind by one or two takes
its goaltender off for the last minutes, which brings goals on both sides; a tied game goes to an
overtime in which the first goal decides, and then to a shoot-out, whose winner gets one goal.
"""

from functools import lru_cache
from math import floor

import numpy as np
from numpy.random import Generator

from sim.crowd.arrays import Floats, Integers
from sim.crowd.game import Game, GameTimes, Points
from sim.crowd.sports.sport import MARKET_IDS, InPlayQuotes, Sport
from sim.crowd.sports.turn_prices import TurnPrices
from sim.crowd.sports.turn_signals import TurnSignals
from sim.crowd.sports.turn_wall_clock import TurnTiming, timed_game
from sim.crowd.sports.turns import Rules, Turn, TurnOutcome, leads, play_turns
from strategies.trading.model.units import NS_PER_SECOND

MINUTES = 60
# Five minutes of overtime, then a shoot-out, which takes five more.
CLOCK = GameTimes(3600.0, 600.0, sudden_death=True, shoot_out_s=300.0)

LINE = (0.25, 0.6)
TOTAL = (6.1, 0.4)
# Goals into empty nets and after a tie, which the expected total includes.
LATE_GOALS = 0.45
PUCK_LINE = 1.5
EMPTY_NET_MINUTES = 2
EMPTY_NET_BEHIND = 2
# Factors of the goal rate while a net is empty, for the team behind and for the other.
SIX_SKATERS, EMPTY_NET = 2.0, 6.0
OVERTIME_DECIDED = 0.65
# What the better team gains in overtime, in probability per goal of expected margin.
OVERTIME_EDGE = 0.05
MAX_LEAD = 14
MAX_POINTS = 25
# A minute is looked at every ten seconds of playing time.
SIGNALS = TurnSignals(looks=6, clarity=3.0)
MARGIN_SIGMA, TOTAL_SIGMA = 2.5, 2.4


def play(rng: Generator, line: float, total: float) -> Game:
    """Play a game with an expected home margin of `line` and an expected sum of `total`."""
    played = play_turns(rng, _rules(line, total), CLOCK, SIGNALS)
    return timed_game(rng, TIMING, played, line, total, _points(line, total))


def _points(line: float, total: float) -> Points:
    """Return a goal and a half to the favourite, and totals on halves."""
    spread = -PUCK_LINE if line > 0 else PUCK_LINE
    over = floor(total) + 0.5
    return Points.around(spread, over, 1)


@lru_cache(256)
def _rules(line: float, total: float) -> Rules:
    """Return the minutes of a game with this expected margin and total."""
    even_total = total - LATE_GOALS
    home, away = ((even_total + sign * line) / 2 / MINUTES for sign in (1, -1))
    everywhere = np.ones(2 * MAX_LEAD + 1)
    minute = _minute(home * everywhere, away * everywhere)
    lead = leads(MAX_LEAD)
    late = _minute(home * _late_factors(lead), away * _late_factors(-lead))
    edge = OVERTIME_EDGE * line
    overtime = _first_goal(OVERTIME_DECIDED, edge), _first_goal(1.0, 0.0)
    turns = (minute,) * (MINUTES - EMPTY_NET_MINUTES) + (late,) * EMPTY_NET_MINUTES
    return Rules(turns, overtime, 1)


def _minute(home: Floats, away: Floats) -> Turn:
    return Turn(MAX_LEAD, [TurnOutcome(1, 0, home), TurnOutcome(0, 1, away)], None)


def _late_factors(ahead: Integers) -> Floats:
    """Return the factor of a team's goal rate at each lead in the last minutes."""
    behind = (ahead < 0) & (ahead >= -EMPTY_NET_BEHIND)
    in_front = (ahead > 0) & (ahead <= EMPTY_NET_BEHIND)
    return np.select([behind, in_front], [SIX_SKATERS, EMPTY_NET], 1.0)


def _first_goal(decided: float, edge: float) -> Turn:
    """Return a turn that decides a tied game with this probability."""
    lead = leads(MAX_LEAD)
    tied = (lead == 0).astype(np.float64)
    home, away = (decided * (0.5 + sign * edge) * tied for sign in (1, -1))
    return Turn(MAX_LEAD, [TurnOutcome(1, 0, home), TurnOutcome(0, 1, away)], lead != 0)


TIMING = TurnTiming(
    CLOCK,
    turn_s=60.0,
    wall_s=112.0,
    wall_shape=2.0,
    breaks={1200.0: (1080.0, 1140.0), 2400.0: (1080.0, 1140.0), 3600.0: (60.0, 90.0)},
)

NHL = Sport(
    key="nhl",
    tournament="NHL",
    name="Ice Hockey",
    teams=(
        "Frost Harbor Foghorns",
        "Timber Falls Trappers",
        "Silverlake Skippers",
        "Birchwood Bears",
        "Northern Pike Pilgrims",
        "Glacier City Gulls",
    ),
    market_ids=MARKET_IDS,
    # 2026-01-13 00:00 UTC.
    scheduled_ns=1_768_262_400 * NS_PER_SECOND,
    in_play_delay_s=5.0,
    margin_sigma=MARGIN_SIGMA,
    total_sigma=TOTAL_SIGMA,
    line=LINE,
    total=TOTAL,
    play=play,
    fair=TurnPrices(
        lambda line, total: (_rules(line, total),),
        margin_sigma=MARGIN_SIGMA,
        total_sigma=TOTAL_SIGMA,
        max_points=MAX_POINTS,
    ),
    in_play_quotes=InPlayQuotes(width=2.3, level_factor=4.5),
)
