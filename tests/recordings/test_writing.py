"""Files that cannot be written: the path, the reason and the remedy, whatever was being written."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from live.prophetx.market_data.recorder import RawLog
from recordings.journal.disk_errors import journal_error
from recordings.journal.session_journal import SessionJournal
from recordings.logs.log_settings import LogSettings
from recordings.logs.run_log import RunLog
from recordings.parquet import TableWriter
from recordings.tape import Clocks
from recordings.writer import TapeWriter
from recordings.writing import make_folder, make_private_folder, write_text, writing
from sim.engine.manual_clock import ManualClock
from strategies.trading.model.errors import JournalError, WriteError
from tests.full_disks import files_limited_to, small_disk


def test_a_full_device_is_named_with_reason_and_remedy() -> None:
    """What /dev/full refuses comes out as one line that says what to do."""
    path = Path("/dev/full")
    with pytest.raises(WriteError) as raised, writing(path):
        path.write_text("text", encoding="utf-8")
    assert str(raised.value) == (
        "/dev/full: cannot be written (No space left on device); free space and run again"
    )


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EDQUOT, "free space and run again"),
        (errno.EACCES, "make it writable or name another folder"),
        (errno.EROFS, "make it writable or name another folder"),
        (errno.EFBIG, "raise the limit on the size of a file (ulimit -f) and run again"),
        (errno.EIO, "check the disk and run again"),
    ],
)
def test_each_reason_has_its_remedy(number: int, remedy: str) -> None:
    """The system's reason is given in its own words, and what to do depends on it."""
    with pytest.raises(WriteError) as raised, writing(Path("a/b")):
        raise OSError(number, "whatever a library says of it")
    reason = os.strerror(number)
    assert str(raised.value) == f"a/b: cannot be written ({reason}); {remedy}"


def fill(table: TableWriter) -> None:
    """Append more rows than a small disk takes."""
    for number in range(1_000_000):
        table.append((number * 2_654_435_761 % (1 << 60),))


def log_much(raw: RawLog) -> None:
    """Append more than a short file takes, and write it out each time."""
    for number in range(100):
        raw.append(number, os.urandom(200))
        raw.flush()


def journal_much(path: Path) -> None:
    """Journal more than a small disk takes."""
    with SessionJournal(path) as journal:
        for number in range(100_000):
            journal.begin_run(number)


def test_a_table_that_does_not_fit_names_itself_and_leaves_nothing(tmp_path: Path) -> None:
    """A disk that fills up while a table is written ends in the table's own path."""
    with small_disk(tmp_path / "disk", 64) as disk:
        path = disk / "table.parquet"
        table = TableWriter(path, {"number": "int64"}, rows_per_group=10_000)
        with pytest.raises(WriteError) as raised:
            fill(table)
        table.abandon()
        assert list(disk.iterdir()) == []
    assert str(raised.value) == (
        f"{path}: cannot be written (No space left on device); free space and run again"
    )


def test_a_table_that_fails_as_it_is_closed_names_itself(tmp_path: Path) -> None:
    """The last rows and the end of a file count as the file."""
    path = tmp_path / "table.parquet"
    table = TableWriter(path, {"number": "int64"})
    table.append((1,))
    with files_limited_to(20), pytest.raises(WriteError, match=f"^{path}: cannot be written"):
        table.close()
    table.abandon()
    assert list(tmp_path.iterdir()) == []


def test_a_text_that_does_not_fit_leaves_the_older_one(tmp_path: Path) -> None:
    """A file is replaced only once the new one is whole, and no part of it stays behind."""
    path = tmp_path / "summary.json"
    write_text(path, "older")
    with files_limited_to(10), pytest.raises(WriteError, match=f"^{path}: cannot be written"):
        write_text(path, "newer" * 100)
    assert path.read_text(encoding="utf-8") == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_inside_a_file_is_refused(tmp_path: Path) -> None:
    """A path through a file is named, with the advice to take another."""
    (tmp_path / "file").touch()
    with pytest.raises(WriteError) as raised:
        make_folder(tmp_path / "file" / "folder")
    assert str(raised.value) == (
        f"{tmp_path}/file/folder: cannot be written (Not a directory); "
        "name another folder: part of the path is a file"
    )


