"""The verb `export`: the money of sessions between two days, as tables in a new folder."""

import shutil
import tempfile
from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from conf.command_line import print_line
from conf.verb_parser import VerbParser
from live.export.export_tables import account_table, summary_table
from live.export.exported_session import ExportedSession, read_exported
from live.session.session_folder import SESSIONS, session_folder
from recordings.journal.entries import JOURNAL
from recordings.writing import make_folder, writing
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError, JournalError, WriteError
from strategies.trading.model.money import dollars_text
from strategies.trading.model.setting_reader import SettingError
from strategies.trading.risk.trading_day import TradingDays, read_trading_days

_DESCRIPTION = """\
Write the money of sessions as tables: every fill, settlement, commission and rebate, each
correction as a row of its own, and their sums by day, exchange and event. Reads the journals in
sessions/, also of sessions that run; asks no exchange. Status 1 if part of a journal is broken:
what is whole is exported, and the rest is named. docs/export.md explains the columns."""
_SUMS = ("settled", "commission", "rebate", "profit")


def export(words: Sequence[str]) -> None:
    """Export the sessions that the words name, or all; raise JournalError if some are broken."""
    options = _options(words)
    out: Path = options.out or _default_folder(options.first, options.last)
    if out.exists():
        message = f"{out}: exists already; name another folder with --out"
        raise ConfigError(message)
    sessions, problems = _read(_folders(options.names, Path()))
    days = _days(options.day_starts, sessions)
    table = account_table(sessions, days)
    inside = table.filter(_between(options.first, options.last))
    tables = {"rows": inside, "summary": summary_table(inside)}
    _write(tables, out, options.format)
    for name, each in tables.items():
        print_line(f"{out / name}.{options.format}  {counted(each.height, 'row')}")
    for line in _lines(tables, sessions, days, table):
        print_line(line)
    if problems:
        for problem in problems[:-1]:
            print_line(f"not whole: {problem}")
        message = f"not whole: {problems[-1]}"
        raise JournalError(message)


def _options(words: Sequence[str]) -> Namespace:
    parser = VerbParser(prog="python -m live export", description=_DESCRIPTION)
    parser.add_argument("--from", dest="first", type=_day, metavar="DAY", help="such as 2026-07-01")
    parser.add_argument("--to", dest="last", type=_day, metavar="DAY", help="the last day, itself")
    parser.add_argument("--format", choices=("csv", "parquet"), default="csv")
    parser.add_argument("--out", type=Path, metavar="DIR", help="a new folder for the tables")
    parser.add_argument(
        "--day-starts",
        metavar="'06:00 ZONE'",
        help="when a day begins, such as '00:00 America/New_York'; otherwise as in the sessions",
    )
    parser.add_argument("names", nargs="*", metavar="session.name=NAME", help="otherwise all")
    options = parser.parse_args(words)
    first, last = options.first, options.last
    if first is not None and last is not None and first > last:
        message = f"--from {first} is after --to {last}; write the earlier day first"
        raise ConfigError(message)
    return options


def _default_folder(first: date | None, last: date | None) -> Path:
    return Path("exports") / f"{first or 'begin'}-to-{last or 'end'}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no day; write it as 2026-07-01"
        raise ArgumentTypeError(message) from None


def _folders(names: Sequence[str], home: Path) -> list[Path]:
    """Return the folders of the named sessions, or of all; raise ConfigError without one."""
    for name in names:
        if not name.startswith("session.name="):
            message = f"{name}: name sessions as session.name=first"
            raise ConfigError(message)
    if names:
        return [session_folder([name], home)[0] for name in dict.fromkeys(names)]
    found = sorted(path.parent for path in (home / SESSIONS).glob(f"*/{JOURNAL}"))
    if not found:
        message = f"{SESSIONS}: there is no session; run it in the folder that has {SESSIONS}/"
        raise ConfigError(message)
    return found


def _read(folders: Sequence[Path]) -> tuple[list[ExportedSession], list[str]]:
    """Read sessions, each wager once, and return what of them is missing.

    Raise the first error if none of them can be read.
    """
    sessions: list[ExportedSession] = []
    problems: list[str] = []
    errors: list[ConfigError | JournalError] = []
    for folder in folders:
        try:
            sessions.append(read_exported(folder))
        except (ConfigError, JournalError) as error:
            errors.append(error)
    if not sessions:
        raise errors[0]
    problems += [f"{error}; nothing of it is exported" for error in errors]
    problems += [f"session {each.name}: {text}" for each in sessions for text in each.problems]
    kept: list[ExportedSession] = []
    # A copy of a session, as a backup or a salvage leaves it, has the same references.
    for each in sorted(sessions, key=lambda each: (-len(each.rows), each.name)):
        original = next((other for other in kept if other.refs & each.refs), None)
        if original is None:
            kept.append(each)
        else:
            problems.append(
                f"session {each.name}: has wagers of session {original.name} too, one is a copy; "
                f"only {original.name} is exported, which has as many rows or more"
            )
    return sorted(kept, key=lambda each: each.name), problems


def _days(text: str | None, sessions: Sequence[ExportedSession]) -> TradingDays:
    """Return the given trading days, or those of the sessions; raise ConfigError if they differ."""
    set_before = sorted({each for session in sessions for each in session.day_starts})
    if text is None and len(set_before) > 1:
        message = (
            f"--day-starts: the sessions had different days, {', '.join(set_before)}; choose one"
        )
        raise ConfigError(message)
    chosen = text if text is not None else next(iter(set_before), "00:00 UTC")
    try:
        return read_trading_days(chosen)
    except SettingError as error:
        message = f"--day-starts: {error.problem}"
        raise ConfigError(message) from error


def _between(first: date | None, last: date | None) -> pl.Expr:
    day = pl.col("trading_day")
    return day.is_between(first or date.min, last or date.max)


def _write(tables: dict[str, pl.DataFrame], out: Path, ending: str) -> None:
    """Write the tables into a new folder, which exists only once they are whole."""
    make_folder(out.parent)
    with writing(out):
        part = Path(tempfile.mkdtemp(prefix=".export-", dir=out.parent))
    try:
        with writing(out):
            for name, table in tables.items():
                path = part / f"{name}.{ending}"
                if ending == "csv":
                    table.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%S%.9fZ")
                else:
                    table.write_parquet(path)
            part.rename(out)
    except (WriteError, pl.exceptions.PolarsError):
        shutil.rmtree(part, ignore_errors=True)
        raise


def _lines(
    tables: dict[str, pl.DataFrame],
    sessions: Sequence[ExportedSession],
    days: TradingDays,
    table: pl.DataFrame,
) -> Iterator[str]:
    """Yield the kind of days, the sums of each exchange, and what has no result yet."""
    yield f"days begin at {days.time:%H:%M} {days.zone}"
    if tables["rows"].is_empty() and not table.is_empty():
        known = sorted(set(table["trading_day"]))
        yield f"nothing between these days; the sessions have rows from {known[0]} to {known[-1]}"
    cents = ["fills", *(f"{name}_cents" for name in _SUMS)]
    by_venue = tables["summary"].group_by("venue").agg(pl.col(cents).sum()).sort("venue")
    for row in by_venue.iter_rows(named=True):
        amounts = (f"{name} {dollars_text(row[f'{name}_cents'])}" for name in _SUMS)
        yield f"{row['venue']}: {counted(row['fills'], 'fill')}, {', '.join(amounts)}"
    for session in sessions:
        if session.without_result:
            yield f"session {session.name}: {session.without_result}"
