"""The command line on damaged or foreign files: a one-line error, and no files left."""

import bz2
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recordings.tape import METADATA_KEY

SEGMENT = "segment-00000.parquet"

Sim = Callable[..., Any]
Damage = Callable[[Path], object]


def segment(tape: Path) -> pa.Table:
    """Return the one segment of a tape, with its description, but not its digest."""
    path = tape / SEGMENT
    described = pq.read_metadata(path).metadata[METADATA_KEY]
    return pq.read_table(path).replace_schema_metadata({METADATA_KEY: described})


def rewrite(tape: Path, column: str, row: int, value: int) -> None:
    """Put another value into one row of a tape's segment."""
    table = segment(tape)
    values = table[column].to_pylist()
    values[row] = value
    place = table.schema.get_field_index(column)
    changed = pa.array(values, table[column].type)
    pq.write_table(table.set_column(place, table.schema.field(column), changed), tape / SEGMENT)


def change_version(tape: Path) -> None:
    """Give a tape an unknown version."""
    table = segment(tape)
    described = json.loads(table.schema.metadata[b"tape"]) | {"version": 99}
    changed = table.replace_schema_metadata({b"tape": json.dumps(described)})
    pq.write_table(changed, tape / SEGMENT)


def truncate(tape: Path) -> None:
    """Cut a segment in two and keep the first half."""
    path = tape / SEGMENT
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def corrupt(tape: Path) -> None:
    """Invert some bytes of the first column's pages."""
    path = tape / SEGMENT
    content = bytearray(path.read_bytes())
    for place in range(40, 60):
        content[place] ^= 0xFF
    path.write_bytes(content)


def empty(tape: Path) -> None:
    """Remove every row of a recording."""
    pq.write_table(segment(tape).slice(0, 0), tape / SEGMENT)


DAMAGES: dict[str, tuple[Damage, str]] = {
    "truncated": (truncate, SEGMENT),
    "corrupt": (corrupt, SEGMENT),
    "back in time": (lambda tape: rewrite(tape, "received_ns", 30, 1), "row 30"),
    "unknown version": (change_version, "99"),
    "off the ladder": (lambda tape: rewrite(tape, "odds", 5, 133), "row 5"),
    "even money below zero": (lambda tape: rewrite(tape, "odds", 5, -100), "row 5"),
    "unknown line": (lambda tape: rewrite(tape, "line", 5, 77), "row 5"),
    "empty": (empty, "empty"),
    "no segment": (lambda tape: (tape / SEGMENT).unlink(), "segment"),
}


def left_in(folder: Path) -> list[Path]:
    """Return the files below a folder, and the folders of runs; an empty `runs` is no trace."""
    return sorted(path for path in folder.rglob("*") if path.is_file() or path.name == ".hydra")


def refused(outcome: Any, verb: str, *named: str) -> None:
    """Assert one line of error, that names these, with status 2 and no traceback."""
    assert outcome.status == 2
    assert outcome.out == []
    assert len(outcome.err) == 1, outcome.err
    assert outcome.err[0].startswith(f"python -m sim {verb}: ")
    assert [name for name in named if name not in outcome.err[0]] == []


# Recordings ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("damage", "named"), DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_recording_is_refused(
    sim: Sim, tmp_path: Path, small_tape: Path, damage: Damage, named: str
) -> None:
    """Both `validate` and `run` refuse a damaged tape in one line with the place of the damage."""
    damage(small_tape)
    before = left_in(tmp_path)
    refused(sim("validate", "tape"), "validate", "tape", named)
    refused(sim("run", "recording.path=tape"), "run", "tape", named)
    assert left_in(tmp_path) == before


def test_a_later_segment_is_checked_before_anything_is_written(
    sim: Sim, tmp_path: Path, small_tape: Path
) -> None:
    """Damage at the end of a recording is found before the run, and named by its segment."""
    table = segment(small_tape)
    pq.write_table(table.slice(0, 60), small_tape / SEGMENT)
    pq.write_table(table.slice(10), small_tape / "segment-00001.parquet")
    before = left_in(tmp_path)
    refused(sim("run", "recording.path=tape"), "run", "segment-00001.parquet, row 0")
    assert left_in(tmp_path) == before


