"""The exchange's monthly rebate to makers: a part of a month's commission, by its volume."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from strategies.trading.model.setting_reader import SettingError
from strategies.trading.model.settings import PositiveWhole, TwoDecimals, Unit

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_CENTS_PER_CONTRACT = 100
# The one rounding that gives both published examples: 6.666 % of $1,000 and 49.86 % of $100,000.
_FOUR_DIGITS = Context(prec=4, rounding=ROUND_DOWN)

_Percent = Annotated[float, Meta(ge=0, le=100), Unit("percent"), TwoDecimals]


@dataclass(frozen=True, slots=True)
class MonthlyRebate:
    """A part of an account's own commission of a month, by the contracts it matched in it.

    A contract pays a dollar, so a fill is as many contracts as stake and profit are dollars. Tiers
    are marginal: `percents[i]` applies to the contracts above `above_contracts[i]`, up to the next.
    Months before `first_month` and after `last_month` have no rebate; None sets no such bound.

    ProphetX published tiers and two examples: 75,000 contracts with $1,000 of commission give
    $66.66, and 7.5 million with $100,000 give $49,860.
    """

    above_contracts: Annotated[
        tuple[PositiveWhole, ...],
        Meta(description="The volumes of a month, in contracts, above which tiers begin."),
    ]
    percents: Annotated[
        tuple[_Percent, ...],
        Meta(description="The part of the commission that each of these tiers pays back."),
    ]
    first_month: Annotated[
        str | None, Meta(description="The first month with a rebate; null: any.")
    ] = None
    last_month: Annotated[
        str | None, Meta(description="The last month with a rebate; null: any.")
    ] = None

    def __post_init__(self) -> None:
        """Raise SettingError where the settings contradict each other."""
        if any(low >= high for low, high in pairwise(self.above_contracts)):
            raise SettingError("above_contracts", f"{[*self.above_contracts]} do not rise")
        if len(self.percents) != len(self.above_contracts):
            problem = (
                f"{len(self.percents)} for {len(self.above_contracts)} volumes of above_contracts; "
                "give one for each"
            )
            raise SettingError("percents", problem)
        for name in ("first_month", "last_month"):
            month = getattr(self, name)
            if month is not None and not _MONTH.fullmatch(month):
                raise SettingError(name, f"{month!r} is no month; write it as 2026-07")

    def __str__(self) -> str:
        """Return the rebate in words, for reports."""
        bounds = [f"from {self.first_month}"] if self.first_month else []
        bounds += [f"to {self.last_month}"] if self.last_month else []
        return " ".join(["a monthly rebate", *bounds])

    def on(self, month: str, volume_cents: int, commission_cents: int) -> int:
        """Return the rebate on a month's commission in cents, by the payout of all its fills."""
        if not self._in_force(month):
            return 0
        return int(commission_cents * self._rate_percent(volume_cents) / 100)

    def _in_force(self, month: str) -> bool:
        # Months as text are in order of time.
        return (self.first_month or month) <= month <= (self.last_month or month)

    def _rate_percent(self, volume_cents: int) -> Decimal:
        if not volume_cents:
            return Decimal(0)
        earned = sum(percent * part for percent, part in self._parts(volume_cents))
        return _FOUR_DIGITS.divide(Decimal(earned), Decimal(volume_cents))

    def _parts(self, volume_cents: int) -> Iterator[tuple[Decimal, int]]:
        """Yield the percent of each tier, and the part of a volume in it."""
        begins = [contracts * _CENTS_PER_CONTRACT for contracts in self.above_contracts]
        ends = [*begins[1:], volume_cents]
        for percent, begin, end in zip(self.percents, begins, ends, strict=False):
            yield Decimal(str(percent)), max(0, min(end, volume_cents) - begin)
