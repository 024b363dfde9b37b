"""Bad recordings: each is refused in one line that names the file, and the row if any."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recordings.damage import SALVAGE
from recordings.reader import CHANGED, Tape, open_recording
from recordings.sealed_file import SEAL_KEY
from recordings.tape import METADATA_KEY, Clocks, Kind, Side
from recordings.validator import validate
from recordings.writer import TapeWriter
from strategies.trading.model.errors import TapeError
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import (
    EventStatus,
    Line,
    Market,
    MarketStatus,
    Result,
    SportEvent,
)
from strategies.trading.model.market_types import MarketType, Selection

GAME = SportEvent(EventId("g"), "Celtics at Knicks", "Knicks", "Celtics", "NBA", "basketball", 9)
MARKET = Market(GAME.event_id, MarketId("219"), MarketType.MONEYLINE, "Moneyline")
HOME = Line(LineId("h"), GAME.event_id, MARKET.market_id, Selection.HOME, 0.0)
AWAY = Line(LineId("a"), GAME.event_id, MARKET.market_id, Selection.AWAY, 0.0)

# The rows of each segment of the good recording, by place.
OFFER, TRADE, MARKET_STATUS, EVENT_STATUS, RESULT, SCORE, REFERENCE = range(7)
ROWS = 7


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a good recording: two segments of the same seven kinds of row."""
    path = tmp_path / "tape"
    writer = TapeWriter(
        path, source="test", simulated=True, clocks=Clocks.ONE, rows_per_segment=ROWS
    )
    with writer:
        writer.add_event(GAME)
        writer.add_market(MARKET)
        for line in (HOME, AWAY):
            writer.add_line(line)
        for start_ns in (1_000, 2_000):
            _write_segment(writer, start_ns)
    return path


def _write_segment(writer: TapeWriter, start_ns: int) -> None:
    statements: list[Callable[[], None]] = [
        lambda: writer.offer(0, 150, 2_000),
        lambda: writer.trade(1, -150, 500, Side.TAKER),
        lambda: writer.market_status(0, MarketStatus.SUSPENDED),
        lambda: writer.event_status(0, EventStatus.LIVE),
        lambda: writer.result(1, Result.WON),
        lambda: writer.score(0, 54, 51),
        lambda: writer.reference(0, 0.4),
    ]
    for at, add_row in enumerate(statements):
        writer.begin_message(start_ns + at, start_ns + at)
        add_row()


def first(folder: Path) -> Path:
    """Return the first segment."""
    return folder / "segment-00000.parquet"


def second(folder: Path) -> Path:
    """Return the second segment."""
    return folder / "segment-00001.parquet"


def rewrite(segment: Path, table: pa.Table, metadata: dict[bytes, bytes] | None = None) -> None:
    """Put a table in place of a segment's, under the segment's metadata or other."""
    if metadata is None:
        metadata = {METADATA_KEY: pq.read_metadata(segment).metadata[METADATA_KEY]}
    pq.write_table(table.replace_schema_metadata(metadata), segment)


def put(segment: Path, column: str, row: int, value: object) -> None:
    """Change one cell of a segment."""
    table = pq.read_table(segment)
    values = table.column(column).to_pylist()
    values[row] = value
    place = table.schema.get_field_index(column)
    field = table.schema.field(column)
    rewrite(segment, table.set_column(place, field, pa.array(values, type=field.type)))


def describe(segment: Path, **changes: Any) -> None:
    """Change an entry of a segment's description; None removes it."""
    described = json.loads(pq.read_metadata(segment).metadata[METADATA_KEY]) | changes
    kept = {name: value for name, value in described.items() if value is not None}
    rewrite(segment, pq.read_table(segment), {METADATA_KEY: json.dumps(kept).encode()})


def refusal(path: Path) -> str:
    """Return the one line with which opening and reading a recording is refused."""
    with pytest.raises(TapeError) as refused:
        validate(Tape(path))
    message = str(refused.value)
    assert len(message.splitlines()) == 1
    return message


