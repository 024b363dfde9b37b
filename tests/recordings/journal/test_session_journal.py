"""The journal: what was told comes back as it was, in order, and cannot be changed."""

import sqlite3
from pathlib import Path

import pytest

from recordings.journal.session_journal import SessionJournal
from strategies.trading.model.commands import CancelAll, CancelWager, Command, Intent, PlaceWager
from strategies.trading.model.errors import JournalError
from strategies.trading.model.events import (
    AccountState,
    Event,
    FeedLost,
    MarketsAdded,
    MarketSettled,
    TradingState,
    TradingStateSet,
    WagerMatched,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import Line, Market, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds

REF = WagerRef("first-1-1")
EVENTS: list[Event] = [
    FeedLost(),
    WagerMatched(REF, Odds(-110), 1_100, 1_000, 1_100),
    MarketSettled(MarketKey(EventId("1"), MarketId("219")), ((LineId("h"), Result.WON),), 1),
    TradingStateSet(TradingState.HALTED, "told to stop"),
    AccountState(5, ((REF, 7),)),
    MarketsAdded(
        (SportEvent(EventId("1"), "A at H", "H", "A", "NBA", "basketball", 9),),
        (Market(EventId("1"), MarketId("223"), MarketType.SPREAD, "Spread"),),
        (
            Line(LineId("h"), EventId("1"), MarketId("223"), Selection.HOME, -4.5),
            Line(LineId("a"), EventId("1"), MarketId("223"), Selection.AWAY, 4.5),
        ),
        (MarketKey(EventId("1"), MarketId("223")),),
    ),
]
COMMANDS: list[Command] = [
    PlaceWager(REF, LineId("h"), Odds(-110), 1_100, Intent.ADD_ONLY),
    CancelWager(REF),
    CancelAll(),
]


def write(path: Path) -> None:
    """Write one start with every event and every command."""
    with SessionJournal(path) as journal:
        journal.begin_start(100)
        for seq, event in enumerate(EVENTS, 1):
            journal.received(seq, 1_000 + seq, event)
        for command in COMMANDS:
            journal.sent(2_000, command)


def test_everything_comes_back_as_it_was(tmp_path: Path) -> None:
    """Inputs with their numbers and times, commands under the input that they followed."""
    write(tmp_path / "journal")
    with SessionJournal(tmp_path / "journal") as journal:
        entries = list(journal.entries())
    assert [entry.payload for entry in entries] == [*EVENTS, *COMMANDS]
    assert [entry.input_seq for entry in entries] == [1, 2, 3, 4, 5, 6, 6, 6, 6]
    assert {entry.start for entry in entries} == {1}
    assert entries[0].now_ns == 1_001


def test_starts_are_numbered_for_ever(tmp_path: Path) -> None:
    """Every start has the next number, so that no wager reference is made twice."""
    numbers = []
    for _ in range(3):
        with SessionJournal(tmp_path / "journal") as journal:
            numbers.append(journal.begin_start(1))
    assert numbers == [1, 2, 3]


def test_what_was_committed_outlives_a_crash(tmp_path: Path) -> None:
    """A command is on the disk once it was committed; what came after may be lost with us."""
    path = tmp_path / "journal"
    journal = SessionJournal(path)
    journal.begin_start(1)
    journal.sent(2, COMMANDS[0])
    journal.commit()
    journal.sent(3, COMMANDS[1])
    crashed = tmp_path / "crashed"
    for suffix in ("", "-wal"):
        Path(f"{crashed}{suffix}").write_bytes(Path(f"{path}{suffix}").read_bytes())
    journal.__exit__(None, None, None)
    with SessionJournal(crashed) as again:
        assert [entry.payload for entry in again.entries()] == [COMMANDS[0]]
        assert again.begin_start(4) == 2


def test_nothing_in_it_can_be_changed(tmp_path: Path) -> None:
    """Whoever opens the file can add to it, and neither change nor remove a row."""
    path = tmp_path / "journal"
    write(path)
    database = sqlite3.connect(path)
    for statement in ("UPDATE entries SET now_ns = 0", "DELETE FROM entries"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            database.execute(statement)
    database.close()


def test_one_process_has_it_at_a_time(tmp_path: Path) -> None:
    """A session that is open is not opened again, and whoever tries is told so."""
    with SessionJournal(tmp_path / "journal") as journal:
        journal.begin_start(1)
        with pytest.raises(JournalError, match="another process has the session open"):
            SessionJournal(tmp_path / "journal")


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    """Whatever else lies there is told as an error of the journal, with its path."""
    path = tmp_path / "journal"
    path.write_bytes(b"something else, and long enough to be looked at" * 50)
    with pytest.raises(JournalError, match=str(path)):
        SessionJournal(path)
