"""Finds the finished runs and studies below the working folder, and reads what a list shows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from sim.results.run_summary import Split
from sim.results.summary_file import SUMMARY_FILE
from sim.study.trial_store import FILE, StoredArm, Trial, open_store
from strategies.trading.model.errors import ConfigError, TapeError, WriteError

RUNS, STUDIES = Path("runs"), Path("studies")

_Finished = TypeVar("_Finished")


class RunFigures(Struct, frozen=True):
    """The part of a summary that lists and queries show; the rest may be of another version."""

    mode: str
    strategy: str
    recording: str
    simulated: bool
    seed: int
    profit_cents: int
    commission_cents: int
    turnover_cents: int
    max_exposure_cents: int
    max_drawdown_cents: int
    wagers_placed: int
    fills: int
    denials: int
    split: Split
    digest: str
    recording_digest: str
    models: dict[str, Any]
    commit: str | None = None
    overrides: list[str] = []

    @property
    def recording_text(self) -> str:
        """Return the recording's name, with the remark that it is simulated if it is."""
        return f"{self.recording} (simulated)" if self.simulated else self.recording

    @property
    def early_cents(self) -> int:
        """Return edge and adverse moves together."""
        return self.split.edge_cents + self.split.adverse_cents


@dataclass(frozen=True, slots=True)
class FinishedBacktest:
    """A run folder; `finished_ns` is when its summary was written."""

    folder: Path
    finished_ns: int
    figures: RunFigures


@dataclass(frozen=True, slots=True)
class KeptStudy:
    """The folder of a study; `changed_ns` is when a trial was last kept."""

    folder: Path
    changed_ns: int
    settings: Sequence[str]
    recordings: Sequence[str]
    arms: Sequence[StoredArm]
    trials: Sequence[Trial]


@dataclass(frozen=True, slots=True)
class Finished:
    """All that was found, the oldest first, and how many folders could not be read."""

    runs: Sequence[FinishedBacktest]
    studies: Sequence[KeptStudy]
    unreadable: int


def finished() -> Finished:
    """Return the runs below `runs` and the studies in `studies`; those of older versions count."""
    runs, bad_runs = _read_all(RUNS.rglob(SUMMARY_FILE), _read_run)
    studies, bad_studies = _read_all(STUDIES.glob(f"*/{FILE}"), _read_study)
    runs.sort(key=lambda run: (run.finished_ns, run.folder))
    studies.sort(key=lambda study: (study.changed_ns, study.folder))
    return Finished(runs, studies, bad_runs + bad_studies)


def read_study(folder: Path) -> KeptStudy:
    """Read a study; raise ConfigError or WriteError if it is not one, or not whole."""
    store = open_store(folder)
    try:
        identity = store.identity()
        return KeptStudy(
            folder,
            (folder / FILE).stat().st_mtime_ns,
            identity.get("settings", []),
            [name for name, _ in identity.get("recordings", [])],
            store.arms(),
            store.trials(),
        )
    finally:
        store.close()


def _read_all(
    paths: Iterator[Path], read: Callable[[Path], _Finished]
) -> tuple[list[_Finished], int]:
    found, unreadable = [], 0
    for path in paths:
        try:
            found.append(read(path))
        except (OSError, msgspec.MsgspecError, ConfigError, TapeError, WriteError):
            unreadable += 1
    return found, unreadable


def _read_run(path: Path) -> FinishedBacktest:
    figures = msgspec.json.decode(path.read_bytes(), type=RunFigures)
    return FinishedBacktest(path.parent, path.stat().st_mtime_ns, figures)


def _read_study(path: Path) -> KeptStudy:
    return read_study(path.parent)
