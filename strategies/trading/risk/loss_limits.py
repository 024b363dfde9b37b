"""The loss limits: the largest loss of a day, and the largest fall of profit from its peak.

Both count over all runs of a session: a restart forgets neither. Profit includes positions at their
last fair price. While a book gives none, as in every suspension, the mark does not change: a worse
one would be a guess, and would halt the desk at each time-out. A loss that happens meanwhile is
noticed with the next fair price, whatever its size.
"""

from strategies.trading.model.earlier_runs import HeldPosition, LossRecord
from strategies.trading.model.money import dollars_text
from strategies.trading.risk.limits import Limits
from strategies.trading.risk.trading_day import read_trading_days


class LossLimits:
    """Follows the equity of a run, in cents, and with it the profit of the session.

    Days begin at `risk.day_starts`. `max_drawdown_cents` is of this run alone.
    """

    def __init__(self, limits: Limits, starting_balance_cents: int) -> None:
        """Start at the starting balance, with no earlier runs."""
        self._limits = limits
        self._days = read_trading_days(limits.day_starts)
        self._starting_balance_cents = starting_balance_cents
        self._highest_cents = starting_balance_cents
        self._earlier_cents = 0
        self._missing: tuple[HeldPosition, ...] = ()
        self._profit_cents = 0
        self._peak_cents = 0
        self._day_from_ns = self._day_until_ns = 0
        self._day_from_cents = 0
        self.max_drawdown_cents = 0

    def take_over(
        self, record: LossRecord, missing: tuple[HeldPosition, ...], equity_cents: int
    ) -> None:
        """Go on from what an earlier run recorded; call before the first update.

        `missing` are those recorded positions that this run does not hold; they count at their
        marks. `equity_cents` counts the others.
        """
        self._earlier_cents, self._missing = record.profit_cents, missing
        self._day_from_ns, self._day_from_cents = record.day_from_ns, record.day_from_cents
        if record.day_from_ns:
            self._day_until_ns = self._days.end_ns(record.day_from_ns)
        self._peak_cents = record.peak_cents
        self._profit_cents = self._profit(equity_cents)

    def record(self, settled_cents: int, positions: tuple[HeldPosition, ...]) -> LossRecord:
        """Return what the next run must know, with the settled profit and positions of this one."""
        return LossRecord(
            self._earlier_cents + settled_cents,
            self._day_from_ns,
            self._day_from_cents,
            self._peak_cents,
            (*positions, *self._missing),
        )

    def use(self, limits: Limits) -> None:
        """Compare losses with these limits from now on."""
        if limits.day_starts != self._limits.day_starts:
            self._days = read_trading_days(limits.day_starts)
            self._day_until_ns = self._days.end_ns(self._day_from_ns)
        self._limits = limits

    @property
    def lost_today_cents(self) -> int:
        """Return the loss of the day, below zero for a profit."""
        return self._day_from_cents - self._profit_cents

    @property
    def fall_cents(self) -> int:
        """Return by how much the profit has fallen from its peak."""
        return self._peak_cents - self._profit_cents

    @property
    def stop_cents(self) -> int:
        """Return the fall at which trading halts, 0 without one; a fraction of a cent is cut."""
        return int(self._limits.stop_loss_percent * self._starting_balance_cents / 100)

    def accept(self, equity_cents: int) -> None:
        """Measure losses from this equity on: a person let the desk trade again."""
        self._peak_cents = self._day_from_cents = self._profit(equity_cents)

    def update(self, now_ns: int, equity_cents: int) -> str | None:
        """Update the equity; return which limit it reached, with the amount, None if none.

        A limit of zero is no limit.
        """
        if now_ns >= self._day_until_ns:
            self._begin_day(now_ns)
        self._profit_cents = self._profit(equity_cents)
        self._peak_cents = max(self._peak_cents, self._profit_cents)
        self._highest_cents = max(self._highest_cents, equity_cents)
        drawdown_cents = self._highest_cents - equity_cents
        self.max_drawdown_cents = max(self.max_drawdown_cents, drawdown_cents)
        return self._reason()

    def _begin_day(self, now_ns: int) -> None:
        """Measure the day's loss from the last profit before it."""
        self._day_from_ns = self._days.start_ns(now_ns)
        self._day_until_ns = self._days.end_ns(now_ns)
        self._day_from_cents = self._profit_cents
        # Their results will not arrive; kept for longer they would only pile up.
        self._earlier_cents += self._missing_cents()
        self._missing = ()

    def _profit(self, equity_cents: int) -> int:
        run_cents = equity_cents - self._starting_balance_cents
        return self._earlier_cents + self._missing_cents() + run_cents

    def _missing_cents(self) -> int:
        return sum(held.mark_cents for held in self._missing)

    def _reason(self) -> str | None:
        fall_cents = self.fall_cents
        if self.lost_today_cents >= self._limits.max_daily_loss_cents > 0:
            return f"max_daily_loss: {dollars_text(self.lost_today_cents)} lost today"
        stop_cents = self._limits.stop_loss_percent * self._starting_balance_cents / 100
        if fall_cents >= stop_cents > 0:
            return f"stop_loss_percentage: {dollars_text(fall_cents)} below the highest equity"
        return None
