"""Draws a report's figures as SVG: panels with axes, and lines, bands, bars and markers in them.

Behind a picture stand the numbers from which the page draws what zooms. Lengths are
pixels of a picture that is as wide as the page's text.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import isnan, sqrt
from typing import Any, NamedTuple

import numpy as np

from sim.report.chart_numbers import ChartNumbers, data_element
from sim.report.page import Html
from sim.report.series import AxisLimits, Series, thin

INK, MUTED, RULE, LIMIT = "#1c2430", "#667180", "#dfe3e8", "#a33a2c"
FIRST, SECOND, MARKET, FAIR, MARKED = "#2563a8", "#c2601d", "#d5dae0", "#1c2430", "#2a8073"
# What stands before a name in a legend.
LINE, AREA, UP, DOWN, DOT, DASHES = "━━", "■", "▲", "▼", "━●━", "╍╍"

_WIDTH = 1056
_LEFT, _RIGHT = 58, 38
_LABELS = 330
_TITLE, _TICKS, _LABEL, _GAP = 26, 36, 24, 10
_DASHED = ' stroke-dasharray="5 4"'
# A white edge parts a word from the lines beneath it.
_HALO = ' paint-order="stroke" stroke="#fff" stroke-width="3"'
_TICK_LENGTH = 4
_CAP = 3
# From this opacity on, a text upon a colour is white.
_DARK = 0.55
_DOT_RADIUS = 2.5
# Of an equilateral triangle, from its side to its height.
_TRIANGLE_HEIGHT = sqrt(3) / 2


class LegendKey(NamedTuple):
    """One entry of a legend."""

    mark: str
    color: str
    name: str


@dataclass(frozen=True, slots=True)
class Box:
    """The rectangle of a panel's axes in its picture."""

    left: float
    top: float
    width: float
    height: float


