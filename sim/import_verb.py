"""The verb `import`: recordings of other exchanges, each exchange a row of one table."""

from argparse import Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from conf.command_line import print_line
from conf.verb_parser import VerbParser
from recordings.tape import SEGMENT_GLOB
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import TapeError

if TYPE_CHECKING:
    from recordings.importers.many_imports import ImportTask


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
        help="skip: leave out and name what cannot be read; stop at the first error otherwise",
    )


def _betfair(paths: Sequence[Path], out: Path, options: Namespace) -> Iterable[str]:
    from recordings.importers.betfair import import_files  # noqa: PLC0415

    return import_files(
        paths,
        out,
        tournament=options.tournament,
        skip_errors=options.on_error == "skip",
        salvages=options.salvage,
    )


def _betfair_options(parser: VerbParser) -> None:
    parser.add_argument("--tournament", metavar="NAME", help="the tournament of all events")
    parser.add_argument(
        "--salvage",
        action="store_true",
        help="import a file that is cut off up to its last whole line, and say where it is",
    )
    add_on_error(parser)


def _polymarket(paths: Sequence[Path], out: Path, options: Namespace) -> Iterable[str]:
    from recordings.importers.polymarket import polymarket_tasks  # noqa: PLC0415

    yield from _many(polymarket_tasks(paths, options.starts), out, options)


def _polymarket_options(parser: VerbParser) -> None:
    parser.add_argument(
        "--starts",
        metavar="CSV",
        type=Path,
        help="when games began: columns game (such as mlb-atl-stl-2026-07-11) and start (a time "
        "with its zone); otherwise estimated from the quotes",
    )
    add_on_error(parser)


def _prophetx(paths: Sequence[Path], out: Path, options: Namespace) -> Iterable[str]:
    from recordings.importers.sales_tape import SalesFiles, sales_tasks  # noqa: PLC0415

    files = SalesFiles(options.time_column)
    for path in _files(paths, "*.csv*"):
        files.read(path)
    yield from files.lines()
    yield from _many(sales_tasks(files), out, options)


def _prophetx_options(parser: VerbParser) -> None:
    parser.add_argument(
        "--time-column",
        metavar="NAME",
        default="execution_time",
        help="the column with the time of execution, in New York unless it has an offset; "
        "%(default)s by default",
    )
    add_on_error(parser)


def _kalshi(paths: Sequence[Path], out: Path, options: Namespace) -> Iterable[str]:
    from recordings.importers.kalshi import import_kalshi  # noqa: PLC0415
    from recordings.importers.start_files import read_starts  # noqa: PLC0415

    return import_kalshi(
        list(_files(paths, "*.json*")),
        out,
        markets=options.markets,
        starts=None if options.starts is None else read_starts(options.starts),
        skip_errors=options.on_error == "skip",
    )


def _kalshi_options(parser: VerbParser) -> None:
    parser.add_argument(
        "--markets",
        metavar="JSON",
        type=Path,
        help="a saved response of GET /markets: strikes of spreads and totals, and results",
    )
    parser.add_argument(
        "--starts",
        metavar="CSV",
        type=Path,
        help="when games began: columns game (such as NBA-26JAN05BOSNYK) and start (a time with "
        "its zone); otherwise by the ticker, or 19:00 in New York",
    )
    add_on_error(parser)


def _own(paths: Sequence[Path], out: Path, options: Namespace) -> Iterable[str]:
    from recordings.importers.own_data import import_own  # noqa: PLC0415

    files = list(_files(paths, "*"))
    skip = options.on_error == "skip"
    yield from import_own(files, options.mapping, out, skip_errors=skip).lines()


def _own_options(parser: VerbParser) -> None:
    parser.add_argument(
        "--mapping",
        metavar="YAML",
        type=Path,
        required=True,
        help="which columns are what: docs/own-data.md has an example",
    )
    add_on_error(parser)


def _files(paths: Sequence[Path], pattern: str) -> Iterator[Path]:
    """Yield files, those in a folder by their names; raise TapeError for a folder without any."""
    for path in paths:
        files = sorted(path.glob(pattern)) if path.is_dir() else [path]
        if not files:
            message = f"{path}: no file {pattern} in this folder"
            raise TapeError(message)
        yield from files


def _many(tasks: "Sequence[ImportTask]", out: Path, options: Namespace) -> Iterator[str]:
    """Run tasks; an error ends the import, or is counted with --on-error skip."""
    from recordings.importers.many_imports import import_many  # noqa: PLC0415

    kept = failed = 0
    for outcome in import_many(tasks, out):
        if outcome.error is not None and options.on_error == "stop":
            raise outcome.error
        yield outcome.line
        kept += outcome.kept
        failed += outcome.error is not None
    done = len(tasks) - kept - failed
    yield f"{counted(done, 'recording')} imported, {kept} kept, {failed} skipped for an error"


SOURCES: dict[str, ImportSource] = {
    "betfair": ImportSource(
        description="Betfair stream files. Those of one event become one recording, in DIR; those "
        "of several events a folder each in DIR, where whole ones are kept.",
        paths="a stream file (plain, .gz or .bz2), or a folder, .tar or .zip of such files",
        run=_betfair,
        add_options=_betfair_options,
    ),
    "kalshi": ImportSource(
        description="messages and candlesticks of Kalshi, a recording of each game",
        paths="files of JSON lines, or responses of REST, plain or .gz, in order of time",
        run=_kalshi,
        add_options=_kalshi_options,
    ),
    "polymarket": ImportSource(
        description="quotes of Polymarket US, a recording of each game in a folder of its own",
        paths="Parquet files of quotes and labels, or folders of them",
        run=_polymarket,
        add_options=_polymarket_options,
    ),
    "prophetx": ImportSource(
        description="ProphetX's public time and sales, a recording of each game",
        paths="CSV files of sessions, plain or .gz, or folders of them",
        run=_prophetx,
        add_options=_prophetx_options,
    ),
    "own": ImportSource(
        description="tables of your own, one recording of all of them",
        paths="CSV files, plain or .gz, and Parquet files, or folders of them",
        run=_own,
        add_options=_own_options,
    ),
}
