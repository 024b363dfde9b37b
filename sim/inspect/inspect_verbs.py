"""The verbs `lines` and `book`, which look into a recording."""

from argparse import Namespace
from collections.abc import Sequence

from conf.command_line import print_line
from conf.verb_parser import VerbParser
from recordings.reader import open_recording
from recordings.tape_columns import TapeColumns, tape_columns
from sim.inspect.book_table import book_table
from sim.inspect.line_table import line_table

AT = "--at"


def show_lines(words: Sequence[str]) -> None:
    """Print the lines of a recording."""
    parser = VerbParser(
        prog="python -m sim lines",
        description="Print the lines of a recording: ids, what they are of, how many rows of each "
        "kind are recorded, and the result.",
    )
    options = _parsed(parser, words)
    for line in line_table(_columns(options.recording)):
        print_line(line)


def show_book(words: Sequence[str]) -> None:
    """Print the books of a recording at a moment."""
    parser = VerbParser(
        prog="python -m sim book",
        description="Print the whole book of each market of a recording at a moment of its "
        "exchange: what takers can stake on both sides, longest odds first; with the status, the "
        "last trade, the score and the playing time.",
    )
    parser.add_argument(
        AT,
        metavar="TIME",
        required=True,
        help="in UTC, such as 2026-01-15T00:30:00, or relative to the scheduled start, such as "
        "-01:30:00",
    )
    parser.add_argument("--line", metavar="ID", help="only this line and its opposite")
    parser.add_argument("--market", metavar="NAME", help="only this market: an id, or a type")
    options = _parsed(parser, with_time_joined(words))
    columns = _columns(options.recording)
    for line in book_table(columns, options.at, line=options.line, market=options.market):
        print_line(line)


def _parsed(parser: VerbParser, words: Sequence[str]) -> Namespace:
    parser.add_argument("recording", help="a folder, or the name of a shipped recording")
    return parser.parse_args(words)


def _columns(name: str) -> TapeColumns:
    return tape_columns(open_recording(name))


def with_time_joined(words: Sequence[str]) -> list[str]:
    """Return the words with the time joined to its option, as -01:30:00 looks like another one."""
    joined = list(words)
    if AT in joined[:-1]:
        at = joined.index(AT)
        joined[at : at + 2] = [f"{AT}={joined[at + 1]}"]
    return joined
