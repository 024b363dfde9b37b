"""Loads the compiled core in place of its modules, where one was compiled from these sources.

Nothing else knows which of the two runs: the modules have the same names, and give the same
results. With the environment variable PROPHET_SIM_CORE set to `plain` the sources run all the same.
"""

import os
import sys
from collections.abc import Sequence
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from sim.core.core_modules import CORE_MODULES, core_folder

CORE_VARIABLE = "PROPHET_SIM_CORE"
PLAIN = "plain"


class CoreFinder:
    """Finds the modules of a compiled core by their names, ahead of their sources."""

    def __init__(self, folder: Path) -> None:
        """Take the folder with the compiled modules, which lie as their sources do."""
        suffix = EXTENSION_SUFFIXES[0]
        self._paths = {
            ".".join(path.relative_to(folder).parts).removesuffix(suffix): path
            for path in folder.rglob(f"*{suffix}")
        }

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - the protocol of finders
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Return the specification of a compiled module, None for any other."""
        found = self._paths.get(name)
        return None if found is None else spec_from_file_location(name, found)


def load_core() -> None:
    """Let the compiled core be imported from now on, if there is one for these sources.

    If a module of the core was imported already, the others stay plain too: compiled and plain
    modules have different classes and cannot be mixed.
    """
    if os.environ.get(CORE_VARIABLE) == PLAIN or any(name in sys.modules for name in CORE_MODULES):
        return
    folder = core_folder()
    if folder.is_dir():
        sys.meta_path.insert(0, CoreFinder(folder))


def plain_core_note() -> str | None:
    """Return what a person should know of a plain core, None if it is compiled or asked for."""
    if is_compiled() or os.environ.get(CORE_VARIABLE) == PLAIN:
        return None
    return (
        "the core is not compiled: `python -m sim compile` makes the same runs three times as fast"
    )


def is_compiled() -> bool:
    """Return whether the core that runs is the compiled one."""
    return any(isinstance(finder, CoreFinder) for finder in sys.meta_path)
