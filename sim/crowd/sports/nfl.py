"""The NFL: a drive is a turn, and ends in nothing, a field goal, or a touchdown.

Teams have the ball in turn. Near the end they play for what they need: the leader for time, a team
behind by a field goal for that, one further behind for touchdowns only. That is why three points
decide so many games. Assumed, and not measured: the chances below but for what they bring about,
that a game has twenty drives of three minutes, and that an overtime is plain sudden death.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import floor

import numpy as np
from numpy.random import Generator

from sim.crowd.game import Game, GameTimes, Points
from sim.crowd.sports.sport import MARKET_IDS, Sport
from sim.crowd.sports.turn_prices import TurnPrices
from sim.crowd.sports.turn_wall_clock import TurnPace, lay_out
from sim.crowd.sports.turns import Floats, Rules, Turn, TurnOutcome, leads, play_turns
from strategies.trading.model.units import NS_PER_SECOND

CLOCK = GameTimes(3600.0, 600.0, sudden_death=True)
DRIVES = 20
HALF = DRIVES // 2
OVERTIME_DRIVES = 3
# So many of the last drives are played for the score.
LATE_DRIVES = 3

BREAK_S, HALF_TIME_S = (120.0, 150.0), (780.0, 840.0)

LINE = (2.75, 6.35)
TOTAL = (46.0, 4.0)
# Points that the end-game takes away, overtimes included, from drives that are all alike.
END_GAME_POINTS = 0.5
# Lines hang on key numbers when they are so near, else on a whole number so often.
KEY_NUMBERS = {3.0: 1.0, 7.0: 0.75}
WHOLE_SHARE = 0.6
APART = 3

FIELD_GOAL = 0.18
FIELD_GOAL_POINTS = 3
KICK, TWO_POINTS = 0.95, 0.48
# By the other side: an interception carried back, a safety.
CARRIED_BACK = 0.007
SAFETY = 0.003
MAX_LEAD = 45
MAX_POINTS = 110
MARGIN_SIGMA, TOTAL_SIGMA = 13.3, 13.2

# Leads after a touchdown at which two points are tried for late in the game.
TWO_POINT_LEADS = (-10, -5, -2, 1, 5)
ONE_SCORE = 8
# The end-game, as factors of the chances of touchdowns and field goals, by who is ahead.
LEADING = (0.5, 0.6)
WITHIN_A_FIELD_GOAL = (0.6, 2.4)
FURTHER_BEHIND = (1.2, 0.2)


def draw_game(rng: Generator) -> Game:
    """Draw what is expected of a game, and play it."""
    line, total = float(rng.normal(*LINE)), float(rng.normal(*TOTAL))
    played = play_turns(rng, _ways(line, total)[int(rng.integers(2))], CLOCK)
    return lay_out(rng, PACE, played, line, total, _points(rng, line, total))


def _points(rng: Generator, line: float, total: float) -> Points:
    """Return points of which the main spread is a whole one about every second time."""
    spread = -_hung(line, whole=bool(rng.random() < WHOLE_SHARE))
    over = floor(total) + 0.5
    return Points((spread, spread - APART, spread + APART), (over, over - APART, over + APART))


def _hung(line: float, *, whole: bool) -> float:
    """Return the line as it is offered: on a key number, a whole one, or a half."""
    for key, reach in KEY_NUMBERS.items():
        if abs(abs(line) - key) < reach:
            return key if line > 0 else -key
    return float(round(line)) if whole else floor(line) + 0.5


@lru_cache(256)
def _ways(line: float, total: float) -> tuple[Rules, Rules]:
    """Return both ways to begin: home or away has the ball first, the other after half-time."""
    pace = total + END_GAME_POINTS
    home, away = (pace + line) / DRIVES, (pace - line) / DRIVES
    drives = _drive(home, 1), _drive(away, -1)
    late = _late_drive(home, 1), _late_drive(away, -1)
    level = leads(MAX_LEAD) == 0
    sudden = tuple(Turn(MAX_LEAD, drive.outcomes, ~level) for drive in late)
    return _way(drives, late, sudden), _way(drives[::-1], late[::-1], sudden[::-1])


def _way(drives: Sequence[Turn], late: Sequence[Turn], sudden: Sequence[Turn]) -> Rules:
    """Return a game in which the first of two teams has the ball first."""
    first_half = tuple(drives[drive % 2] for drive in range(HALF))
    second_half = [drives[(drive + 1) % 2] for drive in range(HALF - LATE_DRIVES)]
    second_half += [late[(drive + 1) % 2] for drive in range(HALF - LATE_DRIVES, HALF)]
    overtime = tuple(sudden[drive % 2] for drive in range(OVERTIME_DRIVES))
    return Rules(first_half + tuple(second_half), overtime, 1)


def _drive(mean: float, side: int) -> Turn:
    """Return a drive of home (side 1) or away (-1) that brings so many points in the mean."""
    everywhere = np.ones(2 * MAX_LEAD + 1)
    kicked = {7: KICK * everywhere, 6: (1 - KICK) * everywhere}
    return _turn(side, _touchdown(mean), kicked, FIELD_GOAL * everywhere)


def _late_drive(mean: float, side: int) -> Turn:
    """Return a drive of the end-game: what is tried depends on who is ahead, by how much."""
    ahead = side * leads(MAX_LEAD)
    cases = [ahead > ONE_SCORE, ahead > 0, ahead >= -FIELD_GOAL_POINTS]
    touchdowns, field_goals = (
        np.select(cases, [1.0, LEADING[kind], WITHIN_A_FIELD_GOAL[kind]], FURTHER_BEHIND[kind])
        for kind in (0, 1)
    )
    goes_for_two = np.isin(ahead + 6, TWO_POINT_LEADS)
    conversions = {
        8: np.where(goes_for_two, TWO_POINTS, 0.0),
        7: np.where(goes_for_two, 0.0, KICK),
        6: np.where(goes_for_two, 1 - TWO_POINTS, 1 - KICK),
    }
    tried = {points: share * touchdowns for points, share in conversions.items()}
    return _turn(side, _touchdown(mean), tried, FIELD_GOAL * field_goals)


def _touchdown(mean: float) -> float:
    """Return the chance of a touchdown that brings the mean about."""
    against = CARRIED_BACK * 7 + SAFETY * 2
    return max(mean - FIELD_GOAL * FIELD_GOAL_POINTS - against, 0.1) / (6 + KICK)


def _turn(
    side: int, touchdown: float, conversions: Mapping[int, Floats], field_goals: Floats
) -> Turn:
    """Return a drive of home (side 1) or away (-1) with chances by lead."""
    own = {points: touchdown * shares for points, shares in conversions.items()}
    own[FIELD_GOAL_POINTS] = field_goals
    everywhere = np.ones_like(field_goals)
    other = {7: CARRIED_BACK * everywhere, 2: SAFETY * everywhere}
    home, away = (own, other) if side > 0 else (other, own)
    outcomes = [TurnOutcome(points, 0, chances) for points, chances in home.items()]
    outcomes += [TurnOutcome(0, points, chances) for points, chances in away.items()]
    return Turn(MAX_LEAD, outcomes, None)


PACE = TurnPace(
    CLOCK,
    turn_s=CLOCK.regulation_s / DRIVES,
    wall_s=510.0,
    wall_shape=8.0,
    breaks={900.0: BREAK_S, 1800.0: HALF_TIME_S, 2700.0: BREAK_S, 3600.0: BREAK_S},
)

NFL = Sport(
    key="nfl",
    tournament="NFL",
    name="American Football",
    teams=(
        "Ironwood Armadillos",
        "Stonebridge Sentinels",
        "Bayview Barracudas",
        "Prairie City Plowmen",
        "Redcliff Ravagers",
        "Summit Stags",
    ),
    market_ids=MARKET_IDS,
    # 2026-01-11 18:00 UTC.
    scheduled_ns=1_768_154_400 * NS_PER_SECOND,
    in_play_delay_s=5.0,
    margin_sigma=MARGIN_SIGMA,
    total_sigma=TOTAL_SIGMA,
    draw_game=draw_game,
    fair=TurnPrices(
        _ways, margin_sigma=MARGIN_SIGMA, total_sigma=TOTAL_SIGMA, max_points=MAX_POINTS
    ),
)
