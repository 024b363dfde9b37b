"""The arguments of verbs: a parser with errors of one line, and the numbers that verbs take."""

import argparse
from typing import NoReturn

from strategies.trading.model.errors import ConfigError


class Parser(argparse.ArgumentParser):
    """A parser that raises its errors, so that they come out as one line."""

    def error(self, message: str) -> NoReturn:
        """Raise ConfigError."""
        raise ConfigError(message)


def seed_number(word: str) -> int:
    """Return a seed, a whole number of zero or more."""
    if not word.isdecimal():
        message = f"{word!r} is not a whole number, zero or more"
        raise argparse.ArgumentTypeError(message)
    return int(word)


def number_of_games(word: str) -> int:
    """Return a number of games, one or more."""
    if not word.isdecimal() or int(word) < 1:
        message = f"{word!r} is not a whole number, 1 or more"
        raise argparse.ArgumentTypeError(message)
    return int(word)


def planted_edge(word: str) -> float:
    """Return an edge as a probability, from 0 to 0.1."""
    try:
        edge = float(word)
    except ValueError:
        edge = -1.0
    if not 0 <= edge <= 0.1:
        message = f"{word!r} is not a probability from 0 to 0.1, such as 0.003"
        raise argparse.ArgumentTypeError(message)
    return edge
