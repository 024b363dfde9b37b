"""The runs of one command line, each in the folder that Hydra made for it."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from strategies.trading.model.counted import counted

# Builds the session of a configuration; the settings that were given for it are its overrides.
Build = Callable[[DictConfig, Sequence[str]], Any]
# Runs a session in its folder, and returns the figure that a sweep may optimise. The session is Any
# because its class is named by the mode, which the caller has chosen.
Present = Callable[[Any, Path], float]
# Returns whether a folder has results, which are kept however its run ended.
HasResults = Callable[[Path], bool]


class RunFolders:
    """Runs the sessions of a command line, one or those of a sweep, and keeps what is finished.

    A folder without results is removed if its session cannot be built, fails or is interrupted.
    `failures` are the errors of the runs, in their order; `finished` the folders with results.
    """

    def __init__(
        self, settings: Sequence[str], build: Build, present: Present, has_results: HasResults
    ) -> None:
        """Run what the settings of a command line ask for."""
        self._swept = _swept_names(settings)
        self._build = build
        self._present = present
        self._has_results = has_results
        self.failures: list[Exception] = []
        self.finished: list[Path] = []

    def run(self, config: DictConfig) -> float | None:
        """Run the session of one configuration, as a task of Hydra."""
        folder = Path(HydraConfig.get().runtime.output_dir)
        theirs = {entry for entry in folder.iterdir() if entry.name != ".hydra"}
        had_results = self._has_results(folder)
        try:
            figure = self._present(self._build(config, self._overrides()), folder)
        except BaseException as error:
            if self._has_results(folder) and not had_results:
                self.finished.append(folder)
            else:
                _remove(folder, theirs)
            if not isinstance(error, Exception):
                raise
            # Raised to Hydra it would be printed twice, and end a sweep.
            self.failures.append(error)
            return None
        self.finished.append(folder)
        return figure

    def interruption(self) -> KeyboardInterrupt:
        """Return what to raise in place of a Ctrl-C, which says what is kept."""
        if not self.finished:
            return KeyboardInterrupt()
        names = ", ".join(folder.name for folder in self.finished)
        kept = f"kept {counted(len(self.finished), 'finished run')} in {self.finished[0].parent}"
        return KeyboardInterrupt(f"interrupted; {kept}: {names}")

    def _overrides(self) -> list[str]:
        """Return the settings that were given for a run: in a sweep, those that differ."""
        given = list(HydraConfig.get().overrides.task)
        return [word for word in given if _name(word) in self._swept] or given


def _swept_names(settings: Sequence[str]) -> set[str]:
    """Return the settings that have several values; raise HydraException for other words."""
    overrides = OverridesParser.create().parse_overrides(list(settings))
    return {each.key_or_group for each in overrides if each.is_sweep_override()}


def _name(setting: str) -> str:
    return setting.lstrip("+~").partition("=")[0]


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
