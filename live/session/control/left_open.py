"""What a session that is not running may have left open, for a start that cannot look itself."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from conf.modes import Mode
from conf.saved_targets import saved_exchange, saved_mode
from live.session.control.session_control import journaled_wager_text, named_catalogue
from live.session.session_folder import session_folder
from recordings.journal.entries import JOURNAL
from recordings.journal.journal_reader import JournalReader
from recordings.journal.session_lock import session_lock
from recordings.journal.wager_history import WagerHistory
from strategies.trading.model.counted import counted
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.errors import TradingError

_MOST_NAMED = 5


def left_open_lines(words: Sequence[str], home: Path) -> list[str]:
    """Return what the session that the words name may have open, and how to cancel it.

    Empty if its journal shows nothing, or if it is running. It is called when a start has failed
    already: what cannot be read is left out, so that it does not hide why.
    """
    try:
        folder, _ = session_folder(words, home)
        return list(_lines(folder))
    except (TradingError, OSError):
        return []


def _lines(folder: Path) -> Iterator[str]:
    wagers, last_start = _open_wagers(folder), max(folder.glob("start-*.yaml"), default=None)
    if not wagers or last_start is None or saved_mode(last_start) is Mode.PAPER:
        return
    exchange = (saved_exchange(last_start) or {}).get("name", "sandbox_local")
    yield (
        f"{counted(len(wagers), 'wager')} of an earlier start may still be open; look with python "
        f"-m live status prophet={exchange}, cancel with python -m live cancel-all "
        f"prophet={exchange}"
    )
    catalogue = named_catalogue(folder)
    for wager in wagers[:_MOST_NAMED]:
        yield f"may be open: {journaled_wager_text(wager, wager.open_cents, catalogue)}"


def _open_wagers(folder: Path) -> list[EarlierWager]:
    """Return the wagers that the journal does not know to have ended; raise JournalError."""
    path = folder / JOURNAL
    # A session that runs looks after its own wagers.
    with session_lock(path), JournalReader(path) as journal:
        return WagerHistory(journal.entries()).may_be_open()