def test_raw_messages_that_do_not_fit_name_their_file(tmp_path: Path) -> None:
    """The raw log names the open file, closes it all the same, and can be closed again."""
    raw = RawLog(tmp_path)
    with files_limited_to(5), pytest.raises(WriteError, match=r"raw-00000\.jsonl\.gz: cannot be"):
        log_much(raw)
    with files_limited_to(5), pytest.raises(WriteError, match=r"raw-00000\.jsonl\.gz: cannot be"):
        raw.end_file()
    raw.end_file()


def test_a_journal_on_a_full_disk_names_itself(tmp_path: Path) -> None:
    """What SQLite calls a full disk is said with the journal's path and the remedy."""
    with small_disk(tmp_path / "disk", 256) as disk:
        path = disk / "journal.sqlite"
        with pytest.raises(JournalError) as raised:
            journal_much(path)
    assert str(raised.value) == (
        f"{path}: cannot be written (the disk is full); free space and run again"
    )


def test_a_journal_that_cannot_be_made_names_the_file_and_the_remedy(tmp_path: Path) -> None:
    """A folder in which no file can be made is reported with what to do about it."""
    with pytest.raises(JournalError) as raised:
        SessionJournal(tmp_path / "missing" / "journal.sqlite")
    assert str(raised.value) == (
        f"{tmp_path}/missing/journal.sqlite.lock: cannot be written (No such file "
        "or directory); name another folder: none can be made there"
    )


def test_what_is_no_matter_of_the_disk_is_left_as_it_is() -> None:
    """An error of SQLite that is not the disk's keeps its own words."""
    assert str(journal_error(Path("j"), sqlite3.DatabaseError("file is not a database"))) == (
        "j: file is not a database"
    )


@pytest.fixture(params=[0o000, 0o077, 0o777], ids=["open", "closed", "nothing"])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """Set the mask of the process, which takes permissions from every file that it makes."""
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_what_a_session_writes_is_private_whatever_the_umask(tmp_path: Path) -> None:
    """Folders are 0700, files 0600: the journal with those beside it, tape, log, settings."""
    tmp_path.chmod(0o700)
    folder = tmp_path / "sessions" / "first"
    make_private_folder(folder)
    tape = folder / "tape"
    with (
        SessionJournal(folder / "journal.sqlite") as journal,
        RunLog(folder / "session.log", LogSettings(), ManualClock().now_ns, print) as log,
        TapeWriter(tape, source="x", simulated=True, clocks=Clocks.ONE, private=True),
    ):
        journal.begin_run(1)
        journal.commit()
        log.write("line")
        raw = RawLog(tape)
        raw.append(1, b"raw")
        raw.end_file()
        write_text(folder / "start.yaml", "a: 1\n", private=True)
        during = modes(tmp_path)
    names = {"journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm", "journal.sqlite.lock"}
    names |= {"session.log", "start.yaml", "raw-00000.jsonl.gz"}
    assert names <= during.keys()
    assert {"segment-00000.parquet", "tape", "first", "sessions"} <= modes(tmp_path).keys()
    wrong = [name for name, right in (during | modes(tmp_path)).items() if not right]
    assert wrong == []


def modes(folder: Path) -> dict[str, bool]:
    """Return for each name below a folder whether it is private."""
    return {
        path.name: path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)
        for path in folder.rglob("*")
    }


def test_a_folder_of_an_earlier_version_is_closed(tmp_path: Path) -> None:
    """Everything in it loses what others may do; what is elsewhere is left alone."""
    outside = tmp_path / "outside"
    outside.write_text("", encoding="utf-8")
    outside.chmod(0o644)
    folder = tmp_path / "first"
    (folder / "tape").mkdir(parents=True)
    (folder / "tape" / "old").write_text("", encoding="utf-8")
    (folder / "pointer").symlink_to(outside)
    for path, mode in ((folder, 0o755), (folder / "tape", 0o755), (folder / "tape" / "old", 0o644)):
        path.chmod(mode)
    make_private_folder(folder)
    found = [path.stat().st_mode & 0o777 for path in (folder, folder / "tape", outside)]
    assert found == [0o700, 0o700, 0o644]
    assert (folder / "tape" / "old").stat().st_mode & 0o777 == 0o600


def test_a_table_of_several_groups_is_read_back(tmp_path: Path) -> None:
    """What is written between the groups does not move those that follow."""
    path = tmp_path / "table.parquet"
    table = TableWriter(path, {"number": "int64"}, rows_per_group=10, describe=lambda: b"{}")
    table.extend([(number,) for number in range(10)])
    table.extend([(number,) for number in range(10, 25)])
    table.close()
    assert pl.read_parquet(path)["number"].to_list() == list(range(25))
