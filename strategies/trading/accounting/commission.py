"""The exchange's commission: a share of the net winnings of a market, taken at settlement."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from strategies.trading.accounting.rebate import MonthlyRebate
from strategies.trading.model.setting_reader import SettingError
from strategies.trading.model.settings import TwoDecimals, Unit


class Offset(StrEnum):
    """The unit within which gains and losses offset each other before commission is taken."""

    MARKET = "market"
    PAIR = "pair"


@dataclass(frozen=True, slots=True)
class Commission:
    """`rate_percent` of what is won net, per market or per pair; losers pay nothing.

    ProphetX takes 2 % of net winnings per market (fee schedule of 2026-06-10). Whether the points
    of one market offset each other is not published, hence the setting. `rebate`, if any, pays a
    part of it back after each month; it is no part of `on`.
    """

    rate_percent: Annotated[
        float,
        Meta(ge=0, le=100, description="The share of net winnings that the exchange takes."),
        Unit("percent"),
        TwoDecimals,
    ]
    offset_by: Annotated[
        Offset, Meta(description="The unit within which gains and losses offset each other first.")
    ] = Offset.MARKET
    rebate: MonthlyRebate | None = None

    def __post_init__(self) -> None:
        """Raise SettingError for a rebate that is none."""
        if not isinstance(self.rebate, MonthlyRebate | None):
            raise SettingError("rebate", f"{self.rebate!r} is no rebate; null is none")

    def __str__(self) -> str:
        """Return the fees in words, for reports."""
        taken = f"{self.rate_percent:g} % of net winnings per {self.offset_by}"
        return taken if self.rebate is None else f"{taken}, with {self.rebate}"

    def on(self, profits_cents: Iterable[int]) -> int:
        """Return the commission on the gross profits of one market's pairs, half up to the cent."""
        if self.offset_by == Offset.MARKET:
            return self._share(sum(profits_cents))
        return sum(self._share(profit) for profit in profits_cents)

    def _share(self, net_cents: int) -> int:
        basis_points = int(Decimal(str(self.rate_percent)) * 100)
        return (2 * max(0, net_cents) * basis_points + 10_000) // 20_000