class Panel:
    """One set of axes. What is drawn later covers what was drawn before.

    Values are in the units of the axes; NaN is a value that is missing. `numbers` is the same for
    the cursor; names are what it calls them there.
    """

    def __init__(self, box: Box, across: AxisLimits, upwards: AxisLimits, unit: str = "") -> None:
        """Show the given limits of both axes in a box; `unit` is that of `ChartNumbers`."""
        self.across, self.upwards = across, upwards
        self.numbers = ChartNumbers(unit)
        self._box = box
        self._inside: list[str] = []
        self._outside: list[str] = []

    # Inside the axes -------------------------------------------------------------------------

    def steps(self, x: Series, y: Series, color: str, width: float = 1.5, name: str = "") -> None:
        """Draw a line on which each value holds until the next."""
        self.numbers.line(x, y, color, width, name)
        kept = thin(y)
        x, y = x[kept], y[kept]
        path: list[str] = []
        last = np.nan
        points = list(zip(self._xs(x), self._ys(y), strict=True))
        for at, height in points:
            if isnan(height):
                path.append("" if isnan(last) else f"H{at:g}")
            elif isnan(last):
                path.append(f"M{at:g} {height:g}")
            elif height != last:
                path.append(f"H{at:g}V{height:g}")
            last = height
        if points and not isnan(last):
            path.append(f"H{points[-1][0]:g}")
        self._stroke("".join(path), color, width)

    def band(
        self,
        x: Series,
        low: Series,
        high: Series,
        color: str,
        opacity: float = 1,
        names: Sequence[str] = ("", ""),
    ) -> None:
        """Fill between two lines on which each value holds until the next."""
        self.numbers.band(x, (low, high), f"{color}{round(255 * opacity):02x}", names)
        kept = thin(low, high)
        x, low, high = x[kept], low[kept], high[kept]
        at = self._xs(x)
        path = [
            f"M{left:g} {below:g}V{above:g}H{right:g}V{below:g}z"
            for left, right, below, above in zip(
                at[:-1], at[1:], self._ys(low)[:-1], self._ys(high)[:-1], strict=True
            )
            if below != above and not isnan(below) and not isnan(above)
        ]
        self._fill("".join(path), color, opacity)

    def bars(
        self, edges: Series, heights: Series, color: str, opacity: float, name: str = ""
    ) -> None:
        """Fill bars from zero, each between two neighbouring edges."""
        heights = np.append(heights, np.nan)
        self.band(edges, np.zeros_like(heights), heights, color, opacity, ("", name))

    def line_with_intervals(
        self, x: Series, y: Series, lows: Series, highs: Series, color: str, name: str = ""
    ) -> None:
        """Draw points with a line through them, each with its interval where that is known."""
        self.numbers.means(x, (y, lows, highs), color, name)
        known = ~np.isnan(y)
        points = list(zip(self._xs(x[known]), self._ys(y[known]), strict=True))
        steps = zip("M" + "L" * (len(points) - 1), points, strict=False)
        self._stroke("".join(f"{step}{at:g} {height:g}" for step, (at, height) in steps), color)
        certain = known & ~np.isnan(lows) & ~np.isnan(highs)
        for at, low, high in zip(
            self._xs(x[certain]),
            self._ys(lows[certain]),
            self._ys(highs[certain]),
            strict=True,
        ):
            caps = "".join(f"M{at - _CAP:g} {end:g}h{2 * _CAP}" for end in (low, high))
            self._stroke(f"M{at:g} {low:g}V{high:g}{caps}", color)
        self._inside += [
            f'<circle cx="{at:g}" cy="{height:g}" r="{_DOT_RADIUS}" fill="{color}"/>'
            for at, height in points
        ]

    def triangles(
        self, x: Series, y: Series, sides: Series, color: str, texts: Sequence[str], *, up: bool
    ) -> None:
        """Draw triangles with sides of given lengths in pixels, which point up or down."""
        self.numbers.points(x, y, sides, color, texts, up=up)
        # Each by itself, as the white outline must part it from those beneath it.
        self._inside.append(f'<g fill="{color}" stroke="#fff" stroke-width=".7">')
        for at, height, side in zip(self._xs(x), self._ys(y), sides.tolist(), strict=True):
            half, tall = side / 2, side * _TRIANGLE_HEIGHT * (1 if up else -1)
            shape = f"M{at:g} {height - tall / 2:.4g}l{half:.3g} {tall:.3g}h{-side:.3g}z"
            self._inside.append(f'<path d="{shape}"/>')
        self._inside.append("</g>")

    def points(self, x: Series, y: Series, color: str, side: float, opacity: float = 1) -> None:
        """Draw dots of a diameter in pixels."""
        path = "".join(
            f"M{at:g} {height:g}h0" for at, height in zip(self._xs(x), self._ys(y), strict=True)
        )
        # A line of no length has two round ends, in a tenth of the text of a circle.
        more = f' stroke-linecap="round" stroke-opacity="{opacity:g}"'
        self._stroke(path, color, side, more)

    def interval(self, low: float, high: float, y: float, color: str) -> None:
        """Draw a line from left to right with a cap at each end."""
        (left, right), (height,) = self._xs(np.array([low, high])), self._ys(np.array([y]))
        caps = "".join(f"M{end:g} {height - _CAP:g}v{2 * _CAP}" for end in (left, right))
        self._stroke(f"M{left:g} {height:g}H{right:g}{caps}", color)

    def cell(self, column: int, row: int, text: str, color: str, opacity: float) -> None:
        """Fill the square between two whole numbers on either axis, with a text in its middle."""
        left, right = self._xs(np.array([column, column + 1.0]))
        bottom, top = self._ys(np.array([row, row + 1.0]))
        self._fill(f"M{left:g} {bottom:g}V{top:g}H{right:g}V{bottom:g}z", color, opacity)
        ink = "#fff" if opacity > _DARK else INK
        place = (left + right) / 2, (bottom + top) / 2 + 4
        self._inside.append(_text(*place, text, f'fill="{ink}" text-anchor="middle"'))

    def diagonal(self, color: str) -> None:
        """Draw a dashed line on which both axes have the same value."""
        self.numbers.diagonal()
        low, high = max(self.across[0], self.upwards[0]), min(self.across[1], self.upwards[1])
        (left, right), (bottom, top) = (
            self._xs(np.array([low, high])),
            self._ys(np.array([low, high])),
        )
        self._stroke(f"M{left:g} {bottom:g}L{right:g} {top:g}", color, 1, _DASHED)

    def horizontal(self, value: float, color: str, *, dashed: bool = False) -> None:
        """Draw a line across the panel."""
        self.numbers.level(value, color, dashed=dashed)
        height = self._ys(np.array([value]))[0]
        self._stroke(f"M0 {height:g}H{self._box.width:g}", color, 1, _DASHED if dashed else "")

    def vertical(self, value: float, color: str, *, dashed: bool = False) -> None:
        """Draw a line from the bottom to the top of the panel."""
        at = self._xs(np.array([value]))[0]
        self._stroke(f"M{at:g} 0V{self._box.height:g}", color, 1, _DASHED if dashed else "")

    def mark(self, value: float, word: str) -> None:
        """Draw a dashed line across time, with a word beside it, if it is within the limits."""
        self.numbers.mark(value, word)
        low, high = self.across
        if not low <= value <= high:
            return
        self.vertical(value, MUTED, dashed=True)
        at_the_edge = value > (low + high) / 2
        at = self._xs(np.array([value]))[0] + (-4 if at_the_edge else 4)
        anchor = "end" if at_the_edge else "start"
        self._inside.append(_text(at, 12, word, f'fill="{MUTED}"{_HALO} text-anchor="{anchor}"'))

    # Around the axes -------------------------------------------------------------------------

    def title(self, text: str) -> None:
        """Write a title above the axes, on the left."""
        self.numbers.title = text
        box = self._box
        self._outside.append(_text(box.left, box.top - 9, text, f'fill="{INK}" font-size="12.5"'))

    def legend(self, keys: Iterable[LegendKey]) -> None:
        """Write the meaning of what is drawn above the axes, on the right."""
        keys = list(keys)
        self.numbers.keys = [(key.mark, key.color, key.name) for key in keys]
        box = self._box
        self._outside.append(_legend(box.left + box.width, box.top - 9, keys))

    def value_ticks(
        self, values: Sequence[float], text: Callable[[float], str], *, labelled: bool = True
    ) -> None:
        """Draw ticks and a grid of values, with their texts if they are labelled."""
        box = self._box
        heights = self._ys(np.array(values))
        self._stroke("".join(f"M0 {height:g}H{box.width:g}" for height in heights), RULE, 0.8)
        ends = "".join(f"M{box.left:g} {box.top + each:g}h-{_TICK_LENGTH}" for each in heights)
        self._outside.append(_stroked(ends, MUTED, 1))
        for value, height in zip(values if labelled else (), heights, strict=labelled):
            place = box.left - _TICK_LENGTH - 4, box.top + height + 4
            self._outside.append(_text(*place, text(value), 'text-anchor="end"'))

    def ticks_beneath(self, values: Sequence[float], text: Callable[[float], str]) -> None:
        """Draw ticks beneath the axes, with texts of one line or more unless they are empty."""
        box = self._box
        bottom = box.top + box.height
        at = [box.left + each for each in self._xs(np.array(values))]
        ends = "".join(f"M{each:g} {bottom:g}v{_TICK_LENGTH}" for each in at)
        self._outside.append(_stroked(ends, MUTED, 1))
        for value, place in zip(values, at, strict=True):
            for number, line in enumerate(text(value).splitlines()):
                top = bottom + _TICK_LENGTH + 13 + 14 * number
                self._outside.append(_text(place, top, line, 'text-anchor="middle"'))

    def categories(self, name: str, texts: Sequence[str]) -> None:
        """Let the places from zero on be those of these texts, which stand beneath the axes.

        The cursor calls one `name` and the first line of its text, such as "after" and "10 s".
        """
        self.numbers.over(name, 100, categories=texts)
        self.ticks_beneath(range(len(texts)), lambda place: texts[int(place)])

    def label(self, text: str, lines: int) -> None:
        """Write what the ticks beneath the axes mean, below their texts of `lines` lines."""
        self.numbers.label = text
        box = self._box
        top = box.top + box.height + _TICK_LENGTH + 16 + 14 * lines
        self._outside.append(_text(box.left + box.width / 2, top, text, 'text-anchor="middle"'))

    def spec(self) -> dict[str, Any]:
        """Return the numbers of the panel, with the limits that are shown."""
        return self.numbers.spec(self.across, self.upwards, self._box.height)

    @property
    def place(self) -> tuple[float, float]:
        """Return where its axes begin, from the top and from the left."""
        return self._box.top, self._box.left

    def svg(self) -> str:
        """Return all of the panel as SVG."""
        box = self._box
        # An inner picture shows nothing outside its own rectangle.
        inside = (
            f'<svg x="{box.left:g}" y="{box.top:g}" width="{box.width:g}" height="{box.height:g}">'
            f"{''.join(self._inside)}</svg>"
        )
        axes = f"M{box.left:g} {box.top:g}v{box.height:g}h{box.width:g}"
        return "".join([inside, *self._outside, _stroked(axes, MUTED, 1)])

    def _xs(self, values: Series) -> list[float]:
        low, high = self.across
        at: list[float] = np.round((values - low) * self._box.width / (high - low), 1).tolist()
        return at

    def _ys(self, values: Series) -> list[float]:
        low, high = self.upwards
        at: list[float] = np.round((high - values) * self._box.height / (high - low), 1).tolist()
        return at

    def _stroke(self, path: str, color: str, width: float = 1.5, more: str = "") -> None:
        self._inside.append(_stroked(path, color, width, more))

    def _fill(self, path: str, color: str, opacity: float) -> None:
        faint = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
        self._inside.append(f'<path d="{path}" fill="{color}"{faint}/>')


