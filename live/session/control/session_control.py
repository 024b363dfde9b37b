"""The verbs of a person at a session: words for a running one, and the state of any."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from live.session.control.control_socket import ask_session
from live.session.control.control_words import known_verb
from live.session.session_folder import session_folder
from live.wall_clock import utc_text
from recordings.journal.entries import JOURNAL
from recordings.journal.journal_reader import JournalReader
from recordings.journal.operator_history import OperatorHistory
from recordings.journal.session_lock import session_lock
from recordings.journal.wager_history import WagerHistory
from recordings.reader import Tape
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.counted import counted
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.errors import ConfigError, JournalError, TapeError, TradingError
from strategies.trading.model.events import MarketPaused, TradingState

# The newest recordings that are searched for the names of wagers.
_MOST_TAPES = 10


def control(words: Sequence[str], home: Path) -> list[str]:
    """Return what a running session answers to the words that follow its name.

    Raise ConfigError for wrong words, and for a session that is not running.
    """
    folder, rest = session_folder(words, home)
    known_verb(rest)
    lines = ask_session(folder, rest)
    if lines is None:
        message = f"session {folder.name} is {_activity(folder)}; nothing was done"
        raise ConfigError(message)
    return lines


def session_status(words: Sequence[str], home: Path) -> list[str]:
    """Return the state of a session: its own answer, or what its journal says if it has none."""
    folder, rest = session_folder(words, home)
    if rest:
        message = f"{rest[0]}: the state of a session takes no settings but session.name"
        raise ConfigError(message)
    with suppress(TradingError):
        lines = ask_session(folder, ["status"])
        if lines is not None:
            return lines
    return _journal_lines(folder)


def _activity(folder: Path) -> str:
    """Return whether a process has a session open that does not answer."""
    try:
        with session_lock(folder / JOURNAL):
            return "not running"
    except JournalError:
        return "starting or ending, and does not answer"


def _journal_lines(folder: Path) -> list[str]:
    """Return the state that a session's journal shows, as far as it was written."""
    activity = _activity(folder)
    with JournalReader(folder / JOURNAL) as journal:
        entries = list(journal.entries())
        earlier = journal.earlier_runs()
    wagers = WagerHistory(entries)
    operators = OperatorHistory(entries)
    catalogue = named_catalogue(folder)
    settled = wagers.settled_in(catalogue)
    still_open = wagers.may_be_open()
    matched = [
        wager for wager in wagers.wagers.values() if wager.matched_cents and wager not in settled
    ]
    rows = [("session", f"{folder.name} is {activity}; this is what its journal says")]
    if entries:
        rows.append(("start", f"{entries[-1].run}, last entry {utc_text(entries[-1].now_ns)}"))
    if earlier.state is TradingState.ACTIVE:
        rows.append(("next start", "trades"))
    else:
        reason = f"{earlier.state}: {earlier.reason}"
        rows.append(("next start", f"{reason}; until python -m live control ... resume"))
    for name, value in operators.settings.overrides.items():
        rows.append(("changed", f"{name}={value}, by {operators.settings.operator}"))
    for pause in operators.pauses():
        key = pause.market_key if isinstance(pause, MarketPaused) else pause.event_id
        rows.append(("paused", f"{catalogue.name_of(key)}, by {pause.operator}"))
    rows.append(("open", f"{counted(len(still_open), 'wager')}, if nothing happened since"))
    rows += [("", journaled_wager_text(wager, wager.open_cents, catalogue)) for wager in still_open]
    rows.append(("matched", f"{counted(len(matched), 'wager')} without a result"))
    rows += [("", journaled_wager_text(wager, wager.matched_cents, catalogue)) for wager in matched]
    return [f"{name:<12}{text}" for name, text in rows]


def journaled_wager_text(wager: EarlierWager, cents: int, catalogue: Catalogue) -> str:
    """Return a wager with an amount of it in words."""
    request = wager.request
    return catalogue.wager_text(request.ref, request.line_id, request.odds, cents)


def named_catalogue(folder: Path) -> Catalogue:
    """Return what the newest recordings of a session name; those that cannot be read, do not."""
    catalogue = Catalogue([], [], [])
    for path in sorted(folder.glob("tape-*"))[-_MOST_TAPES:]:
        with suppress(TapeError):
            info = Tape(path).info
            catalogue.add(info.events, info.markets, info.lines)
    return catalogue
