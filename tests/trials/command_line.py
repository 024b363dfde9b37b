"""The command line of a trial: its arguments, and lines that are shown at once."""

import argparse
import sys


def trial_parser(name: str) -> argparse.ArgumentParser:
    """Return the parser of `python -m tests.trials.NAME`, which knows the seed."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.trials.{name}")
    parser.add_argument("--seed", type=int, default=1)
    return parser


def print_line(line: str) -> None:
    """Print a line at once, also into a file."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
