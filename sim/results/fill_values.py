"""What fills were worth some time later, against the price paid and against the fair price then."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.results.measured_fill import HORIZONS_S
from sim.results.run_summary import FillValue

Values = NDArray[np.float64]

# The times at which fills are valued, each with the column of the table `fills` that has the fair
# probability of the line then.
_TIMES = {
    "fill": "fair",
    **{f"{seconds:,} s": f"fair_{seconds}s" for seconds in HORIZONS_S},
    "close": "fair_close",
    "outside price at the close": "reference_close",
}
_SETTLEMENT = "settlement"


def fill_values(fills: Mapping[str, Sequence[object]]) -> list[FillValue]:
    """Return the values at the fill, at HORIZONS_S, at the close and at settlement.

    `fills` has the columns of the table of fills.
    """
    stakes, profits = _floats(fills["stake_cents"]), _floats(fills["profit_cents"])
    payouts = stakes + profits
    known = payouts > 0
    paid = np.divide(stakes, payouts, out=np.full_like(stakes, np.nan), where=known)
    settled = (_floats(fills["settled_cents"]) + stakes) / np.where(known, payouts, np.nan)
    at_fill, half_spreads = _floats(fills["fair"]), _floats(fills["half_spread"])
    fairs = {name: _floats(fills[column]) for name, column in _TIMES.items()}
    return [
        _value(name, fair, paid, at_fill, half_spreads, payouts)
        for name, fair in (*fairs.items(), (_SETTLEMENT, settled))
    ]


def _value(
    name: str, fair: Values, paid: Values, at_fill: Values, half_spreads: Values, payouts: Values
) -> FillValue:
    kept = 100.0 * (fair - paid)
    spread = _ratio(kept, 100.0 * half_spreads, payouts)
    return FillValue(
        at=name,
        fills=int(np.count_nonzero(~np.isnan(kept))),
        kept=_ratio(kept, np.ones_like(kept), payouts),
        kept_half_spreads=spread,
        drift=_ratio(100.0 * (fair - at_fill), np.ones_like(kept), payouts),
    )


def _ratio(values: Values, units: Values, weights: Values) -> float | None:
    """Return the sum of values over that of their units, both weighted, None without any.

    It is no mean of ratios, which the narrowest spreads would rule.
    """
    known = ~(np.isnan(values) | np.isnan(units))
    below = float((units[known] * weights[known]).sum())
    return float((values[known] * weights[known]).sum()) / below if below > 0 else None


def _floats(column: Sequence[object]) -> Values:
    return np.array(column, dtype=np.float64)
