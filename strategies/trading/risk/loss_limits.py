"""The loss limits: the largest loss of a day, and the largest fall of equity from its peak.

Equity includes positions at their last fair price. While a book gives none, as in every suspension,
the mark does not change: a worse one would be a guess, and would halt the desk at each time-out. A
loss that happens meanwhile is noticed with the next fair price, whatever its size.
"""

from strategies.trading.model.money import dollars_text
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.risk.limits import Limits

_DAY_NS = 86_400 * NS_PER_SECOND


class LossLimits:
    """Follows the equity, in cents; days are those of UTC."""

    def __init__(self, limits: Limits, starting_balance_cents: int) -> None:
        """Start at the starting balance."""
        self._limits = limits
        self._starting_balance_cents = starting_balance_cents
        self._highest_cents = self._stop_from_cents = starting_balance_cents
        self._day = -1
        self._day_start_cents = starting_balance_cents
        self._last_cents = starting_balance_cents
        self.max_drawdown_cents = 0
        self.hit: str | None = None

    def use(self, limits: Limits) -> None:
        """Compare losses with these limits from now on."""
        self._limits = limits

    def accept(self, equity_cents: int) -> None:
        """Measure losses from this equity on: a person let the desk trade again."""
        self._stop_from_cents = self._day_start_cents = equity_cents
        self.hit = None

    def update(self, now_ns: int, equity_cents: int) -> str | None:
        """Update the equity; return which limit it reached, with the amount, None if none.

        A limit of zero is no limit. `hit` keeps the last result that was not None.
        """
        day = now_ns // _DAY_NS
        if day != self._day:
            self._day, self._day_start_cents = day, self._last_cents
        self._last_cents = equity_cents
        self._highest_cents = max(self._highest_cents, equity_cents)
        self._stop_from_cents = max(self._stop_from_cents, equity_cents)
        drawdown_cents = self._highest_cents - equity_cents
        self.max_drawdown_cents = max(self.max_drawdown_cents, drawdown_cents)
        reason = self._reason(
            self._day_start_cents - equity_cents, self._stop_from_cents - equity_cents
        )
        self.hit = reason or self.hit
        return reason

    def _reason(self, lost_today_cents: int, fall_cents: int) -> str | None:
        if lost_today_cents >= self._limits.max_daily_loss_cents > 0:
            return f"max_daily_loss: {dollars_text(lost_today_cents)} lost today"
        stop_cents = self._limits.stop_loss_percent * self._starting_balance_cents / 100
        if fall_cents >= stop_cents > 0:
            return f"stop_loss_percentage: {dollars_text(fall_cents)} below the highest equity"
        return None
