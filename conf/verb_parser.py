"""The parser of a verb's arguments."""

import argparse
from typing import NoReturn

from strategies.trading.model.errors import ConfigError


class VerbParser(argparse.ArgumentParser):
    """A parser that raises its errors, so that they come out as one line."""

    def error(self, message: str) -> NoReturn:
        """Raise ConfigError."""
        raise ConfigError(message)
