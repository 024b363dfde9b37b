"""The verb `import`: recordings of other exchanges, each exchange a row of one table."""

from argparse import Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from conf.command_line import print_line
from conf.verb_parser import VerbParser
from strategies.trading.model.errors import ConfigError


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
    for line in SOURCES[options.exchange].run(options.paths, options.out, options):
        print_line(line)
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


def _betfair(paths: Sequence[Path], out: Path, _: Namespace) -> Iterable[str]:
    from recordings.importers.betfair import import_betfair  # noqa: PLC0415

    if len(paths) > 1:
        message = f"{paths[1]}: one file at a time"
        raise ConfigError(message)
    yield from import_betfair(paths[0], out).lines()


def _no_options(_: VerbParser) -> None:
    """Add nothing."""


SOURCES: dict[str, ImportSource] = {
    "betfair": ImportSource(
        description="Betfair stream files",
        paths="a stream file: plain, .gz or .bz2",
        run=_betfair,
        add_options=_no_options,
    ),
}
