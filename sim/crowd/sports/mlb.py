"""Major league baseball: an out is a turn, and runs may score before it.

Runs before an out are negative binomial, which gives real scores their variance. The home team
bats last: it does not bat when it leads, and its winning run ends the game. Extra innings are like
any other. Assumed, not measured: the spread of expectations, that all outs are alike, and how many
runs the hit that ends a game may bring.

1.4 % of the games scheduled for the seasons 2008 to 2014 were postponed, by seasons 0.9 to 2.1 %,
as published by a fan who counted them; in the closing lines of 2014 and 2015, 60 of 4,927 games are
the second of a day, which most postponed ones become. One or two of 2,430 a season are broken off
before five innings, as counted for 2002 to 2005; how many later, and for good, is not known.
"""

from functools import lru_cache
from math import floor

import numpy as np
from numpy.random import Generator

from sim.crowd.arrays import Floats
from sim.crowd.endings import EndingShares
from sim.crowd.game import Game, GameTimes, Points
from sim.crowd.sports.sport import CrowdMarketIds, InPlayQuotes, Sport
from sim.crowd.sports.turn_prices import TurnPrices
from sim.crowd.sports.turn_signals import TurnSignals
from sim.crowd.sports.turn_wall_clock import TurnTiming, timed_game
from sim.crowd.sports.turns import Rules, Turn, TurnOutcome, leads, play_turns
from strategies.trading.model.ids import MarketId
from strategies.trading.model.units import NS_PER_SECOND

OUTS_OF_A_TEAM = 27
OUTS_OF_AN_INNING = 3
INNINGS = 9
OUT_S = 180.0
CLOCK = GameTimes(2 * OUTS_OF_A_TEAM * OUT_S, 2 * OUTS_OF_AN_INNING * OUT_S)
INNING_BREAK_S = (120.0, 155.0)
HALF_INNING_S = OUTS_OF_AN_INNING * OUT_S
# More half-innings than any game has.
MAX_HALVES = 60

# The home team's margin if it always batted, and the runs of both teams; mean and s.d.
LINE = (0.40, 0.95)
TOTAL = (8.93, 1.15)
# Runs that the home team misses by not batting last, less those of extra innings.
RUNS_NOT_BATTED = 0.25
# Mean and s.d. of the total on offer less the expected one; its price makes up for the rest.
TOTAL_POINT = (-0.41, 0.35)
WHOLE_SHARE = 0.62
RUN_LINE = 1.5
# Variance of a team's runs over their mean.
DISPERSION = 2.5
# The runs of the weaker team vary more, by a power of the ratio of the means: favourites win rather
# with few runs. The power rises with the runs that are expected, as real favourites cover with many
# runs where few are expected, and not where many are: fitted to the published joint outcomes.
UNEVEN, UNEVEN_RISE = 0.6, 4.0
MAX_RUNS = 8
MAX_LEAD = 22
MAX_POINTS = 45
# Share of winning hits that are home runs, so that runs beyond the winning one count.
HOME_RUN_SHARE = 0.65
# An out is looked at every half a minute on the wall clock: about once a pitch.
SIGNALS = TurnSignals(looks=6, clarity=3.2)
MARGIN_SIGMA, TOTAL_SIGMA = 4.3, 4.5
POSTPONED_SHARE = 0.014
BROKEN_OFF_SHARE = 1.5 / 2_430


def play(rng: Generator, line: float, total: float) -> Game:
    """Play a game with an expected home margin of `line` and an expected sum of `total`."""
    played = play_turns(rng, _rules(line, total), CLOCK, SIGNALS)
    return timed_game(rng, TIMING, played, line, total, _points(rng, line, total))


def _points(rng: Generator, line: float, total: float) -> Points:
    """Return a run and a half to the favourite, and a total on a half or on a whole."""
    spread = -RUN_LINE if line > 0 else RUN_LINE
    offered = total + rng.normal(*TOTAL_POINT)
    over = float(round(offered)) if rng.random() < WHOLE_SHARE else floor(offered) + 0.5
    return Points.around(spread, over, 1)


@lru_cache(256)
def _rules(line: float, total: float) -> Rules:
    """Return the outs of a game with this line and total if both teams had all 27 outs."""
    full_total = total + RUNS_NOT_BATTED
    home, away = (_runs((full_total + side * line) / 2, full_total / 2) for side in (1, -1))
    top = Turn(MAX_LEAD, [TurnOutcome(0, runs, probability) for runs, probability in away], None)
    bottom = Turn(MAX_LEAD, [TurnOutcome(runs, 0, probability) for runs, probability in home], None)
    last = _last_bottom(home)
    inning = (top,) * OUTS_OF_AN_INNING + (bottom,) * OUTS_OF_AN_INNING
    last_inning = (top,) * OUTS_OF_AN_INNING + (last,) * OUTS_OF_AN_INNING
    return Rules(inning * (INNINGS - 1) + last_inning, last_inning, None)


def _runs(mean: float, even: float) -> list[tuple[int, Floats]]:
    """Return the probabilities of runs before one out, at every lead, from a mean over 27 outs.

    `even` would be the mean of both teams if they were equal.
    """
    mean = max(mean, 0.5)
    power = UNEVEN * (2 * even / TOTAL[0]) ** UNEVEN_RISE
    dispersion = DISPERSION * (even / mean) ** power
    shape_per_out = mean / OUTS_OF_A_TEAM / (dispersion - 1)
    share = 1 - 1 / dispersion
    probability = (1 - share) ** shape_per_out
    probabilities = []
    for runs in range(1, MAX_RUNS + 1):
        probability *= (shape_per_out + runs - 1) / runs * share
        probabilities.append((runs, np.full(2 * MAX_LEAD + 1, probability)))
    return probabilities


def _last_bottom(home: list[tuple[int, Floats]]) -> Turn:
    """Return an out of the last half-inning: runs beyond the winning one rarely count."""
    lead = leads(MAX_LEAD)
    outcomes = []
    for runs, probabilities in home:
        beyond = np.sum([probability for drawn, probability in home if drawn > runs], axis=0)
        wins_by = lead + runs
        counted = np.where(wins_by > 1, HOME_RUN_SHARE * probabilities, probabilities)
        counted += np.where(wins_by == 1, (1 - HOME_RUN_SHARE) * beyond, 0.0)
        outcomes.append(TurnOutcome(runs, 0, counted))
    return Turn(MAX_LEAD, outcomes, lead > 0)


TIMING = TurnTiming(
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
    market_ids=CrowdMarketIds(MarketId("251"), MarketId("256"), MarketId("258")),
    # 2026-06-12 23:05 UTC.
    scheduled_ns=1_781_305_500 * NS_PER_SECOND,
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
    has_clock=False,
    in_play_quotes=InPlayQuotes(width=2.6, level_factor=4.5),
    endings=EndingShares(
        postponed=POSTPONED_SHARE, broken_off=BROKEN_OFF_SHARE, half_inning_s=HALF_INNING_S
    ),
)
