"""Imports many recordings into folders of one folder: in parallel, whole or not at all, resumable.

A recording is written beside its place and renamed when it is whole, so that whatever ends the
import, what is there under its own name is whole; the next import keeps it.
"""

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from recordings.reader import Tape
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

    Ending the iteration early drops the tasks that have not started. Raise WriteError if the disk
    refuses, and TapeError if a folder of a task's name is no recording.
    """
    make_folder(out)
    waiting: list[ImportTask] = []
    for task in tasks:
        if (out / task.name).exists():
            rows = Tape(out / task.name).rows_total
            yield ImportOutcome(task.name, f"{task.name}: kept, {rows:,} rows", kept=True)
        else:
            waiting.append(task)
    yield from _run(waiting, out)


def _run(tasks: Sequence[ImportTask], out: Path) -> Iterator[ImportOutcome]:
    processes = min(len(tasks), len(os.sched_getaffinity(0)))
    if processes <= 1:
        yield from (_outcome(task, out) for task in tasks)
        return
    # Not a fork: polars and pyarrow have threads, whose locks a copy would never see released.
    context = get_context("spawn")
    executor = ProcessPoolExecutor(processes, context, initializer=_ignore_interrupts)
    try:
        futures: list[Future[ImportOutcome]] = [
            executor.submit(_outcome, task, out) for task in tasks
        ]
        for future in as_completed(futures):
            yield future.result()
    finally:
        executor.shutdown(cancel_futures=True)


def _ignore_interrupts() -> None:
    # Ctrl-C reaches all processes: the first one stops the tasks, those that run end whole.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _outcome(task: ImportTask, out: Path) -> ImportOutcome:
    try:
        return ImportOutcome(task.name, f"{task.name}: {import_whole(task, out)}")
    except TapeError as error:
        return ImportOutcome(task.name, f"skipped: {error}", error)


def import_whole(task: ImportTask, out: Path) -> str:
    """Write one recording, and give it its name when it is whole; return its line to print.

    Raise TapeError or WriteError as the task does; then nothing is left of it.
    """
    part = out / f".{task.name}.part"
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
