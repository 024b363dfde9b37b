"""What persons have to say in a session: now, through its socket, and in its earlier starts."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from live.session.control.control_socket import ControlSocket
from live.session.control.control_words import ControlWords, known_verb
from live.session.control.session_snapshot import SessionSnapshot, SnapshotName
from live.session.control.session_status import SessionStatus
from live.session.control.settable_settings import SettableSettings
from live.session.gateway import Notify
from live.session.monitoring.health import Health
from live.wall_clock import WallClock
from recordings.journal.operator_history import OperatorHistory
from recordings.journal.session_journal import JournalingListener, SessionJournal
from strategies.trading.desk.desk import Desk
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.events import Event
from strategies.trading.snapshot.desk_activity import DeskActivity
from strategies.trading.snapshot.desk_snapshot import DeskSnapshot

_NAME = "name="
_GIVEN_NAME = re.compile(r"[\w .-]{1,40}")
_WAITING = "waiting for the first snapshot of the market; there is no desk yet"


class OperatorControl:
    """Lets persons control one start; before it has a desk, they can only ask for its state."""

    def __init__(
        self,
        folder: Path,
        earlier: OperatorHistory,
        settings: SettableSettings,
        clock: WallClock,
        journal: SessionJournal,
        notify: Notify,
    ) -> None:
        """Prepare; `earlier` is what persons set in earlier starts."""
        self._earlier = earlier
        self._settings = settings
        self._clock = clock
        self._journal = journal
        self._notify = notify
        self._words: ControlWords | None = None
        self._socket = ControlSocket(folder, self._answer)

    async def run(self) -> None:
        """Serve persons until cancelled; raise what one of their words made fail."""
        await self._socket.run()

    def kept(self) -> Iterator[Event]:
        """Yield what the desk must receive before it starts, as it still holds, and say so."""
        pauses, earlier = self._earlier.pauses(), self._earlier.settings
        yield from pauses
        if pauses:
            self._notify(f"from an earlier start: {counted(len(pauses), 'pause')}")
        if earlier.overrides:
            settings, refused = self._settings.kept(earlier)
            for line in refused:
                self._notify(line)
            self._notify(f"from an earlier start: {self._settings.text(settings)}")
            yield settings

    def attach(
        self,
        name: SnapshotName,
        desk: Desk,
        activity: DeskActivity,
        listener: JournalingListener,
        health: Health,
    ) -> None:
        """Let persons control a desk, of which the name says what session and start it is."""
        heading = f"{name.session}, start {name.start} at {name.venue}"
        status = SessionStatus(heading, desk, health, self._settings, self._clock)
        snapshot = SessionSnapshot(
            name, DeskSnapshot(desk, activity), health, self._settings, self._clock
        )
        self._words = ControlWords(
            desk,
            listener,
            self._clock,
            self._journal,
            self._settings,
            status.lines,
            snapshot.answer,
            self._notify,
        )

    def close(self) -> None:
        """Refuse every further word that changes something.

        One who resumed now would place wagers again.
        """
        if self._words is not None:
            self._words.close()

    async def _answer(self, operator: str, words: Sequence[str]) -> list[str]:
        operator, words = _named(operator, words)
        verb = known_verb(words)
        if self._words is not None:
            return await self._words.answer(operator, words)
        if verb != "status":
            raise ConfigError(_WAITING)
        return [_WAITING]


def _named(operator: str, words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return who gives the words, with the name that a program gives for a person, and the rest.

    Who connected is known, the name is only said; both are journaled.
    """
    if not words or not words[0].startswith(_NAME):
        return operator, words
    name = " ".join(words[0].removeprefix(_NAME).split())
    if not _GIVEN_NAME.fullmatch(name):
        message = "name: 1 to 40 letters, digits, spaces and . _ - of who gives the word"
        raise ConfigError(message)
    return f"{name}, through {operator}", words[1:]
