"""A backtest of several recordings, each with a bankroll of its own, in parallel."""

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any

from recordings.logs.log_file import LogFile, log_files
from recordings.workers import results_of, usable_processors
from recordings.writing import make_folder
from sim.backtest import Backtest
from sim.games.merged_run import merge_tables, merged_summary
from sim.results.logged_journal import RUN_LOG, print_beside
from sim.results.run_summary import BacktestSummary
from sim.results.summary_file import write_summary
from sim.sources.market_source import MarketSource, Progress
from sim.sources.recorded_source import RecordingsApart
from strategies.trading.model.errors import ConfigError, TradingError

_GAMES_FOLDER = "games"


class BacktestApart:
    """Backtests the same strategy on each of several recordings."""

    def __init__(self, backtests: Sequence[Backtest], name: str, notes: Sequence[str]) -> None:
        """Take the backtests, one a recording, and the name of all recordings in reports."""
        self._backtests = backtests
        self._name = name
        self._notes = notes
        self.draws_report = backtests[0].draws_report

    def run(self, folder: Path, show: Progress) -> BacktestSummary:
        """Run every backtest, and write tables and a summary of all; an error leaves neither.

        `show` is called with how many recordings are done.
        """
        parts = folder / _GAMES_FOLDER
        try:
            folders = [parts / f"{number:05d}" for number in range(len(self._backtests))]
            summaries = self._run_all(folders, show)
            merge_tables(folders, folder)
            self._join_logs(folders, folder)
        finally:
            shutil.rmtree(parts, ignore_errors=True)
        summary = merged_summary(summaries, folder, self._name, self._notes)
        write_summary(folder, summary)
        return summary

    def _join_logs(self, folders: Sequence[Path], folder: Path) -> None:
        """Write the logs of all runs into one, run after run, as far as its size allows."""
        settings = self._backtests[0].log
        joined = LogFile(
            folder / RUN_LOG, settings.max_megabytes, settings.keep, print_beside, "the run goes on"
        )
        for each in folders:
            for path in log_files(each / RUN_LOG):
                with path.open("rb") as lines:
                    for line in lines:
                        joined.append(line)
        joined.close()

    def _run_all(self, folders: Sequence[Path], show: Progress) -> list[BacktestSummary]:
        summaries: dict[int, BacktestSummary] = {}
        numbers = range(len(folders))
        show("recordings", 0, len(numbers))
        run = partial(_run_one, self._backtests, folders)
        with _results(run, numbers) as results:
            for number, summary in results:
                summaries[number] = summary
                show("recordings", len(summaries), len(numbers))
        return [summaries[number] for number in numbers]


@contextmanager
def _results(
    run: Callable[[int], BacktestSummary], numbers: Sequence[int]
) -> Iterator[Iterator[tuple[int, BacktestSummary]]]:
    """Run everything in parallel where a process can be copied with the session it has built."""
    if sys.platform != "linux":
        yield ((number, run(number)) for number in numbers)
        return
    with results_of(run, numbers, usable_processors()) as results:
        yield results


def _run_one(
    backtests: Sequence[Backtest], folders: Sequence[Path], number: int
) -> BacktestSummary:
    make_folder(folders[number])
    try:
        return backtests[number].run(folders[number], lambda *_: None)
    except TradingError as error:
        message = f"{backtests[number].feed.name}: {error}"
        raise type(error)(message) from error


def backtest(*, feed: MarketSource | RecordingsApart, **parts: Any) -> Backtest | BacktestApart:
    """Build a backtest of a market source, or one of each of several recordings.

    `parts` are the other parts of a `Backtest`. Raise ConfigError or TapeError as it does.
    """
    if not isinstance(feed, RecordingsApart):
        return Backtest(feed=feed, **parts)
    backtests, skipped = [], list(feed.skipped)
    for source in feed.sources:
        try:
            backtests.append(Backtest(feed=source, **parts))
        except ConfigError as error:
            message = f"{source.name}: {error}"
            if not feed.skips:
                raise ConfigError(message) from error
            skipped.append(f"Skipped {message}")
    if not backtests:
        raise ConfigError("; ".join(skipped))
    return BacktestApart(backtests, feed.name, skipped)


# A session is given the parts that its signature names.
backtest.__signature__ = signature(Backtest)  # type: ignore[attr-defined]
