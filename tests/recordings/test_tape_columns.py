"""The kept columns of a recording: the same rows, and never those of other bytes."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recordings.reader import Tape
from recordings.tape_columns import tape_columns
from recordings.validator import validate
from strategies.trading.model.errors import TapeError
from tests.conftest import write_small_tape


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Return the folder of a recording without columns."""
    return write_small_tape(tmp_path / "tape")


def require_rows_of(folder: Path) -> None:
    """Require that the columns of a recording are what its segments hold."""
    tape = Tape(folder)
    columns = tape_columns(tape)
    assert columns.summary == validate(tape)
    for kept, read in zip(columns.chunks(), tape.chunks(), strict=True):
        assert kept.texts == read.texts
        for name, numbers in read.numbers.items():
            assert kept.numbers[name].dtype == numbers.dtype
            assert np.array_equal(kept.numbers[name], numbers)


def test_columns_are_the_rows_of_the_recording(recording: Path) -> None:
    """Both when they are made and when they are read again."""
    require_rows_of(recording)
    assert (recording / ".columns").stat().st_mode & 0o077 == 0, "as private as any recording"
    require_rows_of(recording)
    assert [path.name for path in recording.iterdir() if path.name.endswith(".part")] == []


def test_a_pass_does_not_decode_the_recording_again(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once they are kept, the rows come from the columns."""
    rows = tape_columns(Tape(recording)).summary.rows

    def decode(_: Tape) -> None:
        pytest.fail("the recording was decoded")

    monkeypatch.setattr(Tape, "chunks", decode)
    assert sum(len(chunk) for chunk in tape_columns(Tape(recording)).chunks()) == rows


def cut(path: Path) -> None:
    """Cut a file off in the middle."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    """Leave nothing of a file."""
    path.write_bytes(b"")


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def of_another_recording(path: Path) -> None:
    """Put the columns of another recording in the place of a file."""
    other = write_small_tape(path.parent.parent / "other", minutes=3)
    tape_columns(Tape(other))
    shutil.copyfile(other / ".columns", path)


def of_another_format(path: Path) -> None:
    """Put what another version of this program may have kept in the place of a file."""
    content = b'{"version":1,"rows":3}' + (0).to_bytes(8, "big")
    path.write_bytes(content + hashlib.sha256(content).digest())


@pytest.mark.parametrize("harm", [cut, empty, flip, of_another_recording, of_another_format])
def test_columns_that_are_not_of_the_recording_are_made_again(
    recording: Path, harm: Callable[[Path], None]
) -> None:
    """Whatever lies there is never believed."""
    tape_columns(Tape(recording))
    kept = recording / ".columns"
    as_written = kept.read_bytes()
    harm(kept)
    require_rows_of(recording)
    assert kept.read_bytes() == as_written


def test_an_invalid_recording_leaves_no_columns(recording: Path) -> None:
    """The first invalid row is an error each time."""
    segment = sorted(recording.glob("segment-*.parquet"))[0]
    cut(segment)
    with pytest.raises(TapeError):
        tape_columns(Tape(recording))
    assert not (recording / ".columns").exists()


@pytest.mark.parametrize(
    "name", [".columns", f".columns.{os.getpid()}.part"], ids=["the file", "its part"]
)
def test_a_recording_that_nothing_can_be_kept_beside_is_read_each_time(
    recording: Path, name: str
) -> None:
    """A folder that refuses to hold the columns costs time and nothing else."""
    # A folder of that name cannot be replaced by a file, whoever runs the test.
    (recording / name / "in the way").mkdir(parents=True)
    require_rows_of(recording)
    require_rows_of(recording)
