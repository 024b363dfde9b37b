"""Answers the word `snapshot`: the state of a session as JSON, for programs that show it.

What many ask for is computed once in a while. Between two events the desk works: a snapshot of any
size delays it by no more than one event takes.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from live.session.control.settable_settings import SettableSettings
from live.session.monitoring.health import Health
from strategies.trading.model.errors import ConfigError
from strategies.trading.ports.clock import Clock
from strategies.trading.snapshot.changed_rows import ChangedRows
from strategies.trading.snapshot.desk_snapshot import DeskSnapshot
from strategies.trading.snapshot.snapshot_types import EventSummary, SessionView

# No newer state is computed within this time of the last, however often it is asked for.
_LEAST_SECONDS = 0.04
_SINCE = "since="


class SnapshotName(msgspec.Struct, frozen=True):
    """What a snapshot is of: the session, the number of its start, and the exchange."""

    session: str
    start: int
    venue: str


class SessionSnapshot:
    """Takes the snapshots of one start."""

    def __init__(
        self,
        name: SnapshotName,
        desk: DeskSnapshot,
        health: Health,
        settings: SettableSettings,
        clock: Clock,
    ) -> None:
        """Read a desk and the health of its session."""
        self._name = name
        self._desk = desk
        self._health = health
        self._settings = settings
        self._clock = clock
        self._rows = ChangedRows(name.start)
        self._taken_seconds = -_LEAST_SECONDS
        self._taking = asyncio.Lock()

    async def answer(self, words: Sequence[str]) -> list[str]:
        """Return a SessionView, or with the id of an event its EventDetail, as one line of JSON.

        `since=VERSION` leaves out the events that did not change since. Raise ConfigError for an
        unknown event.
        """
        if len(words) > 1:
            message = f"snapshot: takes one word; got {words[1][:40]!r} too"
            raise ConfigError(message)
        if words and not words[0].startswith(_SINCE):
            return [self._event(words[0])]
        await self._take_rows()
        version = words[0].removeprefix(_SINCE) if words else ""
        return [msgspec.json.encode(self._view(version)).decode()]

    def _event(self, event_id: str) -> str:
        state = self._desk.event(event_id)
        if state is None:
            message = f"no event {event_id[:40]!r} in session {self._name.session}"
            raise ConfigError(message)
        detail = self._desk.event_detail(state, self._clock.now_ns())
        return msgspec.json.encode(detail).decode()

    async def _take_rows(self) -> None:
        loop = asyncio.get_running_loop()
        async with self._taking:
            if loop.time() - self._taken_seconds < _LEAST_SECONDS:
                return
            markets, live = self._desk.markets_by_event(), self._desk.live_by_market()
            rows: list[EventSummary] = []
            for state in self._desk.events():
                of_event = markets.get(state.event.event_id, ())
                rows.append(self._desk.event_row(state, of_event, live, self._clock.now_ns()))
                await asyncio.sleep(0)
            self._rows.put(rows)
            self._taken_seconds = loop.time()

    def _view(self, version: str) -> SessionView:
        name, health, rows = self._name, self._health, self._rows
        values = self._settings.present.values.items()
        return SessionView(
            session=name.session,
            start=name.start,
            venue=name.venue,
            version=rows.version,
            desk=self._desk.overview(self._clock.now_ns()),
            feed=health.feed_view(),
            placing=health.placing,
            cancelling=health.cancelling,
            counts=health.counts(),
            settings={setting: str(value) for setting, value in values},
            alarms=list(health.alarms),
            event_ids=rows.event_ids,
            events=rows.since(version),
        )
