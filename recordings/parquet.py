"""Parquet files: the tape's columns and metadata, and a writer that appends rows in groups."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from recordings.sealed_file import SEAL_KEY, UNSEALED, SealedFile
from recordings.tape import METADATA_KEY, TAPE_VERSION, Clocks, TapeInfo, Unreported
from recordings.writing import make_private_file, writing
from strategies.trading.model.errors import TapeError, TradingError
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market, SportEvent
from strategies.trading.model.market_types import MarketKind, MarketType, Period, Selection, Team
from strategies.trading.model.odds import Ladder

TAPE_TYPES: Mapping[str, str] = {
    "received_ns": "int64",
    "exchange_ns": "int64",
    "seq": "int64",
    "kind": "int8",
    "event": "int32",
    "market": "int32",
    "line": "int32",
    "odds": "int32",
    "amount_cents": "int64",
    "quantity_cents": "int64",
    "side": "int8",
    "state": "int64",
    "text": "string",
}
ROWS_PER_GROUP = 65_536


class TableWriter:
    """Writes rows to one Parquet file in groups, so that memory does not depend on its length.

    The file has a temporary name until `close`: a file under its own name is complete. Every method
    but `abandon` raises WriteError if the disk refuses. `describe`, if given, returns the metadata
    of the rows so far; it is written after every group, so that a part of the file says what it is.
    Columns are given by name and Arrow type:

        table = TableWriter(folder / "prices.parquet", {"at_ns": "int64", "price": "double"})
        table.append((1_700_000_000_000_000_000, 0.52))
        table.close()
    """

    def __init__(
        self,
        path: Path,
        types: Mapping[str, str],
        rows_per_group: int = ROWS_PER_GROUP,
        *,
        private: bool = False,
        describe: Callable[[], bytes] | None = None,
    ) -> None:
        """Open a file for `types`, which maps each column to the name of its Arrow type.

        If private, only its owner can read it.
        """
        self._path = path
        self._part = path.with_name(f".{path.name}.part")
        self._schema = pa.schema(
            [(name, pa.type_for_alias(alias)) for name, alias in types.items()]
        )
        with writing(path):
            if private:
                make_private_file(self._part)
            self._file = SealedFile(self._part)
            # Arrow counts the bytes of a sink: checkpoints have to pass through it too.
            self._sink = pa.PythonFile(self._file, mode="w")
            self._writer = pq.ParquetWriter(
                self._sink, self._schema, compression="zstd", write_page_checksum=True
            )
        self._describe = describe
        self._rows: list[Sequence[Any]] = []
        self._rows_per_group = rows_per_group

    def append(self, row: Sequence[Any]) -> None:
        """Add a row, its values in the order of the columns."""
        self._rows.append(row)
        if len(self._rows) >= self._rows_per_group:
            self.flush()

    def extend(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows, as `append` does."""
        self._rows += rows
        if len(self._rows) >= self._rows_per_group:
            self.flush()

    def close(self) -> None:
        """Write the remaining rows and the metadata, and give the file its own name."""
        self.flush()
        with writing(self._path):
            if self._describe is not None:
                metadata = {METADATA_KEY: self._describe(), SEAL_KEY: UNSEALED}
                self._writer.add_key_value_metadata(metadata)
            self._writer.close()
            if self._describe is not None:
                self._file.seal()
            self._file.close()
            self._part.replace(self._path)

    def abandon(self) -> None:
        """Close the table and delete its file."""
        # On a full disk closing fails again; the error that brought us here is the one to report.
        with suppress(OSError):
            self._writer.close()
        self._file.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    def flush(self) -> None:
        """Write the rows so far, as a group."""
        if self._rows:
            self.write_group(zip(*self._rows, strict=True))
            self._rows.clear()

    def write_group(self, columns: Iterable[Sequence[Any]]) -> None:
        """Write a group of rows at once, given as columns of equal length."""
        arrays = [
            pa.array(column, type=field.type)
            for column, field in zip(columns, self._schema, strict=True)
        ]
        with writing(self._path):
            self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
            if self._describe is not None:
                self._sink.write(self._file.checkpoint(self._describe()))


def info_to_metadata(info: TapeInfo) -> bytes:
    """Return what the metadata of a recording's segment says of its recording."""
    described: dict[str, Any] = {
        "version": TAPE_VERSION,
        "source": info.source,
        "simulated": info.simulated,
        "clocks": int(info.clocks),
        "ladder": list(info.ladder.rungs),
        "notes": info.notes,
        "events": [
            [e.event_id, e.name, e.home, e.away, e.tournament, e.sport, e.scheduled_ns]
            for e in info.events
        ],
        "markets": [_market_row(market) for market in info.markets],
        "lines": [[n.line_id, n.event_id, n.market_id, n.selection, n.point] for n in info.lines],
    }
    # Only where there is something, so that other recordings keep the bytes that they had before.
    if info.unreported:
        described["unreported"] = list(info.unreported)
    return json.dumps(described, ensure_ascii=False).encode()


