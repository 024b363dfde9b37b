"""The verb `runs`."""

from collections.abc import Sequence
from pathlib import Path

from conf.command_line import print_line
from conf.verb_parser import VerbParser
from recordings.utc_time import utc_text
from sim.inspect.aligned_rows import aligned_rows
from sim.run_list.comparison_page import write_comparison
from sim.run_list.finished_runs import Finished, FinishedBacktest, KeptStudy, finished
from sim.run_list.run_comparison import compared, is_study
from sim.run_list.run_filter import filtered
from sim.run_list.run_query import query
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.money import dollars_text

_DESCRIPTION = """\
List the finished runs in runs/ and the studies in studies/, the newest last. Words leave some out:
strategy=SimpleMarketMaker, recording=nba, mode=backtest, folder=TEXT, since=2026-11-01, until=DATE,
or a setting that was given, strategy.spread_margin=0.01.
`python -m sim runs compare A B` prints two runs, or two studies, side by side; of two runs it also
writes a page into the folder of the second."""
_RUN_HEADS = ("finished", "profit", "edge, adverse", "fills", "strategy", "recording", "folder")
_STUDY_HEADS = ("changed", "arms", "recordings", "trials", "failed", "folder", "settings")


def runs(words: Sequence[str]) -> None:
    """List runs and studies, or compare two of them."""
    parser = VerbParser(prog="python -m sim runs", description=_DESCRIPTION)
    parser.add_argument("words", nargs="*", metavar="NAME=VALUE", help="filters; or compare A B")
    parser.add_argument(
        "--sql", metavar="QUERY", help="query them with duckdb, as the tables runs and trials"
    )
    options = parser.parse_args(words)
    if options.words[:1] == ["compare"]:
        _compare(options.words[1:])
        return
    found = filtered(finished(), options.words)
    if options.sql is not None:
        lines = list(aligned_rows(query(found, options.sql)))
    else:
        lines = _listed(found)
    for line in lines:
        print_line(line)
    if found.unreadable:
        unreadable = counted(found.unreadable, "folder")
        print_line(f"{unreadable} could not be read: damaged, or of another version")


def _compare(folders: Sequence[str]) -> None:
    if len(folders) != 2:
        message = "compare: name two folders"
        raise ConfigError(message)
    first, second = map(Path, folders)
    rows = compared(first, second)
    for line in aligned_rows(rows, numbers=(1, 2, 3)):
        print_line(line)
    if not is_study(first):
        print_line(write_comparison(first, second, rows).resolve())


def _listed(found: Finished) -> list[str]:
    lines: list[str] = []
    if found.runs:
        rows = [(*_RUN_HEADS, "overrides"), *map(_run_row, found.runs)]
        lines += aligned_rows(rows, numbers=(1, 2, 3))
    if found.studies:
        rows = [_STUDY_HEADS, *map(_study_row, found.studies)]
        lines += [""] if lines else []
        lines += aligned_rows(rows, numbers=(1, 2, 3, 4))
    return lines or ["no finished run or study was found"]


def _run_row(run: FinishedBacktest) -> tuple[str, ...]:
    figures = run.figures
    return (
        utc_text(run.finished_ns),
        dollars_text(figures.profit_cents),
        dollars_text(figures.early_cents),
        f"{figures.fills:,}",
        figures.strategy,
        figures.recording_text,
        str(run.folder),
        " ".join(figures.overrides),
    )


def _study_row(study: KeptStudy) -> tuple[str, ...]:
    return (
        utc_text(study.changed_ns),
        f"{sum(arm.variant_of is None for arm in study.arms):,}",
        f"{len(study.recordings):,}",
        f"{len(study.trials):,}",
        f"{sum(trial.reason is not None for trial in study.trials):,}",
        str(study.folder),
        " ".join(study.settings),
    )
