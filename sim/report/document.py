"""The report of a run: one self-contained HTML file, made from the run folder alone.

`run_folder` reads the folder, the `*_section` modules make the sections, and `page` renders them.
This module arranges the sections.
"""

from pathlib import Path

from recordings.writing import write_text
from sim.report import summary_section, wager_section
from sim.report.equity_section import equity, inventory
from sim.report.fill_value_section import fill_values
from sim.report.games_section import games
from sim.report.note_section import notes as notes_of_strategy
from sim.report.number_text import count, utc
from sim.report.origin_section import OriginTexts, origin
from sim.report.page import Html, header, join, notes, page, paragraph, section, subheading
from sim.report.profit_section import profit_split
from sim.report.quote_section import quotes
from sim.report.quoting_section import quoted, silences
from sim.report.run_folder import Run, read_run
from sim.results.split_text import nothing_placed, split_line
from strategies.trading.model.errors import ReportError, TradingError

REPORT_NAME = "report.html"


def write_report(run_folder: Path) -> Path:
    """Write `report.html` into a run folder and return its path.

    Raise ConfigError if the summary or a table cannot be read, and WriteError if the report
    cannot be written; then there is no report.
    """
    document = _document(read_run(run_folder))
    path = run_folder / REPORT_NAME
    write_text(path, document)
    return path


def report_on_finished(run_folder: Path) -> None:
    """Write the report of a run that has just finished.

    Raise ReportError, with the reason and how to draw it again, whatever fails: the run is whole.
    """
    try:
        write_report(run_folder)
    except Exception as error:
        known = isinstance(error, TradingError | OSError)
        reason = str(error) if known else f"{type(error).__name__}: {error}"
        message = (
            f"the run is finished, but its report could not be drawn: {reason}; when that is "
            f"mended, draw it with python -m sim report {run_folder}"
        )
        raise ReportError(message) from error


def _document(run: Run) -> str:
    title = _title(run)
    run_origin = origin(run, title)
    return page(
        ", ".join([f"{title}: {run.summary.strategy}", *run_origin.overrides]),
        [
            _head(run, run_origin),
            section("Result", [_story(run), summary_section.key_figures(run)]),
            *([section("Games", [games(run)])] if len(run.summary.events) > 1 else []),
            section("Where the profit came from", [profit_split(run)]),
            *run_origin.after_result,
            section("Equity and exposure", [equity(run)]),
            section("Inventory", [inventory(run)]),
            section("Our quotes and the market", [quotes(run)]),
            *_noted(run),
            section("Fills", [wager_section.fills_by_pair(run), wager_section.largest_fills(run)]),
            section("What fills were worth", [fill_values(run)]),
            section("Wagers", _wagers(run)),
            section("Settlement", _settlement(run)),
            section("Models and settings", [summary_section.models(run)]),
            section("Reproduction", [run_origin.repetition]),
        ],
    )


def _title(run: Run) -> str:
    names = [event.name for event in run.summary.events]
    if not names:
        return "A recording without events"
    return names[0] if len(names) == 1 else f"{names[0]} and {count(len(names) - 1)} more"


def _head(run: Run, run_origin: OriginTexts) -> Html:
    s = run.summary
    parts = [
        *(paragraph(limit, "warning") for limit in s.limits),
        paragraph(run_origin.overline, "overline"),
        run_origin.head,
        paragraph(f"From {utc(s.first_ns)} to {utc(s.last_ns)}. {_starts(run)}", "aside"),
        notes(s.notes),
    ]
    if s.halted:
        parts.append(paragraph(f"Trading was halted: {s.halted}", "warning"))
    return header(parts)


def _story(run: Run) -> Html:
    """Return the result in one line, and why nothing was placed if nothing was."""
    nothing = nothing_placed(run.summary)
    lines = [paragraph(split_line(run.summary.split))]
    return join([*lines, paragraph(nothing, "warning")] if nothing else lines)


def _starts(run: Run) -> str:
    starts_ns = sorted(event.scheduled_ns for event in run.summary.events)
    if not starts_ns:
        return ""
    if len(starts_ns) == 1:
        return f"Scheduled start {utc(starts_ns[0])}."
    apart = f"from {utc(starts_ns[0])} to {utc(starts_ns[-1])}"
    return f"{count(len(starts_ns))} events, with scheduled starts {apart}."


def _noted(run: Run) -> list[Html]:
    figures = notes_of_strategy(run)
    return [section("Notes of the strategy", figures)] if figures else []


def _wagers(run: Run) -> list[Html]:
    return [
        subheading("Outcomes"),
        wager_section.wager_outcomes(run),
        subheading("Response times of the exchange"),
        wager_section.response_times(run),
        subheading("Quoted on both sides"),
        quoted(run),
        subheading("Not quoted"),
        silences(run),
        subheading("Denied by our risk controls"),
        wager_section.denials(run),
        subheading("Rejected by the exchange"),
        wager_section.rejections(run),
    ]


def _settlement(run: Run) -> list[Html]:
    return [
        summary_section.settlement(run),
        subheading("Open positions, outside settled profit"),
        summary_section.open_positions(run),
    ]
