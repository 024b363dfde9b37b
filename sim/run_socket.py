"""Lets a simulation be watched while it runs: answers snapshots through a socket in its folder.

The run looks for a request at intervals of its own time, and only reads its desk to answer one: its
results are the same whether somebody watches or not.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from recordings.control_address import SOCKET_NAME, ControlResponse
from recordings.local_socket import listening_at
from sim.watched_journal import WatchedJournal
from strategies.trading.desk.desk import Desk
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.clock import Clock
from strategies.trading.ports.journal import Journal
from strategies.trading.snapshot.changed_rows import ChangedRows
from strategies.trading.snapshot.desk_activity import DeskActivity
from strategies.trading.snapshot.desk_snapshot import DeskSnapshot
from strategies.trading.snapshot.snapshot_types import SessionView

_LOOK_NS = NS_PER_SECOND
# A client sends its line as it connects; the run waits no longer for one that does not.
_CLIENT_SECONDS = 0.2
_LONGEST_REQUEST = 4_096
BACKTEST = "backtest"


class RunSocket:
    """Answers those who watch one run, in the time of its clock."""

    def __init__(self, listening: socket.socket, name: str, venue: str) -> None:
        """Answer at a socket; `name` says what runs, and `venue` where it trades."""
        listening.setblocking(False)
        self._name = name
        self._listening = listening
        self._venue = venue
        self._rows = ChangedRows(0)

    def journal(self, journal: Journal) -> WatchedJournal:
        """Return the journal that a desk must write to, so that its activity is known."""
        self._journal = WatchedJournal(journal)
        return self._journal

    def start(self, desk: Desk, clock: Clock) -> None:
        """Show a desk from now on, which writes to the journal that `journal` returned."""
        self._clock = clock
        self._journal.activity = DeskActivity(desk, clock.now_ns())
        self._desk = DeskSnapshot(desk, self._journal.activity)
        self._look()

    def _look(self) -> None:
        """Answer all who wait, and look again later."""
        with suppress(BlockingIOError):
            while True:
                client, _ = self._listening.accept()
                with client, suppress(OSError):
                    client.settimeout(_CLIENT_SECONDS)
                    client.sendall(msgspec.json.encode(self._response(client)) + b"\n")
        self._clock.call_at(self._clock.now_ns() + _LOOK_NS, self._look)

    def _response(self, client: socket.socket) -> ControlResponse:
        try:
            words = msgspec.json.decode(client.recv(_LONGEST_REQUEST), type=list[str])
        except msgspec.DecodeError:
            return ControlResponse(["a request is one short line, a JSON list of words"], True)
        if not words or words[0] != "snapshot":
            only = f"a {self._name} can only be watched; it takes no words but snapshot"
            return ControlResponse([only], True)
        return self._snapshot(words[1:])

    def _snapshot(self, words: Sequence[str]) -> ControlResponse:
        now_ns = self._clock.now_ns()
        version = words[0] if words else "since="
        if not version.startswith("since="):
            state = self._desk.event(version)
            if state is None:
                return ControlResponse([f"no event {version[:40]!r} in this {self._name}"], True)
            return _encoded(self._desk.event_detail(state, now_ns))
        markets, live = self._desk.markets_by_event(), self._desk.live_by_market()
        self._rows.put(
            [
                self._desk.event_row(state, markets.get(state.event.event_id, ()), live, now_ns)
                for state in self._desk.events()
            ]
        )
        return _encoded(
            SessionView(
                session=self._name,
                start=0,
                venue=self._venue,
                version=self._rows.version,
                desk=self._desk.overview(now_ns),
                feed=None,
                placing=None,
                cancelling=None,
                counts=None,
                settings={},
                alarms=[],
                event_ids=self._rows.event_ids,
                events=self._rows.since(version.removeprefix("since=")),
            )
        )


@contextmanager
def run_socket(folder: Path, name: str, venue: str) -> Iterator[RunSocket]:
    """Listen in the folder of a run for as long as the context lasts.

    Raise WriteError if the socket cannot be made.
    """
    with listening_at(folder / SOCKET_NAME) as listening:
        yield RunSocket(listening, name, venue)


def _encoded(view: object) -> ControlResponse:
    return ControlResponse([msgspec.json.encode(view).decode()])
