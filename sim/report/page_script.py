"""The script and the style of what zooms, hovers and sorts on a page, for a page to inline."""

import hashlib
from base64 import b64encode
from functools import cache
from importlib.resources import files

from recordings.uplot import chart_script, chart_style
from sim.report.chart_numbers import DATA_CLASS

SORTABLE = "sortable"
# Parts of one function, so that they share what they define, and nothing is global.
_OWN_SCRIPTS = "figure_values.js", "figure_drawing.js", "figures.js", "tables.js"


def needs_script(body: str) -> bool:
    """Return whether a page has something that zooms or is sorted."""
    return f'class="{DATA_CLASS}"' in body or f'class="{SORTABLE}"' in body


def script_element() -> str:
    """Return the chart library with our own script."""
    return f"<script>{_script()}</script>"


def policy(*, scripted: bool) -> str:
    """Return the content security policy of a page: nothing is fetched, nothing else runs."""
    allowed = "default-src 'none'; style-src 'unsafe-inline'"
    return f"{allowed}; script-src 'sha256-{_digest()}'" if scripted else allowed


def style() -> str:
    """Return the style sheet of the chart library."""
    return chart_style()


@cache
def _script() -> str:
    folder = files("sim.report")
    own = [folder.joinpath(name).read_text(encoding="utf-8") for name in _OWN_SCRIPTS]
    return "\n".join([chart_script(), '(() => {\n"use strict";', *own, "})();"])


@cache
def _digest() -> str:
    return b64encode(hashlib.sha256(_script().encode()).digest()).decode()
