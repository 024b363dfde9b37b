"""A backtest in the terminal: progress, the figures, the folder."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from conf.command_line import print_line
from sim.backtest import Backtest
from sim.games.backtest_apart import BacktestApart
from sim.games.games_text import games_lines
from sim.results.run_summary import TRUE_QUEUE, BacktestSummary, OpenPosition
from sim.results.split_text import nothing_placed, split_line, split_terms, unsettled_line
from sim.results.summary_file import read_summary
from strategies.trading.model.money import dollars_text


class BacktestPresenter:
    """Presents the backtests of one command: each with its figures and its report."""

    def __init__(self) -> None:
        """Start with nothing presented."""
        self._presented: set[Path] = set()

    def present(self, session: Backtest | BacktestApart, folder: Path) -> float:
        """Run a backtest under a progress bar, print its figures, then write its report.

        Raise ReportError, with the run kept, if the report cannot be drawn.
        """
        self._presented.add(folder.absolute())
        if isinstance(session, Backtest) and session.is_watched:
            print_line(f"watch it with python -m live watch --web --folder {folder.resolve()}")
        summary = _with_progress(session, folder)
        console = Console(markup=False, emoji=False)
        for limit in summary.limits:
            print_line(limit)
        print_line(_title(summary))
        print_line(split_line(summary.split))
        for line in games_lines(summary):
            print_line(line)
        console.print(_figures(summary))
        # Not through the console, which would break long lines, and paths with them.
        for line in remarks(summary):
            print_line(line)
        if session.draws_report:
            # What draws pictures takes longer to import than many a run takes.
            from sim.report.document import report_on_finished  # noqa: PLC0415

            report_on_finished(folder)
        else:
            print_line(f"no report.html (report=off); python -m sim report {folder} draws it")
        print_line(folder.resolve())
        return summary.profit_cents

    def conclude(self, folders: Sequence[Path]) -> None:
        """Print the result of each run that another process presented, where nobody may see it.

        Say of runs that differ by their seed on one recording how little that is.
        """
        seeds: dict[str, set[int]] = defaultdict(set)
        for folder in folders:
            summary = read_summary(folder)
            assert isinstance(summary, BacktestSummary), "runs of this command are backtests"
            if summary.models["queue"] != TRUE_QUEUE:
                seeds[summary.recording].add(summary.seed)
            if folder.absolute() not in self._presented:
                print_line(f"{_title(summary)}: {split_line(summary.split)}")
                print_line(folder.resolve())
        if any(len(of_recording) > 1 for of_recording in seeds.values()):
            print_line(
                "note: on one recording a seed changes only latencies and faults; runs that "
                "differ by it are no sample of games"
            )


def _with_progress(session: Backtest | BacktestApart, folder: Path) -> BacktestSummary:
    # A name is no markup; to look for emoji in it, rich would import a table of them.
    name = TextColumn("{task.description}", markup=False)
    columns = (name, BarColumn(), MofNCompleteColumn())
    progress = Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True))
    tasks: dict[str, TaskID] = {}

    def show(label: str, rows: int, rows_total: int) -> None:
        if label not in tasks:
            # Started only here: even an empty bar would print a line ahead of an error.
            progress.start()
            tasks[label] = progress.add_task(label, total=rows_total)
        progress.update(tasks[label], completed=rows)

    try:
        return session.run(folder, show)
    finally:
        if tasks:
            progress.stop()


def _figures(summary: BacktestSummary) -> Table:
    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, text in (
        ("settled profit, net of commission", dollars_text(summary.profit_cents)),
        *((f"  {name}", dollars_text(cents)) for name, cents in split_terms(summary.split)),
        *_by_queue(summary),
        ("not settled, at fair prices", dollars_text(summary.marked_cents)),
        ("turnover", dollars_text(summary.turnover_cents)),
        ("wagers placed", f"{summary.wagers_placed:,}"),
        ("wagers cancelled", f"{summary.wagers_cancelled:,}"),
        ("fills", f"{summary.fills:,}"),
        ("denials by our own risk", f"{summary.denials:,}"),
        ("largest exposure", dollars_text(summary.max_exposure_cents)),
        ("largest drawdown", dollars_text(summary.max_drawdown_cents)),
        ("decisions", f"{summary.decisions:,}"),
        ("rows a second", f"{summary.rows_per_second:,}"),
        ("digest of the decisions", summary.digest[:16]),
    ):
        table.add_row(name, text)
    return table


def _by_queue(summary: BacktestSummary) -> list[tuple[str, str]]:
    """Return the profit under the extreme queue models that were not the chosen one."""
    return [
        (f"  under queue model {name}", dollars_text(cents))
        for name, cents in summary.profits_by_other_queue.items()
    ]


def _title(summary: BacktestSummary) -> str:
    return ", ".join([_what_ran(summary), *summary.overrides])


def _what_ran(summary: BacktestSummary) -> str:
    queue = summary.models["queue"]
    if queue == TRUE_QUEUE:
        return f"{summary.strategy} in {summary.recording}, {queue}"
    simulated = " (a simulated recording)" if summary.simulated else ""
    return f"{summary.strategy} on {summary.recording}{simulated}, queue model {queue}"


def remarks(summary: BacktestSummary) -> list[str]:
    """Return what a reader of the figures must know: notes, a halt, and what is not settled."""
    halted = [f"the desk was halted: {summary.halted}"] if summary.halted else []
    nothing = nothing_placed(summary)
    unsettled, bracket = summary.unsettled, summary.queue_bracket
    return [
        *([bracket] if bracket else []),
        *(f"note: {note}" for note in [*summary.notes, *summary.feed.sentences()]),
        *halted,
        *([nothing] if nothing else []),
        *([unsettled_line(unsettled)] if unsettled.fills else []),
        *map(_open_text, summary.open_positions),
    ]


def _open_text(position: OpenPosition) -> str:
    if position.marked_cents is None:
        return f"not settled: {position.label}, without a fair price"
    return f"not settled: {position.label}, marked at {dollars_text(position.marked_cents)}"
