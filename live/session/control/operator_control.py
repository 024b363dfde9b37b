"""What persons have to say in a session: now, through its socket, and in its earlier starts."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from live.session.control.control_socket import ControlSocket
from live.session.control.control_words import ControlWords, known_verb
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
        self, heading: str, desk: Desk, listener: JournalingListener, health: Health
    ) -> None:
        """Let persons control a desk, of which the heading says what session and start it is."""
        status = SessionStatus(heading, desk, health, self._settings, self._clock)
        self._words = ControlWords(
            desk,
            listener,
            self._clock,
            self._journal,
            self._settings,
            status.lines,
            self._notify,
        )

    def close(self) -> None:
        """Refuse every further word but `status`: one who resumed now would place wagers again."""
        if self._words is not None:
            self._words.close()

    async def _answer(self, operator: str, words: Sequence[str]) -> list[str]:
        verb = known_verb(words)
        if self._words is not None:
            return await self._words.answer(operator, words)
        if verb != "status":
            raise ConfigError(_WAITING)
        return [_WAITING]
