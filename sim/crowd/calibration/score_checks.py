"""Checks of simulated NBA scores: groups 1 to 4 of the targets.

They cover results, margins by quarter, closing prices against results, and wall-clock times.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from sim.crowd.arrays import Floats
from sim.crowd.calibration.calibration_check import Check
from sim.crowd.calibration.estimates import (
    Estimate,
    correlation,
    deviation,
    mean,
    prices_p_value,
    quantile,
    share,
    slope,
)
from sim.crowd.calibration.game_samples import sample
from sim.crowd.game import Game, Score
from sim.crowd.sports.nba import NBA
from sim.crowd.sports.nba_score import CLOCK, END_GAME_S
from strategies.trading.model.market_types import MarketType

# With this number every tolerance is at least 3.5 standard errors from the simulated figures.
N_SCORE_GAMES = 10_000
QUARTERS_S = (720.0, 1440.0, 2160.0, 2880.0)
REGULATION_S = CLOCK.regulation_s
S_PER_MINUTE = 60.0
# Wall-clock times were measured by their 5 and 95 % quantiles; the longest game is rarer.
RARE = 0.01
TAIL = 0.05


class ScoreFigures(NamedTuple):
    """The figures of games, each an array with a value per game."""

    line: Floats
    total: Floats
    price: Floats
    margin: Floats
    points: Floats
    first: Floats
    half: Floats
    third: Floats
    fourth: Floats
    overtimes: Floats
    lead_changes: Floats
    changes: Floats
    ones: Floats
    twos: Floats
    threes: Floats
    minutes: Floats
    half_time_minutes: Floats
    late_minutes: Floats

    @property
    def error(self) -> Floats:
        """Return the margins less the expected ones."""
        return self.margin - self.line

    @property
    def quarters(self) -> list[Floats]:
        """Return the increment of the margin in each quarter."""
        leads = [self.first, self.half, self.third, self.fourth]
        before = [np.zeros_like(self.first), *leads[:-1]]
        return [lead - earlier for lead, earlier in zip(leads, before, strict=True)]


def measure(game: Game) -> tuple[float, ...]:
    """Return the figures of one game, in the order of ScoreFigures."""
    clocks_s = np.interp([wall_s for wall_s, _ in game.scores], game.wall_s, game.clock_s)
    scores = np.array([(0, 0), *(score for _, score in game.scores)])
    margins, points = scores[:, 0] - scores[:, 1], scores.sum(axis=1)
    ends = np.searchsorted(clocks_s, QUARTERS_S)
    sizes = np.bincount(np.diff(points), minlength=5)
    leads = np.sign(margins[margins != 0])
    price = NBA.fair(MarketType.MONEYLINE, 0.0, Score(0, 0), 1.0, game.line, game.total)
    return (
        game.line,
        game.total,
        price,
        margins[-1],
        points[-1],
        *margins[ends],
        game.overtimes,
        np.count_nonzero(np.diff(leads)),
        ends[-1],
        *sizes[1:4],
        game.length_s / S_PER_MINUTE,
        (game.breaks[1].to_s - game.breaks[1].from_s) / S_PER_MINUTE,
        _late_minutes(game),
    )


def _late_minutes(game: Game) -> float:
    """Return the wall time of the last two minutes of regulation, in minutes."""
    late_s, end_s = np.interp([REGULATION_S - END_GAME_S, REGULATION_S], game.clock_s, game.wall_s)
    over_s = game.breaks[3].from_s if game.overtimes else game.length_s
    return float((min(end_s, over_s) - late_s) / S_PER_MINUTE)


def score_checks(seed: int) -> list[Check]:
    """Return the checks of groups 1 to 4 on N_SCORE_GAMES drawn games."""
    return checks_of(ScoreFigures(*sample("nba", seed, N_SCORE_GAMES, measure)))


def checks_of(figures: ScoreFigures) -> list[Check]:
    """Return the checks of groups 1 to 4 on the figures of games."""
    return [
        *_outcomes(figures),
        *_scoring(figures),
        *_paths(figures),
        *_prices(figures),
        *_real_time(figures),
    ]


def _check(
    group: int, name: str, target: str, tolerance: tuple[float, float], estimate: Estimate
) -> Check:
    return Check(group, name, target, *tolerance, estimate.value, estimate.standard_error)


def _outcomes(of: ScoreFigures) -> list[Check]:
    home_wins = share(of.margin > 0)
    return [
        _check(1, "final margin, s.d.", "13.5 to 15", (13.5, 15), deviation(of.margin)),
        _check(
            1, "given the closing line, s.d.", "11.5 to 12.8", (11.5, 12.8), deviation(of.error)
        ),
        _check(1, "home win share", "0.55 to 0.60", (0.55, 0.60), home_wins),
        _check(1, "overtime share", "4.5 to 7 %", (0.045, 0.07), share(of.overtimes > 0)),
    ]


def _scoring(of: ScoreFigures) -> list[Check]:
    scored = of.ones + of.twos + of.threes
    of_two, of_three, of_one = (mean(size / scored) for size in (of.twos, of.threes, of.ones))
    return [
        _check(1, "lead changes, median", "4 to 6", (4, 6), quantile(of.lead_changes, 0.5)),
        _check(1, "score changes in regulation, mean", "97 +- 5", (92, 102), mean(of.changes)),
        _check(1, "score changes of 2", "68 % (+- 2 %)", (0.66, 0.70), of_two),
        _check(1, "score changes of 3", "25 % (+- 2 %)", (0.23, 0.27), of_three),
        _check(1, "score changes of 1", "7 % (+- 1 %)", (0.06, 0.08), of_one),
    ]


def _paths(of: ScoreFigures) -> list[Check]:
    quarters = of.quarters
    spreads = [deviation(quarter) for quarter in quarters]
    independent = 2 * float(np.mean([spread.value for spread in spreads]))
    final = deviation(of.fourth)
    ratio = Estimate(final.value / independent, final.standard_error / independent)
    residual = of.half - of.line / 2
    return [
        *(
            _check(2, f"increment of quarter {number}, s.d.", "7.5 to 8.5", (7.5, 8.5), spread)
            for number, spread in enumerate(spreads, start=1)
        ),
        *(
            _check(2, f"quarters {i + 1} and {j + 1}, correlation", "negative", (-1, 0), found)
            for i in range(4)
            for j in range(i + 1, 4)
            for found in [correlation(quarters[i], quarters[j])]
        ),
        _check(2, "margin at 48 min over two quarters' s.d.", "clearly below 1", (0, 0.95), ratio),
        _check(
            2,
            "half-time reversion slope, given the line",
            "-0.2 to -0.35",
            (-0.35, -0.2),
            slope(residual, of.error - residual),
        ),
    ]


def _prices(of: ScoreFigures) -> list[Check]:
    total_error = of.points - of.total
    p_value = prices_p_value(of.price, of.margin > 0)
    together = correlation(of.error, total_error)
    return [
        Check(3, "closing prices against results, p", "above 0.001", 0.001, 1, p_value),
        Check(3, "line over probit of the moneyline", "11 to 12", 11, 12, _line_sigma(of)),
        _check(3, "total error, s.d.", "16.5 to 18", (16.5, 18), deviation(total_error)),
        _check(3, "margin and total error, correlation", "0 (+- 0.05)", (-0.05, 0.05), together),
    ]


def _line_sigma(of: ScoreFigures) -> float:
    """Return the sigma for which Phi(line / sigma) best fits the closing prices."""
    probits = np.array([NormalDist().inv_cdf(price) for price in of.price.tolist()])
    return float((of.line**2).sum() / (of.line * probits).sum())


def _real_time(of: ScoreFigures) -> list[Check]:
    regular, longer = of.minutes[of.overtimes == 0], of.minutes[of.overtimes > 0]
    shortest_half, longest_half = (
        float(of.half_time_minutes.min()),
        float(of.half_time_minutes.max()),
    )
    minutes, late = (115, 160), (2, 17)
    return [
        _check(4, "minutes, shortest in 20", "115 to 160", minutes, quantile(regular, TAIL)),
        _check(4, "minutes, longest in 20", "115 to 160", minutes, quantile(regular, 1 - TAIL)),
        _check(
            4, "with overtimes, longest in 100", "to 205", (115, 205), quantile(longer, 1 - RARE)
        ),
        Check(4, "half-time minutes, shortest", "15 to 17", 15, 17, shortest_half),
        Check(4, "half-time minutes, longest", "15 to 17", 15, 17, longest_half),
        _check(
            4,
            "last two minutes, shortest in 20",
            "2 to 17",
            late,
            quantile(of.late_minutes, TAIL),
        ),
        _check(
            4,
            "last two minutes, longest in 20",
            "2 to 17",
            late,
            quantile(of.late_minutes, 1 - TAIL),
        ),
    ]
