"""Reads a tape in chunks, each checked before it is returned."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from recordings.catalogue_file import SUFFIX as CATALOGUE_SUFFIX
from recordings.damage import SALVAGE
from recordings.game_states import GameStates
from recordings.parquet import ROWS_PER_GROUP, TAPE_TYPES, info_from_metadata
from recordings.reference_text import read_reference_text
from recordings.sealed_file import is_as_sealed
from recordings.tape import (
    METADATA_KEY,
    PROBABILITY_PARTS,
    SEGMENT_GLOB,
    UNREPORTED_CENTS,
    Kind,
    Row,
    Side,
    TapeInfo,
    Unreported,
    score_of,
    segment_name,
)
from strategies.trading.model.errors import TapeError
from strategies.trading.model.market import EventStatus, MarketStatus, Result

CHANGED = "is not as it was written, a part was changed or cut off"

_SCORE = re.compile(r"[0-9]{1,6}-[0-9]{1,6}")

_STATES = {
    Kind.MARKET_STATUS: tuple(MarketStatus),
    Kind.EVENT_STATUS: tuple(EventStatus),
    Kind.RESULT: tuple(Result),
}


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows as columns.

    `numbers` maps each column but `text` to an integer array of shape (rows,); `texts` is one
    entry a row. `place` names the file and `first_row` the first row in it, for messages.
    """

    place: str
    first_row: int
    numbers: dict[str, NDArray[Any]]
    texts: list[str | None]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.texts)

    def rows(self) -> Iterator[Row]:
        """Yield the rows one by one."""
        columns = [self.numbers[name].tolist() for name in TAPE_TYPES if name != "text"]
        return map(Row, *columns, self.texts)

    def rows_at(self, places: Sequence[int]) -> Iterator[Row]:
        """Yield some of the rows, by their places in the chunk."""
        columns = [self.numbers[name][places].tolist() for name in TAPE_TYPES if name != "text"]
        return map(Row, *columns, [self.texts[place] for place in places])


class Tape:
    """A recording on disk, which can be read any number of times.

    Segments are checked as they are read, never held whole in memory:

        tape = open_recording("nba")
        for chunk in tape.chunks():
            for row in chunk.rows():
                print(row.received_ns, row.kind)
    """

    def __init__(self, path: Path) -> None:
        """Open a recording; raise TapeError if a segment is missing or cannot be read."""
        self.path = path
        self._segments = _segments(path)
        infos = _segment_infos(self._segments)
        self.info: TapeInfo = infos[-1]
        self.rows_total = sum(
            pq.ParquetFile(segment).metadata.num_rows for segment in self._segments
        )
        for segment, info in zip(self._segments, infos, strict=True):
            _require_same_dictionaries(segment, info, self.info)
        if self.rows_total == 0:
            message = f"{path}: the recording is empty"
            raise TapeError(message)

    def chunks(self, rows_per_chunk: int = ROWS_PER_GROUP) -> Iterator[Chunk]:
        """Yield the rows in order of arrival; raise TapeError at the first invalid one."""
        checker = _Checker(self.info)
        for segment in self._segments:
            try:
                yield from _segment_chunks(segment, rows_per_chunk, checker)
            except (pa.ArrowException, OSError) as error:
                message = f"{segment}: cannot be read ({_first_line(error)}); {SALVAGE}"
                raise TapeError(message) from error

    def time_span(self) -> tuple[int, int]:
        """Return when the first row arrived and when the last, from what the segments say."""
        column = list(TAPE_TYPES).index("received_ns")
        groups = [
            file.row_group(number).column(column).statistics
            for file in (pq.read_metadata(segment) for segment in self._segments)
            for number in range(file.num_row_groups)
        ]
        known = [group for group in groups if group is not None and group.has_min_max]
        return min(group.min for group in known), max(group.max for group in known)

    def digest(self) -> str:
        """Return the SHA-256 of the segments' bytes, in order."""
        digest = hashlib.sha256()
        for segment in self._segments:
            with segment.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        return digest.hexdigest()


