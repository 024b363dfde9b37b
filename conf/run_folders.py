"""The runs of one command line, each in the folder that Hydra made for it."""

import pickle
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from conf.masking import masked_settings
from recordings.writing import write_text
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import TradingError
from strategies.trading.model.one_line import short_line

# Builds the session of a configuration; the settings that were given for it are its overrides.
Build = Callable[[DictConfig, Sequence[str]], Any]
# Runs a session in its folder, and returns the figure that a sweep may optimise. The session is Any
# because its class is named by the mode, which the caller has chosen.
Present = Callable[[Any, Path], float]
# Is given the folders with results of all runs.
Conclude = Callable[[Sequence[Path]], None]
# Returns whether a folder has results, which are kept however its run ended.
HasResults = Callable[[Path], bool]


class FailedRun(NamedTuple):
    """The error of a run, and the settings that were given for it; in a sweep, what differs."""

    overrides: Sequence[str]
    error: Exception

    def text(self) -> str:
        """Return it as a line for people."""
        named = ", ".join(self.overrides)
        return f"failed: {short_line(f'{named}: {self.error}')}"


class RunFolders:
    """Runs the sessions of a command line, one or those of a sweep, and keeps what is finished.

    A folder without results is removed if its session cannot be built, fails or is interrupted.
    A launcher of Hydra may run `run` in other processes, on a copy of this object; so what came of
    it is in what `run` returns, which goes to `add`, and in the folders.
    """

    def __init__(
        self, settings: Sequence[str], build: Build, present: Present, has_results: HasResults
    ) -> None:
        """Run what the settings of a command line ask for."""
        self._swept = _swept_names(settings)
        self._build = build
        self._present = present
        self._has_results = has_results
        self._sweep: Path | None = None
        self._earlier: set[Path] = set()
        self._finished_here: list[Path] = []
        self.failures: list[FailedRun] = []

    def begin_sweep(self, folder: Path) -> None:
        """Take the folder of a sweep, in which each run makes its own."""
        self._sweep = folder
        self._earlier = set(self._with_results(folder))

    def run(self, config: DictConfig) -> float | Exception:
        """Run the session of one configuration, as a task of Hydra; return its error, if any.

        Raised to Hydra it would be printed twice, and end a sweep.
        """
        folder = Path(HydraConfig.get().runtime.output_dir)
        # Hydra has written what a file of the user's set.
        for saved in (folder / ".hydra" / "config.yaml", folder.parent / "multirun.yaml"):
            _mask(saved)
        theirs = {entry for entry in folder.iterdir() if entry.name != ".hydra"}
        had_results = self._has_results(folder)
        try:
            figure = self._present(self._build(config, self._overrides()), folder)
        except BaseException as error:
            if self._has_results(folder) and not had_results:
                self._finished_here.append(folder)
            else:
                _remove(folder, theirs)
            if not isinstance(error, Exception):
                raise
            return _portable(error)
        self._finished_here.append(folder)
        return figure

    def add(self, overrides: Sequence[str], returned: float | Exception) -> None:
        """Keep the error that a run with these overrides returned, if it did."""
        if isinstance(returned, Exception):
            self.failures.append(FailedRun(self._differing(overrides), returned))

    def failure_lines(self) -> list[str]:
        """Return a line for each run of a sweep that failed; one that is alone names itself."""
        return [] if self._sweep is None else [failure.text() for failure in self.failures]

    def finished(self) -> list[Path]:
        """Return the folders with results, whichever process wrote them."""
        if self._sweep is None:
            return self._finished_here
        found = [each for each in self._with_results(self._sweep) if each not in self._earlier]
        # The folder of run 10 comes after that of run 9.
        return sorted(found, key=lambda folder: (len(str(folder)), folder))

    def _with_results(self, sweep: Path) -> list[Path]:
        inside = sweep.rglob("*") if sweep.is_dir() else ()
        return [each.absolute() for each in inside if each.is_dir() and self._has_results(each)]

    def interruption(self) -> KeyboardInterrupt:
        """Return what to raise in place of a Ctrl-C, which says what is kept."""
        finished = self.finished()
        if not finished:
            return KeyboardInterrupt()
        names = ", ".join(folder.name for folder in finished)
        kept = f"kept {counted(len(finished), 'finished run')} in {finished[0].parent}"
        return KeyboardInterrupt(f"interrupted; {kept}: {names}")

    def _overrides(self) -> Sequence[str]:
        return self._differing(list(HydraConfig.get().overrides.task))

    def _differing(self, given: Sequence[str]) -> Sequence[str]:
        """Return the settings that were given for a run: in a sweep, those that differ."""
        return [word for word in given if _name(word) in self._swept] or given


def _swept_names(settings: Sequence[str]) -> set[str]:
    """Return the settings that have several values; raise HydraException for other words."""
    overrides = OverridesParser.create().parse_overrides(list(settings))
    return {each.key_or_group for each in overrides if each.is_sweep_override()}


def _portable(error: Exception) -> Exception:
    """Return an error that another process can pass on: itself, or one with its text."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        # A class of the user's own, whose constructor takes something else than its text.
        portable = TradingError(f"{type(error).__name__}: {error}")
        portable.__cause__ = error
        return portable
    return error


def _name(setting: str) -> str:
    return setting.lstrip("+~").partition("=")[0]


def _mask(path: Path) -> None:
    """Hide the secrets in a file of settings that Hydra has written, if it has any."""
    if not path.is_file():
        return
    saved = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    if not isinstance(saved, dict):
        return
    masked = masked_settings(saved)
    if masked != saved:
        write_text(path, OmegaConf.to_yaml(OmegaConf.create(masked)))


def _remove(folder: Path, theirs: set[Path]) -> None:
    """Remove what a run wrote to its folder, and parent folders that are empty then."""
    for entry in set(folder.iterdir()) - theirs:
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    if theirs:
        return
    folder.rmdir()
    for parent in list(folder.parents)[:3]:
        if parent.name == "runs" or not parent.exists() or any(parent.iterdir()):
            return
        parent.rmdir()
