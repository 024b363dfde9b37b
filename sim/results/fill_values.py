"""What fills were worth some time later, against the price paid and against the fair price then."""

from collections.abc import Callable, Iterable, Sequence

from sim.results.measured_fill import HORIZONS_S
from sim.results.profit_split import ProfitPart
from sim.results.run_summary import FillValue

AT_FILL = "fill"
AT_CLOSE = "close"
AT_REFERENCE_CLOSE = "outside price at the close"
AT_SETTLEMENT = "settlement"

# Returns the fair probability of a fill's line at some time, None without one.
FairOf = Callable[[ProfitPart], float | None]


def fill_values(parts: Sequence[ProfitPart]) -> list[FillValue]:
    """Return the values at the fill, at HORIZONS_S, at the close and at settlement."""
    times: list[tuple[str, FairOf]] = [
        (AT_FILL, _fair_at_fill),
        *((f"{seconds:,} s", _fair_after(index)) for index, seconds in enumerate(HORIZONS_S)),
        (AT_CLOSE, lambda part: part.close),
        (AT_REFERENCE_CLOSE, lambda part: part.reference_close),
        (AT_SETTLEMENT, _settled_fair),
    ]
    return [_value(parts, at, fair_of) for at, fair_of in times]


def _fair_at_fill(part: ProfitPart) -> float | None:
    return None if part.fill is None else part.fill.fair


def _fair_after(index: int) -> FairOf:
    def fair_after(part: ProfitPart) -> float | None:
        fairs = [] if part.fill is None else part.fill.fairs
        return fairs[index] if index < len(fairs) else None

    return fair_after


def _settled_fair(part: ProfitPart) -> float | None:
    """Return 1 if the line won, 0 if it lost, and the price paid where the stake was returned."""
    fill, settled_cents = part.fill, part.settled_cents
    if fill is None or settled_cents is None or not fill.payout_cents:
        return None
    return (settled_cents + fill.stake_cents) / fill.payout_cents


def _value(parts: Iterable[ProfitPart], at: str, fair_of: FairOf) -> FillValue:
    kept, in_half_spreads, drift = _Ratio(), _Ratio(), _Ratio()
    for part in parts:
        fill, fair = part.fill, fair_of(part)
        if fill is None or fair is None or not fill.payout_cents:
            continue
        kept_cents = 100.0 * (fair - fill.stake_cents / fill.payout_cents)
        kept.add(kept_cents, fill.payout_cents)
        if fill.fair is not None:
            drift.add(100.0 * (fair - fill.fair), fill.payout_cents)
        if fill.half_spread is not None:
            in_half_spreads.add(kept_cents, fill.payout_cents, 100.0 * fill.half_spread)
    return FillValue(at, kept.count, kept.value(), in_half_spreads.value(), drift.value())


class _Ratio:
    """A ratio of two sums: a mean of ratios would be ruled by the narrowest spreads."""

    def __init__(self) -> None:
        self.count = 0
        self._above = 0.0
        self._below = 0.0

    def add(self, value: float, weight: float, unit: float = 1.0) -> None:
        """Add a value that is measured in a unit."""
        self.count += 1
        self._above += value * weight
        self._below += unit * weight

    def value(self) -> float | None:
        """Return the ratio, None if nothing was added."""
        return self._above / self._below if self._below > 0 else None
