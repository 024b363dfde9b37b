"""Asks a session for snapshots as long as somebody looks, and passes on what changed.

The session is asked through its control socket, a few times a second; many who look cost it no more
than one. When it ends, or starts again, those who look receive that.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from live.session.control.snapshot_client import read_event, read_session
from strategies.trading.model.errors import ConfigError, TradingError
from strategies.trading.snapshot.snapshot_types import EventDetail, EventSummary, SessionView

POLL_SECONDS = 0.05
_ABSENT_SECONDS = 0.5
# Figures that move without an event, such as ages, are sent this often.
_BEAT_SECONDS = 1.0

_View = TypeVar("_View", SessionView, EventDetail)


class Absent(msgspec.Struct, frozen=True, tag="absent", tag_field="kind"):
    """Why there is nothing to show, for now; `is_final` if that does not change by waiting."""

    reason: str
    is_final: bool = False


class SessionPoll:
    """The newest snapshot of a session, for any number of readers."""

    def __init__(self, folder: Path) -> None:
        """Ask the session in this folder."""
        self._folder = folder
        self._readers = 0
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()
        self._number = 0
        self._view: SessionView | Absent = Absent("asking the session")
        self._rows: dict[str, tuple[EventSummary, int]] = {}
        self._sent_seconds = 0.0

    async def updates(self) -> AsyncGenerator[bytes, None]:
        """Yield the state as JSON: first all of it, then what changed."""
        self._readers += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())
        try:
            seen = await self._first()
            yield self._message(0)
            while True:
                async with self._changed:
                    await self._changed.wait_for(lambda: self._number != seen)  # noqa: B023
                    before, seen = seen, self._number
                yield self._message(before)
        finally:
            self._readers -= 1

    async def _first(self) -> int:
        """Wait for a state that is not older than the reader."""
        # The first readers come before there is any answer.
        if self._readers == 1 or not self._number:
            async with self._changed:
                number = self._number
                await self._changed.wait_for(lambda: self._number != number)
        return self._number

    def _message(self, seen: int) -> bytes:
        view = self._view
        if isinstance(view, Absent):
            return msgspec.json.encode(view)
        changed = [row for row, number in self._rows.values() if number > seen]
        return msgspec.json.encode(msgspec.structs.replace(view, events=changed))

    async def _poll(self) -> None:
        """Ask until nobody looks."""
        loop, version = asyncio.get_running_loop(), ""
        while self._readers:
            view = await _asked(lambda: read_session(self._folder, version))  # noqa: B023
            now = loop.time()
            is_new = self._is_new(view)
            if is_new or now - self._sent_seconds >= _BEAT_SECONDS:
                await self._publish(view)
                self._sent_seconds = now
            version = view.version if isinstance(view, SessionView) else ""
            await asyncio.sleep(_ABSENT_SECONDS if isinstance(view, Absent) else POLL_SECONDS)

    def _is_new(self, view: SessionView | Absent) -> bool:
        before = self._view
        if isinstance(view, Absent) or isinstance(before, Absent):
            return view != before
        return bool(view.events) or _without_time(view) != _without_time(before)

    async def _publish(self, view: SessionView | Absent) -> None:
        before = self._view
        async with self._changed:
            self._number += 1
            if isinstance(view, SessionView):
                if isinstance(before, Absent) or before.start != view.start:
                    self._rows = {}
                self._rows |= {row.event_id: (row, self._number) for row in view.events}
            self._view = view
            self._changed.notify_all()


class EventPoll:
    """The snapshots of one event, for one reader."""

    def __init__(self, folder: Path, event_id: str) -> None:
        """Ask the session in a folder for an event."""
        self._folder = folder
        self._event_id = event_id

    async def updates(self) -> AsyncGenerator[bytes, None]:
        """Yield the event as JSON whenever it changed, and once in a while."""
        loop = asyncio.get_running_loop()
        before: EventDetail | Absent | None = None
        sent_seconds = 0.0
        while True:
            view = await _asked(lambda: read_event(self._folder, self._event_id))
            if _has_changed(before, view) or loop.time() - sent_seconds >= _BEAT_SECONDS:
                yield msgspec.json.encode(view)
                sent_seconds = loop.time()
            before = view
            if isinstance(view, Absent) and view.is_final:
                return
            await asyncio.sleep(_ABSENT_SECONDS if isinstance(view, Absent) else POLL_SECONDS)


async def _asked(read: Callable[[], _View | None]) -> _View | Absent:
    """Ask the session, in a thread; return why it has no answer if it has none."""
    try:
        view = await asyncio.to_thread(read)
    except ConfigError as error:
        return Absent(str(error), is_final=str(error).startswith("no event"))
    except TradingError as error:
        return Absent(str(error))
    return Absent("the session is not running") if view is None else view


def _has_changed(before: EventDetail | Absent | None, view: EventDetail | Absent) -> bool:
    if isinstance(before, EventDetail) and isinstance(view, EventDetail):
        return msgspec.structs.replace(before, at_ns=view.at_ns) != view
    return before != view


def _without_time(view: SessionView) -> SessionView:
    desk = msgspec.structs.replace(view.desk, at_ns=0)
    return msgspec.structs.replace(view, desk=desk, feed=None, events=[])
