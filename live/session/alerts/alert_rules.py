"""What of a trading desk is an alert: halts, a lost feed, limits nearly used, odd fills."""

from collections.abc import Iterator

from live.session.alerts.alert import Alert, AlertLevel
from live.session.alerts.alert_settings import AlertSettings
from live.session.alerts.daily_summary import DailySummary
from live.session.alerts.fill_rates import FillRates
from strategies.trading.desk.desk import Desk
from strategies.trading.model.events import (
    RUN_ENDED,
    TradingState,
    TradingStateSet,
    WagerMatched,
)
from strategies.trading.model.ids import EventId
from strategies.trading.model.market import EventStatus
from strategies.trading.model.odds import implied_probability
from strategies.trading.model.settings import nanoseconds
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.snapshot.limit_uses import (
    event_limit_uses,
    limit_text,
    limit_uses,
    used_text,
)
from strategies.trading.snapshot.snapshot_types import LimitUse

# A limit is named again only after its use has fallen this far below the bound, as a share of it.
_FALLEN = 0.9
# Of these and the limit on an event a person must know. Limits of a market, a line or a wager are
# left out, as quotes are sized to use them.
_NAMED_LIMITS = (
    "risk.max_daily_loss",
    "risk.stop_loss_percentage",
    "risk.max_total_exposure",
    "risk.max_concurrent_wagers",
)
# The names with which a reason of a halt may begin that are kinds of alerts themselves.
_HALT_KINDS = ("drift", "watchdog")
_WHOLE_FEED = EventId("")


