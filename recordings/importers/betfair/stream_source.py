"""Where Betfair stream files lie: on disk, in folders, and in tars."""

import bz2
import gzip
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from strategies.trading.model.errors import TapeError

# Every record of a tar is a multiple of this long; one that was cut off mostly is not.
_TAR_BLOCK_BYTES = 512
_TAR_SUFFIX = ".tar"
_COMPRESSED_TARS = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2")


class LineFile(Protocol):
    """The part of an open file that is needed here, which the kinds of files share."""

    def readline(self, size: int, /) -> bytes:
        """Return the next line, or as much of it as this size; nothing at the end."""


class StreamSource(NamedTuple):
    """A stream file: a file on disk, or the `size` bytes at `offset` of a tar, named `member`."""

    path: Path
    member: str | None = None
    offset: int = 0
    size: int = 0

    @property
    def name(self) -> str:
        """Return the file's own name."""
        return self.path.name if self.member is None else Path(self.member).name

    def __str__(self) -> str:
        """Return the place of the file, as messages name it."""
        return str(self.path) if self.member is None else f"{self.path}, {self.member}"

    @contextmanager
    def opened(self) -> Iterator[LineFile]:
        """Open the file to read what it holds uncompressed; raise OSError or TarError."""
        with self._raw() as raw:
            # By content, as downloads often have the wrong suffix or none.
            start = raw.read(3)
            raw.seek(0)
            if start[:2] == b"\x1f\x8b":
                with gzip.open(raw, "rb") as file:
                    yield file
            elif start == b"BZh":
                with bz2.open(raw, "rb") as file:
                    yield file
            else:
                yield raw

    @contextmanager
    def _raw(self) -> Iterator[IO[bytes]]:
        if self.member is None:
            with self.path.open("rb") as file:
                yield file
            return
        # Its place is known, so the tar is not searched for it.
        member = tarfile.TarInfo(self.member)
        member.offset_data, member.size = self.offset, self.size
        with tarfile.open(self.path, "r:") as tar:
            part = tar.extractfile(member)
            assert part is not None
            with part:
                yield part


class StreamFileError(TapeError):
    """A stream file cannot be imported, and why; `source` is the file."""

    def __init__(self, source: StreamSource, line: int, reason: str) -> None:
        """Name the file and the line, counted from 1."""
        super().__init__(f"{source}, line {line}: {reason}")
        self.source = source


def find_sources(paths: Sequence[Path]) -> Iterator[StreamSource | TapeError]:
    """Yield the stream files at these paths, in order; an error for each that cannot be read.

    A folder stands for every file in it, at any depth, save hidden ones; a tar for its members.
    """
    for path in paths:
        if path.is_dir():
            yield from _in_folder(path)
        else:
            yield from _in_file(path)


def _in_folder(folder: Path) -> Iterator[StreamSource | TapeError]:
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not files:
        yield TapeError(f"{folder}: there is no file in this folder")
    for path in files:
        yield from _in_file(path)


def _in_file(path: Path) -> Iterator[StreamSource | TapeError]:
    if path.name.endswith(_COMPRESSED_TARS):
        yield TapeError(f"{path}: a compressed tar; decompress it first, for example by gunzip")
    elif path.suffix != _TAR_SUFFIX:
        yield StreamSource(path)
    else:
        try:
            yield from _members(path)
        except (OSError, tarfile.TarError) as error:
            yield TapeError(f"{path}: cannot be read as a tar ({error})")


def _members(path: Path) -> Iterator[StreamSource]:
    with tarfile.open(path, "r:") as tar:
        members = [member for member in tar if member.isfile()]
    if path.stat().st_size % _TAR_BLOCK_BYTES:
        message = "it is cut off"
        raise tarfile.ReadError(message)
    if not members:
        message = "it holds no file"
        raise tarfile.ReadError(message)
    for member in sorted(members, key=lambda member: member.name):
        if not any(part.startswith(".") for part in Path(member.name).parts):
            yield StreamSource(path, member.name, member.offset_data, member.size)
