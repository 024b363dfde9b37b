"""The rows of events by version, so that a reader receives only those that changed."""

from collections.abc import Iterable

from strategies.trading.snapshot.snapshot_types import EventSummary


class ChangedRows:
    """The newest row of each event, and the version in which it last changed.

    A version reads `START:NUMBER`. One of another start is older than everything.
    """

    def __init__(self, start: int) -> None:
        """Start without events."""
        self._start = start
        self._number = 0
        self._rows: dict[str, tuple[EventSummary, int]] = {}

    @property
    def version(self) -> str:
        """Return the present version."""
        return f"{self._start}:{self._number}"

    @property
    def event_ids(self) -> list[str]:
        """Return all events, in the order of the last rows."""
        return list(self._rows)

    def put(self, rows: Iterable[EventSummary]) -> None:
        """Replace all rows; the version changes if any does."""
        number, known, present = self._number + 1, self._rows, {}
        for row in rows:
            before = known.get(row.event_id)
            same = before is not None and before[0] == row
            present[row.event_id] = (row, before[1]) if before and same else (row, number)
        if any(changed == number for _, changed in present.values()):
            self._number = number
        self._rows = present

    def since(self, version: str) -> list[EventSummary]:
        """Return the rows that changed after a version; all, if it is not one of this start."""
        start, _, number = version.partition(":")
        after = int(number) if start == str(self._start) and number.isdecimal() else 0
        return [row for row, changed in self._rows.values() if changed > after]