class AlertRules:
    """Finds the alerts of one desk. All times are nanoseconds since the epoch, the caller's."""

    def __init__(self, desk: Desk, settings: AlertSettings, now_ns: int) -> None:
        """Start with nothing found."""
        self._desk = desk
        self._settings = settings
        self._percent = settings.limit_percent
        self._lost_since: dict[EventId, int] = {}
        self._lost_reported: set[EventId] = set()
        self._near: set[tuple[str, str]] = set()
        self._fill_rates = FillRates(settings.fills_per_minute, now_ns)
        self._looked_ns = now_ns
        self._open_ns = 0
        self._summary = DailySummary(desk, settings.summary_days(), now_ns)

    def note(self, now_ns: int, payload: object) -> Iterator[Alert]:
        """Yield the alerts of an input, before the desk applies it."""
        if isinstance(payload, WagerMatched):
            yield from self._note_fill(now_ns, payload)
        elif isinstance(payload, TradingStateSet):
            yield from self._note_state(payload)

    def look(self, now_ns: int) -> Iterator[Alert]:
        """Yield the alerts of the present state; to be called every second or so."""
        yield from self._look_at_feed(now_ns)
        yield from self._look_at_limits(now_ns)
        yield from self._look_at_fills(now_ns)
        yield from self._summary.due(now_ns)
        self._looked_ns = now_ns

    # Inputs -----------------------------------------------------------------------------------

    def _note_state(self, event: TradingStateSet) -> Iterator[Alert]:
        # The words of a person name him in their reason already.
        is_named = not event.operator or event.operator in event.reason
        by = "" if is_named else f", by {event.operator}"
        if event.state is TradingState.HALTED and event.reason != RUN_ENDED:
            name = event.reason.partition(":")[0]
            kind = name if name in _HALT_KINDS else "halt"
            self._summary.halts += 1
            yield Alert(kind, AlertLevel.CRITICAL, f"halted: {event.reason}{by}", name)
        elif event.state is not TradingState.HALTED:
            text = f"{event.state}: {event.reason}{by}"
            yield Alert("state", AlertLevel.INFO, text, event.state)

    def _note_fill(self, now_ns: int, fill: WagerMatched) -> Iterator[Alert]:
        wager = self._desk.wagers.find(fill.ref)
        if wager is None or 0 < fill.total_cents <= wager.matched_cents:
            # Not ours, or a repeat.
            return
        self._fill_rates.note(now_ns, in_play=self._is_live(wager.pair.first.event_id))
        self._open_ns = 0
        self._summary.fills += 1
        self._summary.matched_cents += fill.stake_cents
        distance = self._settings.fill_distance
        of_first = self._desk.market_fair(wager.pair.pair_id, now_ns)
        if distance is None or of_first is None:
            return
        is_first = wager.line_id == wager.pair.first.line_id
        fair = of_first if is_first else 1 - of_first
        # Not by the amounts: of a fill of a cent, those are rounded to another price.
        price = implied_probability(fill.odds)
        if abs(price - fair) > distance:
            catalogue = self._desk.market_states.catalogue
            named = catalogue.wager_text(fill.ref, wager.line_id, fill.odds, fill.stake_cents)
            text = f"fill far from fair: {named}, paid {price:.3f}, fair {fair:.3f}"
            yield Alert("fill far from fair", AlertLevel.WARNING, text)

    # The present state ------------------------------------------------------------------------

    def _look_at_feed(self, now_ns: int) -> Iterator[Alert]:
        if self._settings.feed_lost_seconds is None:
            return
        states = self._desk.market_states
        lost = {each for each, event in states.events.items() if event.feed_lost}
        if states.feed_lost:
            lost.add(_WHOLE_FEED)
        for event_id in set(self._lost_since) - lost:
            seconds = (now_ns - self._lost_since.pop(event_id)) // NS_PER_SECOND
            if event_id in self._lost_reported:
                self._lost_reported.remove(event_id)
                name = self._feed_name(event_id)
                yield Alert("feed", AlertLevel.INFO, f"{name} is back after {seconds} s", event_id)
        for event_id in lost:
            since_ns = self._lost_since.setdefault(event_id, now_ns)
            is_long = now_ns - since_ns >= nanoseconds(self._settings.feed_lost_seconds)
            if is_long and event_id not in self._lost_reported:
                self._lost_reported.add(event_id)
                seconds = (now_ns - since_ns) // NS_PER_SECOND
                level = AlertLevel.WARNING if event_id else AlertLevel.CRITICAL
                text = f"{self._feed_name(event_id)} is lost for {seconds} s"
                yield Alert("feed lost", level, text, event_id)

    def _feed_name(self, event_id: EventId) -> str:
        if not event_id:
            return "the feed"
        return f"the feed of {self._desk.market_states.catalogue.name_of(event_id)}"

    def _look_at_limits(self, now_ns: int) -> Iterator[Alert]:
        if self._percent is None:
            return
        for where, use in self._watched_limits(now_ns):
            if not use.limit:
                continue
            key, percent = (use.name, where), 100 * (use.used or 0) / use.limit
            if percent < self._percent * _FALLEN:
                self._near.discard(key)
            elif percent >= self._percent and key not in self._near:
                self._near.add(key)
                used = f"{used_text(use)} of {limit_text(use)} ({use.name})"
                text = f"{percent:.0f} % used: {where}{': ' if where else ''}{used}"
                yield Alert("limit", AlertLevel.WARNING, text, where)

    def _watched_limits(self, now_ns: int) -> Iterator[tuple[str, LimitUse]]:
        """Yield the limits that are watched, each with the event that it is of, if of one."""
        yield from (
            ("", use) for use in limit_uses(self._desk, now_ns) if use.name in _NAMED_LIMITS
        )
        yield from event_limit_uses(self._desk)

    def _look_at_fills(self, now_ns: int) -> Iterator[Alert]:
        games = {wager.pair.first.event_id for wager in self._desk.wagers.live()}
        for text in self._fill_rates.look(now_ns, {self._is_live(game) for game in games}):
            yield Alert("fills", AlertLevel.WARNING, text)
        minutes = self._settings.no_fill_minutes
        if minutes is None or not self._desk.wagers.live_count:
            return
        # Only time with wagers open counts: without games nothing can be filled.
        before_ns = self._open_ns
        self._open_ns += now_ns - self._looked_ns
        if before_ns < nanoseconds(60 * minutes) <= self._open_ns:
            text = f"no fill in {minutes:g} minutes with wagers open"
            yield Alert("no fill", AlertLevel.WARNING, text)

    def _is_live(self, event_id: EventId) -> bool:
        return self._desk.market_states.events[event_id].status is EventStatus.LIVE
