"""The rows of a recording as columns that are checked once and kept beside it.

Decoding and checking a recording takes longer than reading columns from memory-mapped pages, and
every pass, model and run of a sweep needs the same ones. The file holds Arrow's record batches, the
summary of the recording, and a digest of both. One that is not as it was written, or that belongs
to other rows, is made again; where none can be kept, every pass reads the recording itself.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recordings.parquet import TAPE_TYPES
from recordings.reader import Chunk, Tape, chunk_of
from recordings.tape import UNREPORTED_CENTS, TapeInfo
from recordings.validator import TapeSummary, summarize, validate
from recordings.writing import make_private_file
from strategies.trading.model.errors import WriteError

# A game has a few hundred thousand rows; of a recording that is far longer, the columns would take
# more of the disk than they save of the time.
_MOST_ROWS = 1_000_000
# The format of the file, and the rules that its rows passed: one of others is made again.
_VERSION = 5
# What is kept of a summary: all but what the recording itself holds.
_KEPT = tuple(field.name for field in fields(TapeSummary) if field.name != "info")
_LENGTH_BYTES = 8
_DIGEST_BYTES = 32
_SCHEMA = pa.schema([(name, pa.type_for_alias(alias)) for name, alias in TAPE_TYPES.items()])


class _Trailer(msgspec.Struct):
    """What stands behind the batches: the summary of their recording, without its dictionaries."""

    version: int
    summary: dict[str, Any]


class TapeColumns:
    """A recording whose rows were all checked; `chunks` returns those of `Tape.chunks`.

    With `assumed_cents`, that is the amount of every offer whose amount is unreported.
    """

    def __init__(self, tape: Tape, summary: TapeSummary, batches: list[pa.RecordBatch]) -> None:
        """Take a recording, its summary, and its rows if they are kept."""
        self.assumed_cents = UNREPORTED_CENTS
        self.info: TapeInfo = tape.info
        self.rows_total = tape.rows_total
        self.summary = summary
        self._tape = tape
        self._batches = batches

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows in order of arrival."""
        chunks = self._recorded_chunks()
        if self.assumed_cents != UNREPORTED_CENTS:
            chunks = map(self._with_assumed, chunks)
        return chunks

    def _with_assumed(self, chunk: Chunk) -> Chunk:
        amounts = chunk.numbers["amount_cents"]
        assumed = np.where(amounts == UNREPORTED_CENTS, self.assumed_cents, amounts)
        return replace(chunk, numbers=chunk.numbers | {"amount_cents": assumed})

    def _recorded_chunks(self) -> Iterator[Chunk]:
        if not self._batches:
            yield from self._tape.chunks()
            return
        first_row = 0
        for batch in self._batches:
            yield chunk_of(str(self._tape.path), first_row, batch)
            first_row += batch.num_rows


def tape_columns(tape: Tape) -> TapeColumns:
    """Return the columns of a recording, made first where they are not kept yet.

    Raise TapeError at the first invalid row.
    """
    path = _path_of(tape)
    kept = _read(path, tape)
    if kept is not None:
        return kept
    if tape.rows_total <= _MOST_ROWS:
        with suppress(OSError, WriteError):
            summary = _write(path, tape)
            return _read(path, tape) or TapeColumns(tape, summary, [])
    return TapeColumns(tape, validate(tape), [])


def _path_of(tape: Tape) -> Path:
    if tape.path.is_dir():
        return tape.path / ".columns"
    return tape.path.with_name(f".{tape.path.name}.columns")


def _read(path: Path, tape: Tape) -> TapeColumns | None:
    """Return kept columns if they are those of a recording, and as they were written."""
    try:
        data = pa.memory_map(str(path)).read_buffer()
    except OSError:
        return None
    content, digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:].to_pybytes()
    if len(data) <= _DIGEST_BYTES + _LENGTH_BYTES or hashlib.sha256(content).digest() != digest:
        return None
    batches_end = int.from_bytes(content[-_LENGTH_BYTES:].to_pybytes(), "big")
    packed = content[batches_end:-_LENGTH_BYTES].to_pybytes()
    try:
        trailer = msgspec.json.decode(packed, type=_Trailer)
    except msgspec.MsgspecError:
        return None
    if trailer.version != _VERSION or set(trailer.summary) != set(_KEPT):
        return None
    if trailer.summary["digest"] != tape.digest():
        return None
    reader = pa.ipc.open_file(content[:batches_end])
    batches = [reader.get_batch(number) for number in range(reader.num_record_batches)]
    return TapeColumns(tape, TapeSummary(info=tape.info, **trailer.summary), batches)


def _write(path: Path, tape: Tape) -> TapeSummary:
    """Read and check a recording and keep its columns; raise OSError or WriteError."""
    # Of this process alone: several may make the columns of one recording at once.
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        # Some recordings are their owner's alone.
        make_private_file(part)
        with part.open("wb") as file, pa.ipc.new_file(file, _SCHEMA) as writer:
            summary = summarize(tape, _written(tape, writer))
        _append_trailer(part, summary)
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return summary


def _written(tape: Tape, writer: pa.ipc.RecordBatchFileWriter) -> Iterator[Chunk]:
    """Yield the chunks of a recording, each after it was written."""
    for chunk in tape.chunks():
        columns = [_arrow(chunk, name) for name in TAPE_TYPES]
        writer.write_batch(pa.record_batch(columns, schema=_SCHEMA))
        yield chunk


def _arrow(chunk: Chunk, name: str) -> pa.Array:
    values: NDArray[Any] | list[str | None] = (
        chunk.texts if name == "text" else np.ascontiguousarray(chunk.numbers[name])
    )
    return pa.array(values, type=_SCHEMA.field(name).type)


def _append_trailer(path: Path, summary: TapeSummary) -> None:
    kept = {name: getattr(summary, name) for name in _KEPT}
    trailer = msgspec.json.encode(_Trailer(_VERSION, kept))
    batches_end = path.stat().st_size
    with path.open("ab") as file:
        file.write(trailer + batches_end.to_bytes(_LENGTH_BYTES, "big"))
    with path.open("rb+") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
        file.write(digest)
