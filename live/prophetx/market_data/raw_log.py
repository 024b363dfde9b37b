"""Every message as it came, beside the tape: lines of JSON, compressed."""

import gzip
from pathlib import Path

import msgspec

_LEVEL = 1
# Compressed at once: each time costs, and lets the socket's thread in.
_LINES_PER_BLOCK = 16


class RawLog:
    """Keeps texts with their times of arrival in files that follow the segments of a tape."""

    def __init__(self, folder: Path) -> None:
        """Keep them in a folder that is there; the first file is opened with the first text."""
        self._folder = folder
        self._number = 0
        self._file: gzip.GzipFile | None = None
        self._lines: list[bytes] = []

    def keep(self, received_ns: int, raw: bytes) -> None:
        """Keep a text; bytes that are no text are escaped."""
        if self._file is None:
            name = f"raw-{self._number:05d}.jsonl.gz"
            self._file = gzip.GzipFile(self._folder / name, "wb", compresslevel=_LEVEL)
        text = raw.decode("utf-8", "backslashreplace")
        self._lines.append(msgspec.json.encode({"received_ns": received_ns, "raw": text}))
        if len(self._lines) >= _LINES_PER_BLOCK:
            self._write(self._file)

    def flush(self) -> None:
        """Make what was kept so far readable, whatever happens next."""
        if self._file is not None:
            self._write(self._file)
            self._file.flush()

    def end_file(self) -> None:
        """Close the open file; what follows goes to another."""
        if self._file is not None:
            self._write(self._file)
            self._file.close()
            self._file = None
            self._number += 1

    def _write(self, file: gzip.GzipFile) -> None:
        file.write(b"".join(line + b"\n" for line in self._lines))
        self._lines.clear()
