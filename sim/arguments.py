"""The numbers that verbs take as arguments."""

import argparse

# As many as sim/crowd/book_profiles.py has, which takes long to import.
BOOKS_MAX = 4


def seed_number(word: str) -> int:
    """Return a seed, a whole number of zero or more."""
    if not word.isdecimal():
        message = f"{word!r} is not a whole number, zero or more"
        raise argparse.ArgumentTypeError(message)
    return int(word)


def seed_numbers(word: str) -> list[int]:
    """Return seeds that are written with commas, each once."""
    seeds = [seed_number(each.strip()) for each in word.split(",")]
    if len(set(seeds)) < len(seeds):
        message = f"{word!r} names a seed twice"
        raise argparse.ArgumentTypeError(message)
    return seeds


def number_of_games(word: str) -> int:
    """Return a number of games, one or more."""
    if not word.isdecimal() or int(word) < 1:
        message = f"{word!r} is not a whole number, 1 or more"
        raise argparse.ArgumentTypeError(message)
    return int(word)


def number_of_books(word: str) -> int:
    """Return a number of simulated outside books, up to as many as there are."""
    if not word.isdecimal() or int(word) > BOOKS_MAX:
        message = f"{word!r} is not a whole number, 0 to {BOOKS_MAX}"
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
