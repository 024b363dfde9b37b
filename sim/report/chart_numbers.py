"""The numbers of a figure, as the script of a page reads them to zoom and hover.

They are written as whole numbers, axes as steps from one point to the next, which is shortest:
tenths of a second, cents, hundredths of a percent.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from sim.report.series import AxisLimits, Series

DATA_CLASS = "chart-data"
_SCALES = {"$": 100, "%": 100}
# Of values without a unit: digits that a picture can show.
_PLAIN = 100_000


class ChartNumbers:
    """What one panel draws: lines that hold each value until the next, means, bands, points, marks.

    `unit` of the values is $, %, c for cents, or nothing. Nothing is written before `over` says
    what is across. `label` is what the texts beneath the axes mean, `keys` explain marks.
    """

    def __init__(self, unit: str) -> None:
        """Start without lines."""
        self.title = ""
        self.label = ""
        self.keys: list[tuple[str, str, str]] = []
        self._unit = unit
        self._scale = _SCALES.get(unit, _PLAIN)
        self._across: dict[str, Any] | None = None
        self._marks: list[dict[str, Any]] = []
        self._levels: list[dict[str, Any]] = []
        self._lines: list[tuple[Series, list[Series], dict[str, Any]]] = []
        self._points: list[tuple[Series, Series, dict[str, Any]]] = []
        self._is_diagonal = False

    def over(
        self,
        name: str,
        per: int,
        origin_ns: int | None = None,
        *,
        unit: str = "",
        categories: Sequence[str] = (),
    ) -> None:
        """Let values across be `name` in a unit, written in parts of which one has `per`.

        With `origin_ns` they are minutes from that time, with `categories` the places of these from
        zero on.
        """
        origin = None if origin_ns is None else origin_ns / 1_000_000_000
        self._across = {
            "across": name,
            "per": per,
            "origin": origin,
            "acrossUnit": unit,
            "categories": list(categories),
        }

    @property
    def is_zoomable(self) -> bool:
        """Return whether it is known what is across."""
        return self._across is not None

    def line(self, x: Series, y: Series, color: str, width: float, name: str) -> None:
        """Add a line; one without a name has no value under the cursor."""
        self._lines.append((x, [y], {"name": name, "color": color, "width": width}))

    def means(
        self, x: Series, values: tuple[Series, Series, Series], color: str, name: str
    ) -> None:
        """Add means, with the lower and upper ends of their intervals, NaN where not known."""
        self._lines.append((x, list(values), {"name": name, "color": color, "means": True}))

    def band(self, x: Series, edges: Sequence[Series], fill: str, names: Sequence[str]) -> None:
        """Add a filled band between two lines, each with a name or none."""
        self._lines.append((x, list(edges), {"fill": fill, "names": names}))

    def points(
        self, x: Series, y: Series, sides: Series, color: str, texts: Sequence[str], *, up: bool
    ) -> None:
        """Add triangles, each with a text for the cursor."""
        shape = {"color": color, "up": up, "sides": np.round(sides, 1).tolist(), "texts": texts}
        self._points.append((x, y, shape))

    def level(self, y: float, color: str, *, dashed: bool) -> None:
        """Add a line across all of the panel."""
        self._levels.append({"y": float(y), "color": color, "dashed": dashed})

    def mark(self, x: float, word: str) -> None:
        """Add a dashed line upwards with a word."""
        self._marks.append({"x": x, "word": word})

    def diagonal(self) -> None:
        """Add a dashed line on which both axes have the same value."""
        self._is_diagonal = True

    def spec(self, across: AxisLimits, upwards: AxisLimits, height: float) -> dict[str, Any]:
        """Return all of it, with the limits of the axes and the height in pixels."""
        assert self._across is not None, "a chart is over something"
        per = self._across["per"]
        axes: dict[int, int] = {}
        written: list[list[int]] = []
        lines = []
        for x, values, shape in self._lines:
            if id(x) not in axes:
                axes[id(x)] = len(written)
                written.append(_steps(x, per))
            drawn = [self._whole(y) for y in values]
            lines.append({"axis": axes[id(x)], "y": drawn, **shape})
        points = [
            {"x": _steps(x, per), "y": self._whole(y), **shape} for x, y, shape in self._points
        ]
        return {
            **self._across,
            "title": self.title,
            "label": self.label,
            "keys": self.keys,
            "unit": self._unit,
            "scale": self._scale,
            "x": across,
            "y": upwards,
            "height": round(height),
            "axes": written,
            "lines": lines,
            "points": points,
            "levels": self._levels,
            "marks": self._marks,
            "diagonal": self._is_diagonal,
        }

    def _whole(self, values: Series) -> list[int | None]:
        scaled = np.rint(values * self._scale)
        known = np.isfinite(scaled)
        whole = np.where(known, scaled, 0).astype(np.int64).tolist()
        if known.all():
            return list(whole)
        return [each if is_known else None for each, is_known in zip(whole, known, strict=True)]


def _steps(x: Series, per: int) -> list[int]:
    steps: list[int] = np.diff(np.rint(x * per).astype(np.int64), prepend=0).tolist()
    return steps


def data_element(columns: int, panels: Sequence[dict[str, Any]]) -> str:
    """Return an element that holds the numbers of panels, which stand in columns.

    A panel that is `wide` has a row of its own.
    """
    text = msgspec.json.encode({"columns": columns, "panels": panels}).decode()
    # Names come from files; none may end the element.
    safe = text.replace("<", "\\u003c")
    return f'<script type="application/json" class="{DATA_CLASS}">{safe}</script>'
