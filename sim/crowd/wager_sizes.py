"""How much the wagers of the crowd are: log-normal, and quotes in-play less far from even."""

from math import sqrt

from numpy.random import Generator

from strategies.trading.model.odds import Odds, implied_probability, payout_ratio

SIZE_SIGMA = 0.9
SIZE_CENTS = (200, 500_000)
MIN_STAKE_CENTS = 100
# Sizes in-play as a multiple of those before; far from even they are smaller, by a power of the
# variance of the outcome, but by no more than that.
IN_PLAY_SIZE, LONGSHOT_EXPONENT, MIN_LONGSHOT_SHARE = 0.75, 3.2, 0.15


def drawn_stake_cents(rng: Generator, median_cents: int, odds: Odds, *, in_play: bool) -> int:
    """Draw a size, the geometric mean of stake and profit, and return its stake in whole dollars.

    `median_cents` is the median of sizes before the game.
    """
    drawn_cents = rng.lognormal(0, SIZE_SIGMA) * median_cents
    if in_play:
        drawn_cents *= IN_PLAY_SIZE * size_share(odds)
    size_cents = min(max(drawn_cents, SIZE_CENTS[0]), SIZE_CENTS[1])
    numerator, denominator = payout_ratio(odds)
    stake_cents = round(size_cents * sqrt(denominator / numerator), -2)
    return max(MIN_STAKE_CENTS, int(stake_cents))


def log_normal_cents(
    rng: Generator, median: float, sigma: float, limits_cents: tuple[int, int]
) -> int:
    """Draw a log-normal stake in whole cents, cut to the limits.

    `median` is in cents, of which it may have a fraction; `sigma` is that of the logarithm.
    """
    drawn_cents = int(median * rng.lognormal(0, sigma))
    return min(max(drawn_cents, limits_cents[0]), limits_cents[1])


def size_share(odds: Odds) -> float:
    """Return the share of the usual size in-play at these odds, smaller far from even."""
    implied = implied_probability(odds)
    return max(MIN_LONGSHOT_SHARE, float((4 * implied * (1 - implied)) ** LONGSHOT_EXPONENT))