def test_validate_summarises_a_recording(sim: Sim, small_tape: Path) -> None:
    """It prints the game, whether it is simulated, the rows, and that the tape is valid."""
    outcome = sim("validate", "tape")
    assert (outcome.status, outcome.err, outcome.out[-1]) == (0, [], "valid")
    printed = "\n".join(outcome.out)
    rows = pq.read_metadata(small_tape / SEGMENT).num_rows
    for part in ("Away at Home", "SIMULATED", f"in {rows} rows", "1 pair of lines"):
        assert part in printed


def test_names_in_a_recording_cannot_control_a_terminal(sim: Sim, small_tape: Path) -> None:
    """What a foreign recording calls its game is printed as one line, with escapes shown."""
    table = segment(small_tape)
    described = json.loads(table.schema.metadata[METADATA_KEY])
    described["events"][0][1] = "Away\x1b[2J at\nvalid"
    renamed = table.replace_schema_metadata({METADATA_KEY: json.dumps(described)})
    pq.write_table(renamed, small_tape / SEGMENT)
    outcome = sim("validate", "tape")
    assert (outcome.status, outcome.out[-1]) == (0, "valid")
    assert [line for line in outcome.out if line.startswith("event")] == [
        line for line in outcome.out if r"Away\x1b[2J at valid, " in line
    ]


def test_validate_finds_the_shipped_recording_and_marks_it_as_simulated(sim: Sim) -> None:
    """The shipped game is found by its name from any folder, and marked as simulated."""
    outcome = sim("validate", "nba")
    assert outcome.out[-1] == "valid"
    assert any("SIMULATED" in line for line in outcome.out)
    assert any("(simulated)" in line for line in outcome.out)
    spacing = "trades with the fall of an offer, nine in ten within 24 ms"
    assert any(spacing in line for line in outcome.out)


# Importing and generating --------------------------------------------------------------------


def stream_lines() -> list[str]:
    """Return a Betfair stream file: a moneyline is defined, then has two offers."""
    runners = [{"id": 11, "status": "ACTIVE", "sortPriority": 1}]
    runners.append({"id": 22, "status": "ACTIVE", "sortPriority": 2})
    definition = {
        "eventId": "7",
        "eventTypeId": "7522",
        "marketType": "MATCH_ODDS",
        "marketTime": "2020-09-13T20:00:00.000Z",
        "status": "OPEN",
        "inPlay": False,
        "betDelay": 0,
        "runners": runners,
    }
    image = {"id": "1.1", "img": True, "marketDefinition": definition}
    offers = {"id": "1.1", "rc": [{"id": 11, "atb": [[2.0, 50]]}, {"id": 22, "atb": [[2.02, 50]]}]}
    times = (1_600_000_000_000, 1_600_000_001_000)
    return [
        json.dumps({"op": "mcm", "pt": pt, "mc": [change]})
        for pt, change in zip(times, (image, offers), strict=True)
    ]


def write_stream(path: Path, text: str) -> Path:
    """Write a stream file, compressed according to its name."""
    content = text.encode()
    if path.suffix == ".gz":
        content = gzip.compress(content)
    elif path.suffix == ".bz2":
        content = bz2.compress(content)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["stream.jsonl", "stream.jsonl.gz", "stream.bz2"])
def test_an_imported_stream_file_is_valid(sim: Sim, tmp_path: Path, name: str) -> None:
    """A Betfair file, plain or compressed, becomes a recording; its path is printed last."""
    write_stream(tmp_path / name, "\n".join(stream_lines()))
    outcome = sim("import", "betfair", name, "--out", "out")
    assert (outcome.status, outcome.err) == (0, [])
    assert outcome.out[-1] == str(tmp_path / "out")
    assert sim("validate", "out").out[-1] == "valid"