def open_recording(name: str) -> Tape:
    """Open a recording by path, or a shipped one by name; raise TapeError if neither exists."""
    path = Path(name)
    if path.exists():
        return Tape(path)
    shipped = Path(str(resources.files("recordings"))) / name
    if Path(name).name == name and any(shipped.glob(SEGMENT_GLOB)):
        return Tape(shipped)
    if path.suffix == CATALOGUE_SUFFIX:
        message = f"{name}: no such catalogue; python -m sim season writes one, games.jsonl"
    else:
        message = f"recording {name!r}: no such folder, and no shipped recording of that name"
    raise TapeError(message)


def _segments(path: Path) -> list[Path]:
    segments = sorted(path.glob(SEGMENT_GLOB)) if path.is_dir() else [path]
    if not segments:
        message = f"{path}: no {SEGMENT_GLOB} in this folder; this is no recording"
        raise TapeError(message)
    if path.is_dir():
        _require_no_gap(path, segments)
    return segments


def _require_no_gap(path: Path, segments: list[Path]) -> None:
    for number, segment in enumerate(segments):
        expected = segment_name(number)
        if segment.name != expected:
            message = f"{path}: {expected} is missing; the next is {segment.name}"
            raise TapeError(message)


def _segment_infos(segments: list[Path]) -> list[TapeInfo]:
    """Return what each segment says of the recording: mostly the same, which is read once."""
    infos: list[TapeInfo] = []
    last: bytes | None = None
    for segment in segments:
        schema, metadata = _segment_schema(segment)
        text = metadata.get(METADATA_KEY)
        is_same = infos and text == last
        infos.append(infos[-1] if is_same else info_from_metadata(metadata, str(segment)))
        last = text
        _require_columns(segment, schema)
    return infos


def _segment_schema(segment: Path) -> tuple[pa.Schema, dict[bytes, bytes]]:
    """Return the columns and the metadata of a segment; raise TapeError if it is damaged."""
    try:
        _require_as_sealed(segment)
        return pq.read_schema(segment), pq.read_metadata(segment).metadata or {}
    except (pa.ArrowException, OSError) as error:
        message = f"{segment}: cannot be read as Parquet ({_first_line(error)}); {SALVAGE}"
        raise TapeError(message) from error


def _require_columns(segment: Path, schema: pa.Schema) -> None:
    for name, alias in TAPE_TYPES.items():
        if schema.names.count(name) > 1:
            message = f"{segment}: column {name} is there twice"
            raise TapeError(message)
        if name not in schema.names or schema.field(name).type != pa.type_for_alias(alias):
            message = f"{segment}: column {name} is missing or is not {alias}"
            raise TapeError(message)


def _require_as_sealed(segment: Path) -> None:
    """Raise TapeError if a byte of a segment is not as it was written.

    Checksums of Parquet are of pages alone: a flipped bit elsewhere may give other rows.
    """
    if not is_as_sealed(segment):
        message = f"{segment}: {CHANGED}; {SALVAGE}"
        raise TapeError(message)


def _require_same_dictionaries(segment: Path, info: TapeInfo, last: TapeInfo) -> None:
    """Raise TapeError unless the dictionaries of the last segment begin with this segment's."""
    for name in ("events", "markets", "lines"):
        known = getattr(info, name)
        if getattr(last, name)[: len(known)] != known:
            message = f"{segment}: its {name} contradict those of a later segment"
            raise TapeError(message)


def _segment_chunks(segment: Path, rows_per_chunk: int, checker: "_Checker") -> Iterator[Chunk]:
    first_row = 0
    names = list(TAPE_TYPES)
    # pre_buffer would hold a whole segment in memory.
    with pq.ParquetFile(segment, page_checksum_verification=True, pre_buffer=False) as file:
        for batch in file.iter_batches(batch_size=rows_per_chunk, columns=names):
            chunk = chunk_of(str(segment), first_row, batch)
            checker.check(chunk)
            yield chunk
            first_row += len(chunk)


