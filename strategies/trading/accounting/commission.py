"""The exchange's cut: a share of the net winnings of a market, taken when it settles."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from strategies.trading.model.errors import ConfigError


class Offset(StrEnum):
    """Within what gains and losses offset each other before commission is taken."""

    MARKET = "market"
    PAIR = "pair"


@dataclass(frozen=True, slots=True)
class Commission:
    """`rate_percent` of what is won net, per market or per pair; losers pay nothing.

    ProphetX takes 2 % of net winnings per market (fee schedule of 2026-06-10). Whether the points
    of one market offset each other is not published, hence the setting.
    """

    rate_percent: float
    offset_by: Offset = Offset.MARKET

    def __post_init__(self) -> None:
        """Refuse a rate that is not a number of percent with at most two decimals."""
        rate = self.rate_percent
        numeric = isinstance(rate, int | float) and not isinstance(rate, bool)
        if not numeric or not 0 <= rate <= 100 or Decimal(str(rate)) * 100 % 1 != 0:
            message = f"fees.rate_percent: {rate!r} is not 0 to 100 with at most two decimals"
            raise ConfigError(message)
        if self.offset_by not in tuple(Offset):
            message = f"fees.offset_by: {self.offset_by!r} is not one of market, pair"
            raise ConfigError(message)

    def on(self, profits_cents: Iterable[int]) -> int:
        """Return the commission on the gross profits of one market's pairs, half up to the cent."""
        if self.offset_by == Offset.MARKET:
            return self._share(sum(profits_cents))
        return sum(self._share(profit) for profit in profits_cents)

    def _share(self, net_cents: int) -> int:
        basis_points = int(Decimal(str(self.rate_percent)) * 100)
        return (2 * max(0, net_cents) * basis_points + 10_000) // 20_000
