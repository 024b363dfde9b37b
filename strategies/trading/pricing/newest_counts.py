"""How prices of outside sources are read where a pricing has no rules of its own for them."""

from strategies.trading.model.event_state import EventState
from strategies.trading.model.events import ReferencePrice
from strategies.trading.model.source_prices import SourcePrice
from strategies.trading.pricing.vig import fair_probability


class NewestCounts:
    """Any price of any source counts, the vig removed in proportion."""

    @property
    def across_markets(self) -> bool:
        """Return False: a price is of its own market alone."""
        return False

    def fair(self, price: ReferencePrice) -> float:
        """Return the fair probability of a price's line."""
        return fair_probability(price, "proportional")

    def refusal(
        self, source: str, fair: float, before: SourcePrice | None, event: EventState, at_ns: int
    ) -> None:
        """Return None: any price counts."""


NEWEST_COUNTS = NewestCounts()