def picture(name: str, height: float, panels: Iterable[Panel]) -> Html:
    """Return panels as one inline picture, named for those who cannot see it.

    Their numbers follow where it is known of all what is across: the page draws a chart of them.
    """
    panels = list(panels)
    drawn = "".join(panel.svg() for panel in panels)
    opening = f'<svg viewBox="0 0 {_WIDTH} {height:g}" role="img" aria-label="{escape(name)}"'
    data = _data_of(panels) if all(panel.numbers.is_zoomable for panel in panels) else ""
    return Html(f'{opening} font-size="11.3" fill="{MUTED}">{drawn}</svg>{data}')


def _data_of(panels: Sequence[Panel]) -> str:
    in_rows = Counter(panel.place[0] for panel in panels)
    columns = max(in_rows.values())
    ordered = sorted(panels, key=lambda panel: panel.place)
    specs = [panel.spec() | {"wide": in_rows[panel.place[0]] < columns} for panel in ordered]
    return data_element(columns, specs)


def grid(columns: int, heights: Sequence[float]) -> tuple[list[list[Box]], float]:
    """Return boxes in rows of given heights, ticks beneath the last, and the picture's height."""
    width = (_WIDTH - columns * (_LEFT + _RIGHT)) / columns
    rows, top = [], 0.0
    for height in heights:
        top += _TITLE
        rows.append(
            [
                Box(_LEFT + column * (width + _LEFT + _RIGHT), top, width, height)
                for column in range(columns)
            ]
        )
        top += height + _GAP
    return rows, top - _GAP + _TICKS + _LABEL


