"""Fair prices from outside the exchange, while they are recent."""

from typing import Annotated

from msgspec import Meta

from strategies.trading.model.book import Book
from strategies.trading.model.event_state import EventState
from strategies.trading.model.market import Market, SportEvent
from strategies.trading.model.settings import PositiveSeconds, nanoseconds
from strategies.trading.pricing.touch import Pricing


class Reference(Pricing):
    """The newest outside price of either line of a pair.

    A price older than `max_age_seconds` is not used, so that quotes are pulled when the source goes
    silent; no offer of the exchange replaces it.
    """

    def __init__(
        self,
        max_age_seconds: Annotated[
            PositiveSeconds, Meta(description="The age beyond which a price counts as none.")
        ],
    ) -> None:
        """Take the age beyond which a price counts as none."""
        self._max_age_ns = nanoseconds(max_age_seconds)
        self._max_age_seconds = max_age_seconds

    def __repr__(self) -> str:
        """Return its name in reports."""
        return f"Reference(max_age_seconds={self._max_age_seconds})"

    def fair(self, book: Book, event: EventState, now_ns: int) -> float | None:
        """Return the fair probability of the pair's first line, None without a recent price."""
        price = event.references.get(book.pair.pair_id)
        if price is None or now_ns - price.updated_ns > self._max_age_ns:
            return None
        return price.probability

    def missing_for(
        self,
        market: Market,  # noqa: ARG002 - an outside price may be of any market
        event: SportEvent,  # noqa: ARG002
        *,
        outside_prices: bool,
    ) -> str | None:
        """Return that outside prices are missing, None if there are some."""
        return None if outside_prices else "outside prices, of which there are none"

    def next_move_ns(self, event: EventState, after_ns: int) -> int | None:
        """Return when the next price of the event becomes too old."""
        ends = (price.updated_ns + self._max_age_ns + 1 for price in event.references.values())
        return min((end for end in ends if end > after_ns), default=None)
