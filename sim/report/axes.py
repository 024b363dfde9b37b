"""Draws a report's figures: colours, scales of money and probability, and SVG output."""

import re
from collections.abc import Callable, Sequence
from io import StringIO
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from sim.report.page import Html
from strategies.trading.model.odds import implied_probability

INK, MUTED, RULE = "#1c2430", "#667180", "#dfe3e8"
FIRST, SECOND, MARKET, FAIR, MARKED = "#2563a8", "#c2601d", "#d5dae0", "#1c2430", "#2a8073"
# What is drawn of long runs: points of one line, and markers of fills.
MAX_POINTS = 1600
MAX_FILLS = 1500
_WIDTH_INCHES = 11.0
_STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": MUTED,
    "axes.labelsize": 8.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.unicode_minus": False,
    "font.size": 8.5,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.1,
    "svg.fonttype": "none",
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}
_NO_METADATA = {"Creator": None, "Date": None, "Format": None, "Type": None}
_NAMESPACES = re.compile(r' xmlns(?::\w+)?="[^"]*"')
_UNUSED_IDS = re.compile(r' id="[A-Za-z0-9.]+_\d+"')
_PATHS = re.compile(r'(?<= d=")[^"]*')
_LONG_DECIMALS = re.compile(r"(\.\d\d)\d+")
_SIZE = re.compile(r' (?:width|height|version)="[^"]*"')

Series = NDArray[np.float64]


def picture(name: str, height_inches: float, draw: Callable[[Figure], None]) -> Html:
    """Return a figure as inline SVG; `name` makes its element ids differ from other figures'."""
    with rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(_WIDTH_INCHES, height_inches), layout="constrained")
        draw(figure)
        _fix_layout(figure)
        buffer = StringIO()
        # Not `savefig`, which draws the whole figure twice.
        FigureCanvasSVG(figure).print_svg(buffer, metadata=_NO_METADATA)  # type: ignore[no-untyped-call]
    return Html(_inline(buffer.getvalue(), name))


def _fix_layout(figure: Figure) -> None:
    """Round where the axes were put.

    The solver's last digits vary from one drawing to the next, and the ids in the SVG with them.
    """
    solver = figure.get_layout_engine()
    assert solver is not None, "the figure has a constrained layout"
    solver.execute(figure)
    figure.set_layout_engine("none")
    for axes in figure.axes:
        left, bottom, width, height = axes.get_position().bounds
        axes.set_position((round(left, 4), round(bottom, 4), round(width, 4), round(height, 4)))


def _inline(svg: str, name: str) -> str:
    """Strip what only a separate file needs, and leave the size to the page."""
    bare = svg[svg.index("<svg") :]
    for pattern in (_NAMESPACES, _UNUSED_IDS):
        bare = pattern.sub("", bare)
    bare = _PATHS.sub(lambda path: _LONG_DECIMALS.sub(r"\1", path.group()), bare)
    opening, rest = bare.split(">", maxsplit=1)
    return f'{_SIZE.sub("", opening)} role="img" aria-label="{name}">{rest}'


def floats(values: Sequence[float | None]) -> Series:
    """Return values as an array, NaN where one is missing, which breaks a drawn line."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def implied(odds: Sequence[int | None]) -> Series:
    """Return the implied probabilities of odds in percent, NaN where odds are missing."""
    return 100 * floats([None if each is None else implied_probability(each) for each in odds])


def thin(*lines: Series) -> NDArray[np.intp]:
    """Return the indices to draw of lines over one axis, at most about MAX_POINTS of them.

    Each part of the axis keeps its first and last index and the extremes of every line.
    """
    size = len(lines[0])
    if size <= MAX_POINTS:
        return np.arange(size)
    parts = np.array_split(np.arange(size), MAX_POINTS // (2 + 2 * len(lines)))
    kept = {index for part in parts for index in _kept(part, lines)}
    return np.array(sorted(kept), dtype=np.intp)


def _kept(part: NDArray[np.intp], lines: Sequence[Series]) -> list[int]:
    kept = [int(part[0]), int(part[-1])]
    for line in lines:
        known = part[~np.isnan(line[part])]
        if known.size:
            kept += [int(known[line[known].argmin()]), int(known[line[known].argmax()])]
    return kept


def thinned_note(size: int) -> str:
    """Return the sentence of a caption on a line of which not all points are drawn, or ""."""
    if size <= MAX_POINTS:
        return ""
    return f" About {MAX_POINTS:,} of {size:,} points are drawn, extremes included."


def money_scale(axes: Axes) -> None:
    """Label an axis of dollars, with a line at zero."""
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.yaxis.set_major_formatter(FuncFormatter(_dollar_tick))
    axes.axhline(0, color=MUTED, linewidth=0.7, zorder=1)


def _dollar_tick(dollars: float, _: int | None) -> str:
    decimals = 0 if float(dollars).is_integer() else 2
    return f"{'-' if dollars < 0 else ''}${abs(dollars):,.{decimals}f}"


def percent_scale(axes: Axes) -> None:
    """Label an axis of probabilities in percent."""
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))


def legend(axes: Axes) -> None:
    """Put the legend above the axes, on the right, in one row."""
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=6, borderaxespad=0.2)
