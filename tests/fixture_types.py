"""The types of fixtures that are functions."""

from collections.abc import Callable

from omegaconf import DictConfig

from tests.conftest import FinishedRun, Outcome

# From settings as on the command line to a configuration.
Compose = Callable[..., DictConfig]
# `python -m sim` with the words of a command line, in the folder of the test.
Sim = Callable[..., Outcome]
# Takes a folder, and settings as on the command line.
RunIn = Callable[..., FinishedRun]
# Takes an entry point, the folder to work in, and the words of a command line.
RunMain = Callable[..., Outcome]
