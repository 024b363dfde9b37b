"""The journal: what is recorded is read back unchanged, in order, also by another process."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from recordings.journal.entries import Entry, Payload
from recordings.journal.journal_reader import JournalReader
from recordings.journal.session_journal import SessionJournal
from strategies.trading.model.commands import CancelAll, CancelWager, Command, Intent, PlaceWager
from strategies.trading.model.earlier_runs import (
    NO_EARLIER_RUNS,
    EarlierRuns,
    HeldPosition,
    LossRecord,
)
from strategies.trading.model.errors import JournalError
from strategies.trading.model.events import (
    RUN_ENDED,
    AccountState,
    Event,
    FeedLost,
    MarketsAdded,
    MarketSettled,
    TradingState,
    TradingStateSet,
    WagerMatched,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, PairId, WagerRef
from strategies.trading.model.market import Line, Market, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds
from strategies.trading.ports.journal import DecideRequested, DeskStarted
from tests.paths import PROJECT

REF = WagerRef("first-1-1")
EVENTS: list[Event] = [
    FeedLost(),
    WagerMatched(REF, Odds(-110), 1_100, 1_000, 1_100),
    MarketSettled(MarketKey(EventId("1"), MarketId("219")), ((LineId("h"), Result.WON),), 1),
    TradingStateSet(TradingState.HALTED, "stopped by an operator"),
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


# A hundred of these are more than the thousand pages after which SQLite tidies its log.
LONG_REF = "x" * 60_000
# The row of `seatings` as version 0.1 wrote it.
CONTEXT_OF_0_1 = (
    '{"limits":{"min_stake_cents":100,"max_stake_cents":25000,"max_position_cents":250000,'
    '"max_market_exposure_cents":150000,"max_event_exposure_cents":250000,'
    '"max_total_exposure_cents":500000,"max_concurrent_wagers":200,"max_daily_loss_cents":100000,'
    '"stop_loss_percent":"20","shortest_odds":-2000,"longest_odds":2000,'
    '"max_feed_age_ns":900000000000,"max_commands_per_second":40,"in_play":true,'
    '"stop_before_start_ns":120000000000,"exposure_credit":true},'
    '"starting_balance_cents":1000000,"market_keys":[["9000013","219"]],'
    '"events":1,"markets":3,"lines":14,"recalled":["first-1-1","first-1-2"]}'
)

# Another process: opens the journal at argv[1], then commits a command for every line of its input.
WRITER = """
import sys
from pathlib import Path
from recordings.journal.session_journal import SessionJournal
from strategies.trading.model.commands import CancelWager

with SessionJournal(Path(sys.argv[1])) as journal:
    print(journal.begin_run(1), flush=True)
    for line in sys.stdin:
        journal.sent(2, CancelWager(line.strip()))
        journal.commit()
        print("committed", flush=True)
