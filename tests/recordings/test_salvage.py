"""What is given back of recordings and journals that were cut or changed."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from recordings.journal.journal_reader import JournalReader
from recordings.journal.session_journal import SessionJournal
from recordings.reader import Tape
from recordings.salvage.salvage import salvage
from recordings.tape import Clocks, Row
from recordings.writer import TapeWriter
from strategies.trading.model.commands import CancelWager
from strategies.trading.model.errors import ConfigError, JournalError, TapeError
from strategies.trading.model.ids import WagerRef


def write_tape(folder: Path, messages: int, rows_per_segment: int) -> None:
    """Write messages of two rows each."""
    with TapeWriter(
        folder, source="s", simulated=True, clocks=Clocks.ONE, rows_per_segment=rows_per_segment
    ) as writer:
        for at in range(messages):
            writer.begin_message(at, at)
            writer.untyped(f"a{at}")
            writer.untyped(f"b{at}")


def rows_of(folder: Path) -> list[Row]:
    """Return the rows of a recording."""
    return [row for chunk in Tape(folder).chunks() for row in chunk.rows()]


@pytest.mark.parametrize("kept", [0, 5, 700, -1])
def test_a_cut_tape_gives_back_its_whole_messages(tmp_path: Path, kept: int) -> None:
    """Segments before the cut, and of the one that is cut each group that ends before it."""
    write_tape(tmp_path / "tape", 30, 19)
    rows, cut = rows_of(tmp_path / "tape"), tmp_path / "tape" / "segment-00001.parquet"
    cut.write_bytes(cut.read_bytes()[:kept])
    with pytest.raises(TapeError, match="python -m sim salvage FOLDER --out NEW"):
        Tape(tmp_path / "tape")
    lines = list(salvage(tmp_path / "tape", tmp_path / "new"))
    expected = 40 if kept == -1 else 20
    assert rows_of(tmp_path / "new") == rows[:expected]
    assert lines[0].startswith(f"kept      tape: {expected} rows")
    assert "segment-00001.parquet" in lines[1]
    assert "1 later segment" in lines[2]


def test_a_segment_that_was_being_written_gives_back_its_groups(tmp_path: Path) -> None:
    """The file of a killed recorder has a temporary name and no footer."""
    write_tape(tmp_path / "tape", 20, 20)
    rows = rows_of(tmp_path / "tape")
    last = tmp_path / "tape" / "segment-00001.parquet"
    last.rename(last.with_name(f".{last.name}.part"))
    last.with_name(f".{last.name}.part").write_bytes(b"")
    list(salvage(tmp_path / "tape", tmp_path / "new"))
    assert rows_of(tmp_path / "new") == rows[:20]


def write_journal(path: Path, commands: int) -> None:
    """Journal some commands, each committed alone."""
    with SessionJournal(path) as journal:
        journal.begin_run(1)
        for number in range(commands):
            journal.sent(number, CancelWager(WagerRef(f"first-{number}")))
            journal.commit()


def test_a_journal_that_lost_its_end_says_so_and_gives_back_the_rest(tmp_path: Path) -> None:
    """A write-ahead log that was cut is no shorter journal: the mark of the last commit knows."""
    folder, copy = tmp_path / "first", tmp_path / "copy"
    folder.mkdir()
    copy.mkdir()
    with SessionJournal(folder / "journal.sqlite") as journal:
        journal.begin_run(1)
        for number in range(20):
            journal.sent(number, CancelWager(WagerRef(f"first-{number}")))
            journal.commit()
        for path in folder.glob("journal.sqlite*"):
            (copy / path.name).write_bytes(path.read_bytes())
    log = copy / "journal.sqlite-wal"
    log.write_bytes(log.read_bytes()[: log.stat().st_size * 3 // 4])
    files = {path.name: path.read_bytes() for path in copy.iterdir()}
    lines = list(salvage(copy, tmp_path / "new"))
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == files
    assert "lacks the last" in lines[-1]
    with pytest.raises(JournalError, match=r"lacks the last \d+ rows.*sim salvage FOLDER"):
        JournalReader(copy / "journal.sqlite")
    with JournalReader(tmp_path / "new" / "journal.sqlite") as reader:
        refs = [entry.payload for entry in reader.entries()]
    assert refs == [CancelWager(WagerRef(f"first-{number}")) for number in range(len(refs))]
    assert 0 < len(refs) < 20


def test_a_changed_row_of_a_journal_is_refused(tmp_path: Path) -> None:
    """One bit in the text of a row is found by its checksum; the rows before it are given back."""
    path = tmp_path / "first" / "journal.sqlite"
    path.parent.mkdir()
    write_journal(path, 20)
    changed = path.read_bytes().replace(b"first-11", b"first-91")
    path.write_bytes(changed)
    with (
        JournalReader(path) as reader,
        pytest.raises(JournalError, match="row 12 of entries is not as it was written; python"),
    ):
        list(reader.entries())
    list(salvage(path.parent, tmp_path / "new"))
    with JournalReader(tmp_path / "new" / "journal.sqlite") as reader:
        assert len(list(reader.entries())) == 11


def test_a_row_that_lost_its_checksum_is_refused(tmp_path: Path) -> None:
    """Only rows of earlier versions have none, and those are ahead of the others."""
    path = tmp_path / "journal.sqlite"
    write_journal(path, 3)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("DROP TRIGGER entries_stay")
        database.execute("UPDATE entries SET crc = NULL, body = 'x' WHERE place = 2")
    with (
        JournalReader(path) as reader,
        pytest.raises(JournalError, match="row 2 of entries is not as it was written"),
    ):
        list(reader.entries())


def test_a_damaged_schema_is_named_in_one_line(tmp_path: Path) -> None:
    """SQLite quotes the statement that it cannot read, which has several lines."""
    path = tmp_path / "journal.sqlite"
    write_journal(path, 3)
    path.write_bytes(path.read_bytes().replace(b"ON entries\n", b'ON "ntries\n'))
    with pytest.raises(JournalError, match="sim salvage FOLDER") as refused:
        JournalReader(path)
    assert len(str(refused.value).splitlines()) == 1


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    """A folder of something else, and a folder that exists already, are named."""
    with pytest.raises(ConfigError, match="is neither a recording nor a session"):
        list(salvage(tmp_path, tmp_path / "new"))
    write_tape(tmp_path / "tape", 3, 9)
    with pytest.raises(ConfigError, match="exists already"):
        list(salvage(tmp_path / "tape", tmp_path))
