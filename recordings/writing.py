"""Files that cannot be written: one line with the path, the reason and the remedy.

Everything that this project writes to a disk, it writes within `writing(path)`.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from strategies.trading.model.errors import WriteError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
_OTHERS = 0o077

_FREE_SPACE = "free space and run again"
_FORBIDDEN = "make it writable or name another folder"
_REMEDIES = {
    errno.ENOSPC: _FREE_SPACE,
    errno.EDQUOT: _FREE_SPACE,
    errno.EFBIG: "raise the limit on the size of a file (ulimit -f) and run again",
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EROFS: _FORBIDDEN,
    errno.ENOENT: "name another folder: none can be made there",
    errno.ENOTDIR: "name another folder: part of the path is a file",
    errno.EEXIST: "name another folder: part of the path is a file",
    errno.ENAMETOOLONG: "choose a shorter name",
}
_OTHERWISE = "check the disk and run again"


@contextmanager
def writing(path: Path | str) -> Iterator[None]:
    """Raise WriteError, which names the path, for an OSError from within the context."""
    try:
        yield
    except OSError as error:
        raise write_error(path, error) from error


def write_error(path: Path | str, error: OSError) -> WriteError:
    """Return the error that a path cannot be written, with the reason and the remedy."""
    number = error.errno
    # The text of an error from a library of C++ names the place in its source as well.
    reason = str(error) if number is None else os.strerror(number)
    return WriteError(unwritable(path, reason, _REMEDIES.get(number or 0, _OTHERWISE)))


def unwritable(path: Path | str, reason: str, remedy: str = _FREE_SPACE) -> str:
    """Return the message that a path cannot be written."""
    return f"{path}: cannot be written ({reason}); {remedy}"


def write_text(path: Path, text: str, *, private: bool = False) -> None:
    """Write a text file that is under its own name only once it is whole; raise WriteError.

    If private, only its owner can read it.
    """
    part = path.with_name(f".{path.name}.part")
    with writing(path):
        try:
            if private:
                make_private_file(part)
            part.write_text(text, encoding="utf-8")
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise


def make_folder(path: Path) -> None:
    """Make a folder, and those above it; one that exists is left alone. Raise WriteError."""
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)


def make_private_file(path: Path) -> None:
    """Make an empty file that only its owner can read, whatever the umask; raise WriteError.

    One that exists keeps its contents, and is closed to others. What opens the file by its name
    from then on, SQLite or Arrow for example, keeps its permissions.
    """
    with writing(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _PRIVATE_FILE)
        try:
            os.fchmod(descriptor, _PRIVATE_FILE)
        finally:
            os.close(descriptor)


def make_private_folder(path: Path) -> None:
    """Make a folder, and those above it, that only their owner can open; raise WriteError.

    One that exists is closed to others with everything in it, as earlier versions left them open.
    """
    with writing(path):
        for folder in reversed((path, *path.parents)):
            if not folder.exists():
                folder.mkdir()
                folder.chmod(_PRIVATE_FOLDER)
        for place, _, names in os.walk(path):
            _close_to_others(Path(place))
            for name in names:
                # Files come and go beside a journal that others read.
                with suppress(FileNotFoundError):
                    _close_to_others(Path(place, name))


def _close_to_others(path: Path) -> None:
    mode = path.lstat().st_mode
    if not stat.S_ISLNK(mode) and mode & _OTHERS:
        path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
