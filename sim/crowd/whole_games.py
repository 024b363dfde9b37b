"""Folders of many generated games, in each of which a game is whole or not there at all.

A game is written under another name, and takes its own when it is complete. So what was generated
before a run was ended, in whatever way, stays, and another run makes only what is missing.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from shutil import rmtree

from recordings.reader import Tape
from recordings.tape import SEGMENT_GLOB
from recordings.workers import results_of
from recordings.writing import make_folder, writing
from sim.crowd.generate import GamePlan, write_game
from strategies.trading.model.errors import ConfigError, TapeError


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Make a folder, and keep other processes from generating games into it.

    The lock is the system's, so it ends with the processes that hold it. Raise ConfigError if
    another process has it, and WriteError if the folder cannot be made.
    """
    make_folder(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"{folder}: another process generates games into it; wait until it has ended"
            raise ConfigError(message) from None
        yield
    finally:
        os.close(descriptor)


def missing_games(plans: Sequence[GamePlan]) -> list[GamePlan]:
    """Remove what was left half-written, and return the plans of games that are not there.

    Raise TapeError where a folder holds anything else than the planned game.
    """
    remove_parts(plans)
    return [plan for plan in plans if not _is_there(plan)]


@contextmanager
def written_games(
    plans: Sequence[GamePlan], processes: int
) -> Iterator[Iterator[tuple[GamePlan, int]]]:
    """Write games in parallel; yield each plan with its number of rows once its game is whole.

    Those that are not whole when the context is left are removed. Raise WriteError if the disk
    does not take them.
    """
    try:
        with results_of(_write_whole_game, plans, processes) as results:
            yield ((plans[index], rows) for index, rows in results)
    finally:
        remove_parts(plans)


def remove_parts(plans: Sequence[GamePlan]) -> None:
    """Remove what was written of games that are not whole."""
    for plan in plans:
        rmtree(_part(plan), ignore_errors=True)


def _write_whole_game(plan: GamePlan) -> int:
    part = _part(plan)
    rows = write_game(replace(plan, folder=part))
    with writing(plan.folder):
        # Without this a machine that stops may leave the name of a game and not its contents.
        for path in (*part.iterdir(), part):
            _flush_to_disk(path)
        part.replace(plan.folder)
    return rows


def _flush_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _part(plan: GamePlan) -> Path:
    return plan.folder.with_name(f".{plan.folder.name}.part")


def _is_there(plan: GamePlan) -> bool:
    folder = plan.folder
    if not folder.exists():
        return False
    # A segment has its name once it is complete: without one this was left by a killed process.
    if folder.is_dir() and not any(folder.glob(SEGMENT_GLOB)):
        _remove_unfinished(folder)
        return False
    try:
        source = Tape(folder).info.source
    except TapeError as error:
        message = f"{error}; remove {folder} to have the game made again"
        raise TapeError(message) from error
    if source != plan.source:
        message = f"{folder}: holds another recording ({source}); name a new folder"
        raise TapeError(message)
    return True


def _remove_unfinished(folder: Path) -> None:
    """Remove a folder with nothing in it but what a writer leaves when it is killed."""
    others = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if others:
        message = f"{folder}: holds {others[0]} and no recording; name a new folder"
        raise TapeError(message)
    rmtree(folder, ignore_errors=True)
