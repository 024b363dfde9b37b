"""The time axis of a report: minutes from the start, split into ranges, with events marked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.report.number_text import NS_PER_MINUTE, moment, utc
from sim.report.panel import Panel
from sim.report.run_folder import Run
from sim.report.series import AxisLimits, Series, round_ticks
from sim.results.run_summary import EventSpan

# Starts and ends are marked where no more events than this share an axis.
MAX_EVENTS = 3
_MINUTES_OF_DAY = 24 * 60
# Charts are written in tenths of a second.
_TENTHS_OF_A_MINUTE = 600
# Where there are several events, the axis of one ends this long after it.
_AFTER_END_NS = 5 * NS_PER_MINUTE
# Minutes; on a shorter axis several ticks have the same minute, so the clock shows seconds.
_SHORT = 5
# Steps of minutes whose tenfold and hundredfold are round on a clock as well.
_STEPS = (1, 1.5, 2, 3, 6, 10)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A part of the run that is drawn on one axis, in minutes, and its title."""

    name: str
    first: float
    last: float

    @property
    def limits(self) -> AxisLimits:
        """Return the first and the last minute."""
        return self.first, self.last

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
        if event is not None and event.ended_ns is not None and len(run.summary.events) > 1:
            self._last_ns = min(self._last_ns, event.ended_ns + _AFTER_END_NS)
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

    def draw_ticks(self, panel: Panel, *, labelled: bool = True, named: bool = True) -> None:
        """Draw a panel's ticks, if labelled with minutes above the UTC clock, and their meaning.

        Long ranges show the date too, short ones seconds.
        """
        first, last = panel.across
        dated = last - first > _MINUTES_OF_DAY
        clock = "%b %d %H:%M" if dated else "%H:%M:%S" if last - first < _SHORT else "%H:%M"
        panel.numbers.over("minute", _TENTHS_OF_A_MINUTE, self._origin_ns)
        ticks = round_ticks(panel.across, 5 if dated else 8, _STEPS, whole=True)
        panel.ticks_beneath(ticks, lambda minute: self._text(minute, clock) if labelled else "")
        if labelled and named:
            origin = f"minutes from {self._origin}, {utc(self._origin_ns)}"
            panel.label(f"{origin}; clock in UTC beneath", lines=2)

    def mark_events(self, panel: Panel, events: Sequence[EventSpan]) -> None:
        """Mark the starts and ends of events on a panel, unless there are many events."""
        if len(events) > MAX_EVENTS:
            return
        for event in events:
            started = "start" if event.live_ns is not None else "scheduled start"
            self._mark(panel, event.live_ns or event.scheduled_ns, started)
            if event.ended_ns is not None:
                self._mark(panel, event.ended_ns, "end")

    def _mark(self, panel: Panel, ns: int, word: str) -> None:
        panel.mark(float(self.minutes([ns])[0]), word)

    def _text(self, minute: float, clock: str) -> str:
        time = moment(self._origin_ns + round(minute * NS_PER_MINUTE))
        return f"{'+' if minute > 0 else ''}{minute:,g}\n{time:{clock}}"
