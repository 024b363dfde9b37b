"""Major league baseball: an out is a turn, and before it falls there may be runs.

Runs before an out are negative binomial, which spreads them as real scores are spread. The home
team bats last: it does not bat when it leads, and its last run ends the game. Extra innings are as
any other. Not measured, and assumed: the spread of expectations, that every out is alike, and how
many runs the hit that ends a game may bring.
"""

from functools import lru_cache
from math import floor

import numpy as np
from numpy.random import Generator

from sim.crowd.game import Game, GameTimes, Points
from sim.crowd.sports.sport import Sport
from sim.crowd.sports.turn_prices import TurnPrices
from sim.crowd.sports.turn_wall_clock import TurnPace, lay_out
from sim.crowd.sports.turns import Floats, Rules, Turn, TurnOutcome, leads, play_turns
from strategies.trading.model.ids import MarketId
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.units import NS_PER_SECOND

OUTS_OF_A_TEAM = 27
OUTS_OF_AN_INNING = 3
INNINGS = 9
OUT_S = 180.0
CLOCK = GameTimes(2 * OUTS_OF_A_TEAM * OUT_S, 2 * OUTS_OF_AN_INNING * OUT_S)
INNING_BREAK_S = (120.0, 155.0)
HALF_INNING_S = OUTS_OF_AN_INNING * OUT_S
# No game has as many half-innings.
MAX_HALVES = 60

# What the home team would win by if it always batted, and the runs of both; mean and s.d.
LINE = (0.40, 0.95)
TOTAL = (8.89, 0.4)
# Runs that the home team does not make because it does not bat, less those of extra innings.
UNPLAYED = 0.25
# The total on offer follows what is expected only so closely; its price makes up for the rest.
TOTAL_POINT = (-0.41, 1.0)
WHOLE_SHARE = 0.62
RUN_LINE = 1.5
# Variance of a team's runs over their mean.
DISPERSION = 2.48
MAX_RUNS = 8
MAX_LEAD = 22
MAX_POINTS = 45
# How often runs beyond the winning one count: the last hit is a home run.
HOME_RUN_SHARE = 0.65
MARGIN_SIGMA, TOTAL_SIGMA = 4.3, 4.5


def draw_game(rng: Generator) -> Game:
    """Draw what is expected of a game, and play it."""
    line, total = float(rng.normal(*LINE)), float(rng.normal(*TOTAL))
    played = play_turns(rng, _rules(line, total), CLOCK)
    return lay_out(rng, PACE, played, line, total, _points(rng, line, total))


def _points(rng: Generator, line: float, total: float) -> Points:
    """Return a run and a half to the favourite, and a total on a half or on a whole."""
    spread = -RUN_LINE if line > 0 else RUN_LINE
    hung = total + rng.normal(*TOTAL_POINT)
    over = float(round(hung)) if rng.random() < WHOLE_SHARE else floor(hung) + 0.5
    return Points((spread, spread - 1, spread + 1), (over, over - 1, over + 1))


@lru_cache(256)
def _rules(line: float, total: float) -> Rules:
    """Return the outs of a game in which home and away would score so much in 27 outs each."""
    batted = total + UNPLAYED
    home, away = _runs((batted + line) / 2), _runs((batted - line) / 2)
    top = Turn(MAX_LEAD, [TurnOutcome(0, runs, chance) for runs, chance in away], None)
    bottom = Turn(MAX_LEAD, [TurnOutcome(runs, 0, chance) for runs, chance in home], None)
    last = _last_bottom(home)
    inning = (top,) * OUTS_OF_AN_INNING + (bottom,) * OUTS_OF_AN_INNING
    last_inning = (top,) * OUTS_OF_AN_INNING + (last,) * OUTS_OF_AN_INNING
    return Rules(inning * (INNINGS - 1) + last_inning, last_inning, None)


def _runs(mean: float) -> list[tuple[int, Floats]]:
    """Return the chances of runs before one out, at every lead, for a mean over 27 outs."""
    shape = max(mean, 0.5) / OUTS_OF_A_TEAM / (DISPERSION - 1)
    share = 1 - 1 / DISPERSION
    chance = (1 - share) ** shape
    chances = []
    for runs in range(1, MAX_RUNS + 1):
        chance *= (shape + runs - 1) / runs * share
        chances.append((runs, np.full(2 * MAX_LEAD + 1, chance)))
    return chances


def _last_bottom(home: list[tuple[int, Floats]]) -> Turn:
    """Return an out of the last half-inning: few runs beyond the winning one count."""
    lead = leads(MAX_LEAD)
    outcomes = []
    for runs, chances in home:
        beyond = np.sum([chance for drawn, chance in home if drawn > runs], axis=0)
        wins_by = lead + runs
        counted = np.where(wins_by > 1, HOME_RUN_SHARE * chances, chances)
        counted += np.where(wins_by == 1, (1 - HOME_RUN_SHARE) * beyond, 0.0)
        outcomes.append(TurnOutcome(runs, 0, counted))
    return Turn(MAX_LEAD, outcomes, lead > 0)


PACE = TurnPace(
    CLOCK,
    turn_s=OUT_S,
    wall_s=163.0,
    wall_shape=1.5,
    breaks={half * HALF_INNING_S: INNING_BREAK_S for half in range(1, MAX_HALVES)},
)

MLB = Sport(
    key="mlb",
    tournament="MLB",
    name="Baseball",
    teams=(
        "Dunmore Dockers",
        "Ashgrove Anglers",
        "Fairhaven Foxes",
        "Kestrel Valley Kites",
        "Maple Ridge Millers",
        "Northgate Nomads",
    ),
    market_ids={
        MarketType.MONEYLINE: MarketId("251"),
        MarketType.SPREAD: MarketId("256"),
        MarketType.TOTAL: MarketId("258"),
    },
    # 2026-06-12 23:05 UTC.
    scheduled_ns=1_781_305_500 * NS_PER_SECOND,
    in_play_delay_s=5.0,
    margin_sigma=MARGIN_SIGMA,
    total_sigma=TOTAL_SIGMA,
    draw_game=draw_game,
    fair=TurnPrices(
        lambda line, total: (_rules(line, total),),
        margin_sigma=MARGIN_SIGMA,
        total_sigma=TOTAL_SIGMA,
        max_points=MAX_POINTS,
    ),
    has_clock=False,
)