def info_from_metadata(metadata: Mapping[bytes, bytes] | None, place: str) -> TapeInfo:
    """Return what a segment's metadata says of its recording.

    `place` names the segment in messages. Raise TapeError for metadata that is missing, incomplete
    or of another version.
    """
    if not metadata or METADATA_KEY not in metadata:
        message = f"{place}: no tape metadata; this is no segment of a recording"
        raise TapeError(message)
    return info_from_text(metadata[METADATA_KEY], place)


def info_from_text(text: bytes, place: str) -> TapeInfo:
    """Return what `info_to_metadata` wrote; raise TapeError as `info_from_metadata` does."""
    try:
        described = json.loads(text)
        version = described["version"]
    except (ValueError, KeyError, TypeError) as error:
        message = f"{place}: unreadable tape metadata ({error})"
        raise TapeError(message) from error
    if version != TAPE_VERSION:
        message = f"{place}: tape version {version!r}; this program reads version {TAPE_VERSION}"
        raise TapeError(message)
    try:
        info = _info(msgspec.convert(described, _Described))
        # Raises an error for a market or a line of nothing that is described.
        info.catalogue()
    except (TradingError, msgspec.ValidationError, ValueError, KeyError, TypeError) as error:
        message = f"{place}: tape metadata is incomplete ({error!r})"
        raise TapeError(message) from error
    return info


class _Described(msgspec.Struct):
    """What a segment's metadata has to say."""

    source: str
    simulated: bool
    clocks: int
    ladder: list[int]
    notes: list[str]
    events: list[tuple[str, str, str, str, str, str, int]]
    markets: list[list[Any]]
    lines: list[tuple[str, str, str, str, float]]
    unreported: list[str] = []


def _info(described: _Described) -> TapeInfo:
    return TapeInfo(
        source=described.source,
        simulated=described.simulated,
        clocks=Clocks(described.clocks),
        ladder=Ladder(described.ladder),
        notes=described.notes,
        events=[
            SportEvent(EventId(event_id), name, home, away, tournament, sport, scheduled_ns)
            for event_id, name, home, away, tournament, sport, scheduled_ns in described.events
        ],
        markets=[_market(*row) for row in described.markets],
        lines=[
            Line(LineId(line_id), EventId(event), MarketId(market), Selection(selection), point)
            for line_id, event, market, selection, point in described.lines
        ],
        unreported=tuple(map(Unreported, described.unreported)),
    )


def _market_row(market: Market) -> list[str | None]:
    """Return a market's row in the tape's metadata.

    Period and participant follow only where one is not the default, so that recordings of
    whole-game markets keep the bytes that they had before other periods existed.
    """
    row: list[str | None] = [market.event_id, market.market_id, market.type, market.name]
    if market.kind != MarketKind(market.type):
        row += [market.period, market.participant]
    return row


def _market(
    event_id: str,
    market_id: str,
    type_: str,
    name: str,
    period: str = Period.GAME,
    participant: str | None = None,
) -> Market:
    return Market(
        EventId(event_id),
        MarketId(market_id),
        MarketType(type_),
        name,
        Period(period),
        None if participant is None else Team(participant),
    )


def read_columns(path: Path) -> dict[str, list[Any]]:
    """Return a table's columns as lists, None where a value is missing.

    Raise TapeError if the file is missing or is not Parquet.
    """
    columns: dict[str, list[Any]] = _read_table(path).to_pydict()
    return columns


def _read_table(path: Path) -> pa.Table:
    try:
        # `read_table` would import all that reads sets of files, which takes ten times as long.
        with pq.ParquetFile(path) as file:
            return file.read()
    except (pa.ArrowException, OSError) as error:
        message = f"{path}: cannot be read ({str(error).splitlines()[0]})"
        raise TapeError(message) from error


def write_joined(paths: Sequence[Path], into: Path, *, order_by: str) -> None:
    """Write tables of the same columns as one, in order of a column; equal rows stay in order.

    Raise TapeError if one cannot be read, and WriteError if the disk refuses.
    """
    joined = pa.concat_tables([_read_table(path) for path in paths])
    ordered = joined.take(pc.sort_indices(joined, [(order_by, "ascending")]))
    part = into.with_name(f".{into.name}.part")
    with writing(into):
        pq.write_table(ordered, part, compression="zstd", write_page_checksum=True)
        part.rename(into)
