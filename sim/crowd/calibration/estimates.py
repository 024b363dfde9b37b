"""Estimates over many games with standard errors, and a joint test of prices."""

from math import erfc, exp, gamma, sqrt
from typing import NamedTuple

import numpy as np

from sim.crowd.arrays import Flags, Floats

BUCKETS = 10
# A bucket with less variance than four even bets is left out of the test.
LEAST_VARIANCE = 1.0
MOST_CERTAIN = 0.98
# Newton's steps of a logistic fit: from a slope of one it converges in a few.
PLATT_STEPS = 8
# Without a bound it fails where prices separate winners from losers.
MOST_LOG_ODDS = 15.0


class Estimate(NamedTuple):
    """A figure and its standard error."""

    value: float
    standard_error: float


def mean(values: Floats) -> Estimate:
    """Estimate a mean."""
    return Estimate(float(values.mean()), float(values.std()) / sqrt(len(values)))


def share(flags: Flags) -> Estimate:
    """Estimate a share."""
    return mean(flags.astype(np.float64))


def deviation(values: Floats) -> Estimate:
    """Estimate a s.d.; its error increases with the kurtosis."""
    sigma = float(values.std())
    kurtosis = float(((values - values.mean()) ** 4).mean()) / sigma**4
    return Estimate(sigma, sigma * sqrt((kurtosis - 1) / 4 / len(values)))


def correlation(first: Floats, second: Floats) -> Estimate:
    """Estimate a correlation."""
    value = float(np.corrcoef(first, second)[0, 1])
    return Estimate(value, (1 - value**2) / sqrt(len(first)))


def slope(on: Floats, of: Floats) -> Estimate:
    """Estimate the least-squares slope of `of` on `on`."""
    value = correlation(on, of).value * float(of.std() / on.std())
    left = of - value * on
    return Estimate(value, float(left.std() / on.std()) / sqrt(len(on)))


def quantile(values: Floats, level: float) -> Estimate:
    """Estimate a quantile; its error is that of its rank."""
    rank_error = sqrt(level * (1 - level) / len(values))
    low, value, high = np.quantile(
        values, [max(level - rank_error, 0), level, min(level + rank_error, 1)]
    )
    return Estimate(float(value), float(high - low) / 2)


def prices_p_value(prices: Floats, won: Flags) -> float:
    """Return the p-value of results under the hypothesis that the prices are right.

    In each tenth of prices the wins are compared with the sum of the prices; a chi-square
    statistic joins the tenths.
    """
    bucket = np.minimum((prices * BUCKETS).astype(int), BUCKETS - 1)
    surplus = np.bincount(bucket, weights=won - prices, minlength=BUCKETS)
    variance = np.bincount(bucket, weights=prices * (1 - prices), minlength=BUCKETS)
    tested = variance >= LEAST_VARIANCE
    statistic = float((surplus[tested] ** 2 / variance[tested]).sum())
    return chi_square_p_value(statistic, int(tested.sum()))


def chi_square_p_value(statistic: float, degrees: int) -> float:
    """Return the probability of a chi-square variable above the statistic, with degrees >= 1."""
    half = statistic / 2
    above, held = (erfc(sqrt(half)), 1) if degrees % 2 else (exp(-half), 2)
    while held < degrees:
        above += half ** (held / 2) * exp(-half) / gamma(held / 2 + 1)
        held += 2
    return above


def platt_slope(prices: Floats, won: Flags) -> float:
    """Return the slope of the logit of winning on that of the price; above 1 favourites are cheap.

    Prices are cut to MOST_CERTAIN, as a price of nearly one leaves the fit to a single loss.
    """
    cut = np.clip(prices, 1 - MOST_CERTAIN, MOST_CERTAIN)
    design = np.column_stack([np.ones_like(cut), np.log(cut / (1 - cut))])
    fitted = np.array([0.0, 1.0])
    for _ in range(PLATT_STEPS):
        likely = 1 / (1 + np.exp(-np.clip(design @ fitted, -MOST_LOG_ODDS, MOST_LOG_ODDS)))
        information = (design * (likely * (1 - likely))[:, None]).T @ design
        fitted += np.linalg.solve(information, design.T @ (won - likely))
    return float(fitted[1])
