"""The terminal program that watches sessions, and gives them an operator's words."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from textual.app import App
from textual.worker import Worker

from live.session.control.control_socket import ask_session
from live.watch.terminal.session_reader import SessionReader, session_lines
from live.watch.terminal.session_screens import (
    EventScreen,
    OverviewScreen,
    SessionListScreen,
    WatchScreen,
)
from live.watch.terminal.word_screens import NameQuestion, WordQuestion
from strategies.trading.model.errors import ConfigError, TradingError

_POLL_SECONDS = 0.25
_ABSENT_SECONDS = 1.0
# How many polls a note on what was done stays on the screen.
_NOTE_POLLS = 40

_MEANINGS = {
    "pause": "PAUSE {scope}: withdraw the quotes, and place none until resumed.",
    "resume": "RESUME {scope}: end the pause; of everything, also a halt or that it only reduces.",
    "pull": "PULL {scope}: cancel what is open now; quoting goes on.",
    "halt": "HALT {scope}: cancel everything, and place nothing until resumed.",
}
_EVERYTHING = "everything"


class SessionWatcher(App[None]):
    """Watches the sessions of some folders, one at a time; with one folder, that one at once.

    A snapshot is asked for a few times a second. Words of the operator go through the session's
    control socket with a name, and are in its journal before they are answered.
    """

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, folders: Sequence[Path], operator: str) -> None:
        """Watch; `operator` is the name that words are given with until another is typed."""
        super().__init__()
        self.reader = SessionReader(folders[0])
        self.note = ""
        self._folders = list(folders)
        self._operator = operator
        self._note_polls = 0

    def on_mount(self) -> None:
        """Show the session, or the list of them, and begin to ask."""
        if len(self._folders) == 1:
            self.push_screen(OverviewScreen())
        else:
            self.push_screen(SessionListScreen(self._watch_session))
        self.run_worker(self._poll(), group="poll")

    # Keys -------------------------------------------------------------------------------------

    def open_event(self, event_id: str) -> None:
        """Show the books of an event."""
        self.reader.detail = None
        self.push_screen(EventScreen(event_id))

    def action_close_event(self) -> None:
        """Show the overview again."""
        self.pop_screen()

    def action_other_session(self) -> None:
        """Show the list of sessions."""
        if len(self._folders) == 1:
            self._say("only this session was named, or is here")
        else:
            self.pop_screen()

    def action_leave(self) -> None:
        """End the program; the session goes on."""
        self.exit()

    def action_word(self, verb: str) -> None:
        """Give a word for everything."""
        self.give_word(verb, [], f"{_EVERYTHING} in session {self.reader.folder.name}")

    def give_word(self, verb: str, scope: Sequence[str], name: str) -> Worker[None]:
        """Ask twice about a word, and give it to the session."""
        question = _MEANINGS[verb].format(scope=name)
        return self.run_worker(self._asked_twice([verb, *scope], question), group="word")

    # Work -------------------------------------------------------------------------------------

    async def _asked_twice(self, words: Sequence[str], question: str) -> None:
        if not await self.push_screen_wait(WordQuestion(question)):
            return
        name = await self.push_screen_wait(NameQuestion(question, self._operator))
        if name is None:
            return
        self._operator = name
        self._say(f"asking: {' '.join(words)}")
        self._say(await asyncio.to_thread(_answered, self.reader.folder, name, words))

    async def _poll(self) -> None:
        while True:
            await self._refresh()
            self._draw()
            seconds = _POLL_SECONDS if self.reader.is_present else _ABSENT_SECONDS
            await asyncio.sleep(seconds)

    async def _refresh(self) -> None:
        listed = next((s for s in self.screen_stack if isinstance(s, SessionListScreen)), None)
        if listed is not None and self.screen is listed:
            lines = await asyncio.to_thread(lambda: list(session_lines(self._folders)))
            listed.session_lines = lines
            return
        opened = next((s for s in self.screen_stack if isinstance(s, EventScreen)), None)
        await self.reader.refresh(None if opened is None else opened.event_id)

    def _draw(self) -> None:
        self._note_polls = max(0, self._note_polls - 1)
        if not self._note_polls:
            self.note = ""
        for screen in self.screen_stack:
            if isinstance(screen, WatchScreen) and screen.is_mounted:
                screen.draw()

    def _say(self, note: str) -> None:
        self.note, self._note_polls = note, _NOTE_POLLS
        self._draw()

    def _watch_session(self, number: int) -> None:
        self.reader = SessionReader(self._folders[number])
        self.push_screen(OverviewScreen())


def _answered(folder: Path, name: str, words: Sequence[str]) -> str:
    """Return what a session answers to words, or why it did nothing."""
    try:
        lines = ask_session(folder, [f"name={name}", *words])
    except (ConfigError, TradingError) as error:
        return f"NOT DONE: {error}"
    if lines is None:
        return f"NOT DONE: session {folder.name} is not running"
    return " ".join(lines)
