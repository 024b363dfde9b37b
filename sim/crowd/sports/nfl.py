"""The NFL: a drive is a turn, and ends in nothing, a field goal, or a touchdown.

Teams have the ball in turn. Near the end they play for what they need: the leader for time, a team
behind by a field goal for that, one further behind for touchdowns only. That is why many games are
decided by three points. A team far ahead plays for time too, so that a favourite which covers does
not bring more points. Of 40,000 simulated games 5.8 % go to an overtime and 0.31 % are tied
after it; of 1,602 real ones of 2011 to 2016 it were 6.3 % and 0.31 %, which is five. Assumed, not
measured: the individual probabilities below, that a game has twenty drives of three minutes, and
that an overtime is plain sudden death.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import floor

import numpy as np
from numpy.random import Generator

from sim.crowd.arrays import Floats
from sim.crowd.game import Game, GameTimes, Points
from sim.crowd.sports.sport import MARKET_IDS, InPlayQuotes, Sport
from sim.crowd.sports.turn_prices import TurnPrices
from sim.crowd.sports.turn_signals import TurnSignals
from sim.crowd.sports.turn_wall_clock import TurnTiming, timed_game
from sim.crowd.sports.turns import Rules, Turn, TurnOutcome, leads, play_turns
from strategies.trading.model.units import NS_PER_SECOND

CLOCK = GameTimes(3600.0, 600.0, sudden_death=True)
DRIVES = 20
HALF = DRIVES // 2
OVERTIME_DRIVES = 3
# The last drives, in which the score decides what is tried.
END_GAME_DRIVES = 3

BREAK_S, HALF_TIME_S = (120.0, 150.0), (780.0, 840.0)

LINE = (2.75, 6.35)
TOTAL = (46.0, 4.0)
# Points that the end-game, overtimes included, costs against twenty equal drives.
END_GAME_POINTS = 1.6
# Lines within this distance of a key number are offered on it, else this share on a whole one.
KEY_NUMBERS = {3.0: 1.0, 7.0: 0.75}
WHOLE_SHARE = 0.6
POINT_STEP = 3

FIELD_GOAL = 0.122
FIELD_GOAL_POINTS = 3
KICK, TWO_POINTS = 0.95, 0.48
# Scores by the defence: an interception returned for a touchdown, and a safety.
RETURNED = 0.007
SAFETY = 0.003
MAX_LEAD = 45
MAX_POINTS = 110
# A drive is looked at every fifteen seconds of playing time: about once a play.
SIGNALS = TurnSignals(looks=12, clarity=3.0)
MARGIN_SIGMA, TOTAL_SIGMA = 13.3, 13.2

# Leads after a touchdown at which a team goes for two points late in the game.
TWO_POINT_LEADS = (-10, -5, -2, 1, 5)
ONE_SCORE = 8
# The end-game, as factors of the probabilities of touchdowns and field goals, by who is ahead.
FAR_AHEAD = (0.5, 0.6)
LEADING = (0.55, 0.8)
BEHIND_BY_FIELD_GOAL = (0.6, 3.7)
BEHIND_BY_MORE = (0.9, 0.2)


def play(rng: Generator, line: float, total: float) -> Game:
    """Play a game with an expected home margin of `line` and an expected sum of `total`."""
    played = play_turns(rng, _rules_by_receiver(line, total)[int(rng.integers(2))], CLOCK, SIGNALS)
    return timed_game(rng, TIMING, played, line, total, _points(rng, line, total))


def _points(rng: Generator, line: float, total: float) -> Points:
    """Return the points on offer; the main spread is whole in about half of the games."""
    spread = -_offered_line(line, whole=bool(rng.random() < WHOLE_SHARE))
    over = floor(total) + 0.5
    return Points.around(spread, over, POINT_STEP)


def _offered_line(line: float, *, whole: bool) -> float:
    """Return the line on offer: a key number, a whole one, or a half."""
    for key, distance in KEY_NUMBERS.items():
        if abs(abs(line) - key) < distance:
            return key if line > 0 else -key
    return float(round(line)) if whole else floor(line) + 0.5


@lru_cache(256)
def _rules_by_receiver(line: float, total: float) -> tuple[Rules, Rules]:
    """Return the rules with home receiving first, and those with away receiving first."""
    full_total = total + END_GAME_POINTS
    home, away = (full_total + line) / DRIVES, (full_total - line) / DRIVES
    drives = _drive(home, 1), _drive(away, -1)
    late = _end_game_drive(home, 1), _end_game_drive(away, -1)
    tied = leads(MAX_LEAD) == 0
    sudden = tuple(Turn(MAX_LEAD, drive.outcomes, ~tied) for drive in late)
    return _rules(drives, late, sudden), _rules(drives[::-1], late[::-1], sudden[::-1])


def _rules(drives: Sequence[Turn], late: Sequence[Turn], sudden: Sequence[Turn]) -> Rules:
    """Return the rules of a game in which the first team of `drives` receives first."""
    first_half = tuple(drives[drive % 2] for drive in range(HALF))
    second_half = [drives[(drive + 1) % 2] for drive in range(HALF - END_GAME_DRIVES)]
    second_half += [late[(drive + 1) % 2] for drive in range(HALF - END_GAME_DRIVES, HALF)]
    overtime = tuple(sudden[drive % 2] for drive in range(OVERTIME_DRIVES))
    return Rules(first_half + tuple(second_half), overtime, 1)


def _drive(mean: float, side: int) -> Turn:
    """Return a drive of home (side 1) or away (-1) with a mean of `mean` points."""
    everywhere = np.ones(2 * MAX_LEAD + 1)
    kicked = {7: KICK * everywhere, 6: (1 - KICK) * everywhere}
    return _turn(side, _touchdown(mean), kicked, FIELD_GOAL * everywhere)


def _end_game_drive(mean: float, side: int) -> Turn:
    """Return a drive of the end-game, in which the lead decides what is tried."""
    ahead = side * leads(MAX_LEAD)
    cases = [ahead > ONE_SCORE, ahead > 0, ahead >= -FIELD_GOAL_POINTS]
    touchdowns, field_goals = (
        np.select(
            cases,
            [FAR_AHEAD[kind], LEADING[kind], BEHIND_BY_FIELD_GOAL[kind]],
            BEHIND_BY_MORE[kind],
        )
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
    """Return the probability of a touchdown for which a drive has this mean of points."""
    against = RETURNED * 7 + SAFETY * 2
    return max(mean - FIELD_GOAL * FIELD_GOAL_POINTS - against, 0.1) / (6 + KICK)


def _turn(
    side: int, touchdown: float, conversions: Mapping[int, Floats], field_goals: Floats
) -> Turn:
    """Return a drive of home (side 1) or away (-1) with probabilities by lead."""
    own = {points: touchdown * shares for points, shares in conversions.items()}
    own[FIELD_GOAL_POINTS] = field_goals
    everywhere = np.ones_like(field_goals)
    other = {7: RETURNED * everywhere, 2: SAFETY * everywhere}
    home, away = (own, other) if side > 0 else (other, own)
    outcomes = [TurnOutcome(points, 0, probabilities) for points, probabilities in home.items()]
    outcomes += [TurnOutcome(0, points, probabilities) for points, probabilities in away.items()]
    return Turn(MAX_LEAD, outcomes, None)


TIMING = TurnTiming(
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
    line=LINE,
    total=TOTAL,
    play=play,
    fair=TurnPrices(
        _rules_by_receiver,
        margin_sigma=MARGIN_SIGMA,
        total_sigma=TOTAL_SIGMA,
        max_points=MAX_POINTS,
    ),
    in_play_quotes=InPlayQuotes(width=3.5, level_factor=4.5),
)