def test_the_unspoilt_recording_is_valid(folder: Path) -> None:
    """A segment that is rewritten unchanged is read, so every refusal is due to the change."""
    rewrite(second(folder), pq.read_table(second(folder)))
    assert validate(Tape(folder)).rows == 2 * ROWS


@pytest.mark.parametrize("kept", [0, 3, 100, -1], ids=["nothing", "stub", "head", "all but a byte"])
def test_a_truncated_segment_is_refused(folder: Path, kept: int) -> None:
    """A file cut by a full disk or a broken copy is refused by name, wherever it was cut."""
    second(folder).write_bytes(second(folder).read_bytes()[:kept])
    message = refusal(folder)
    assert message.startswith(f"{second(folder)}: ")
    assert message.endswith(SALVAGE)


def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path) -> None:
    """Another kind of file is refused by name."""
    path = tmp_path / "game.parquet"
    path.write_text("time,odds\n1,150\n" * 50)
    assert refusal(path).startswith(f"{path}: cannot be read as Parquet (")


def test_a_segment_whose_pages_are_damaged_is_refused(folder: Path) -> None:
    """Bytes damaged in the middle of a file are found when it is opened, and it is named."""
    damaged = bytearray(second(folder).read_bytes())
    damaged[4:200] = bytes(196)
    second(folder).write_bytes(damaged)
    assert refusal(folder) == f"{second(folder)}: {CHANGED}; {SALVAGE}"


def test_damaged_pages_of_an_earlier_version_are_refused(folder: Path) -> None:
    """Without a digest of the whole file, the damage is found when the rows are read."""
    pages = second(folder).read_bytes().replace(SEAL_KEY, b"x" * len(SEAL_KEY))
    assert pages != second(folder).read_bytes()
    second(folder).write_bytes(pages)
    assert validate(Tape(folder)).rows == 2 * ROWS
    second(folder).write_bytes(pages[:4] + bytes(196) + pages[200:])
    assert refusal(folder).startswith(f"{second(folder)}: cannot be read (")


def test_a_parquet_file_of_something_else_is_refused(tmp_path: Path) -> None:
    """A Parquet file without a tape's description is refused by name."""
    path = tmp_path / "prices.parquet"
    pq.write_table(pa.table({"price": [1.5, 2.5]}), path)
    assert refusal(path) == f"{path}: no tape metadata; this is no segment of a recording"


@pytest.mark.parametrize("description", [b"", b"{", b"[]", b"{}", b"\xff", b'{"ladder": [100]}'])
def test_an_unreadable_description_is_refused(folder: Path, description: bytes) -> None:
    """A garbled description is refused, naming the file."""
    rewrite(second(folder), pq.read_table(second(folder)), {METADATA_KEY: description})
    assert refusal(folder).startswith(f"{second(folder)}: unreadable tape metadata (")


@pytest.mark.parametrize("version", [0, 2, "1", "next"])
def test_an_unknown_version_is_refused(folder: Path, version: object) -> None:
    """A tape of another version is refused, naming both versions."""
    describe(second(folder), version=version)
    expected = f"tape version {version!r}; this program reads version 1"
    assert refusal(folder) == f"{second(folder)}: {expected}"


@pytest.mark.parametrize(
    "changes",
    [
        {"source": None},
        {"lines": None},
        {"clocks": 3},
        {"ladder": 5},
        {"ladder": []},
        {"ladder": [0, 100]},
        {"events": [["g", "Celtics at Knicks"]]},
        {"markets": [["g", "219", "both teams to score", "?"]]},
        {"lines": [["h", "g", "219", "draw", 0.0]]},
    ],
    ids=lambda changes: " ".join(f"{name} is {value}" for name, value in changes.items()),
)
def test_a_description_with_a_missing_or_invalid_entry_is_refused(
    folder: Path, changes: dict[str, Any]
) -> None:
    """A description with a missing or invalid entry is refused, naming the file."""
    describe(second(folder), **changes)
    assert refusal(folder).startswith(f"{second(folder)}: ")


@pytest.mark.parametrize("column", ["received_ns", "seq", "odds", "text"])
def test_a_missing_column_is_refused(folder: Path, column: str) -> None:
    """A segment without one of the columns is refused, naming file and column."""
    rewrite(second(folder), pq.read_table(second(folder)).drop_columns([column]))
    assert refusal(folder).startswith(f"{second(folder)}: column {column} is missing or is not ")


