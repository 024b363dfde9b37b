"""The time axis of a report: minutes from the start, split into ranges, with events marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from sim.report.axes import MUTED, Series
from sim.report.number_text import NS_PER_MINUTE, moment, utc
from sim.report.run_folder import Run
from sim.results.run_summary import EventSpan

# Starts and ends are marked where no more events than this share an axis.
MAX_EVENTS = 3
_MINUTES_OF_DAY = 24 * 60
# Minutes; on a shorter axis several ticks have the same minute, so the clock shows seconds.
_SHORT = 5


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A part of the run that is drawn on one axis, in minutes, and its title."""

    name: str
    first: float
    last: float

    def indices(self, minutes: Series) -> NDArray[np.intp]:
        """Return the indices of the points within, and of one point on either side.

        A value holds until the next point, so the one before the range applies at its first minute.
        """
        before = int(np.searchsorted(minutes, self.first)) - 1
        after = int(np.searchsorted(minutes, self.last, side="right"))
        return np.arange(max(before, 0), min(after + 1, len(minutes)))


class TimeScale:
    """Minutes from an event's scheduled start, labelled with the clock in UTC beneath.

    Without an event they count from the first row of the recording.
    """

    def __init__(self, run: Run, event: EventSpan | None) -> None:
        """Count from an event's start, over the whole recording."""
        self._first_ns, self._last_ns = run.summary.first_ns, run.summary.last_ns
        self._origin_ns = event.scheduled_ns if event else self._first_ns
        self._origin = "scheduled start" if event else "first row"
        self._start_ns = (event.live_ns or event.scheduled_ns) if event else None
        self._played = "in play" if event and event.live_ns else "after the scheduled start"

    def minutes(self, ns: Sequence[int]) -> Series:
        """Return times as minutes from the start."""
        offsets: Series = (np.asarray(ns, dtype=np.int64) - self._origin_ns) / NS_PER_MINUTE
        return offsets

    def time_ranges(self, active_ns: int | None) -> list[TimeRange]:
        """Return the ranges to draw: from the first activity to the start, and from there on.

        One range if the recording does not include the start.
        """
        first_ns = max(self._first_ns, active_ns or 0)
        first, last = map(float, self.minutes([first_ns, max(self._last_ns, first_ns + 1)]))
        if self._start_ns is None or not first_ns < self._start_ns < self._last_ns:
            return [TimeRange("", first, last)]
        start = float(self.minutes([self._start_ns])[0])
        return [TimeRange("before the start", first, start), TimeRange(self._played, start, last)]

    def label(self, axes: Axes, *, named: bool = True) -> None:
        """Set an axis's ticks: minutes above the UTC clock.

        Long ranges show the date too, short ones seconds.
        """
        first, last = axes.get_xlim()
        dated = last - first > _MINUTES_OF_DAY
        clock = "%b %d %H:%M" if dated else "%H:%M:%S" if last - first < _SHORT else "%H:%M"
        ticks = MaxNLocator(nbins=5 if dated else 8, steps=[1, 1.5, 2, 3, 6, 10], integer=True)
        axes.xaxis.set_major_locator(ticks)
        axes.xaxis.set_major_formatter(FuncFormatter(partial(self._tick, clock=clock)))
        if named:
            origin = f"minutes from {self._origin}, {utc(self._origin_ns)}"
            axes.set_xlabel(f"{origin}; clock in UTC beneath")

    def _tick(self, minute: float, _: int | None, *, clock: str) -> str:
        time = moment(self._origin_ns + round(minute * NS_PER_MINUTE))
        return f"{'+' if minute > 0 else ''}{minute:,g}\n{time:{clock}}"


def grid(
    canvas: Figure, time_ranges: Sequence[TimeRange], height_ratios: Sequence[float]
) -> NDArray[np.object_]:
    """Return axes in rows, a column for each range; rows share values, columns share time."""
    panels: NDArray[np.object_] = canvas.subplots(
        len(height_ratios),
        len(time_ranges),
        squeeze=False,
        sharex="col",
        sharey="row",
        height_ratios=height_ratios,
    )
    return panels


def mark_events(axes: Axes, scale: TimeScale, events: Sequence[EventSpan]) -> None:
    """Draw lines at the starts and ends of events on an axis, unless there are many events."""
    if len(events) > MAX_EVENTS:
        return
    for event in events:
        started = "start" if event.live_ns is not None else "scheduled start"
        _mark(axes, scale, event.live_ns or event.scheduled_ns, started)
        if event.ended_ns is not None:
            _mark(axes, scale, event.ended_ns, "end")


def _mark(axes: Axes, scale: TimeScale, ns: int, word: str) -> None:
    minute = float(scale.minutes([ns])[0])
    low, high = axes.get_xlim()
    if not low <= minute <= high:
        return
    at_the_edge = minute > (low + high) / 2
    axes.axvline(minute, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    axes.annotate(
        word,
        (minute, 1.0),
        xycoords=axes.get_xaxis_transform(),
        xytext=(-3 if at_the_edge else 3, -2),
        textcoords="offset points",
        color=MUTED,
        ha="right" if at_the_edge else "left",
        va="top",
        fontsize=8,
    )
