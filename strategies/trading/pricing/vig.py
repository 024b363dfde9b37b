"""Removes the vig from the prices of a whole market, two-way or n-way, by one of three methods.

The prices of all selections imply probabilities that sum to more than one; what is beyond is the
vig (overround). The methods differ in who is thought to pay it:

- `proportional`: everyone the same share; each is divided by the sum.
- `power`: each is raised to the power that makes them sum to one (Clarke, Kovalchik, Ingram 2017),
  so that long shots pay more.
- `shin`: the book protects itself from a share `z` of insiders (Shin 1993), so that long shots pay
  more. For two selections it takes the same amount from both.

Prices that sum to less than one are no book's: `power` raises them, and Shin's model has no share
of insiders for them, so that `shin` scales them as `proportional` does.
"""

from collections.abc import Sequence
from math import log, sqrt
from typing import Annotated, Literal, assert_never

from msgspec import Meta

from strategies.trading.model.errors import ConfigError
from strategies.trading.model.events import ReferencePrice

VigMethod = Literal["proportional", "power", "shin"]
Vig = Annotated[
    VigMethod, Meta(description="How the vig is removed from a book's prices of a market.")
]
_STEPS_MAX = 100
_CLOSE = 1e-13


def without_vig(prices: Sequence[float], method: VigMethod) -> tuple[float, ...]:
    """Return the fair probabilities of all selections of a market, which sum to one.

    `prices` are what the odds on each imply, strictly between 0 and 1. Raise ConfigError for
    another price, and for fewer than two.
    """
    if len(prices) < 2 or not all(0.0 < price < 1.0 for price in prices):
        message = f"prices {[*prices]}: needs two or more, each between 0 and 1"
        raise ConfigError(message)
    match method:
        case "proportional":
            fair = [*prices]
        case "power":
            power = _power(prices)
            fair = [price**power for price in prices]
        case "shin":
            fair = _shin(prices)
        case _:
            assert_never(method)
    total = sum(fair)
    return tuple([each / total for each in fair])


def fair_probability(price: ReferencePrice, method: VigMethod) -> float:
    """Return the fair probability of a price's line, its vig removed if it has one.

    If its market has both lines of a pair and further selections, it is that given that one of the
    two wins: otherwise the exchange returns the stakes.
    """
    if not price.has_vig:
        return price.probability
    if price.opposite is None:
        return without_vig((price.probability, *price.others), method)[0]
    first, second, *_ = without_vig((price.probability, price.opposite, *price.others), method)
    return first / (first + second)


def _power(prices: Sequence[float]) -> float:
    """Return the power by which the prices sum to one, by Newton's steps.

    The sum falls and is convex in the power: from below the root they never pass it, and from above
    the first one does.
    """
    power = 1.0
    for _ in range(_STEPS_MAX):
        raised = [price**power for price in prices]
        over = sum(raised) - 1.0
        if abs(over) < _CLOSE:
            break
        slope = sum(each * log(price) for each, price in zip(raised, prices, strict=True))
        power -= over / slope
    return power


def _shin(prices: Sequence[float]) -> list[float]:
    """Return the probabilities at the share of insiders by which they sum to one, by bisection."""
    total = sum(prices)
    if total <= 1.0:
        return [*prices]
    squares = [price * price / total for price in prices]
    low, high = 0.0, 1.0
    for _ in range(_STEPS_MAX):
        share = (low + high) / 2
        fair = [_given_insiders(share, square) for square in squares]
        over = sum(fair) - 1.0
        if abs(over) < _CLOSE:
            break
        low, high = (share, high) if over > 0.0 else (low, share)
    return fair


def _given_insiders(share: float, square: float) -> float:
    """Return Shin's probability, written so that nothing cancels as the share nears one."""
    return 2.0 * square / (sqrt(share * share + 4.0 * (1.0 - share) * square) + share)
