"""The chart library uPlot 1.6.32, unchanged from its npm package, with its licence (MIT).

Below `sim` and `live`, as the report inlines it and the page of a running session serves it.
To renew it, `npm pack uplot` and take the two files of `dist/` and the licence.
"""

from importlib.resources import files

_FOLDER = files(__name__)


def chart_script() -> str:
    """Return the JavaScript that defines `uPlot`; it may stand inside of a `<script>`."""
    return (_FOLDER / "uPlot.iife.min.js").read_text(encoding="utf-8")


def chart_style() -> str:
    """Return the style sheet that its charts need."""
    return (_FOLDER / "uPlot.min.css").read_text(encoding="utf-8")
