"""A session, on paper or live, as frames: what its journal has, and the runs of its starts."""

from pathlib import Path

import msgspec
import polars as pl

from conf.compose import session_from_saved
from conf.modes import Mode
from recordings.journal.entries import JOURNAL, KINDS
from recordings.journal.journal_reader import JournalReader
from recordings.reader import Tape
from sim.notebook.frame_columns import with_times
from sim.notebook.run_frames import RunFrames
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError, TapeError

_FIELDS = {
    "ref": pl.String,
    "line_id": pl.String,
    "odds": pl.Int64,
    "stake_cents": pl.Int64,
    "profit_cents": pl.Int64,
}


class SessionFrames:
    """The folder of a session, which must not be running for its runs to be read."""

    def __init__(self, folder: Path) -> None:
        """Take a session's folder; raise ConfigError if there is no session in it."""
        if not (folder / JOURNAL).exists():
            message = f"{folder}: there is no session"
            raise ConfigError(message)
        self.folder = folder

    def __repr__(self) -> str:
        """Return its folder and its starts."""
        return f"<session {self.folder}, {counted(len(self.starts), 'start')}>"

    @property
    def starts(self) -> list[int]:
        """Return the numbers of its starts, from one."""
        return [int(path.stem.removeprefix("start-")) for path in self._saved()]

    def entries(self) -> pl.DataFrame:
        """Return its journal without market data, in order: what came in, and every command.

        `kind` is the type of an input or command; `line` names what it is about; `body` is all of
        it, as JSON. Raise JournalError if it cannot be read.
        """
        catalogue = self._catalogue()
        rows = []
        with JournalReader(self.folder / JOURNAL) as journal:
            for entry in journal.entries():
                payload = entry.payload
                values = [getattr(payload, name, None) for name in _FIELDS]
                line_id = getattr(payload, "line_id", None)
                line = None if line_id is None else catalogue.line_text(line_id)
                body = msgspec.json.encode(payload).decode()
                kind = KINDS[type(payload)]
                rows.append((entry.run, entry.now_ns, kind, line, *values, body))
        head = {"start": pl.Int64, "ns": pl.Int64, "kind": pl.String, "line": pl.String}
        schema = {**head, **_FIELDS, "body": pl.String}
        return with_times(pl.DataFrame(rows, schema=schema, orient="row"))

    def replay(self, start: int) -> RunFrames:
        """Replay one start in virtual time, as `python -m sim replay` does, and return its run.

        The run is written into the session's folder. Raise ConfigError for a start that does not
        exist or never had a desk, and ReplayDifferenceError if the commands differ.
        """
        if start not in self.starts:
            message = f"{self.folder}: no start {start}; there are {len(self.starts)}"
            raise ConfigError(message)
        saved = self.folder / f"start-{start:05d}.yaml"
        session_from_saved(saved, Mode.REPLAY).run(self.folder, start)
        return RunFrames(saved.with_suffix(""))

    def _saved(self) -> list[Path]:
        return sorted(self.folder.glob("start-*.yaml"))

    def _catalogue(self) -> Catalogue:
        """Return what the recordings of its starts name, as far as they can be read."""
        catalogue = Catalogue([], [], [])
        for path in sorted(self.folder.glob("tape-*")):
            try:
                info = Tape(path).info
            except TapeError:
                continue
            catalogue.add(info.events, info.markets, info.lines)
        return catalogue
