"""Imports many recordings into folders of one folder: in parallel, whole or not at all, resumable.

A recording is written beside its place and renamed when it is whole, so that whatever ends the
import, what is there under its own name is whole; the next import keeps it.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from recordings.reader import Tape
from recordings.tape import SEGMENT_GLOB
from recordings.workers import NEW, results_of, usable_processors
from recordings.writing import make_folder, writing
from strategies.trading.model.errors import TapeError


class ImportTask(NamedTuple):
    """A recording to import: the name of its folder, and what writes it into a new folder.

    `write` returns a line to print. It runs in another process, so that it must be picklable.
    """

    name: str
    write: Callable[[Path], str]


class ImportOutcome(NamedTuple):
    """The outcome of a task: `line` is what to print; `error` is set if it failed."""

    name: str
    line: str
    error: TapeError | None = None
    kept: bool = False


def import_many(tasks: Sequence[ImportTask], out: Path) -> Iterator[ImportOutcome]:
    """Run tasks, and yield their outcomes as they end; those that are whole already come first.

    Ending the iteration early ends all tasks. Raise WriteError if the disk refuses, and TapeError
    if a folder of a task's name is no recording.
    """
    made = make_folder_of_recordings(out)
    try:
        waiting: list[ImportTask] = []
        for task in tasks:
            if (out / task.name).exists():
                rows = Tape(out / task.name).rows_total
                yield ImportOutcome(task.name, f"{task.name}: kept, {rows:,} rows", kept=True)
            else:
                waiting.append(task)
        with results_of(partial(_outcome, out), waiting, usable_processors(), NEW) as outcomes:
            yield from (outcome for _, outcome in outcomes)
    finally:
        for task in tasks:
            # A process that was ended in the middle of a task leaves its part.
            shutil.rmtree(_part(task, out), ignore_errors=True)
        if made:
            # Nothing is left where nothing could be imported.
            with suppress(OSError):
                out.rmdir()


def make_folder_of_recordings(out: Path) -> bool:
    """Make the folder that recordings go into; return whether it is new.

    Raise TapeError if it is a recording itself, and WriteError if the disk refuses.
    """
    if any(out.glob(SEGMENT_GLOB)):
        message = f"{out}: is a recording; name a folder for several"
        raise TapeError(message)
    is_new = not out.exists()
    make_folder(out)
    return is_new


def _outcome(out: Path, task: ImportTask) -> ImportOutcome:
    try:
        return ImportOutcome(task.name, f"{task.name}: {import_whole(task, out)}")
    except TapeError as error:
        return ImportOutcome(task.name, f"skipped: {error}", error)


def import_whole(task: ImportTask, out: Path) -> str:
    """Write one recording, and give it its name when it is whole; return its line to print.

    Raise TapeError or WriteError as the task does; then nothing is left of it.
    """
    part = _part(task, out)
    # Left by an import that was killed.
    shutil.rmtree(part, ignore_errors=True)
    try:
        line = task.write(part)
        with writing(out / task.name):
            part.rename(out / task.name)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return line


def _part(task: ImportTask, out: Path) -> Path:
    return out / f".{task.name}.part"
