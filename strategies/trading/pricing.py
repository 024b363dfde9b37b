"""Fair prices: the probability of a pair's first line, estimated from the offers of others.

Both ways take the vig out of the two best offers. A taker on the first line pays the implied
probability `first`, a taker on the second pays `second`; together they exceed one by the overround.
"""

from dataclasses import dataclass
from math import log
from typing import Protocol

from strategies.trading.book import Book
from strategies.trading.errors import ConfigError
from strategies.trading.odds import implied_probability


class Pricing(Protocol):
    """A way to a fair price."""

    def fair(self, book: Book) -> float | None:
        """Return the fair probability of the pair's first line, None where there is none."""


def _touch_probabilities(book: Book, max_overround: float) -> tuple[float, float] | None:
    """Return what takers pay on either line; None if one-sided, crossed, or too wide to trust."""
    first, second = book.first.touch(), book.second.touch()
    if first is None or second is None:
        return None
    first_probability = implied_probability(first[0])
    second_probability = implied_probability(second[0])
    overround = first_probability + second_probability - 1.0
    if not 0.0 <= overround <= max_overround:
        return None
    return first_probability, second_probability


@dataclass(frozen=True, slots=True)
class Consensus:
    """The middle of the touch: the overround is taken from both lines alike.

    A book whose overround is negative or above `max_overround` has no fair price.
    """

    max_overround: float

    def __post_init__(self) -> None:
        """Refuse a setting that cannot mean anything."""
        _require_overround(self.max_overround)

    def fair(self, book: Book) -> float | None:
        """Return the fair probability of the pair's first line, None where there is none."""
        touch = _touch_probabilities(book, self.max_overround)
        return None if touch is None else 0.5 + (touch[0] - touch[1]) / 2.0


@dataclass(frozen=True, slots=True)
class Power:
    """The power method: both probabilities are raised to the power that makes them sum to one.

    It takes more of the overround from the longer line than `Consensus` does, as bookmakers'
    prices of long shots suggest (Clarke, Kovalchik, Ingram 2017). A book whose overround is
    negative or above `max_overround` has no fair price.
    """

    max_overround: float

    def __post_init__(self) -> None:
        """Refuse a setting that cannot mean anything."""
        _require_overround(self.max_overround)

    def fair(self, book: Book) -> float | None:
        """Return the fair probability of the pair's first line, None where there is none."""
        touch = _touch_probabilities(book, self.max_overround)
        if touch is None:
            return None
        first, second = touch
        power = 1.0
        # Newton's steps on first**k + second**k = 1; the sum falls and is convex in k, so
        # they approach the root from below and never pass it.
        for _ in range(20):
            over = first**power + second**power - 1.0
            if over < 1e-12:
                break
            power -= over / (first**power * log(first) + second**power * log(second))
        return float(first**power)


def _require_overround(max_overround: object) -> None:
    numeric = isinstance(max_overround, int | float) and not isinstance(max_overround, bool)
    if not numeric or not 0.0 < float(max_overround) < 1.0:  # type: ignore[arg-type]
        message = f"pricing.max_overround: {max_overround!r} is not between 0 and 1"
        raise ConfigError(message)
