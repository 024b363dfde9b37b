"""Files of a log: bounded in size and number, whatever is written."""

import logging
import threading
from pathlib import Path

import pytest

from recordings.logs.log_file import LogFile, log_files
from recordings.logs.log_settings import LogSettings
from recordings.logs.run_log import RunLog
from tests.full_disks import files_limited_to

LINE = b"x" * 99 + b"\n"


def test_a_log_is_bounded_and_keeps_the_newest_lines(tmp_path: Path) -> None:
    """Files of a set size, a set number of older ones, each whole lines, readable by none else."""
    path = tmp_path / "session.log"
    path.write_bytes(LINE * 5)
    log = LogFile(path, 0.001, 2, print, "")
    for number in range(100):
        log.append(f"{number:<99}\n".encode())
    log.close()
    found = log_files(path)
    assert [each.name for each in found] == ["session.log.2", "session.log.1", "session.log"]
    assert {each.stat().st_size for each in found} <= set(range(100, 1_001, 100))
    assert {each.stat().st_mode & 0o777 for each in found} == {0o600}
    numbers = [int(line) for each in found for line in each.read_text().splitlines()]
    assert numbers == list(range(numbers[0], 100))
    assert len(numbers) > 20


def test_a_full_disk_is_reported_once_and_lines_are_written_again_later(tmp_path: Path) -> None:
    """Those of meanwhile are lost; nothing is raised."""
    printed: list[str] = []
    log = LogFile(tmp_path / "run.log", 1, 2, printed.append, "the run goes on")
    with files_limited_to(100):
        for _ in range(10):
            log.append(LINE)
    log.append(b"later\n")
    log.close()
    assert (tmp_path / "run.log").read_bytes() == LINE + b"later\n"
    (line,) = printed
    assert "run.log: cannot be written (File too large)" in line
    assert line.endswith("; the run goes on")


def test_a_folder_that_forbids_the_next_file_stops_nothing(tmp_path: Path) -> None:
    """It is not written beyond its bound instead."""
    printed: list[str] = []
    path = tmp_path / "logs" / "run.log"
    path.parent.mkdir()
    log = LogFile(path, 0.001, 1, printed.append, "")
    for _ in range(10):
        log.append(LINE)
    path.with_name("run.log.1").mkdir()
    for _ in range(50):
        log.append(LINE)
    assert path.stat().st_size <= 1_000
    assert len(printed) == 1


def test_a_printer_that_fails_stops_nothing(tmp_path: Path) -> None:
    """The terminal is gone and the disk is full: neither is raised to whoever logs."""

    def gone(_: str) -> None:
        raise BrokenPipeError

    (tmp_path / "run.log").mkdir()
    with RunLog(tmp_path / "run.log", LogSettings(), lambda: 0, gone):
        logging.getLogger("mine").error("lost")


def test_records_that_cannot_be_formatted_are_logged_as_given(tmp_path: Path) -> None:
    """A strategy's mistake in a line of its log is no error of the strategy."""
    with RunLog(tmp_path / "run.log", LogSettings(console="error"), lambda: 0, print) as log:
        wrong = {"name": "mine", "levelno": logging.INFO, "msg": "%d wagers", "args": ("many",)}
        log.handle(logging.makeLogRecord(wrong))
        logging.getLogger("httpx").info("every request")
    assert (tmp_path / "run.log").read_text() == (
        "1970-01-01T00:00:00.000Z INFO     mine: %d wagers ('many',)\n"
    )


def test_what_was_logged_before_and_after_goes_where_it_went(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log leaves the loggers as it found them, also after an error, which it logs."""
    root, library = logging.getLogger(), logging.getLogger("httpx")
    before = (root.level, [*root.handlers], library.level)
    with (
        pytest.raises(ZeroDivisionError),
        RunLog(tmp_path / "run.log", LogSettings(), lambda: 0, print),
    ):
        1 / 0  # noqa: B018
    assert (root.level, [*root.handlers], library.level) == before
    assert (
        "ERROR    ended by ZeroDivisionError: division by zero"
        in (tmp_path / "run.log").read_text()
    )


def log_lines(number: int) -> None:
    """Log the same line a number of times."""
    for _ in range(number):
        logging.getLogger("mine").info("a" * 50)


def test_threads_may_log(tmp_path: Path) -> None:
    """Each line is whole, over several files."""
    path = tmp_path / "run.log"
    settings = LogSettings(max_megabytes=0.005, keep=50)
    with RunLog(path, settings, lambda: 0, print):
        threads = [threading.Thread(target=log_lines, args=(200,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = [line for each in log_files(path) for line in each.read_text().splitlines()]
    assert len(lines) == 800
    assert len(set(lines)) == 1