def stack(count: int, height: float) -> tuple[list[Box], float]:
    """Return boxes one above the other, ticks beneath each, and the height of the picture."""
    apart = _TITLE + height + _TICKS
    boxes = [
        Box(_LEFT, _TITLE + number * apart, _WIDTH - _LEFT - _RIGHT, height)
        for number in range(count)
    ]
    return boxes, count * apart + _LABEL


def labelled_rows(count: int, height: float) -> tuple[Box, float]:
    """Return a box of rows with wide labels on its left, and the height of the picture."""
    box = Box(_LABELS, _TITLE, _WIDTH - _LABELS - _RIGHT, count * height)
    return box, _TITLE + count * height + _TICKS + _LABEL


def side_by_side(columns: int, height: float, top: float = 0.0) -> tuple[list[Box], float]:
    """Return boxes in a row below `top`, and the height of the picture to the end of the row."""
    apart = _WIDTH / columns
    boxes = [
        Box(_LEFT + column * apart, top + _TITLE, apart - _LEFT - _GAP, height)
        for column in range(columns)
    ]
    return boxes, top + _TITLE + height + _TICKS + _LABEL + _GAP


def _text(x: float, y: float, text: str, attributes: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" {attributes}>{escape(text)}</text>'


def _legend(x: float, y: float, keys: Iterable[LegendKey]) -> str:
    parts = [
        f'<tspan dx="{18 if number else 0}" fill="{key.color}">{key.mark}</tspan>'
        f'<tspan dx="6">{escape(key.name)}</tspan>'
        for number, key in enumerate(keys)
    ]
    opening = f'<text x="{x:g}" y="{y:g}" fill="{INK}" text-anchor="end">'
    return f"{opening}{''.join(parts)}</text>"


def _stroked(path: str, color: str, width: float, more: str = "") -> str:
    return f'<path d="{path}" fill="none" stroke="{color}" stroke-width="{width:g}"{more}/>'
