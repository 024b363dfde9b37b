"""Games that cannot be: refused by the writer of a tape and by its reader, with the reason."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recordings.join import join_recordings
from recordings.reader import Tape
from recordings.tape import METADATA_KEY, Clocks
from recordings.validator import validate
from recordings.writer import TapeWriter
from strategies.trading.model.errors import TapeError
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection

MARKET = Market(EventId("g"), MarketId("219"), MarketType.MONEYLINE, "Moneyline")
LINES = [
    Line(LineId("h"), EventId("g"), MARKET.market_id, Selection.HOME, 0.0),
    Line(LineId("a"), EventId("g"), MARKET.market_id, Selection.AWAY, 0.0),
]
# A score with the minutes played.
Scored = tuple[str, float]
SIMULATED, REAL = True, False


def write(
    folder: Path, add: Callable[[TapeWriter, int], None], sport: str, simulated: bool
) -> Tape:
    """Write a tape of one game, of which `add` writes the row with each number from 0 on."""
    event = SportEvent(EventId("g"), "A at H", "H", "A", "", sport, 9)
    with TapeWriter(folder, source="t", simulated=simulated, clocks=Clocks.ONE) as writer:
        writer.add_event(event)
        writer.add_market(MARKET)
        for line in LINES:
            writer.add_line(line)
        for number in range(2):
            writer.begin_message(number + 1, number + 1)
            add(writer, number)
    return Tape(folder)


def written(folder: Path, sport: str, simulated: bool, scores: Sequence[Scored]) -> Tape:
    """Write two scores."""

    def add(writer: TapeWriter, number: int) -> None:
        text, minutes = scores[number]
        home, away = map(int, text.split("-"))
        writer.score(0, home, away, round(minutes * 60 * 10**9))

    return write(folder, add, sport, simulated)


def changed(folder: Path, sport: str, simulated: bool, scores: Sequence[Scored]) -> Tape:
    """Write two scores as another program would, without a check."""
    written(folder, sport, simulated, [("0-0", 0.0)] * 2)
    put(folder, text=[text for text, _ in scores], state=[round(m * 60e9) for _, m in scores])
    return Tape(folder)


def put(folder: Path, **columns: list[Any]) -> None:
    """Replace columns of the only segment."""
    (segment,) = folder.glob("*.parquet")
    table = pq.read_table(segment)
    for name, values in columns.items():
        field = table.schema.field(name)
        table = table.set_column(
            table.schema.get_field_index(name), field, pa.array(values, type=field.type)
        )
    metadata = {METADATA_KEY: pq.read_metadata(segment).metadata[METADATA_KEY]}
    pq.write_table(table.replace_schema_metadata(metadata), segment)


NO_CORRECTIONS = "and a simulated game has no corrections"
REFUSED = [
    (
        SIMULATED,
        "basketball",
        [("54-51", 0), ("53-51", 0)],
        f"the score falls from 54-51 to 53-51, {NO_CORRECTIONS}",
    ),
    (
        SIMULATED,
        "",
        [("3-1", 0), ("3-0", 0)],
        f"the score falls from 3-1 to 3-0, {NO_CORRECTIONS}",
    ),
    (
        SIMULATED,
        "Basketball",
        [("54-51", 30), ("54-51", 29.5)],
        f"the clock runs back from 30:00 to 29:30 played, {NO_CORRECTIONS}",
    ),
    (
        SIMULATED,
        "Ice Hockey",
        [("2-2", 65), ("2-3", 70)],
        "70:00 are played, and no game of Ice Hockey lasts 65:00",
    ),
    (
        REAL,
        "Basketball",
        [("54-51", 0), ("50-51", 0)],
        "the score falls from 54-51 to 50-51, by more than one play of Basketball",
    ),
    (
        REAL,
        "ice hockey",
        [("1-3", 0), ("1-1", 0)],
        "the score falls from 1-3 to 1-1, by more than one play of ice hockey",
    ),
    (
        REAL,
        "American Football",
        [("7-3", 31), ("7-3", 29)],
        "the clock runs back from 31:00 to 29:00 played, by more than a minute",
    ),
    (
        REAL,
        "basketball",
        [("99-99", 53), ("130-129", 2880)],
        "2880:00 are played, and no game of basketball lasts 78:00",
    ),
]


@pytest.mark.parametrize(("simulated", "sport", "scores", "why"), REFUSED)
def test_a_game_that_cannot_be_is_refused(
    tmp_path: Path, simulated: bool, sport: str, scores: list[Scored], why: str
) -> None:
    """The writer names the game, and leaves nothing; the reader names file and row."""
    with pytest.raises(TapeError) as refused:
        written(tmp_path / "tape", sport, simulated, scores)
    assert str(refused.value) == f"A at H: {why}"
    assert not (tmp_path / "tape").exists()
    tape = changed(tmp_path / "tape", sport, simulated, scores)
    with pytest.raises(TapeError) as refused:
        validate(tape)
    assert str(refused.value).startswith(f"{tmp_path}/tape/segment-00000.parquet, row 1: {why} (")


@pytest.mark.parametrize(
    ("scored", "why"),
    [
        (("0-1000000", 0), "a score is of 0 to 999,999 points a side"),
        (("1-0", -1), "its clock is below zero or beyond a week"),
        (("1-0", 10_081), "its clock is below zero or beyond a week"),
    ],
)
def test_a_number_that_no_game_has_is_refused(tmp_path: Path, scored: Scored, why: str) -> None:
    """Also of a sport of which nothing else is known: a reader would refuse such a row."""
    with pytest.raises(TapeError, match=f"^A at H: {why}$"):
        written(tmp_path / "tape", "tennis", REAL, [("0-0", 0), scored])
    assert not (tmp_path / "tape").exists()


@pytest.mark.parametrize(
    ("simulated", "sport", "scores", "corrections"),
    [
        (SIMULATED, "Basketball", [("54-51", 30), ("54-53", 30)], 0),
        (SIMULATED, "Basketball", [("54-51", 30), ("54-51", 0)], 0),
        (REAL, "Basketball", [("54-51", 30), ("53-51", 30)], 1),
        (REAL, "soccer", [("1-0", 0), ("0-0", 0)], 1),
        (REAL, "American Football", [("7-3", 30), ("7-3", 29.5)], 0),
        (REAL, "ice hockey", [("2-2", 65), ("2-2", 121.5)], 0),
        # The games of a set are nobody's correction.
        (REAL, "tennis", [("6-4", 0), ("0-0", 0)], 0),
    ],
)
def test_what_a_real_feed_corrects_is_accepted(
    tmp_path: Path, simulated: bool, sport: str, scores: list[Scored], corrections: int
) -> None:
    """A goal is taken back, a three becomes a two; the summary counts it."""
    tape = written(tmp_path / "tape", sport, simulated, scores)
    assert validate(tape).score_corrections == corrections


def test_a_void_of_a_void_is_refused(tmp_path: Path) -> None:
    """A line that is void can be given a result, and be voided once more after that."""

    def void(writer: TapeWriter, _: int) -> None:
        writer.result(0, Result.VOIDED)

    with pytest.raises(TapeError, match="A at H: voids line h, which is void already"):
        write(tmp_path / "twice", void, "", SIMULATED)

    def void_each(writer: TapeWriter, number: int) -> None:
        writer.result(number, Result.VOIDED)

    write(tmp_path / "each", void_each, "", SIMULATED)
    put(tmp_path / "each", line=[0, 0])
    with pytest.raises(TapeError, match=r"row 1: voids line h, which is void already \("):
        validate(Tape(tmp_path / "each"))

    def void_again(writer: TapeWriter, _: int) -> None:
        writer.result(0, Result.VOIDED)
        writer.result(0, Result.WON)

    assert validate(write(tmp_path / "again", void_again, "", SIMULATED)).rows == 4


def test_recordings_that_contradict_each_other_are_not_joined(tmp_path: Path) -> None:
    """A score from a file that falls behind that of the recording is named by file and line."""
    written(tmp_path / "tape", "basketball", SIMULATED, [("2-0", 1), ("4-0", 2)])
    scores = tmp_path / "scores.jsonl"
    scores.write_text('{"time": 1000, "event_id": "g", "home": 2, "away": 0}\n')
    with pytest.raises(TapeError, match=r"scores\.jsonl, line 1: A at H: the score falls from 4-0"):
        join_recordings([str(tmp_path / "tape")], tmp_path / "joined", [scores])
    assert not (tmp_path / "joined").exists()
