"""The heat map of a study: its objective over two settings."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sim.report.number_text import dollars
from sim.report.page import Html, figure
from sim.report.panel import FIRST, SECOND, Panel, labelled_rows, picture
from sim.study.study_result import StudyResult

_MOST_VALUES = 12
_ROW = 34.0
# The opacity of the cell that is furthest from zero.
_STRONGEST = 0.8


class _Cells(NamedTuple):
    """The mean objective in cents by the values of two settings, and of how many arms it is."""

    across: str
    upwards: str
    means: Mapping[tuple[str, str], float]
    most_arms: int


def heat_map(result: StudyResult) -> Html | None:
    """Return the objective over the two settings of most values; None if fewer than two vary."""
    cells = _cells(result)
    if cells is None:
        return None
    columns = _values(value for value, _ in cells.means)
    rows = _values(value for _, value in cells.means)
    if max(len(columns), len(rows)) > _MOST_VALUES:
        return None
    box, height = labelled_rows(len(rows), _ROW)
    panel = Panel(box, (0.0, float(len(columns))), (0.0, float(len(rows))))
    panel.title(f"{result.objective.capitalize()}, dollars a game: {cells.upwards}")
    middles = [row + 0.5 for row in range(len(rows))]
    panel.value_ticks(middles, lambda y: rows[int(y)])
    panel.ticks_beneath([column + 0.5 for column in range(len(columns))], lambda x: columns[int(x)])
    panel.label(cells.across, lines=1)
    largest = max(map(abs, cells.means.values())) or 1.0
    for (across, upwards), mean in cells.means.items():
        color = FIRST if mean > 0 else SECOND
        place = columns.index(across), rows.index(upwards)
        panel.cell(*place, dollars(round(mean)), color, _STRONGEST * abs(mean) / largest)
    return figure("heat-map", picture("heat map", height, [panel]), _caption(cells))


def _cells(result: StudyResult) -> _Cells | None:
    arms = {
        each.arm: dict(word.split("=", 1) for word in result.arms[each.arm])
        for each in result.judged
    }
    names = dict.fromkeys(name for settings in arms.values() for name in settings)
    values = {
        name: {settings[name] for settings in arms.values() if name in settings} for name in names
    }
    varied = sorted(
        (name for name in names if len(values[name]) > 1), key=lambda name: -len(values[name])
    )
    if len(varied) < 2:
        return None
    across, upwards = varied[:2]
    groups: dict[tuple[str, str], list[float]] = {}
    for each in result.judged:
        settings = arms[each.arm]
        if across in settings and upwards in settings:
            key = settings[across], settings[upwards]
            groups.setdefault(key, []).append(each.objective.mean)
    means = {key: sum(group) / len(group) for key, group in groups.items()}
    return _Cells(across, upwards, means, max(map(len, groups.values())))


def _values(values: Iterable[str]) -> list[str]:
    """Return values once, numbers in their order, others as they came."""
    once = list(dict.fromkeys(values))
    try:
        return sorted(once, key=float)
    except ValueError:
        return once


def _caption(cells: _Cells) -> str:
    text = "On the games that judge. Blue is above zero, brown below, the stronger the further."
    if cells.most_arms > 1:
        text += f" Each is the mean of up to {cells.most_arms} arms with these values."
    return text