"""


def write(path: Path) -> None:
    """Write one run with every event and every command."""
    with SessionJournal(path) as journal:
        journal.begin_run(100)
        for seq, event in enumerate(EVENTS, 1):
            journal.received(seq, 1_000 + seq, event)
        for command in COMMANDS:
            journal.sent(2_000, command)


def read(path: Path) -> list[Entry[Payload]]:
    """Return the entries that a reader sees now."""
    with JournalReader(path) as journal:
        return list(journal.entries())


def refs_in(path: Path) -> list[str]:
    """Return the references of the cancels that a reader sees now."""
    payloads = [entry.payload for entry in read(path)]
    return [payload.ref for payload in payloads if isinstance(payload, CancelWager)]


@contextmanager
def other_process(path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run a process that has the journal open for writing."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)],
        cwd=PROJECT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with writer:
        try:
            assert response(writer) == "1"
            yield writer
        finally:
            writer.kill()


def response(writer: "subprocess.Popen[str]", line: str = "") -> str:
    """Return the next line of the other process, after giving it a line if one is named."""
    assert writer.stdin is not None
    assert writer.stdout is not None
    if line:
        writer.stdin.write(f"{line}\n")
        writer.stdin.flush()
    return writer.stdout.readline().strip()


def test_everything_is_read_back_unchanged(tmp_path: Path) -> None:
    """Inputs have their numbers and times, and commands the number of the input before them."""
    write(tmp_path / "journal")
    entries = read(tmp_path / "journal")
    assert [entry.payload for entry in entries] == [*EVENTS, *COMMANDS]
    assert [entry.input_seq for entry in entries] == [1, 2, 3, 4, 5, 6, 6, 6, 6]
    assert {entry.run for entry in entries} == {1}
    assert entries[0].now_ns == 1_001


def test_every_run_has_the_next_number(tmp_path: Path) -> None:
    """No run number is used twice, so that no wager reference is."""
    numbers = []
    for _ in range(3):
        with SessionJournal(tmp_path / "journal") as journal:
            numbers.append(journal.begin_run(1))
    assert numbers == [1, 2, 3]


def test_a_run_that_the_journal_lost_keeps_its_number(tmp_path: Path) -> None:
    """The number is above that of every run whose files are left, though the journal was cut."""
    with SessionJournal(tmp_path / "journal") as journal:
        assert journal.begin_run(1, last_run=7) == 8
    with SessionJournal(tmp_path / "journal") as journal:
        assert journal.begin_run(2, last_run=3) == 9


def test_a_journal_has_one_token_for_its_references(tmp_path: Path) -> None:
    """It is drawn once, and read by every later start."""
    drawn = iter(("first", "second"))
    tokens = []
    for _ in range(2):
        with SessionJournal(tmp_path / "journal") as journal:
            tokens.append(journal.ref_token(lambda: next(drawn)))
    assert tokens == ["first", "first"]


def test_a_journal_with_the_kind_names_of_version_0_1_is_read(tmp_path: Path) -> None:
    """Renamed types, and the renamed field of the run context, keep their names on disk."""
    path = tmp_path / "journal"
    with SessionJournal(path):
        pass
    added = msgspec.json.encode(EVENTS[-1]).decode()
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        insert = "INSERT INTO {} (start, input_seq, now_ns, kind, body) VALUES (2, 1, 3, ?, ?)"
        database.execute(insert.format("entries"), ("CatalogueGrew", added))
        database.execute(insert.format("feed"), ("Begun", "{}"))
        database.execute(insert.format("feed"), ("Asked", "{}"))
        database.execute("INSERT INTO seatings (start, body) VALUES (2, ?)", (CONTEXT_OF_0_1,))
    with JournalReader(path) as journal:
        payloads = [entry.payload for entry in journal.entries_with_feed(2)]
        run_context = journal.run_context(2)
    assert payloads == [EVENTS[-1], DeskStarted(), DecideRequested()]
    assert run_context is not None
    assert run_context.earlier_refs == ("first-1-1", "first-1-2")
    assert run_context.market_keys == (MarketKey(EventId("9000013"), MarketId("219")),)
    assert run_context.limits.max_stake_cents == 25_000
    assert run_context.earlier_runs == NO_EARLIER_RUNS
    assert not run_context.limits.nets_positions
    written = msgspec.json.decode(msgspec.json.encode(run_context))
    of_0_1 = msgspec.json.decode(CONTEXT_OF_0_1)
    assert of_0_1.pop("limits").items() <= written.pop("limits").items()
    assert of_0_1.items() <= written.items()


def test_what_a_run_leaves_is_read_from_the_journal(tmp_path: Path) -> None:
    """The last trading state that was no run's end, and the losses as they were at a commit."""
    path = tmp_path / "journal"
    losses = LossRecord(-100, 1, 2, 3, (HeldPosition(PairId("p"), 0.5, -1, -2),))
    with SessionJournal(path) as journal:
        journal.begin_run(1)
        with JournalReader(path) as reader:
            assert reader.earlier_runs() == NO_EARLIER_RUNS
        journal.loss_record = lambda: losses
        journal.received(1, 2, TradingStateSet(TradingState.HALTED, "drift: a cent"))
        journal.received(2, 3, TradingStateSet(TradingState.HALTED, RUN_ENDED))
    with JournalReader(path) as reader:
        assert reader.earlier_runs() == EarlierRuns(TradingState.HALTED, "drift: a cent", losses)
    with SessionJournal(path) as journal:
        journal.begin_run(4)
        journal.received(1, 5, TradingStateSet(TradingState.ACTIVE, "resumed"))
        journal.commit()
        with JournalReader(path) as reader:
            assert reader.earlier_runs() == EarlierRuns(TradingState.ACTIVE, "resumed", losses)


def test_renamed_types_are_written_with_their_names_of_version_0_1(tmp_path: Path) -> None:
    """Today's rows are the same as those of version 0.1."""
    path = tmp_path / "journal"
    with SessionJournal(path) as journal:
        journal.begin_run(1)
        journal.received(1, 2, EVENTS[-1])
        journal.desk_called(3, DeskStarted())
        journal.desk_called(4, DecideRequested())
    with closing(sqlite3.connect(path)) as database:
        entries = database.execute("SELECT start, input_seq, now_ns, kind FROM entries").fetchall()
        feed = database.execute("SELECT input_seq, now_ns, kind, body FROM feed").fetchall()
    assert entries == [(1, 1, 2, "CatalogueGrew")]
    assert feed == [(1, 3, "Begun", "{}"), (1, 4, "Asked", "{}")]