def test_a_column_that_is_there_twice_is_refused(folder: Path) -> None:
    """Nobody can say which of the two counts."""
    table = pq.read_table(second(folder))
    rewrite(second(folder), table.append_column("odds", table.column("odds")))
    assert refusal(folder) == f"{second(folder)}: column odds is there twice"


@pytest.mark.parametrize(
    "changes", [{"source": 5}, {"ladder": ["a"]}, {"lines": []}, {"events": []}]
)
def test_metadata_that_describes_nothing_real_is_refused(
    folder: Path, changes: dict[str, Any]
) -> None:
    """Values of another type, and markets and lines of what is not described."""
    for segment in (first(folder), second(folder)):
        describe(segment, **changes)
    assert refusal(folder).startswith(f"{first(folder)}")


def test_a_column_of_another_type_is_refused(folder: Path) -> None:
    """Amounts as floats are refused, as money is whole cents."""
    table = pq.read_table(second(folder))
    place = table.schema.get_field_index("amount_cents")
    floats = table.column("amount_cents").cast(pa.float64())
    rewrite(second(folder), table.set_column(place, "amount_cents", floats))
    expected = "column amount_cents is missing or is not int64"
    assert refusal(folder) == f"{second(folder)}: {expected}"


def test_a_null_in_a_number_column_is_refused(folder: Path) -> None:
    """A null where a number is required is refused by file, row and column."""
    put(second(folder), "odds", TRADE, None)
    message = refusal(folder)
    assert message.startswith(f"{second(folder)}, ")
    assert "column odds holds nothing" in message


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ((TRADE, "received_ns", 999), "goes back in time"),
        ((SCORE, "seq", 2), "has a seq below the row ahead"),
        ((OFFER, "odds", 131), "has odds off the ladder"),
        ((TRADE, "odds", -100), "has odds off the ladder"),
        ((TRADE, "odds", 0), "has odds off the ladder"),
        ((SCORE, "kind", 0), "is of no known kind"),
        ((SCORE, "kind", 77), "is of no known kind"),
        ((OFFER, "line", 2), "names a line that is not in the dictionary"),
        ((RESULT, "line", -1), "names a line that is not in the dictionary"),
        ((MARKET_STATUS, "market", 1), "names a market that is not in the dictionary"),
        ((OFFER, "market", -1), "names a market that is not in the dictionary"),
        ((SCORE, "event", 1), "names a event that is not in the dictionary"),
        ((OFFER, "amount_cents", -1), "has a negative amount"),
        ((TRADE, "amount_cents", -500), "has a negative amount"),
        ((OFFER, "quantity_cents", -1), "has a negative amount"),
        ((TRADE, "side", 0), "is a trade of no known side"),
        ((TRADE, "side", 4), "is a trade of no known side"),
        ((MARKET_STATUS, "state", 4), "has no market_status of that number"),
        ((EVENT_STATUS, "state", 0), "has no event_status of that number"),
        ((RESULT, "state", 5), "has no result of that number"),
        ((SCORE, "state", -1), "is a score from before the game"),
        ((REFERENCE, "line", 2), "names a line that is not in the dictionary"),
        ((REFERENCE, "market", 1), "names a market that is not in the dictionary"),
        ((REFERENCE, "state", -1), "is a reference that is no probability between 0 and 1"),
        ((REFERENCE, "state", 0), "is a reference that is no probability between 0 and 1"),
        ((REFERENCE, "state", 10**9), "is a reference that is no probability between 0 and 1"),
    ],
    ids=str,
)
@pytest.mark.parametrize("segment_of", [first, second])
def test_an_invalid_row_is_refused_by_file_and_row(
    folder: Path, segment_of: Callable[[Path], Path], cell: tuple[int, str, int], why: str
) -> None:
    """One wrong cell anywhere is refused, and the message has file, row and reason."""
    segment = segment_of(folder)
    row, column, value = cell
    put(segment, column, row, value)
    assert refusal(folder).startswith(f"{segment}, row {row}: {why} (")


