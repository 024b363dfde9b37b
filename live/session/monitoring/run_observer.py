"""What a start counts and prints for people, from what passes through its journal.

An error of that ends only the counting, and never the start.
"""

import asyncio

from live.session.gateway import MarketData, Notify
from live.session.monitoring.account_alerts import AccountAlerts
from live.session.monitoring.health import Health
from recordings.journal.entries import Payload
from recordings.journal.session_journal import SessionJournal
from strategies.trading.desk.desk import Desk
from strategies.trading.ports.clock import Clock
from strategies.trading.ports.journal import Decision, Denial
from strategies.trading.snapshot.desk_activity import DeskActivity


class RunObserver:
    """Observes the desk of one start: its health, its alarms and its recent activity."""

    def __init__(
        self, desk: Desk, market: MarketData, clock: Clock, journal: SessionJournal, notify: Notify
    ) -> None:
        """Observe a desk from now on, through its journal."""
        self.health = Health(desk, market, clock)
        self.activity = DeskActivity(desk, clock.now_ns())
        self._alerts = AccountAlerts(desk)
        self._market = market
        self._clock = clock
        self._journal = journal
        self._notify = notify
        journal.observer = self._observe

    async def report(self, seconds: float) -> None:
        """Print a line on health periodically, and what is overdue."""
        while True:
            await asyncio.sleep(seconds)
            try:
                for line in self._alerts.overdue(self._clock.now_ns()):
                    self._alarm(line)
                self._notify(self.health.line())
            except Exception as error:
                self._notify(f"no line on health: {type(error).__name__}: {error}")

    def report_totals(self) -> None:
        """Print the totals of the start."""
        try:
            left = self._alerts.without_end(self._market.venue.name)
            for line in (*self.health.totals(), *left):
                self._notify(line)
        except Exception as error:
            self._notify(f"no totals: {type(error).__name__}: {error}")

    def _observe(self, now_ns: int, payload: Payload | Denial | Decision) -> None:
        try:
            alert = self._alerts.line(payload)
            if alert is not None:
                self._alarm(alert)
            self.health.note(now_ns, payload)
            self.activity.note(now_ns, payload)
        except Exception as error:
            self._journal.observer = None
            self._notify(f"health is no longer counted: {type(error).__name__}: {error}")

    def _alarm(self, text: str) -> None:
        self.health.note_alarm(text)
        self._notify(text)
