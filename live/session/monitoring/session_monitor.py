"""Observes the desk of one start for persons: health, lines, alerts. It never stops the desk."""

import asyncio
from collections.abc import Iterator

from live.session.alerts.alert import Alert, AlertLevel
from live.session.alerts.alert_rules import AlertRules
from live.session.alerts.alert_settings import AlertSettings
from live.session.gateway import MarketData
from live.session.monitoring.account_alerts import AccountAlerts
from live.session.monitoring.announcer import Announcer
from live.session.monitoring.health import Health
from recordings.journal.entries import Payload
from recordings.journal.session_journal import SessionJournal
from recordings.logs.event_log import EventLog
from recordings.logs.run_log import RunLog
from strategies.trading.desk.desk import Desk
from strategies.trading.model.events import (
    EventScheduled,
    MarketSettled,
    TradeBroken,
    TradingStateSet,
    WagerWiped,
)
from strategies.trading.ports.clock import Clock
from strategies.trading.ports.journal import Decision, Denial
from strategies.trading.snapshot.desk_activity import DeskActivity

_LOOK_SECONDS = 1.0
# The kind and level of what the exchange did to wagers and games.
_ACCOUNT_ALERTS: dict[type, tuple[str, AlertLevel]] = {
    TradeBroken: ("broken trade", AlertLevel.CRITICAL),
    MarketSettled: ("result", AlertLevel.WARNING),
    EventScheduled: ("postponed", AlertLevel.INFO),
    WagerWiped: ("wiped", AlertLevel.INFO),
}


class SessionMonitor:
    """Follows one desk from its journal, and looks at it every second.

    What fails here is printed, and ends only what failed.
    """

    def __init__(
        self,
        desk: Desk,
        market: MarketData,
        clock: Clock,
        settings: AlertSettings,
        announce: Announcer,
        log: RunLog,
    ) -> None:
        """Start with nothing counted."""
        self.health = Health(desk, market, clock)
        self.activity = DeskActivity(desk, clock.now_ns())
        self._account = AccountAlerts(desk)
        self._rules = AlertRules(desk, settings, clock.now_ns())
        self._market = market
        self._clock = clock
        self._announce = announce
        self._events = EventLog(log, desk.market_states.catalogue, desk.wagers.find)

    def observe(self, now_ns: int, payload: Payload | Denial | Decision) -> None:
        """Count what was journaled, and raise its alerts; before the desk applies it."""
        line = self._account.line(payload)
        if line is not None:
            kind, level = _ACCOUNT_ALERTS[type(payload)]
            self._alert(Alert(kind, level, line))
        for alert in self._rules.note(now_ns, payload):
            self._alert(alert)
        if not isinstance(payload, TradingStateSet | TradeBroken):
            # Of these an alert is in the log already.
            self._events.note(payload)
        self.health.note(now_ns, payload)
        self.activity.note(now_ns, payload)

    def follow(self, journal: SessionJournal) -> None:
        """Observe all that is journaled; an error of that is printed, and ends the observing."""

        def observe(now_ns: int, payload: Payload | Denial | Decision) -> None:
            try:
                self.observe(now_ns, payload)
            except Exception as error:
                journal.observer = None
                self._announce(f"health is no longer counted: {type(error).__name__}: {error}")

        journal.observer = observe

    async def report(self, seconds: float) -> None:
        """Print a line on health periodically, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            try:
                for line in self._account.overdue(self._clock.now_ns()):
                    self._alert(Alert("no result", AlertLevel.WARNING, line, line))
                self._announce(self.health.line())
            except Exception as error:
                self._announce(f"no line on health: {type(error).__name__}: {error}")

    async def look(self) -> None:
        """Raise the alerts of the present state, until cancelled; an error of that ends it."""
        try:
            while True:
                await asyncio.sleep(_LOOK_SECONDS)
                for alert in self._rules.look(self._clock.now_ns()):
                    self._alert(alert)
        except Exception as error:
            self._announce(f"no more alerts on limits: {type(error).__name__}: {error}")

    def report_totals(self) -> None:
        """Print the totals of the start, and what the books hold as open."""
        try:
            for line in self._totals():
                self._announce(line)
        except Exception as error:
            self._announce(f"no totals: {type(error).__name__}: {error}")

    def _alert(self, alert: Alert) -> None:
        if alert.level is not AlertLevel.INFO:
            self.health.note_alarm(alert.text)
        self._announce.alert(alert)

    def _totals(self) -> Iterator[str]:
        yield from self.health.totals()
        yield from self._account.without_end(self._market.venue.name)
