"""Which recordings a setting names: one, a list, a pattern, a folder of them, or a catalogue."""

from collections.abc import Iterable, Sequence
from glob import glob, has_magic
from pathlib import Path

from recordings.catalogue_file import SUFFIX, catalogued_paths
from recordings.tape import SEGMENT_GLOB
from strategies.trading.model.errors import TapeError


def selected_recordings(names: str | Sequence[str]) -> list[str]:
    """Return the paths of recordings, or names of shipped ones, each once and in a fixed order.

    A name is a recording's folder or its one file, a shipped recording, a pattern such as
    `season/*`, a folder that holds recordings at any depth, or a catalogue. What is no recording is
    returned as it is, and opening it raises the error. Raise TapeError if a pattern, a folder or a
    catalogue names none.
    """
    given = [names] if isinstance(names, str) else names
    found: dict[str, None] = {}
    for name in given:
        for path in _selected(name):
            found[path] = None
    return list(found)


def _selected(name: str) -> Iterable[str]:
    path = Path(name)
    if path.is_file() and path.suffix == SUFFIX:
        return _required(name, map(str, catalogued_paths(path)))
    if path.is_dir():
        return _in_folder(path)
    if has_magic(name) and not path.exists():
        matching = (match for match in sorted(glob(name)) if _may_hold_recordings(Path(match)))
        return _required(name, (each for match in matching for each in _selected(match)))
    return [name]


def _in_folder(folder: Path) -> Iterable[str]:
    """Return a folder that is a recording, or the recordings inside it."""
    if any(folder.glob(SEGMENT_GLOB)) or folder.is_symlink():
        return [str(folder)]
    inside = sorted({segment.parent for segment in folder.rglob(SEGMENT_GLOB)})
    return [str(each) for each in inside] or [str(folder)]


def _may_hold_recordings(path: Path) -> bool:
    """Return whether a match of a pattern is worth a look: notes lie beside recordings, too."""
    if path.is_dir():
        return any(path.rglob(SEGMENT_GLOB))
    return path.suffix in (SUFFIX, ".parquet")


def _required(name: str, found: Iterable[str]) -> list[str]:
    listed = list(found)
    if not listed:
        message = f"{name}: names no recording"
        raise TapeError(message)
    return listed
