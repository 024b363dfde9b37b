"""Fair prices: the port, and estimates from the offers of others alone.

Both estimates remove the overround from the two best offers. A taker on the first line pays the
implied probability `first`, a taker on the second `second`; their sum exceeds one by the overround.
"""

from dataclasses import dataclass
from typing import Annotated, Protocol

from msgspec import Meta

from strategies.trading.model.book import Book
from strategies.trading.model.event_state import EventState
from strategies.trading.model.market import Market, SportEvent
from strategies.trading.ports.source_rules import SourceRules
from strategies.trading.pricing.newest_counts import NEWEST_COUNTS
from strategies.trading.pricing.overround import middle_of_touch, power_of_touch

NO_FAIR_PRICE = "no fair price"

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

        None if only messages change them; it is asked again after the event's schedule, status or
        score changed, or an outside price of it.
        """

    def missing_for(self, market: Market, event: SportEvent, *, outside_prices: bool) -> str | None:
        """Return what it lacks to price a market throughout, None if nothing.

        `outside_prices` is whether the source of market data carries any.
        """

    @property
    def source_rules(self) -> SourceRules:
        """Return how prices of outside sources are read."""
        return NEWEST_COUNTS

    def unpriced_reason(self, book: Book, event: EventState, now_ns: int) -> str:  # noqa: ARG002
        """Return why a pair has no fair price, as `name: details` or a name alone."""
        return NO_FAIR_PRICE


@dataclass(frozen=True, slots=True)
class Consensus(Pricing):
    """The middle of the touch: the overround is taken from both lines alike.

    A book whose overround is negative or above `max_overround` has no fair price.
    """

    max_overround: MaxOverround

    def fair(self, book: Book, event: EventState, now_ns: int) -> float | None:  # noqa: ARG002
        """Return the fair probability of the pair's first line, None without a price."""
        return middle_of_touch(book, self.max_overround)

    def next_move_ns(self, event: EventState, after_ns: int) -> None:
        """Return None: only offers count."""

    def missing_for(self, market: Market, event: SportEvent, *, outside_prices: bool) -> None:
        """Return None: a book is all it needs."""


@dataclass(frozen=True, slots=True)
class Power(Pricing):
    """The power method: both probabilities are raised to the power that makes them sum to one.

    It takes more of the overround from the longer line than `Consensus` does, as bookmakers'
    prices of long shots suggest (Clarke, Kovalchik, Ingram 2017). A book whose overround is
    negative or above `max_overround` has no fair price.
    """

    max_overround: MaxOverround

    def fair(self, book: Book, event: EventState, now_ns: int) -> float | None:  # noqa: ARG002
        """Return the fair probability of the pair's first line, None without a price."""
        return power_of_touch(book, self.max_overround)

    def next_move_ns(self, event: EventState, after_ns: int) -> None:
        """Return None: only offers count."""

    def missing_for(self, market: Market, event: SportEvent, *, outside_prices: bool) -> None:
        """Return None: a book is all it needs."""