def test_committed_rows_survive_a_crash(tmp_path: Path) -> None:
    """A committed command is on the disk; what came after may be lost."""
    path = tmp_path / "journal"
    journal = SessionJournal(path)
    journal.begin_run(1)
    journal.sent(2, COMMANDS[0])
    journal.commit()
    journal.sent(3, COMMANDS[1])
    crashed = tmp_path / "crashed"
    for suffix in ("", "-wal"):
        Path(f"{crashed}{suffix}").write_bytes(Path(f"{path}{suffix}").read_bytes())
    journal.__exit__(None, None, None)
    assert [entry.payload for entry in read(crashed)] == [COMMANDS[0]]
    with SessionJournal(crashed) as again:
        assert again.begin_run(4) == 2


def test_no_row_can_be_changed(tmp_path: Path) -> None:
    """A process that opens the file can add rows, and neither change nor remove one."""
    path = tmp_path / "journal"
    write(path)
    database = sqlite3.connect(path)
    for statement in ("UPDATE entries SET now_ns = 0", "DELETE FROM entries"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            database.execute(statement)
    database.close()


def test_a_journal_is_opened_for_writing_once(tmp_path: Path) -> None:
    """A second writer in the same process is refused."""
    with SessionJournal(tmp_path / "journal") as journal:
        journal.begin_run(1)
        with pytest.raises(JournalError, match="another process has the session open"):
            SessionJournal(tmp_path / "journal")


def test_another_process_reads_what_a_running_session_commits(tmp_path: Path) -> None:
    """A reader sees every committed row while the writer goes on, and cannot write the session."""
    path = tmp_path / "journal"
    with other_process(path) as writer:
        for number in range(3):
            assert response(writer, f"first-1-{number}") == "committed"
            assert refs_in(path) == [f"first-1-{each}" for each in range(number + 1)]
        with pytest.raises(JournalError, match=f"{path}: another process has the session open"):
            SessionJournal(path)


def test_a_reader_does_not_delay_commits(tmp_path: Path) -> None:
    """The writer commits beyond the size of a checkpoint; the reader's view does not change."""
    path = tmp_path / "journal"
    with other_process(path) as writer:
        response(writer, "first-1-0")
        response(writer, "first-1-1")
        with JournalReader(path) as journal:
            entries = journal.entries()
            first = next(entries)
            for _ in range(100):
                assert response(writer, LONG_REF) == "committed"
            assert [first.payload, *(entry.payload for entry in entries)] == [
                CancelWager(WagerRef("first-1-0")),
                CancelWager(WagerRef("first-1-1")),
            ]
        assert len(refs_in(path)) == 102


def test_a_killed_writer_leaves_no_lock(tmp_path: Path) -> None:
    """After a kill the committed rows are read, and the session is opened again."""
    path = tmp_path / "journal"
    with other_process(path) as writer:
        response(writer, "first-1-1")
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        assert refs_in(path) == ["first-1-1"]
        with SessionJournal(path) as journal:
            assert journal.begin_run(2) == 2
        assert refs_in(path) == ["first-1-1"]


def test_a_reader_changes_nothing(tmp_path: Path) -> None:
    """A reader does not create a missing journal, and leaves the folder as it is."""
    path = tmp_path / "journal"
    with pytest.raises(JournalError, match=str(path)):
        read(path)
    assert list(tmp_path.iterdir()) == []
    write(path)
    before = {each: each.read_bytes() for each in tmp_path.iterdir()}
    assert refs_in(path) == [REF]
    assert {each: each.read_bytes() for each in tmp_path.iterdir()} == before


@pytest.mark.parametrize("use", [SessionJournal, read])
def test_a_file_that_is_no_journal_is_refused(
    tmp_path: Path, use: Callable[[Path], object]
) -> None:
    """Any other file is an error of the journal, with its path."""
    path = tmp_path / "journal"
    path.write_bytes(b"something else, and long enough to be looked at" * 50)
    with pytest.raises(JournalError, match=str(path)):
        use(path)


def test_an_unknown_kind_is_named(tmp_path: Path) -> None:
    """A row of a kind that this version does not know is an error with the path and the kind."""
    path = tmp_path / "journal"
    with SessionJournal(path):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("INSERT INTO entries VALUES (NULL, 1, 1, 1, 'Unknown', '{}', NULL)")
    with pytest.raises(JournalError, match=f"{path}: the entry kind 'Unknown' is unknown"):
        read(path)
