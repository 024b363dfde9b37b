"""Tables of a run of many games list only what is largest; the files of the run have all of it."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from sim.report.page import Html, join, paragraph

_T = TypeVar("_T")
LISTED = 40


def largest(rows: Sequence[_T], size: Callable[[_T], float]) -> list[_T]:
    """Return the rows of largest size, LISTED of them at most, in their order."""
    if len(rows) <= LISTED:
        return list(rows)
    places = sorted(range(len(rows)), key=lambda place: -size(rows[place]))[:LISTED]
    return [rows[place] for place in sorted(places)]


def with_left_out(listed: Html, number: int, by: str, where: str) -> Html:
    """Return a table of `number` rows with a sentence on those that are not in it, if any."""
    if number <= LISTED:
        return listed
    text = f"The {LISTED} with the {by} of {number:,}; {where} has all of them."
    return join([listed, paragraph(text, "aside")])
