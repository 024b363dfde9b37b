"""Files whose bytes can be verified: a digest of the whole at the end, others on the way.

A checkpoint holds the digest of all bytes before it, with a text. Parquet passes it over, as its
footer says where the data is. The digest of the whole is a value of fixed length in the footer,
computed with zeros in its place.
"""

import hashlib
import mmap
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

SEAL_KEY = b"tape_sha256"
UNSEALED = b"0" * 64
_CHECKPOINT = b"\0tape checkpoint\0"
_LENGTH_BYTES = 4
# A key and its value as the footer of Parquet has them: each a type and a length ahead of it.
_SEAL = re.compile(rb"\x18" + bytes([len(SEAL_KEY)]) + SEAL_KEY + rb"\x18@([0-9a-f]{64})")


class Checkpoint(NamedTuple):
    """A place from `start` to `end` in a file, and its text; all bytes before it are as written."""

    start: int
    end: int
    text: bytes


class _CheckpointBody(msgspec.Struct):
    sha256: str
    text: bytes


class SealedFile:
    """A file that is written in order; its digest is computed meanwhile. Methods raise OSError.

    One that is dropped after an error is closed silently, as Arrow's own files are.
    """

    def __init__(self, path: Path) -> None:
        """Create the file, or empty it."""
        self.closed = True
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
        self.closed = False
        self._written = 0
        self._digest = hashlib.sha256()

    def __del__(self) -> None:
        """Close it."""
        self.close()

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._written

    def write(self, data: Any) -> int:
        """Append bytes."""
        view = memoryview(data).cast("B")
        written = 0
        while written < len(view):
            written += os.write(self._descriptor, view[written:])
        self._written += written
        self._digest.update(view)
        return written

    def flush(self) -> None:
        """Return: nothing is held back."""

    def checkpoint(self, text: bytes) -> bytes:
        """Return what to append: the digest of what was written so far, with a text."""
        body = _CheckpointBody(self._digest.hexdigest(), text)
        packed = zlib.compress(msgspec.msgpack.encode(body))
        return _CHECKPOINT + len(packed).to_bytes(_LENGTH_BYTES, "big") + packed

    def seal(self) -> None:
        """Put the digest of the whole in its place."""
        with mmap.mmap(self._descriptor, 0, access=mmap.ACCESS_READ) as data:
            place = _seal_place(data)
        assert place is not None, "the footer has a place for the digest"
        os.pwrite(self._descriptor, self._digest.hexdigest().encode(), place)

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self.closed = True
            os.close(self._descriptor)


def is_as_sealed(path: Path) -> bool:
    """Return whether a file has the bytes that it was sealed with, or has no seal.

    Files of earlier versions have no seal. Raise OSError if it cannot be read.
    """
    if not path.stat().st_size:
        return True
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        place = _seal_place(data)
        if place is None:
            return True
        digest = hashlib.sha256()
        with memoryview(data) as view, view[:place] as before, view[place + 64 :] as after:
            for part in (before, UNSEALED, after):
                digest.update(part)
        return digest.hexdigest().encode() == data[place : place + 64]


def checkpoints(data: bytes) -> Iterator[Checkpoint]:
    """Yield the checkpoints of a file up to the first byte that is not as it was written."""
    digest, hashed = hashlib.sha256(), 0
    while (start := data.find(_CHECKPOINT, hashed)) >= 0:
        digest.update(data[hashed:start])
        begin = start + len(_CHECKPOINT) + _LENGTH_BYTES
        end = checkpoint_end(data, start) or begin
        try:
            body = msgspec.msgpack.decode(zlib.decompress(data[begin:end]), type=_CheckpointBody)
        except (zlib.error, msgspec.MsgspecError):
            return
        if body.sha256 != digest.hexdigest():
            return
        yield Checkpoint(start, end, body.text)
        digest.update(data[start:end])
        hashed = end


def checkpoint_end(data: bytes, start: int) -> int | None:
    """Return where the checkpoint that begins at a place ends, None if none does."""
    if not data.startswith(_CHECKPOINT, start):
        return None
    begin = start + len(_CHECKPOINT) + _LENGTH_BYTES
    return begin + int.from_bytes(data[begin - _LENGTH_BYTES : begin], "big")


def _seal_place(data: mmap.mmap) -> int | None:
    """Return where the digest of the whole is, None without one."""
    near = data.rfind(SEAL_KEY)
    found = _SEAL.search(data, max(0, near - 2)) if near >= 0 else None
    return None if found is None else found.start(1)
