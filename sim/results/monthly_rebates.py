"""The rebates of a run: what the exchange pays back of each month's commission.

A fill counts by its payout in the month in which it was received, whatever came of it, and the
commission of a market in the month of its result. What an account did outside of the run is not
known, so its volume of a month begins at nothing.
"""

from collections import Counter
from collections.abc import Iterable

from recordings.utc_time import month_of
from sim.results.measured_fill import MeasuredFill
from sim.results.run_summary import MonthRebate
from strategies.trading.accounting.ledger import Ledger


def monthly_rebates(fills: Iterable[MeasuredFill], ledger: Ledger) -> list[MonthRebate]:
    """Return the months in which something was matched or charged; none without a rebate."""
    rebate = ledger.fees.rebate
    if rebate is None:
        return []
    volume: Counter[str] = Counter()
    commission: Counter[str] = Counter()
    for fill in fills:
        volume[month_of(fill.at_ns)] += fill.payout_cents
    for settlement in ledger.settlements.values():
        commission[month_of(settlement.at_ns)] += settlement.commission_cents
    return [
        MonthRebate(
            month=month,
            volume_cents=volume[month],
            commission_cents=commission[month],
            rebate_cents=rebate.on(month, volume[month], commission[month]),
        )
        for month in sorted(volume | commission)
    ]
