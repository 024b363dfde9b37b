"""What a terminal knows of a session: its last snapshot, or why it has no present one."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from live.session.control.session_control import session_status
from live.session.control.snapshot_client import read_event, read_session
from live.session.session_folder import SESSIONS
from recordings.control_address import SOCKET_NAME
from recordings.journal.entries import JOURNAL
from strategies.trading.model.errors import ConfigError, TradingError
from strategies.trading.snapshot.snapshot_types import EventDetail, EventSummary, SessionView

# A journal of an evening takes a second to read; what it says changes only as a session ends.
_JOURNAL_POLLS = 20


class SessionReader:
    """Follows one session over its starts, through its control socket.

    `view` is the last snapshot, and `is_present` whether it is what the session answered now.
    Otherwise `absence` says why, and `journal_lines` what the journal of a session says that is not
    running. `detail` is the last snapshot of the event that is looked at.
    """

    def __init__(self, folder: Path) -> None:
        """Follow the session in a folder, which may not be running."""
        self.folder = folder
        self.view: SessionView | None = None
        self.detail: EventDetail | None = None
        self.is_present = False
        self.absence = f"asking session {folder.name}"
        self.journal_lines: list[str] = []
        self._events: dict[str, EventSummary] = {}
        self._polls_absent = 0

    @property
    def events(self) -> list[EventSummary]:
        """Return the events of the last snapshot in their order."""
        ids = [] if self.view is None else self.view.event_ids
        return [self._events[event_id] for event_id in ids]

    async def refresh(self, event_id: str | None) -> None:
        """Ask for a snapshot, and for that of an event if one is looked at."""
        version = self.view.version if self.view is not None and self.is_present else ""
        try:
            view = await asyncio.to_thread(read_session, self.folder, version)
            detail = None
            if view is not None and event_id in view.event_ids:
                detail = await asyncio.to_thread(read_event, self.folder, str(event_id))
        except (ConfigError, TradingError) as error:
            self._lose(str(error))
            return
        if view is None:
            await self._read_journal()
            return
        if not version:
            self._events = {}
        self._events |= {event.event_id: event for event in view.events}
        self.view, self.detail, self.is_present = view, detail, True
        self.journal_lines, self._polls_absent = [], 0

    def _lose(self, reason: str) -> None:
        self.is_present, self.detail, self.absence = False, None, reason

    async def _read_journal(self) -> None:
        """Say that the session is not running, and now and then read what its journal says."""
        self._lose(f"session {self.folder.name} is not running; waiting for its next start")
        self._polls_absent += 1
        if self._polls_absent % _JOURNAL_POLLS != 1 or not (self.folder / JOURNAL).exists():
            return
        home = self.folder.parents[1]
        try:
            self.journal_lines = await asyncio.to_thread(
                session_status, [f"session.name={self.folder.name}"], home
            )
        except (ConfigError, TradingError) as error:
            self.journal_lines = [str(error)]


def session_folders(home: Path) -> list[Path]:
    """Return the folders of all sessions, the running ones first."""
    folders = [path.parent for path in (home / SESSIONS).glob(f"*/{JOURNAL}")]
    return sorted(folders, key=lambda folder: (not (folder / SOCKET_NAME).exists(), folder.name))


def session_lines(folders: list[Path]) -> Iterator[str]:
    """Yield for each session its name and what it answers, in a line."""
    for folder in folders:
        yield f"{folder.name:<24}{_state_of(folder)}"


def _state_of(folder: Path) -> str:
    try:
        view = read_session(folder)
    except (ConfigError, TradingError) as error:
        return str(error)
    if view is None:
        return "not running"
    return f"{view.desk.state.state}, start {view.start} at {view.venue}"
