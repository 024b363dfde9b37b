"""Words of an operator from the page: asked twice, then given to the session with a name."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from live.session.control.control_socket import ask_session
from strategies.trading.model.errors import ConfigError, TradingError

_VERBS = {
    "pause": "Withdraw the quotes of {scope}, and place none until resumed.",
    "resume": "End the pause of {scope}; of everything, also a halt or that it only reduces.",
    "reduce": "Place only what lowers the exposure.",
    "pull": "Cancel what is open in {scope} now; quoting goes on.",
    "halt": "Cancel everything, and place nothing until resumed.",
    "set": "Change {scope}.",
}
_CONFIRM_SECONDS = 60.0
_MOST_ASKED = 20
_CODE_BYTES = 9


class WordRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What a page sends: who asks, the words, and from the second time on the code of the first."""

    name: str
    words: list[str]
    code: str = ""


class WordAnswer(Struct, frozen=True, omit_defaults=True):
    """A question with the code of its confirmation, or the lines of what was done."""

    question: str = ""
    code: str = ""
    lines: list[str] = []


class _Asked(Struct, frozen=True):
    name: str
    words: list[str]
    until_seconds: float


class OperatorWords:
    """Gives words to the session in a folder once they were confirmed."""

    def __init__(self, folder: Path, seconds: Callable[[], float]) -> None:
        """Give words to this session; `seconds` is the time after which a question lapses."""
        self._folder = folder
        self._seconds = seconds
        self._asked: dict[str, _Asked] = {}

    async def answer(self, request: WordRequest) -> WordAnswer:
        """Ask back, or do what was asked and confirmed; raise ConfigError for what is wrong."""
        if not request.code:
            return self._question(request)
        asked = self._asked.pop(request.code, None)
        same = asked is not None and (asked.name, asked.words) == (request.name, request.words)
        if asked is None or not same or asked.until_seconds < self._seconds():
            message = "the question has lapsed; ask again"
            raise ConfigError(message)
        words = [f"name={request.name}", *request.words]
        lines = await asyncio.to_thread(ask_session, self._folder, words)
        if lines is None:
            message = "the session is not running; nothing was done"
            raise TradingError(message)
        return WordAnswer(lines=lines)

    def _question(self, request: WordRequest) -> WordAnswer:
        if not request.name.strip():
            message = "write your name first; the journal keeps who gave a word"
            raise ConfigError(message)
        verb = request.words[0] if request.words else ""
        if verb not in _VERBS:
            message = f"no word {verb[:40]!r}; there are {', '.join(_VERBS)}"
            raise ConfigError(message)
        code = secrets.token_urlsafe(_CODE_BYTES)
        while len(self._asked) >= _MOST_ASKED:
            del self._asked[next(iter(self._asked))]
        until_seconds = self._seconds() + _CONFIRM_SECONDS
        self._asked[code] = _Asked(request.name, request.words, until_seconds)
        return WordAnswer(_VERBS[verb].format(scope=_scope(request.words[1:])), code)


def _scope(words: Sequence[str]) -> str:
    return ", ".join(words) or "everything"
