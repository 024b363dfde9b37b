"""The report of a run: one self-contained HTML file, made from the run folder alone.

`run_folder` reads the folder, the `*_section` modules make the sections, and `page` renders them.
This module arranges the sections.
"""

import re
from pathlib import Path

from recordings.writing import write_text
from sim.games.game_results import game_results
from sim.report import summary_section, wager_section
from sim.report.calibration_section import calibration
from sim.report.equity_section import equity, inventory
from sim.report.fill_value_section import fill_values
from sim.report.games_section import games
from sim.report.note_section import notes as notes_of_strategy
from sim.report.number_text import count, utc
from sim.report.one_event import find_event, only
from sim.report.origin_section import OriginTexts, origin
from sim.report.page import (
    Html,
    header,
    headline,
    join,
    notes,
    page,
    paragraph,
    section,
    subheading,
)
from sim.report.page_size import within_size
from sim.report.price_score_section import price_scores
from sim.report.profit_section import phases_of_event, profit_split
from sim.report.queue_section import queue_places
from sim.report.quote_section import quotes
from sim.report.quoting_section import quoted, silences
from sim.report.run_folder import Run, read_run
from sim.report.source_score_section import source_scores
from sim.report.verdict_section import run_verdict
from sim.results.split_text import nothing_placed, split_line
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ReportError, TradingError

REPORT_NAME = "report.html"
# What an event's id may have, and the name of a file may not.
_UNSAFE = re.compile(r"[^\w.-]")


def write_report(run_folder: Path) -> Path:
    """Write `report.html` into a run folder and return its path.

    Raise ConfigError if the summary or a table cannot be read, and WriteError if the report
    cannot be written; then there is no report.
    """
    document = within_size(_document(read_run(run_folder)))
    path = run_folder / REPORT_NAME
    write_text(path, document)
    return path


def write_event_report(run_folder: Path, event: str) -> Path:
    """Write the report of one event of a run, named by its id or name, and return its path.

    It has every pair that was quoted or traded, where that of the run draws a few. Raise as
    `write_report` does, and ConfigError if there is no such event.
    """
    run = read_run(run_folder)
    found = find_event(run, event)
    document = within_size(_event_document(only(run, found), len(run.summary.events)))
    path = run_folder / f"report-{_UNSAFE.sub('-', found.event_id)}.html"
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
    run_origin = origin(run)
    return page(
        ", ".join([f"{title}: {run.summary.strategy}", *run_origin.overrides]),
        [
            _head(run, run_origin, title),
            section("Result", [_story(run), summary_section.key_figures(run)]),
            *([section("Games", [games(run)])] if len(run.summary.events) > 1 else []),
            section("Where the profit came from", [profit_split(run)]),
            *run_origin.after_result,
            section("Equity and exposure", [equity(run)]),
            *_pairs(run),
            *_noted(run),
            section("Fills", [wager_section.fills_by_pair(run), wager_section.largest_fills(run)]),
            section("What fills were worth", [fill_values(run)]),
            section("Places in the queue", [queue_places(run)]),
            section("Prices and results", _priced(run)),
            *_sources(run),
            section("Wagers", _wagers(run)),
            section("Settlement", _settlement(run)),
            section("Models and settings", [summary_section.models(run)]),
            section("Reproduction", [run_origin.repetition]),
        ],
    )


def _event_document(run: Run, events: int) -> str:
    """Return the document of one event; what an account has for all of them is not in it."""
    title = _title(run)
    run_origin = origin(run)
    whole = (
        f"One of {counted(events, 'event')} of this run: equity, exposure, denials and other queue "
        f"models are those of the whole account, in {REPORT_NAME}."
    )
    return page(
        f"{title}: {run.summary.strategy}",
        [
            join([_head(run, run_origin, title), paragraph(whole)]),
            section("Result", [_story(run), summary_section.event_figures(run)]),
            section("Where the profit came from", [profit_split(run), phases_of_event(run)]),
            section("Inventory", [inventory(run, None)]),
            section("Our quotes and the market", [quotes(run, None)]),
            *_sources(run),
            *_noted(run, None),
            section("Fills", [wager_section.fills_by_pair(run), wager_section.largest_fills(run)]),
            section("What fills were worth", [fill_values(run)]),
            section("Places in the queue", [queue_places(run)]),
            section("Prices and results", [calibration(run)]),
            section("Wagers", _wagers_of_event(run)),
            section("Settlement", _settlement(run)),
            section("Reproduction", [run_origin.repetition]),
        ],
    )


def _title(run: Run) -> str:
    names = [event.name for event in run.summary.events]
    if not names:
        return "A recording without events"
    if len(names) == 1:
        return names[0]
    games = game_results(run.summary)
    return f"{count(len(names))} games, {games[0].day} to {games[-1].day}"


def _head(run: Run, run_origin: OriginTexts, title: str) -> Html:
    s = run.summary
    parts = [
        *(paragraph(limit, "warning") for limit in s.limits),
        paragraph(run_origin.overline, "overline"),
        headline(title),
        run_verdict(run),
        run_origin.head,
        paragraph(f"From {utc(s.first_ns)} to {utc(s.last_ns)}. {_starts(run)}", "aside"),
        notes([*s.notes, *s.feed.sentences()]),
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


def _priced(run: Run) -> list[Html]:
    if not run.summary.price_scores:
        return [calibration(run)]
    return [calibration(run), subheading("The pricing and the market in play"), price_scores(run)]


def _pairs(run: Run) -> list[Html]:
    """Return the figures of single pairs; those of many games are in the parts of the games."""
    if len(run.summary.events) > 1:
        return []
    return [
        section("Inventory", [inventory(run)]),
        section("Our quotes and the market", [quotes(run)]),
    ]


def _sources(run: Run) -> list[Html]:
    if not run.summary.source_scores:
        return []
    return [section("Outside sources", [source_scores(run)])]


def _noted(run: Run, *most: int | None) -> list[Html]:
    figures = notes_of_strategy(run, *most)
    return [section("Notes of the strategy", figures)] if figures else []


def _wagers(run: Run) -> list[Html]:
    return [
        *_wagers_of_event(run),
        subheading("Denied by our risk controls"),
        wager_section.denials(run),
        subheading("Rejected by the exchange"),
        wager_section.rejections(run),
    ]


def _wagers_of_event(run: Run) -> list[Html]:
    return [
        subheading("Outcomes"),
        wager_section.wager_outcomes(run),
        subheading("Response times of the exchange"),
        wager_section.response_times(run),
        subheading("Quoted on both sides"),
        quoted(run),
        subheading("Not quoted"),
        silences(run),
    ]


def _settlement(run: Run) -> list[Html]:
    return [
        summary_section.settlement(run),
        subheading("Fees"),
        summary_section.fees(run),
        subheading("Open positions, outside settled profit"),
        summary_section.open_positions(run),
    ]