@pytest.mark.parametrize("name", ["stream.jsonl.gz", "stream.bz2"])
def test_a_truncated_stream_file_is_refused(sim: Sim, tmp_path: Path, name: str) -> None:
    """A compressed file that ends too early is named, and no recording is left."""
    path = write_stream(tmp_path / name, "\n".join(stream_lines() * 20))
    path.write_bytes(path.read_bytes()[:-30])
    refused(sim("import", "betfair", name, "--out", "out"), "import", name)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ('{"op": "mcm", "pt": 16000', "line 3"),
        ("no stream at all", "line 3"),
        ('{"op": "mcm", "pt": 1500000000000, "mc": []}', "line 3"),
    ],
    ids=["half a line", "not json", "back in time"],
)
def test_a_corrupt_stream_file_is_refused_with_its_line(
    sim: Sim, tmp_path: Path, line: str, place: str
) -> None:
    """An unreadable line is named by file and number, and no recording is left."""
    write_stream(tmp_path / "stream", "\n".join([*stream_lines(), line]))
    refused(sim("import", "betfair", "stream", "--out", "out"), "import", "stream", place)
    assert not (tmp_path / "out").exists()


def test_an_odd_market_of_a_stream_file_is_named_and_the_rest_imported(
    sim: Sim, tmp_path: Path
) -> None:
    """A market that was never defined costs itself alone, and is named with its line."""
    odd = '{"op": "mcm", "pt": 1600000002000, "mc": [{"id": "1.9", "rc": []}]}'
    write_stream(tmp_path / "stream", "\n".join([*stream_lines(), odd]))
    outcome = sim("import", "betfair", "stream", "--out", "out")
    assert (outcome.status, outcome.err) == (0, [])
    (line,) = [text for text in outcome.out if text.startswith("Refused")]
    assert line == "Refused, as UNKNOWN changes before it is defined in line 3 of stream: 1.9"
    assert sim("validate", "out").out[-1] == "valid"


@pytest.mark.parametrize(
    "words", [("import", "betfair", "stream"), ("generate", "nba", "--seed", "1")]
)
def test_an_existing_recording_is_never_overwritten(
    sim: Sim, tmp_path: Path, small_tape: Path, words: tuple[str, ...]
) -> None:
    """A folder that holds a recording is refused, and the recording is unchanged."""
    write_stream(tmp_path / "stream", "\n".join(stream_lines()))
    before = (small_tape / SEGMENT).read_bytes()
    refused(sim(*words, "--out", "tape"), words[0], "tape")
    assert (small_tape / SEGMENT).read_bytes() == before
    assert os.listdir(small_tape) == [SEGMENT]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("generate", "nba", "--seed", "x", "--out", "out"), "'x'"),
        (("generate", "nba", "--seed", "-1", "--out", "out"), "--seed"),
        (("generate", "nba", "--seed", "1.5", "--out", "out"), "'1.5'"),
        (("generate", "nba", "--out", "out"), "--seed"),
        (("generate", "nba", "--seed", "1"), "--out"),
        (("generate", "curling", "--seed", "1", "--out", "out"), "curling"),
        (("import", "somebody", "stream", "--out", "out"), "somebody"),
        (("generate", "nba", "--games", "0", "--seed", "1", "--out", "out"), "'0'"),
        (("generate", "nba", "--games", "1001", "--seed", "1", "--out", "out"), "1,001"),
        (("season", "curling", "--seed", "1", "--out", "out"), "curling"),
        (("season", "nfl", "--seed", "1", "--out", "out", "--games", "273"), "272"),
        (("season", "nfl", "--seed", "1", "--out", "out", "--planted-edge", "nan"), "'nan'"),
        (("season", "nfl", "--seed", "1", "--out", "out", "--planted-edge", "0.3"), "'0.3'"),
        (("import", "betfair", "nowhere", "--out", "out"), "nowhere"),
        (("report", "nowhere"), "nowhere"),
        (("validate",), "recording"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(
    sim: Sim, tmp_path: Path, words: tuple[str, ...], named: str
) -> None:
    """A wrong call of a verb gives one line with the mistake, and leaves no files."""
    refused(sim(*words), words[0], named)
    assert left_in(tmp_path) == []
    assert not (tmp_path / "out").exists()
