"""The types of fixtures that are functions."""

from collections.abc import Callable

from omegaconf import DictConfig

from tests.conftest import Outcome

# From settings as on the command line to a configuration.
Compose = Callable[..., DictConfig]
# Takes an entry point, the folder to work in, and the words of a command line.
RunMain = Callable[..., Outcome]
