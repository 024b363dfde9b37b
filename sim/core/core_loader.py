"""Loads the compiled core in place of its modules, where one was compiled from these sources.

Nothing else knows which of the two runs: the modules have the same names, and give the same
results. With the environment variable PROPHET_SIM_CORE set to `plain` the sources run all the same,
with `compiled` a run without a compiled core is refused.
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
PLAIN, COMPILED = "plain", "compiled"


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
    """Return what a person should know of a plain core, None if it is compiled or asked for.

    Raise ConfigError if an unknown core is asked for, or a compiled one that was not made.
    """
    # The package of the errors has modules of the core: it may not be imported before `load_core`.
    from strategies.trading.model.errors import ConfigError  # noqa: PLC0415

    wanted = os.environ.get(CORE_VARIABLE, "")
    if wanted not in ("", PLAIN, COMPILED):
        message = f"{CORE_VARIABLE} is {wanted!r}; set it to {PLAIN} or {COMPILED}, or not at all"
        raise ConfigError(message)
    if is_compiled() or wanted == PLAIN:
        return None
    if wanted == COMPILED:
        message = f"{CORE_VARIABLE}: there is no compiled core of these sources: run compile first"
        raise ConfigError(message)
    return "the core is not compiled: `python -m sim compile` makes passes three times as fast"


def is_compiled() -> bool:
    """Return whether the core that runs is the compiled one."""
    return any(isinstance(finder, CoreFinder) for finder in sys.meta_path)
