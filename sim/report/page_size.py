"""Keeps a page within the size that a browser and a mailbox take without complaint."""

import re

from sim.report.chart_numbers import DATA_CLASS
from strategies.trading.model.counted import counted

MAX_BYTES = 3_000_000
_NOTE_BYTES = 500
_DATA = re.compile(rf'<script type="application/json" class="{DATA_CLASS}">.*?</script>')
_END_OF_HEADER = "</header>"


def within_size(document: str, most: int = MAX_BYTES) -> str:
    """Return a page of at most about `most` bytes: of its largest figures only the picture stays.

    The page says how many do not zoom. Pictures and tables are not cut.
    """
    excess = len(document.encode()) - most
    if excess <= 0:
        return document
    found = sorted(_DATA.findall(document), key=lambda data: (-len(data), data))
    dropped = 0
    for data in found:
        if excess + _NOTE_BYTES <= 0:
            break
        document = document.replace(data, "", 1)
        excess -= len(data.encode())
        dropped += 1
    note = (
        f"{counted(dropped, 'figure')} of {len(found):,} do not zoom, as the page would be larger "
        f"than {most:,} bytes."
    )
    return document.replace(_END_OF_HEADER, f'<p class="aside">{note}</p>\n{_END_OF_HEADER}', 1)
