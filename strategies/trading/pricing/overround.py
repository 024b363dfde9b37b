"""Removes the overround from the two best offers of a book, in one of two ways."""

from math import log

from strategies.trading.model.book import Book
from strategies.trading.model.odds import implied_probability


def middle_of_touch(book: Book, max_overround: float) -> float | None:
    """Return the fair probability of the first line if the overround is taken from both alike."""
    touch = _touch_probabilities(book, max_overround)
    return None if touch is None else 0.5 + (touch[0] - touch[1]) / 2.0


def power_of_touch(book: Book, max_overround: float) -> float | None:
    """Return the fair probability of the first line by the power method."""
    touch = _touch_probabilities(book, max_overround)
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


def _touch_probabilities(book: Book, max_overround: float) -> tuple[float, float] | None:
    """Return what takers pay on either line; None if one-sided, crossed, or too wide."""
    first, second = book.touches()
    if first is None or second is None:
        return None
    first_probability = implied_probability(first[0])
    second_probability = implied_probability(second[0])
    overround = first_probability + second_probability - 1.0
    if not 0.0 <= overround <= max_overround:
        return None
    return first_probability, second_probability
