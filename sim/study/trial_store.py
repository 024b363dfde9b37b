"""The trials of a study in one SQLite file: what was run, what came of it, what failed and why."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from recordings.writing import unwritable
from sim.games.game_results import GameResult
from strategies.trading.model.errors import ConfigError, WriteError

FILE = "study.sqlite"
_SCHEMA = """
create table if not exists study (name text primary key, value text not null);
create table if not exists arms (
    arm integer primary key, words text not null, code text not null, variant_of integer
);
create table if not exists trials (
    arm integer not null, recording integer not null, seconds real not null,
    reason text, games text, primary key (arm, recording)
);
"""


class Trial(NamedTuple):
    """An arm on a recording: the results of its games, or why it failed."""

    arm: int
    recording: int
    seconds: float
    games: list[GameResult]
    reason: str | None = None


class StoredArm(NamedTuple):
    """An arm: the settings by which it differs, and a digest of the user's own code in it.

    `variant_of` is None for an arm that is compared with others; a variant is that arm under
    another model of the exchange, run to see how much its result depends on the model.
    """

    words: tuple[str, ...]
    code: str
    variant_of: int | None = None


class TrialStore:
    """A study's file. Every trial is kept as soon as it is done.

    Methods raise WriteError for what SQLite cannot read or write.

    `identity` is what all trials have in common: a store of another one is refused.
    """

    def __init__(self, folder: Path) -> None:
        """Open the file in a folder, making it if it is not there."""
        self._path = folder / FILE
        with _disk(self._path):
            self._connection = sqlite3.connect(self._path, isolation_level=None)
            self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def identity(self) -> dict[str, Any]:
        """Return what the study is, by name; empty for a new one."""
        rows = self._read("select name, value from study")
        return {name: json.loads(value) for name, value in rows}

    def set_identity(self, identity: Mapping[str, Any]) -> None:
        """Keep what the study is."""
        with self._writing():
            self._connection.executemany(
                "insert into study values (?, ?)",
                [(name, json.dumps(value)) for name, value in identity.items()],
            )

    def clear(self) -> None:
        """Forget the study: its identity, arms and trials."""
        with self._writing():
            for table in ("study", "arms", "trials"):
                self._connection.execute(f"delete from {table}")  # names of our own

    def arms(self) -> list[StoredArm]:
        """Return every arm, in order of their numbers."""
        rows = self._read("select words, code, variant_of from arms order by arm")
        return [StoredArm(tuple(json.loads(words)), *others) for words, *others in rows]

    def add_arm(self, arm: StoredArm) -> int:
        """Add an arm, and return its number."""
        number = len(self.arms())
        with self._writing():
            self._connection.execute(
                "insert into arms values (?, ?, ?, ?)",
                (number, json.dumps(arm.words), arm.code, arm.variant_of),
            )
        return number

    def put(self, trial: Trial) -> None:
        """Keep a trial, in place of an earlier one that failed."""
        games = None if trial.reason is not None else msgspec.json.encode(trial.games).decode()
        row = (trial.arm, trial.recording, trial.seconds, trial.reason, games)
        with self._writing():
            self._connection.execute("insert or replace into trials values (?, ?, ?, ?, ?)", row)

    def trials(self) -> list[Trial]:
        """Return every trial, in order of arms and recordings."""
        rows = self._read(
            "select arm, recording, seconds, reason, games from trials order by arm, recording"
        )
        return [
            Trial(arm, recording, seconds, self._games(games), reason)
            for arm, recording, seconds, reason, games in rows
        ]

    def _read(self, query: str) -> list[Any]:
        with _disk(self._path):
            return self._connection.execute(query).fetchall()

    def _games(self, text: str | None) -> list[GameResult]:
        try:
            return [] if text is None else msgspec.json.decode(text, type=list[GameResult])
        except msgspec.MsgspecError as error:
            message = f"{self._path}: of another version ({error})"
            raise ConfigError(message) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with _disk(self._path), self._connection:
            yield


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    """Raise WriteError for what SQLite cannot write or read within the context."""
    try:
        yield
    except sqlite3.Error as error:
        raise WriteError(unwritable(path, str(error))) from error


def open_store(folder: Path) -> TrialStore:
    """Open the store of a study that is there; raise ConfigError if it is not."""
    if not (folder / FILE).is_file():
        message = f"{folder}: no study; its {FILE} is missing"
        raise ConfigError(message)
    return TrialStore(folder)
