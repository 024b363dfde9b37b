"""The port to the rules by which prices of outside sources are read; a pricing has them."""

from typing import Protocol

from strategies.trading.model.event_state import EventState
from strategies.trading.model.events import ReferencePrice
from strategies.trading.model.source_prices import SourcePrice


class SourceRules(Protocol):
    """How a price of an outside source is read as it arrives; the same in every mode."""

    @property
    def across_markets(self) -> bool:
        """Return whether a price of one market may change the fair price of others of its game."""

    def fair(self, price: ReferencePrice) -> float:
        """Return the fair probability of a price's line, its vig removed."""

    def refusal(
        self, source: str, fair: float, before: SourcePrice | None, event: EventState, at_ns: int
    ) -> str | None:
        """Return why a price does not count, as `rule: details`, None if it does.

        `fair` is of the first line, `before` the source's price before it, and `at_ns` its time.
        """
