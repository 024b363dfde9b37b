"""The table of the times for which a market that had been quoted was not."""

from collections.abc import Sequence
from typing import Any

from sim.report.number_text import NONE, clock, count, seconds
from sim.report.page import Html, join, paragraph, table
from sim.report.run_folder import Run

SILENCES_LISTED = 40


def silences(run: Run) -> Html:
    """Return the longest silences in order of time, each with its market and its reason."""
    columns = run.silences
    names = ("since_ns", "until_ns", "event_id", "market_id", "reason")
    rows = list(zip(*(columns[name] for name in names), strict=True))
    if not rows:
        return paragraph("Every market that was quoted was quoted to the end.")
    last_ns = run.summary.last_ns
    longest = sorted(rows, key=lambda row: row[0] - (row[1] or last_ns))[:SILENCES_LISTED]
    shown = [
        (
            run.market_name(event_id, market_id),
            clock(since_ns),
            NONE if until_ns is None else clock(until_ns),
            seconds((until_ns or last_ns) - since_ns),
            reason,
        )
        for since_ns, until_ns, event_id, market_id, reason in sorted(longest, key=_beginning)
    ]
    parts = [table(("market", "from, UTC", "to, UTC", "#for", "by"), shown)]
    if len(rows) > len(shown):
        parts.insert(0, paragraph(f"The {len(shown)} longest of {count(len(rows))}.", "aside"))
    return join(parts)


def _beginning(row: Sequence[Any]) -> tuple[int, str, str]:
    """Return when a silence began, and its market: the end may be unknown."""
    since_ns, _, event_id, market_id, _ = row
    return since_ns, event_id, market_id