@pytest.mark.parametrize(("rows_per_chunk", "chunks_ahead"), [(1, 8), (2, 4), (5, 2), (100, 1)])
def test_a_row_has_the_same_number_with_any_chunk_size(
    folder: Path, rows_per_chunk: int, chunks_ahead: int
) -> None:
    """A wrong row is counted in its file, and all chunks before its own are read first."""
    put(second(folder), "odds", TRADE, 131)
    chunks = Tape(folder).chunks(rows_per_chunk)
    for _ in range(chunks_ahead):
        next(chunks)
    with pytest.raises(TapeError, match=rf"segment-00001\.parquet, row {TRADE}: has odds off"):
        next(chunks)


def test_rows_back_in_time_are_found_across_chunks(folder: Path) -> None:
    """A row before the previous one is found even if the two are in different chunks."""
    put(second(folder), "received_ns", MARKET_STATUS, 1_999)
    for rows_per_chunk in (1, 2, 3, 100):
        with pytest.raises(TapeError, match=f", row {MARKET_STATUS}: goes back in time"):
            list(Tape(folder).chunks(rows_per_chunk))


def test_rows_back_in_time_are_found_across_segments(folder: Path) -> None:
    """A segment that begins before the last row of the previous segment is refused."""
    put(second(folder), "received_ns", OFFER, 1_004)
    assert refusal(folder).startswith(f"{second(folder)}, row {OFFER}: goes back in time (")


def test_messages_numbered_back_are_found_across_segments(folder: Path) -> None:
    """A segment whose first message number is below the previous segment's last is refused."""
    put(second(folder), "seq", OFFER, 5)
    expected = f"{second(folder)}, row {OFFER}: has a seq below the row ahead ("
    assert refusal(folder).startswith(expected)


def test_unused_columns_of_a_kind_are_not_checked(folder: Path) -> None:
    """A score without odds, line or side is valid: only the columns its kind uses are checked."""
    put(second(folder), "odds", SCORE, 131)
    put(second(folder), "state", OFFER, 99)
    assert validate(Tape(folder)).rows_by_kind[Kind.SCORE.name.lower()] == 2


@pytest.mark.parametrize("name", ["events", "markets", "lines"])
def test_segments_with_conflicting_dictionaries_are_refused(folder: Path, name: str) -> None:
    """Segments of two recordings in one folder are refused, as rows would be misread."""
    other = {
        "events": [["g", "B at A", "A", "B", "NBA", "basketball", 9]],
        "markets": [["g", "219", "moneyline", "Another name"]],
        "lines": [["a", "g", "219", "away", 0.0], ["h", "g", "219", "home", 0.0]],
    }
    describe(first(folder), **{name: other[name]})
    expected = f"{first(folder)}: its {name} contradict those of a later segment"
    assert refusal(folder) == expected


def test_a_missing_segment_is_refused(folder: Path) -> None:
    """A recording whose first or middle segment is missing is refused, not read with a gap."""
    first(folder).unlink()
    assert refusal(folder).startswith(f"{folder}")


def test_a_recording_without_rows_is_refused(tmp_path: Path) -> None:
    """A recording that was opened and closed without rows is refused as empty."""
    with TapeWriter(tmp_path / "tape", source="test", simulated=True, clocks=Clocks.ONE):
        pass
    assert refusal(tmp_path / "tape") == f"{tmp_path / 'tape'}: the recording is empty"


def test_a_folder_without_segments_is_refused(tmp_path: Path) -> None:
    """A folder that holds no segments is refused by name."""
    assert refusal(tmp_path).startswith(f"{tmp_path}: no segment-*.parquet in this folder")


@pytest.mark.parametrize("name", ["nowhere", "importers/../nba", "/no/such/folder", "importers"])
def test_a_missing_recording_is_refused_by_the_given_name(name: str) -> None:
    """A name that is neither a path nor a shipped recording is refused as it was typed."""
    with pytest.raises(TapeError, match=r"^recording .*: no such folder") as refused:
        open_recording(name)
    assert repr(name) in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
