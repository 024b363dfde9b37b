"""A panel draws values where they are, to the pixel, and leaves out what is missing."""

import re

import numpy as np

from sim.report.panel import Box, LegendKey, Panel, picture
from sim.report.series import Series

INSIDE = re.compile(r'<path d="([^"]*)"')


def panel() -> Panel:
    """Return a panel on which a unit across is ten pixels, and a unit upwards one."""
    return Panel(Box(0, 0, 100, 100), (0, 10), (0, 100))


def values(*numbers: float | None) -> Series:
    """Return numbers as they are drawn."""
    return np.array([np.nan if number is None else number for number in numbers])


def drawn(shown: Panel) -> str:
    """Return the first path that was drawn inside the axes."""
    found = INSIDE.search(shown.svg())
    assert found
    return found[1]


def test_a_value_holds_until_the_next_and_a_repeated_one_adds_nothing() -> None:
    """Quotes and accounts change in steps; most rows of a run repeat the value before."""
    shown = panel()
    shown.steps(values(0, 1, 2, 5), values(10, 10, 30, 30), "#000")
    assert drawn(shown) == "M0 90H20V70H50"


def test_a_line_ends_where_its_value_is_missing() -> None:
    """No price is drawn for the time in which there was none."""
    shown = panel()
    shown.steps(values(0, 1, 2, 3, 4), values(10, None, None, 20, 20), "#000")
    assert drawn(shown) == "M0 90H10M30 80H40"


def test_a_band_is_drawn_only_where_both_of_its_lines_are_known() -> None:
    """A market with offers on one side only has no touch to fill."""
    shown = panel()
    shown.band(values(0, 1, 2, 3), values(10, None, 10, 10), values(20, 20, 20, 20), "#000")
    assert drawn(shown) == "M0 90V80H10V90zM20 90V80H30V90z"


def test_a_group_without_values_is_left_out_of_a_line_of_means() -> None:
    """A run may have no fill on one of the selections, or only one of unknown error."""
    shown = panel()
    unknown = values(None, None)
    shown.line_with_intervals(values(1, 2), unknown, unknown, unknown, "#000")
    assert drawn(shown) == ""
    shown = panel()
    lows, highs = values(None, 55), values(None, 65)
    shown.line_with_intervals(values(1, 2), values(50, 60), lows, highs, "#000")
    assert drawn(shown) == "M10 50L20 40"
    assert "M20 45V35" in shown.svg()


def test_what_is_outside_the_limits_is_not_marked() -> None:
    """The start of an event is on one of the two panels of a run, not on both."""
    shown = panel()
    shown.mark(11, "start")
    assert "start" not in shown.svg()
    shown.mark(9, "start")
    assert re.search(r'text-anchor="end">start<', shown.svg())


def test_names_are_escaped() -> None:
    """Selections have the names that an exchange, or somebody's recording, gave them."""
    shown = panel()
    shown.title("Lions & <Lambs>")
    shown.legend([LegendKey("-", "#000", "<b>")])
    text = picture("profit", 100, [shown])
    assert "Lions &amp; &lt;Lambs&gt;" in text
    assert "<b>" not in text
