"""The reason of a halt that the journal cannot hold, because its disk is full or takes no writes.

The space for it is reserved while the disk still takes it, and overwritten at need.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from live.session.gateway import Notify
from recordings.writing import make_private_file, writing
from strategies.trading.model.errors import WriteError

NAME = "halt.txt"
_BYTES = 512


class HaltRecord:
    """A reason, or none, in files of one size: one beside the journal, others on other disks."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Use a file in each of some folders, the first of which is that of the session."""
        self._paths = [folder / NAME for folder in folders]

    @contextmanager
    def reserved(self, notify: Notify) -> Iterator[None]:
        """Reserve the space, and keep what a disk does not take as a halt; raise WriteError."""
        try:
            self._reserve()
            yield
        except WriteError as error:
            self.keep(error, notify)
            raise

    def keep(self, error: WriteError, notify: Notify) -> None:
        """Halt the next start because a disk does not take a file; the first that does is used."""
        self.keep_reason(f"disk: {error}", notify)

    def keep_reason(self, reason: str, notify: Notify) -> None:
        """Halt the next start, or one that begins, for a reason."""
        if not any(_took(path, reason) for path in self._paths):
            files = ", ".join(map(str, self._paths))
            notify(f"the next start will not be halted: no file takes the reason ({files})")

    def reason(self) -> str:
        """Return the reason that was kept, empty without one."""
        return next(filter(None, map(_text, self._paths)), "")

    def clear(self) -> None:
        """Remove the reason, once the journal holds it; raise WriteError."""
        for path in self._paths:
            if _text(path):
                with writing(path):
                    _overwrite(path, "")

    def _reserve(self) -> None:
        for path in self._paths:
            make_private_file(path)
            if path.stat().st_size < _BYTES:
                with writing(path):
                    _overwrite(path, "")


def _took(path: Path, reason: str) -> bool:
    """Write a reason; return whether the disk took it."""
    try:
        _overwrite(path, reason)
    except OSError:
        return False
    return True


def _overwrite(path: Path, text: str) -> None:
    """Write a text over the reserved space, which takes no more of the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        line = " ".join(text.split()).encode()[:_BYTES].decode(errors="ignore")
        os.pwrite(descriptor, line.encode().ljust(_BYTES), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return ""
