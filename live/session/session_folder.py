"""The folder of a session in the current one, and which session the words of a verb name."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from conf.saved_targets import place_of
from recordings.journal.entries import JOURNAL
from recordings.journal.journal_reader import JournalReader
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.ids import WagerRefFactory

SESSIONS = "sessions"
_SETTING = "session.name="


def require_name(name: object) -> str:
    """Return the name of a session; raise ConfigError for what cannot be one."""
    if not isinstance(name, str):
        message = "session.name: name the session, as in session.name=first"
        raise ConfigError(message)
    WagerRefFactory(name, 1)
    return name


def require_continued(folder: Path, configuration: str) -> None:
    """Raise ConfigError if the session in a folder traded elsewhere before.

    Its journal would have positions that are not where it trades now.
    """
    last = max(folder.glob("start-*.yaml"), default=None)
    if last is None or not _has_placed(folder / JOURNAL):
        return
    before, now = place_of(last.read_text(encoding="utf-8")), place_of(configuration)
    if None not in (before, now) and before != now:
        message = f"session.name: {folder.name} traded {before} before, not {now}; use another name"
        raise ConfigError(message)


def _has_placed(path: Path) -> bool:
    """Return whether a journal has a wager; one that is cut may have had some."""
    if not path.exists():
        return False
    with JournalReader(path, may_be_cut=True) as journal:
        placed = any(isinstance(entry.payload, PlaceWager) for entry in journal.entries())
        return placed or journal.cut_text is not None


def session_folder(words: Sequence[str], home: Path) -> tuple[Path, list[str]]:
    """Return the folder of the session that the words name, and the other words.

    Raise ConfigError if it does not exist.
    """
    named = [word for word in words if word.startswith(_SETTING)]
    if len(named) != 1:
        message = "session.name: name one session, as in session.name=first"
        raise ConfigError(message)
    name = require_name(named[0].removeprefix(_SETTING))
    folder = home / SESSIONS / name
    if not (folder / JOURNAL).exists():
        others = [path.parent.name for path in (home / SESSIONS).glob(f"*/{JOURNAL}")]
        nearest = get_close_matches(name, others, n=1)
        guess = f"; did you mean session.name={nearest[0]}?" if nearest else ""
        message = f"{SESSIONS}/{name}: there is no session{guess}"
        raise ConfigError(message)
    return folder, [word for word in words if word not in named]
