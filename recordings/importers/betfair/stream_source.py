"""Where Betfair stream files lie: on disk, in folders, and in tars and zips."""

import bz2
import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from strategies.trading.model.errors import TapeError

# Every record of a tar is a multiple of this long; one that was cut off mostly is not.
_TAR_BLOCK_BYTES = 512
_TAR_SUFFIX = ".tar"
_ZIP_SUFFIX = ".zip"
_COMPRESSED_TARS = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2")


class LineFile(Protocol):
    """The part of an open file that is needed here, which the kinds of files share."""

    def readline(self, size: int, /) -> bytes:
        """Return the next line, or as much of it as this size; nothing at the end."""


# What reading a stream file, or the archive that it is in, can raise.
UNREADABLE = (OSError, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile)


class StreamSource(NamedTuple):
    """A stream file: a file on disk, or `member` of an archive.

    That of a tar is the `size` bytes at `offset`.
    """

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
        """Open the file to read what it holds uncompressed; raise one of `UNREADABLE`."""
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
        if self.path.suffix == _ZIP_SUFFIX:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as part:
                yield part
            return
        # Its place is known, so the tar is not searched for it.
        member = tarfile.TarInfo(self.member)
        member.offset_data, member.size = self.offset, self.size
        with tarfile.open(self.path, "r:") as tar:
            section = tar.extractfile(member)
            assert section is not None
            with section:
                yield section


class StreamFileError(TapeError):
    """A stream file cannot be imported, and why; `source` is the file."""

    def __init__(self, source: StreamSource, line: int, reason: str) -> None:
        """Name the file and the line, counted from 1."""
        super().__init__(f"{source}, line {line}: {reason}")
        self.source = source


class CutFileError(StreamFileError):
    """A stream file ends within a line, or in the middle of what is compressed."""


def find_sources(paths: Sequence[Path]) -> Iterator[StreamSource | TapeError]:
    """Yield the stream files at these paths, in order; an error for each that cannot be read.

    A folder stands for every file in it, at any depth, an archive for its members; those that are
    hidden are left out.
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
    elif path.suffix not in _MEMBERS:
        yield StreamSource(path)
    else:
        try:
            members = [source for source in _MEMBERS[path.suffix](path) if not _is_hidden(source)]
        except UNREADABLE as error:
            yield TapeError(f"{path}: cannot be read as a {path.suffix[1:]} ({error})")
            return
        if not members:
            yield TapeError(f"{path}: there is no file in it")
        yield from members


def _tar_members(path: Path) -> list[StreamSource]:
    with tarfile.open(path, "r:") as tar:
        members = sorted((each for each in tar if each.isfile()), key=lambda each: each.name)
    if path.stat().st_size % _TAR_BLOCK_BYTES:
        message = "it is cut off"
        raise tarfile.ReadError(message)
    return [StreamSource(path, each.name, each.offset_data, each.size) for each in members]


def _zip_members(path: Path) -> list[StreamSource]:
    with zipfile.ZipFile(path) as archive:
        names = sorted(each.filename for each in archive.infolist() if not each.is_dir())
    return [StreamSource(path, name) for name in names]


def _is_hidden(source: StreamSource) -> bool:
    return any(part.startswith(".") for part in Path(source.member or "").parts)


_MEMBERS = {_TAR_SUFFIX: _tar_members, _ZIP_SUFFIX: _zip_members}
