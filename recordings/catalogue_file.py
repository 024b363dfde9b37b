"""A catalogue: a file that names recordings, one a line, each with the start of its game.

A line is JSON: `{"path": "2026-01-14-BOS-NYK", "start": "2026-01-15T00:30:00Z"}`. A path is
relative to the file's folder; other keys may stand beside it.
"""

from pathlib import Path
from typing import Any

import msgspec

from strategies.trading.model.errors import TapeError

SUFFIX = ".jsonl"


def catalogued_paths(file: Path) -> list[Path]:
    """Return the recordings that a catalogue names, in order; raise TapeError for a bad line."""
    paths = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            paths.append(file.parent / _path_of(line, f"{file}, line {number}"))
    return paths


def _path_of(line: str, place: str) -> str:
    try:
        entry: Any = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        message = f"{place}: no JSON ({error})"
        raise TapeError(message) from error
    path = entry.get("path") if isinstance(entry, dict) else None
    if not isinstance(path, str):
        message = f'{place}: no "path"'
        raise TapeError(message)
    return path
