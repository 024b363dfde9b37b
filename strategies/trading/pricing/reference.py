"""Fair prices from outside the exchange, as far as they are fresh."""

from typing import Annotated

from msgspec import Meta

from strategies.trading.model.book import Book
from strategies.trading.model.event_state import EventState
from strategies.trading.model.settings import PositiveSeconds, nanoseconds


class Reference:
    """The newest outside price of either line of a pair.

    One older than `max_age_seconds` counts as none, so that quotes are pulled when the source goes
    silent; no offer of the exchange takes its place.
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
        """Return how a report names it."""
        return f"Reference(max_age_seconds={self._max_age_seconds})"

    def fair(self, book: Book, event: EventState, now_ns: int) -> float | None:
        """Return the fair probability of the pair's first line, None where there is none."""
        price = event.references.get(book.pair.pair_id)
        if price is None or now_ns - price.updated_ns > self._max_age_ns:
            return None
        return price.probability

    def moves_with_time(self, event: EventState) -> bool:
        """Return whether there is a price that may grow too old."""
        return bool(event.references)
