"""The summary of a day of a session, as an alert."""

from collections.abc import Iterator

from live.session.alerts.alert import Alert, AlertLevel
from strategies.trading.desk.desk import Desk
from strategies.trading.model.counted import counted
from strategies.trading.model.money import dollars_text
from strategies.trading.risk.trading_day import TradingDays


class DailySummary:
    """Sums up a day when the next one begins; the first from the start of the desk on.

    Whoever sees fills and halts adds them to `fills`, `matched_cents` and `halts`.
    """

    def __init__(self, desk: Desk, days: TradingDays | None, now_ns: int) -> None:
        """Begin the first day; without `days` there are no summaries."""
        self._desk = desk
        self._days = days
        self._ends_ns = 0 if days is None else days.end_ns(now_ns)
        self._begin()

    def due(self, now_ns: int) -> Iterator[Alert]:
        """Yield the summary of the day that has ended, if one has."""
        if self._days is None or now_ns < self._ends_ns:
            return
        yield Alert("daily summary", AlertLevel.INFO, self._text())
        self._ends_ns = self._days.end_ns(now_ns)
        self._begin()

    def _begin(self) -> None:
        ledger = self._desk.ledger
        self._profit_cents, self._equity_cents = ledger.profit_cents, ledger.equity_cents
        self.fills = self.matched_cents = self.halts = 0

    def _text(self) -> str:
        desk, ledger = self._desk, self._desk.ledger
        parts = [
            f"settled profit {dollars_text(ledger.profit_cents - self._profit_cents)}",
            f"equity {dollars_text(ledger.equity_cents)}, "
            f"changed by {dollars_text(ledger.equity_cents - self._equity_cents)}",
            f"matched {dollars_text(self.matched_cents)} in {counted(self.fills, 'fill')}",
            f"exposure {dollars_text(desk.exposure.total_cents)}",
            counted(self.halts, "halt"),
        ]
        return f"the last day: {'; '.join(parts)}; now {desk.risk.state}"