def chunk_of(place: str, first_row: int, batch: pa.RecordBatch) -> Chunk:
    """Return the rows of a batch from a place; raise TapeError if a number is missing."""
    numbers: dict[str, NDArray[Any]] = {}
    for name in TAPE_TYPES:
        column = batch.column(name)
        if name != "text":
            if column.null_count:
                message = f"{place}, from row {first_row}: column {name} holds nothing in some row"
                raise TapeError(message)
            numbers[name] = column.to_numpy()
    return Chunk(place, first_row, numbers, _texts(batch.column("text")))


def _texts(column: pa.Array) -> list[str | None]:
    # Almost all texts are None, and converting them one by one is slow.
    if column.null_count == len(column):
        return [None] * len(column)
    texts: list[str | None] = column.to_pylist()
    return texts


class _Checker:
    """Checks the rows of a tape, a chunk at a time; raises TapeError for the first invalid row."""

    def __init__(self, info: TapeInfo) -> None:
        self._info = info
        self._ladder = np.array(info.ladder.rungs)
        events = {event.event_id: index for index, event in enumerate(info.events)}
        markets = {market.key: index for index, market in enumerate(info.markets)}
        self._market_events = np.array([events[market.event_id] for market in info.markets])
        self._line_markets = np.array([markets[line.market_key] for line in info.lines])
        self._states = GameStates(info)
        self._last_received_ns = -1
        self._last_seq = -1

    def check(self, chunk: Chunk) -> None:
        columns = chunk.numbers
        received, seq = columns["received_ns"], columns["seq"]
        kind = columns["kind"]
        priced = np.isin(kind, (Kind.OFFER, Kind.TRADE))
        self._refuse(chunk, _falls(received, self._last_received_ns), "goes back in time")
        self._refuse(chunk, _falls(seq, self._last_seq), "has a seq below the row ahead")
        self._refuse(chunk, ~np.isin(kind, tuple(Kind)), "is of no known kind")
        self._refuse(
            chunk, priced & ~np.isin(columns["odds"], self._ladder), "has odds off the ladder"
        )
        self._check_amounts(chunk, kind, priced)
        self._check_indices(chunk, kind, priced)
        self._check_scores(chunk, kind)
        self._check_states(chunk, kind)
        self._check_possible(chunk, kind)
        self._last_received_ns, self._last_seq = int(received[-1]), int(seq[-1])

    def _check_amounts(self, chunk: Chunk, kind: NDArray[Any], priced: NDArray[np.bool_]) -> None:
        amounts = chunk.numbers["amount_cents"]
        negative = (amounts < 0) | (chunk.numbers["quantity_cents"] < 0)
        if Unreported.AMOUNTS in self._info.unreported:
            negative &= (kind != Kind.OFFER) | (amounts != UNREPORTED_CENTS)
        self._refuse(chunk, priced & negative, "has a negative amount")

    def _check_indices(self, chunk: Chunk, kind: NDArray[Any], priced: NDArray[np.bool_]) -> None:
        on_line = priced | np.isin(kind, (Kind.RESULT, Kind.REFERENCE))
        on_market = on_line | np.isin(kind, (Kind.MARKET_STATUS, Kind.IN_PLAY_DELAY))
        on_event = on_market | np.isin(kind, (Kind.EVENT_STATUS, Kind.SCHEDULE, Kind.SCORE))
        for name, needed, known in (
            ("line", on_line, self._info.lines),
            ("market", on_market, self._info.markets),
            ("event", on_event, self._info.events),
        ):
            column = chunk.numbers[name]
            unknown = needed & ((column < 0) | (column >= len(known)))
            self._refuse(chunk, unknown, f"names a {name} that is not in the dictionary")
        self._check_belonging(chunk, on_line, on_market)

    def _check_belonging(
        self, chunk: Chunk, on_line: NDArray[np.bool_], on_market: NDArray[np.bool_]
    ) -> None:
        """Require that a row's market is its line's, and its event its market's."""
        columns = chunk.numbers
        wrong = np.zeros(len(chunk), dtype=bool)
        wrong[on_line] = self._line_markets[columns["line"][on_line]] != columns["market"][on_line]
        self._refuse(chunk, wrong, "names a market that is not its line's")
        wrong[on_market] = (
            self._market_events[columns["market"][on_market]] != columns["event"][on_market]
        )
        self._refuse(chunk, wrong, "names an event that is not its market's")

    def _check_scores(self, chunk: Chunk, kind: NDArray[Any]) -> None:
        wrong = np.zeros(len(chunk), dtype=bool)
        for at in np.flatnonzero(kind == Kind.SCORE).tolist():
            wrong[at] = not _SCORE.fullmatch(chunk.texts[at] or "")
        self._refuse(chunk, wrong, "is a score that is not two numbers")
        before_start = (kind == Kind.SCORE) & (chunk.numbers["state"] < 0)
        self._refuse(chunk, before_start, "is a score from before the game")

    def _check_states(self, chunk: Chunk, kind: NDArray[Any]) -> None:
        for of_kind, states in _STATES.items():
            wrong = (kind == of_kind) & ~np.isin(chunk.numbers["state"], states)
            self._refuse(chunk, wrong, f"has no {of_kind.name.lower()} of that number")
        sides = (Side.MAKER, Side.TAKER, Side.UNKNOWN)
        wrong_side = (kind == Kind.TRADE) & ~np.isin(chunk.numbers["side"], sides)
        self._refuse(chunk, wrong_side, "is a trade of no known side")
        parts = chunk.numbers["state"]
        certain = (kind == Kind.REFERENCE) & ((parts <= 0) | (parts >= PROBABILITY_PARTS))
        self._refuse(chunk, certain, "is a reference that is no probability between 0 and 1")
        self._check_references(chunk, kind)

    def _check_references(self, chunk: Chunk, kind: NDArray[Any]) -> None:
        wrong = np.zeros(len(chunk), dtype=bool)
        for at in np.flatnonzero(kind == Kind.REFERENCE).tolist():
            text = chunk.texts[at]
            try:
                if text is not None:
                    read_reference_text(text)
            except TapeError as error:
                wrong[at] = True
                self._refuse(chunk, wrong, f"is a reference with a text that is none, {error}")

    def _check_possible(self, chunk: Chunk, kind: NDArray[Any]) -> None:
        """Require that each score and each result can follow those before it."""
        columns, wrong = chunk.numbers, np.zeros(len(chunk), dtype=bool)
        for at in np.flatnonzero(np.isin(kind, (Kind.SCORE, Kind.RESULT))).tolist():
            event, line, state = (int(columns[name][at]) for name in ("event", "line", "state"))
            if kind[at] == Kind.SCORE:
                problem = self._states.apply_score(event, *score_of(chunk.texts[at]), state)
            else:
                problem = self._states.apply_result(line, state)
            if problem is not None:
                wrong[at] = True
                self._refuse(chunk, wrong, problem)

    def _refuse(self, chunk: Chunk, wrong: NDArray[np.bool_], why: str) -> None:
        if wrong.any():
            at = int(wrong.argmax())
            row = next(row for index, row in enumerate(chunk.rows()) if index == at)
            message = f"{chunk.place}, row {chunk.first_row + at}: {why} ({_row_text(row)})"
            raise TapeError(message)


def _falls(column: NDArray[Any], before: int) -> NDArray[np.bool_]:
    falls: NDArray[np.bool_] = np.diff(column, prepend=before) < 0
    return falls


def _row_text(row: Row) -> str:
    return f"received_ns {row.received_ns}, kind {row.kind}, odds {row.odds}, state {row.state}"


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
