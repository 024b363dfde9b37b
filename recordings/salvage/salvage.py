"""Writes a new folder of what is whole in a recording or a session that was cut or changed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from recordings.journal.entries import JOURNAL
from recordings.salvage.journal_salvage import salvage_journal
from recordings.salvage.tape_salvage import salvage_tape
from recordings.tape import SEGMENT_GLOB
from recordings.writing import make_private_folder, writing
from strategies.trading.model.errors import ConfigError

# Files of a running process, which mean nothing in a copy; the header holds a secret.
_LEFT_OUT = (f"{JOURNAL}*", "*.lock", "*.sock", "*.part", "reference.header", SEGMENT_GLOB)


def salvage(folder: Path, out: Path) -> Iterator[str]:
    """Write every whole message before the first break to a new folder; never touch the other.

    Yield lines for a person: what was kept, where the break is, what is lost. Raise ConfigError
    for folders that cannot be, WriteError for a disk that does not take it.
    """
    tapes = sorted(path for path in folder.glob("tape-*") if path.is_dir())
    is_session = (folder / JOURNAL).exists() or bool(tapes)
    is_recording = any(folder.glob(SEGMENT_GLOB)) or any(folder.glob(f".{SEGMENT_GLOB}.part"))
    if not is_session and not is_recording:
        message = f"{folder}: is neither a recording nor a session"
        raise ConfigError(message)
    if out.exists():
        message = f"{out}: exists already; name a new folder"
        raise ConfigError(message)
    with writing(out):
        make_private_folder(out)
        _copy_others(folder, out)
        if not is_session:
            yield from salvage_tape(folder, out)
            return
        if (folder / JOURNAL).exists():
            yield from salvage_journal(folder / JOURNAL, out / JOURNAL)
        for tape in tapes:
            yield from salvage_tape(tape, out / tape.name)
            if (out / tape.name).exists():
                _copy_others(tape, out / tape.name)


def _copy_others(folder: Path, out: Path) -> None:
    """Copy the files of a folder that are kept as they are: settings, logs, raw messages."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and not any(path.match(pattern) for pattern in _LEFT_OUT):
            shutil.copyfile(path, out / path.name)
