"""Fair prices: the port, and estimates from the offers of others alone.

Both estimates remove the overround from the two best offers. A taker on the first line pays the
implied probability `first`, a taker on the second `second`; their sum exceeds one by the overround.
"""

from dataclasses import dataclass
from math import log
from typing import Annotated, Protocol

from msgspec import Meta

from strategies.trading.model.book import Book
from strategies.trading.model.event_state import EventState
from strategies.trading.model.odds import implied_probability

MaxOverround = Annotated[
    float,
    Meta(
        gt=0,
        lt=1,
        description="What both sides of a book may imply beyond 1; a book with more, or with less "
        "than 0, has no fair price.",
    ),
]


class Pricing(Protocol):
    """Estimates fair prices from a pair's book and the state of its sport event.

    It must change neither.
    """

    def fair(self, book: Book, event: EventState, now_ns: int) -> float | None:
        """Return the fair probability of the pair's first line, None without a price."""

    def next_move_ns(self, event: EventState, after_ns: int) -> int | None:
        """Return when prices of an event change without a message, the first time after another.

        None if only messages change them.
        """


def middle_of_touch(book: Book, max_overround: float) -> float | None:
    """Return the fair probability of the first line if the overround is taken from both alike."""
    touch = _touch_probabilities(book, max_overround)
    return None if touch is None else 0.5 + (touch[0] - touch[1]) / 2.0


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


@dataclass(frozen=True, slots=True)
class Consensus:
    """The middle of the touch: the overround is taken from both lines alike.

    A book whose overround is negative or above `max_overround` has no fair price.
    """

    max_overround: MaxOverround

    def fair(self, book: Book, event: EventState, now_ns: int) -> float | None:  # noqa: ARG002
        """Return the fair probability of the pair's first line, None without a price."""
        return middle_of_touch(book, self.max_overround)

    def next_move_ns(self, event: EventState, after_ns: int) -> None:
        """Return None: only offers count."""


@dataclass(frozen=True, slots=True)
class Power:
    """The power method: both probabilities are raised to the power that makes them sum to one.

    It takes more of the overround from the longer line than `Consensus` does, as bookmakers'
    prices of long shots suggest (Clarke, Kovalchik, Ingram 2017). A book whose overround is
    negative or above `max_overround` has no fair price.
    """

    max_overround: MaxOverround

    def fair(self, book: Book, event: EventState, now_ns: int) -> float | None:  # noqa: ARG002
        """Return the fair probability of the pair's first line, None without a price."""
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

    def next_move_ns(self, event: EventState, after_ns: int) -> None:
        """Return None: only offers count."""
