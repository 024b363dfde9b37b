"""Writes a new recording of what is whole in one that was cut or changed."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from recordings.damage import without_remedy
from recordings.parquet import TAPE_TYPES, TableWriter, info_from_text, info_to_metadata
from recordings.reader import Tape
from recordings.salvage.parquet_groups import whole_rows
from recordings.sealed_file import checkpoints
from recordings.tape import Row, TapeInfo, segment_name
from recordings.validator import validate
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import TapeError

_SEGMENT = re.compile(r"\.?segment-(\d{5})\.parquet(?:\.part)?")


class _Part(NamedTuple):
    """The whole messages of a broken segment, and the recording's dictionaries as they were."""

    info: TapeInfo
    rows: Sequence[Row]


def salvage_tape(folder: Path, out: Path) -> Iterator[str]:
    """Write every whole message before the first break of a recording to a new folder.

    Yield what was kept, where the break is and what is lost. Segments that are whole are copied;
    of the first that is not, the groups of rows before the break are kept. Nothing is written if
    not one message is whole.
    """
    segments = _segments(folder)
    whole, rows, broken, reason = _whole(segments)
    part = None if broken is None else _part(broken, whole, segments)
    rows += len(part.rows) if part else 0
    if rows:
        out.mkdir(parents=True, exist_ok=True)
        for segment in whole:
            shutil.copyfile(segment, out / segment.name)
        if part is not None and part.rows:
            _write(out / segment_name(len(whole)), part)
        validate(Tape(out))
    kept = f"{counted(len(whole), 'whole segment')}"
    if part is not None and part.rows:
        kept += f" and {counted(len(part.rows), 'row')} of the next"
    yield f"kept      {folder.name}: {counted(rows, 'row')}, in {kept}"
    if broken is not None:
        yield f"break     {reason}"
        later = [segment for segment in segments[len(whole) :] if segment != broken]
        yield f"lost      the rest of {broken.name}, and {counted(len(later), 'later segment')}"


def _segments(folder: Path) -> list[Path]:
    """Return the segments of a recording by number, the one that was being written included."""
    found = {path: _SEGMENT.fullmatch(path.name) for path in folder.iterdir()}
    segments = sorted((int(name[1]), path) for path, name in found.items() if name)
    return [path for _, path in segments]


def _whole(segments: Sequence[Path]) -> tuple[list[Path], int, Path | None, str]:
    """Return the segments that are whole and their rows, the first that is not, and why."""
    whole: list[Path] = []
    rows = 0
    for number, segment in enumerate(segments):
        if segment.name.startswith("."):
            return whole, rows, segment, f"{segment}: was not completed"
        if segment.name != segment_name(number):
            missing = f"{segment.parent}: {segment_name(number)} is missing"
            return whole, rows, segment, missing
        try:
            rows += sum(map(len, Tape(segment).chunks()))
        except TapeError as error:
            # An empty one is whole.
            if "is empty" not in str(error):
                return whole, rows, segment, without_remedy(error)
        whole.append(segment)
    return whole, rows, None, ""


def _part(broken: Path, whole: Sequence[Path], segments: Sequence[Path]) -> _Part | None:
    """Return the whole messages of a broken segment, None without the dictionaries for them."""
    if broken.name.removeprefix(".").removesuffix(".part") != segment_name(len(whole)):
        return None
    data = broken.read_bytes()
    verified = list(checkpoints(data))
    # Segments of earlier versions have no checkpoints, but checksums of their pages.
    end = verified[-1].start if verified else len(data)
    try:
        table = whole_rows(data, end)
        columns = [table.column(name).to_pylist() for name in TAPE_TYPES]
    except (pa.ArrowException, OSError, TapeError):
        return None
    rows = list(map(Row, *columns))
    if verified:
        return _Part(info_from_text(verified[-1].text, str(broken)), rows)
    info = _neighbours_info(whole, segments)
    # Those groups may end within a message.
    complete = [row for row in rows if row.seq != rows[-1].seq]
    return None if info is None else _Part(info, complete)


def _neighbours_info(whole: Sequence[Path], segments: Sequence[Path]) -> TapeInfo | None:
    """Return the dictionaries of the next segment that has them, else of the one before."""
    for segment in (*segments[len(whole) + 1 :], *reversed(whole)):
        with suppress(TapeError):
            return Tape(segment).info
    return None


def _write(path: Path, part: _Part) -> None:
    table = TableWriter(path, TAPE_TYPES, describe=lambda: info_to_metadata(part.info))
    table.extend(part.rows)
    table.close()
