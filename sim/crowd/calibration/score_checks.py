"""Checks of simulated NBA scores: groups 1 to 4 of the targets.

They cover results, margins by quarter, closing prices against results, and wall-clock times.
"""

from collections.abc import Iterator
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from sim.crowd.arrays import Floats
from sim.crowd.calibration.calibration_check import Check, sourced
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
from sim.crowd.calibration.sources import NBA_CLOCK, NBA_LINES, NBA_SCORES, SIMULATED_PRICE
from sim.crowd.crowd_types import CrowdType
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
# How many of the 632 measured games had an overtime.
MEASURED_LONGER = 37
TAIL = 0.05
# Quarter increments of two eras, 2016 to 2019 and 2020 to 2023; the gate is theirs with a quarter
# of a point on both sides, within the gate for all quarters.
QUARTER_SIGMAS = ((8.16, 8.53), (8.03, 8.29), (8.38, 8.51), (7.65, 7.95))
QUARTER_GATES = ((7.9, 8.5), (7.75, 8.5), (8.1, 8.5), (7.5, 8.2))
# Seconds before the end of regulation by which it is asked what is still scored. Real games have
# five score changes in the last 120 s, so 0.25 in 6 s: with overtimes about a quarter of all games
# bring two more points then, and about 93 % in 66 s.
LATE_S = (66.0, 6.0)
LATE_GATES = {66.0: (0.88, 0.98), 6.0: (0.15, 0.40)}


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
    late_changes: Floats
    scored_minute: Floats
    scored_seconds: Floats
    price_minute: Floats
    price_seconds: Floats

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
    late = np.searchsorted(clocks_s, [REGULATION_S - seconds_s for seconds_s in LATE_S])
    return (
        game.line,
        game.total,
        _price(game, MarketType.MONEYLINE, 0.0, Score(0, 0), REGULATION_S),
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
        ends[-1] - np.searchsorted(clocks_s, REGULATION_S - END_GAME_S),
        *(points[-1] - points[late]),
        *(
            _price(
                game, MarketType.TOTAL, points[index] + 1.5, Score(*scores[index].tolist()), left_s
            )
            for index, left_s in zip(late.tolist(), LATE_S, strict=True)
        ),
    )


def _price(game: Game, type_: CrowdType, point: float, score: Score, left_s: float) -> float:
    """Return the fair price of home or over at a score, with this much of regulation left."""
    return NBA.fair(type_, point, score, left_s / REGULATION_S, game.line, game.total)


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
        *sourced(NBA_SCORES, [*_outcomes(figures), *_scoring(figures), *_paths(figures)]),
        *sourced(NBA_LINES, _prices(figures)),
        *sourced(SIMULATED_PRICE, _late_prices(figures)),
        *sourced(NBA_CLOCK, _real_time(figures)),
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
        _check(
            1, "score changes in the last 2 min, mean", "5.0", (4.5, 5.5), mean(of.late_changes)
        ),
        *(
            _check(1, _late_name(seconds), "by the rate", LATE_GATES[seconds], share(scored >= 2))
            for seconds, scored, _ in _late_totals(of)
        ),
        _check(1, "score changes of 2", "68 % (+- 2 %)", (0.66, 0.70), of_two),
        _check(1, "score changes of 3", "25 % (+- 2 %)", (0.23, 0.27), of_three),
        _check(1, "score changes of 1", "7 % (+- 1 %)", (0.06, 0.08), of_one),
    ]


def _late_totals(of: ScoreFigures) -> list[tuple[float, Floats, Floats]]:
    """Return what was still scored from each time on, and the price of over by two points then."""
    late = ((of.scored_minute, of.price_minute), (of.scored_seconds, of.price_seconds))
    return [(seconds, *of_late) for seconds, of_late in zip(LATE_S, late, strict=True)]


def _late_name(seconds: float) -> str:
    return f"two points more in the last {seconds:g} s"


def _late_prices(of: ScoreFigures) -> Iterator[Check]:
    for seconds, scored, price in _late_totals(of):
        excess, name = mean(price - (scored >= 2)), f"{_late_name(seconds)}, price less share"
        yield _check(3, name, "0 (+- 0.05)", (-0.05, 0.05), excess)


def _paths(of: ScoreFigures) -> list[Check]:
    quarters = of.quarters
    spreads = [deviation(quarter) for quarter in quarters]
    independent = 2 * float(np.mean([spread.value for spread in spreads]))
    before = float(np.mean([spread.value for spread in spreads[:3]]))
    calmer = Estimate(spreads[3].value / before, spreads[3].standard_error / before)
    final = deviation(of.fourth)
    ratio = Estimate(final.value / independent, final.standard_error / independent)
    residual = of.half - of.line / 2
    return [
        *(
            _check(
                2, f"increment of quarter {number}, s.d.", f"{earlier:g} to {later:g}", gate, spread
            )
            for number, ((earlier, later), gate, spread) in enumerate(
                zip(QUARTER_SIGMAS, QUARTER_GATES, spreads, strict=True), start=1
            )
        ),
        _check(2, "quarter 4 over those before, s.d.", "0.93", (0.89, 0.97), calmer),
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
            4,
            "with overtimes, longest in 37",
            "205",
            (115, 205),
            quantile(longer, 1 - 1 / MEASURED_LONGER),
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
