"""From a configuration to a session: the one module, with the entry points, that knows Hydra.

The whole tree is instantiated once, at its root. What needs partners is partial there, and the
session class that the mode names completes it; nothing below this module sees a configuration.
"""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.utils import instantiate
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from strategies.trading.errors import ConfigError, TradingError

CONFIG_FOLDER = Path(__file__).parent

# Keys of the tree that are not parts of a session.
_NO_PARTS = ("mode_name",)


class Session(Protocol):
    """What a mode names under `run`: it carries a session out."""

    def carry_out(self, folder: Path) -> float:
        """Run the session, leave its results in a folder, and return the figure to optimise."""


Present = Callable[[Session, Path], float]


def build_session(config: DictConfig) -> Session:
    """Return the session that a composed configuration describes.

    Raise ConfigError or TapeError where it cannot be built.
    """
    try:
        parts: dict[str, Any] = instantiate(config, _convert_="all")
    except HydraException as error:
        if isinstance(error.__cause__, TradingError):
            raise error.__cause__ from None
        raise
    for name in _NO_PARTS:
        parts.pop(name, None)
    session: Session = parts.pop("run")(**parts)
    return session


def run_from_command_line(arguments: Sequence[str], mode: str, present: Present) -> None:
    """Compose the configuration that the arguments ask for, and present its session.

    `present` carries the session out in the folder that Hydra made for it. That folder is removed
    if the session cannot be built or fails. Errors come out as ConfigError, in one line, where
    they are Hydra's.
    """

    def task(config: DictConfig) -> float:
        folder = Path(HydraConfig.get().runtime.output_dir)
        try:
            return present(build_session(config), folder)
        except BaseException:
            _remove(folder)
            raise

    # Hydra prints and exits by itself unless it is asked for the error itself.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    sys.argv = [sys.argv[0], f"mode={mode}", *arguments]
    main = hydra.main(version_base="1.3", config_path=str(CONFIG_FOLDER), config_name="config")
    try:
        main(task)()
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_one_line(error)) from error


def _remove(folder: Path) -> None:
    """Remove a run folder, and the folders above it that only it was in."""
    shutil.rmtree(folder, ignore_errors=True)
    for parent in list(folder.parents)[:3]:
        if parent.name == "runs" or not parent.exists() or any(parent.iterdir()):
            return
        parent.rmdir()


def _one_line(error: BaseException) -> str:
    cause = error.__cause__
    told = str(error) if cause is None or str(cause) in str(error) else f"{error} ({cause})"
    return "; ".join(line.strip() for line in told.splitlines() if line.strip())


def choices() -> dict[str, list[str]]:
    """Return the groups of the configuration that offer a choice, with what there is in each."""
    groups = sorted(folder for folder in CONFIG_FOLDER.iterdir() if folder.is_dir())
    return {
        folder.name: sorted(file.stem for file in folder.glob("*.yaml"))
        for folder in groups
        if folder.name != "hydra" and any(folder.glob("*.yaml"))
    }
