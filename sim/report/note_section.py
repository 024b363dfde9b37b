"""The figures of what the strategy noted: for each pair or market a panel for each name."""

from typing import NamedTuple

import numpy as np

from sim.report.page import Html, figure, join, paragraph, subheading
from sim.report.panel import FIRST, Panel, picture, stack
from sim.report.run_folder import Run
from sim.report.series import (
    ZOOM_POINTS,
    AxisLimits,
    Series,
    floats,
    round_ticks,
    thin,
    thinned_note,
)
from sim.report.time_axis import TimeRange, TimeScale
from strategies.trading.model.counted import counted
from strategies.trading.ports.view import OWN_FAIR

_MAX_SUBJECTS = 6
_MAX_NAMES = 8
_HEIGHT = 90


class _Subject(NamedTuple):
    """What a note is about: a pair, or without one a market."""

    event_id: str
    market_id: str
    pair_id: str | None


# The rows of the table that are about one subject, by the name of the note.
_RowsByName = dict[str, list[int]]


def notes(run: Run, most: int | None = _MAX_SUBJECTS) -> list[Html]:
    """Return the figures of the strategy's notes, none if it noted nothing to draw.

    A fair price of its own is drawn among the prices of its pair. `most` is how many pairs or
    markets are drawn, None for all.
    """
    subjects = _subjects(run)
    if not subjects:
        return []
    ranked = sorted(subjects, key=lambda each: -sum(map(len, subjects[each].values())))
    shown = ranked[:most]
    explanation = "Each value holds until the next decision that noted it."
    if len(ranked) > len(shown):
        explanation += (
            f" The {len(shown)} pairs or markets of most notes are drawn, of {len(ranked)}."
        )
    figures = [
        _figure(run, subject, subjects[subject], f"notes-{number}")
        for number, subject in enumerate(shown)
    ]
    return [paragraph(explanation, "aside"), *figures]


def _subjects(run: Run) -> dict[_Subject, _RowsByName]:
    """Return the rows of each subject, by name, in the order in which each was first noted."""
    subjects: dict[_Subject, _RowsByName] = {}
    columns = (run.notes[name] for name in ("event_id", "market_id", "pair_id", "name"))
    for row, (event_id, market_id, pair_id, name) in enumerate(zip(*columns, strict=True)):
        if name != OWN_FAIR:
            by_name = subjects.setdefault(_Subject(event_id, market_id, pair_id), {})
            by_name.setdefault(name, []).append(row)
    return subjects


def _figure(run: Run, subject: _Subject, rows_by_name: _RowsByName, name: str) -> Html:
    names = list(rows_by_name)[:_MAX_NAMES]
    left_out = len(rows_by_name) - len(names)
    number = sum(len(rows_by_name[each]) for each in names)
    caption = f"{counted(number, 'number')} noted under {counted(len(names), 'name')}."
    caption += f" {left_out} more names are in notes.parquet alone." if left_out else ""
    caption += thinned_note(max(len(rows_by_name[each]) for each in names))
    drawn = _draw(run, subject, {each: rows_by_name[each] for each in names}, name)
    return join([subheading(_title(run, subject)), figure(name, drawn, caption)])


def _title(run: Run, subject: _Subject) -> str:
    if subject.pair_id is None:
        return f"{run.market_name(subject.event_id, subject.market_id)}: the whole market"
    return run.short_label(run.pair_name(subject.pair_id).label)


def _draw(run: Run, subject: _Subject, rows_by_name: _RowsByName, name: str) -> Html:
    event = next((each for each in run.summary.events if each.event_id == subject.event_id), None)
    scale = TimeScale(run, event)
    first_ns = run.notes["ns"][min(rows[0] for rows in rows_by_name.values())]
    time_range = _whole(scale, first_ns, run.summary.last_ns)
    boxes, height = stack(len(rows_by_name), _HEIGHT)
    panels = []
    for box, (noted, rows) in zip(boxes, rows_by_name.items(), strict=True):
        minutes = scale.minutes([run.notes["ns"][row] for row in rows])
        values = floats([run.notes["value"][row] for row in rows])
        panel = Panel(box, time_range.limits, _limits(values))
        panel.title(noted)
        panel.value_ticks(round_ticks(panel.upwards, 4), lambda value: f"{value:g}")
        indices = thin(values, most=ZOOM_POINTS)
        panel.steps(minutes[indices], values[indices], FIRST, name=noted)
        scale.mark_events(panel, [event] if event else [])
        scale.draw_ticks(panel, named=box is boxes[-1])
        panels.append(panel)
    return picture(name, height, panels)


def _whole(scale: TimeScale, first_ns: int, last_ns: int) -> TimeRange:
    first, last = scale.minutes([first_ns, max(last_ns, first_ns + 1)])
    return TimeRange("", float(first), float(last))


def _limits(values: Series) -> AxisLimits:
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    margin = 0.1 * (high - low) or max(abs(high) * 0.1, 1.0)
    return low - margin, high + margin
