"""The verb `import`: recordings of other exchanges, each exchange a row of one table."""

from argparse import Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from conf.command_line import print_line
from conf.verb_parser import VerbParser
from recordings.tape import SEGMENT_GLOB
from strategies.trading.model.counted import counted


class ImportSource(NamedTuple):
    """What `import` offers for one exchange.

    `run` takes the paths, the output folder and the parsed options, and yields lines to print.
    `add_options` adds the options that this exchange alone takes.
    """

    description: str
    paths: str
    run: Callable[[Sequence[Path], Path, Namespace], Iterable[str]]
    add_options: Callable[[VerbParser], None]


def import_recordings(words: Sequence[str]) -> None:
    """Convert recordings of the exchange that the words begin with, and print what was done."""
    parser = _parser()
    options = parser.parse_args(words)
    run = SOURCES[options.exchange].run
    _print_all(run(options.paths, options.out, options), options.out)
    print_line(options.out.resolve())


def _parser() -> VerbParser:
    parser = VerbParser(
        prog="python -m sim import",
        description="Convert another exchange's public recordings to recordings of ours.",
        formatter_class=RawDescriptionHelpFormatter,
    )
    exchanges = parser.add_subparsers(dest="exchange", metavar="EXCHANGE", required=True)
    usages = []
    for name, source in SOURCES.items():
        one = exchanges.add_parser(name, help=source.description, description=source.description)
        one.add_argument("paths", nargs="+", metavar="PATH", type=Path, help=source.paths)
        one.add_argument("--out", metavar="DIR", type=Path, required=True, help="a new folder")
        source.add_options(one)
        usages.append(one.format_usage())
    parser.epilog = "".join(usages)
    return parser


def _print_all(lines: Iterable[str], out: Path) -> None:
    try:
        with _ended(iter(lines)) as printed:
            for line in printed:
                print_line(line)
    except KeyboardInterrupt:
        if not (whole := whole_recordings(out)):
            raise
        message = (
            f"interrupted; {counted(whole, 'whole recording')} in {out} stay, and are kept when "
            "the same command is run again"
        )
        raise KeyboardInterrupt(message) from None


@contextmanager
def _ended(lines: Iterator[str]) -> Iterator[Iterator[str]]:
    """End an importer when the context is left, and with it what it started."""
    try:
        yield lines
    finally:
        if isinstance(lines, Generator):
            lines.close()


def whole_recordings(folder: Path) -> int:
    """Return how many recordings are in a folder; those that are being written are hidden."""
    return sum(any(path.glob(SEGMENT_GLOB)) for path in folder.glob("[!.]*") if path.is_dir())


def add_on_error(parser: VerbParser) -> None:
    """Add the option of what to do about a damaged file, for importers that take many."""
    parser.add_argument(
        "--on-error",
        choices=["stop", "skip"],
        default="stop",
        help="skip: leave damaged files out, and name them at the end; stop at the first otherwise",
    )


def _betfair(paths: Sequence[Path], out: Path, options: Namespace) -> Iterable[str]:
    from recordings.importers.betfair import import_files  # noqa: PLC0415

    return import_files(
        paths,
        out,
        tournament=options.tournament,
        skip_errors=options.on_error == "skip",
    )


def _betfair_options(parser: VerbParser) -> None:
    parser.add_argument("--tournament", metavar="NAME", help="the tournament of all events")
    add_on_error(parser)


SOURCES: dict[str, ImportSource] = {
    "betfair": ImportSource(
        description="Betfair stream files. Those of one event become one recording, in DIR; those "
        "of several events a folder each in DIR, where whole ones are kept.",
        paths="a stream file (plain, .gz or .bz2), or a folder, .tar or .zip of such files",
        run=_betfair,
        add_options=_betfair_options,
    ),
}
