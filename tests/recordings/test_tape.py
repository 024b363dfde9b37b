"""The tape: what is written is read back, in whole segments, and no partial file is left."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.reader import Tape, open_recording
from recordings.tape import NOWHERE, Clocks, Kind, Row, Side
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
from strategies.trading.model.market_types import MarketType, Period, Selection
from strategies.trading.model.odds import Ladder, prophetx_ladder

# Two games of three markets of two lines: line 7 is of market 3 of game 1, and so on.
GAMES = [
    SportEvent(
        EventId("g1"), "Celtics at Knicks", "Knicks", "Celtics", "NBA", "basketball", 10**18
    ),
    SportEvent(
        EventId("g2"), "Žalgiris at Bàsquet ✓", "Bàsquet", "Žalgiris", "EL", "basketball", 7
    ),
]
MARKETS = [
    Market(game.event_id, MarketId(market_id), type_, f"{type_} of {game.name}")
    for game in GAMES
    for market_id, type_ in (
        ("219", MarketType.MONEYLINE),
        ("223", MarketType.SPREAD),
        ("225", MarketType.TOTAL),
    )
]
SELECTIONS = {
    MarketType.MONEYLINE: ((Selection.HOME, 0.0), (Selection.AWAY, 0.0)),
    MarketType.SPREAD: ((Selection.HOME, -4.5), (Selection.AWAY, 4.5)),
    MarketType.TOTAL: ((Selection.OVER, 219.5), (Selection.UNDER, 219.5)),
}
LINES = [
    Line(
        LineId(f"{market.event_id}/{market.market_id}/{selection}"),
        market.event_id,
        market.market_id,
        selection,
        point,
    )
    for market in MARKETS
    for selection, point in SELECTIONS[market.type]
]

BLANK = Row(0, 0, 0, 0, NOWHERE, NOWHERE, NOWHERE, 0, 0, 0, 0, 0, None)

Statement = tuple[Any, ...]
Message = tuple[int, int, list[Statement]]

lines = st.integers(0, len(LINES) - 1)
in_markets = st.integers(0, len(MARKETS) - 1)
events = st.integers(0, len(GAMES) - 1)
rungs = st.sampled_from(prophetx_ladder().rungs)
cents = st.integers(0, 10**12)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
statements = st.one_of(
    st.tuples(st.just("offer"), lines, rungs, cents, cents),
    st.tuples(
        st.just("trade"),
        lines,
        rungs,
        cents,
        st.sampled_from([Side.MAKER, Side.TAKER, Side.UNKNOWN]),
    ),
    st.tuples(st.just("market_status"), in_markets, st.sampled_from(MarketStatus)),
    st.tuples(st.just("event_status"), events, st.sampled_from(EventStatus)),
    st.tuples(st.just("schedule"), events, st.integers(0, 2**62)),
    st.tuples(st.just("score"), events, st.integers(0, 3), st.integers(0, 3)),
    st.tuples(
        st.just("score"), events, st.integers(0, 3), st.integers(0, 3), st.integers(0, 10**10)
    ),
    st.tuples(
        st.just("reference"), lines, st.integers(1, 10**9 - 1).map(lambda parts: parts / 1e9)
    ),
    st.tuples(st.just("in_play_delay"), in_markets, st.integers(0, 10**10)),
    st.tuples(st.just("result"), lines, st.sampled_from(Result)),
    st.tuples(st.just("untyped"), texts),
)


def possible(sent: list[Message]) -> list[Message]:
    """Return messages with scores and clocks that rise by those given, and no void of a void."""
    scores = dict.fromkeys(range(len(GAMES)), (0, 0))
    clocks = dict.fromkeys(scores, 0)
    void: set[int] = set()

    def placed(statement: Statement) -> Statement:
        match statement:
            case "score", event, home, away, *clock:
                scores[event] = (scores[event][0] + home, scores[event][1] + away)
                clocks[event] += sum(clock)
                return ("score", event, *scores[event], *([clocks[event]] if clock else []))
            case "result", line, Result.VOIDED if line not in void:
                void.add(line)
            case "result", line, _:
                void.discard(line)
                return ("result", line, Result.WON)
        return statement

    return [(wait, age, [placed(each) for each in calls]) for wait, age, calls in sent]


messages = st.lists(
    st.tuples(
        st.integers(0, 10**15), st.integers(0, 10**9), st.lists(statements, min_size=1, max_size=4)
    ),
    min_size=1,
    max_size=12,
).map(possible)
on_disk = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])


def writer_at(folder: Path, **settings_: Any) -> TapeWriter:
    """Return a writer with all games, markets and lines added."""
    writer = TapeWriter(folder, source="a test", simulated=True, clocks=Clocks.TWO, **settings_)
    for game in GAMES:
        writer.add_event(game)
    for market in MARKETS:
        writer.add_market(market)
    for line in LINES:
        writer.add_line(line)
    return writer


def write(folder: Path, sent: list[Message], **settings_: Any) -> None:
    """Write messages: each a wait since the previous one, an age on arrival, and statements."""
    received_ns = 0
    with writer_at(folder, **settings_) as writer:
        for wait_ns, age_ns, calls in sent:
            received_ns += wait_ns
            writer.begin_message(received_ns, received_ns - age_ns)
            for method, *arguments in calls:
                getattr(writer, method)(*arguments)


def expected_rows(sent: list[Message]) -> Iterator[Row]:
    """Yield the rows of these messages, by the table in `recordings.tape`."""
    received_ns = 0
    for seq, (wait_ns, age_ns, calls) in enumerate(sent, start=1):
        received_ns += wait_ns
        for method, *arguments in calls:
            blank = BLANK._replace(
                received_ns=received_ns, exchange_ns=received_ns - age_ns, seq=seq
            )
            yield blank._replace(kind=Kind[method.upper()], **_expected_columns(method, *arguments))


def _expected_columns(method: str, *arguments: Any) -> dict[str, Any]:
    match method, *arguments:
        case "offer", line, odds, amount, quantity:
            offered = {"odds": odds, "amount_cents": amount, "quantity_cents": quantity}
            expected = _on_line(line) | offered
        case "trade", line, odds, amount, side:
            expected = _on_line(line) | {"odds": odds, "amount_cents": amount, "side": side}
        case "result", line, result:
            expected = _on_line(line) | {"state": result}
        case (("market_status" | "in_play_delay"), market, state):
            expected = {"event": market // 3, "market": market, "state": state}
        case "score", event, home, away, *clock:
            expected = {"event": event, "state": sum(clock), "text": f"{home}-{away}"}
        case "reference", line, probability:
            expected = _on_line(line) | {"state": round(probability * 10**9)}
        case (("event_status" | "schedule"), event, state):
            expected = {"event": event, "state": state}
        case _, text:
            expected = {"text": text}
    return expected


def _on_line(line: int) -> dict[str, int]:
    return {"event": line // 6, "market": line // 2, "line": line}


def rows_of(tape: Tape, rows_per_chunk: int = 65_536) -> list[Row]:
    """Return all rows of a tape."""
    return [row for chunk in tape.chunks(rows_per_chunk) for row in chunk.rows()]


def offers(count: int, wait_ns: int = 5) -> list[Message]:
    """Return messages of one offer each, every one another amount."""
    return [(wait_ns, 0, [("offer", at % 12, 150, 100 + at, 0)]) for at in range(count)]


@pytest.mark.slow
@on_disk
@given(messages, st.integers(1, 9), st.integers(1, 9))
def test_what_is_written_is_read_back_row_by_row(
    written: list[Message], rows_per_segment: int, rows_per_chunk: int
) -> None:
    """Every row is read back as written, however rows are split into segments and chunks."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), written, rows_per_segment=rows_per_segment)
        tape = Tape(Path(folder))
        expected = list(expected_rows(written))
        assert rows_of(tape, rows_per_chunk) == expected
        assert tape.rows_total == len(expected)
        segments = sorted(Path(folder).iterdir())
        ends = [rows_of(Tape(segment))[-1].seq for segment in segments]
        # A segment ends with the message that fills it.
        assert ends == sorted(set(ends))
        assert len(segments) <= -(-len(expected) // rows_per_segment)


@pytest.mark.slow
@on_disk
@given(messages, st.integers(1, 9))
def test_chunks_know_the_file_and_index_of_their_rows(
    written: list[Message], rows_per_chunk: int
) -> None:
    """A chunk names its file and the index of its first row, so that a message can name a row."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), written, rows_per_segment=5)
        expected = list(expected_rows(written))
        segments = sorted(Path(folder).iterdir())
        rows_of_segments = [Tape(segment).rows_total for segment in segments]
        for chunk in Tape(Path(folder)).chunks(rows_per_chunk):
            ahead = rows_of_segments[: segments.index(Path(chunk.place))]
            first = sum(ahead) + chunk.first_row
            assert 0 < len(chunk) <= rows_per_chunk
            assert list(chunk.rows()) == expected[first : first + len(chunk)]


@pytest.mark.slow
@on_disk
@given(messages, st.integers(1, 9))
def test_a_summary_counts_what_was_written(written: list[Message], rows_per_segment: int) -> None:
    """The validator's summary has the counts of rows, messages and kinds, and the times."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), written, rows_per_segment=rows_per_segment)
        summary = validate(Tape(Path(folder)))
    expected = list(expected_rows(written))
    kinds = [Kind(row.kind).name.lower() for row in expected]
    assert summary.rows == len(expected)
    assert summary.messages == len(written)
    assert summary.rows_by_kind == {kind: kinds.count(kind) for kind in kinds}
    assert (summary.first_ns, summary.last_ns) == (
        expected[0].received_ns,
        expected[-1].received_ns,
    )
    assert summary.pairs == len(MARKETS)


def test_a_recording_keeps_its_description(tmp_path: Path) -> None:
    """Source, clocks, ladder, notes and dictionaries are read as they were written."""
    ladder = Ladder([-150, 100, 150])
    with writer_at(tmp_path / "tape", ladder=ladder) as writer:
        writer.info.notes.append('Prices were moved by at most 0.4 %: "snapped" ✓')
        writer.untyped("{}")
    info = Tape(tmp_path / "tape").info
    assert (info.source, info.simulated, info.clocks) == ("a test", True, Clocks.TWO)
    assert info.ladder.rungs == (-150, 100, 150)
    assert info.notes == ['Prices were moved by at most 0.4 %: "snapped" ✓']
    assert (info.events, info.markets, info.lines) == (GAMES, MARKETS, LINES)


def test_a_catalogue_can_be_made_from_a_recording(tmp_path: Path) -> None:
    """The lines of the tape can be looked up, with opposite and market type."""
    write(tmp_path / "tape", offers(1))
    catalogue = Tape(tmp_path / "tape").info.catalogue()
    assert catalogue.opposite(LineId("g2/223/home")).line_id == "g2/223/away"
    assert catalogue.pair_of(LineId("g2/225/under")).type is MarketType.TOTAL


def test_lines_that_appear_while_recording_are_in_the_dictionaries(tmp_path: Path) -> None:
    """A line added hours later is in the tape's dictionaries, although early segments lack it."""
    writer = TapeWriter(
        tmp_path / "tape", source="s", simulated=False, clocks=Clocks.ONE, rows_per_segment=2
    )
    with writer:
        for at, line in enumerate(LINES):
            market = next(market for market in MARKETS if market.key == line.market_key)
            writer.add_event(next(game for game in GAMES if game.event_id == line.event_id))
            writer.add_market(market)
            writer.begin_message(at, at)
            writer.offer(writer.add_line(line), -110, 500)
    tape = Tape(tmp_path / "tape")
    assert [tape.info.lines[row.line] for row in rows_of(tape)] == LINES
    assert Tape(tmp_path / "tape/segment-00000.parquet").info.lines == LINES[:2]


def test_an_entry_added_twice_keeps_its_index(tmp_path: Path) -> None:
    """Adding a game, market or line again returns its first index and adds no second entry."""
    with writer_at(tmp_path / "tape") as writer:
        assert writer.add_event(GAMES[1]) == 1
        assert writer.add_market(MARKETS[4]) == 4
        assert writer.add_line(LINES[9]) == 9
        assert len(writer.info.lines) == len(LINES)
        writer.untyped("")


def test_the_digest_distinguishes_recordings(tmp_path: Path) -> None:
    """The same rows give the same digest in any folder, and one cent more gives another."""
    write(tmp_path / "one", offers(20), rows_per_segment=7)
    write(tmp_path / "same", offers(20), rows_per_segment=7)
    changed = [*offers(19), (5, 0, [("offer", 19 % 12, 150, 120, 0)])]
    write(tmp_path / "other", changed, rows_per_segment=7)
    one = Tape(tmp_path / "one")
    digest = one.digest()
    assert rows_of(one) == list(expected_rows(offers(20)))
    assert digest == one.digest() == Tape(tmp_path / "same").digest()
    assert digest != Tape(tmp_path / "other").digest()


def test_a_recording_is_opened_by_its_path(tmp_path: Path) -> None:
    """A recording is opened by its folder, and can be read again from its start."""
    write(tmp_path / "tape", offers(3))
    tape = open_recording(str(tmp_path / "tape"))
    assert rows_of(tape) == rows_of(tape) == list(expected_rows(offers(3)))


def test_a_second_recording_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    """A writer never mixes with, overwrites or removes an existing recording."""
    write(tmp_path / "tape", offers(3))
    digest = Tape(tmp_path / "tape").digest()
    with pytest.raises(TapeError, match="tape: holds a recording already"):
        write(tmp_path / "tape", offers(5))
    assert Tape(tmp_path / "tape").digest() == digest


def test_a_message_back_in_time_is_refused(tmp_path: Path) -> None:
    """A message may arrive at the time of the previous one, never before it."""
    with writer_at(tmp_path / "tape") as writer:
        writer.begin_message(1_000, 990)
        writer.begin_message(1_000, 980)
        with pytest.raises(TapeError, match=r"message 3 arrived at 999, before .* 1000"):
            writer.begin_message(999, 999)
        writer.untyped("received at 1000")
    assert [row.received_ns for row in rows_of(Tape(tmp_path / "tape"))] == [1_000]


@pytest.mark.parametrize(("odds", "amount_cents"), [(131, 100), (-100, 100), (0, 100), (150, -1)])
def test_invalid_offers_and_trades_are_refused(
    tmp_path: Path, odds: int, amount_cents: int
) -> None:
    """Odds off the ladder and negative amounts never reach a tape; the message names the line."""
    with writer_at(tmp_path / "tape") as writer:
        writer.begin_message(1, 1)
        with pytest.raises(TapeError, match=r"line g1/223/home: .* off the ladder or negative"):
            writer.offer(2, odds, amount_cents)
        with pytest.raises(TapeError, match=r"line g1/223/home: .* off the ladder or negative"):
            writer.trade(2, odds, amount_cents, Side.TAKER)
        assert writer.rows_written == 0


@pytest.mark.parametrize("probability", [0.0, 1.0, -0.1, 1.5, 1e-12, 1 - 1e-12, float("nan")])
def test_an_invalid_reference_probability_is_refused(tmp_path: Path, probability: float) -> None:
    """Zero, one, what rounds to them, and what is no number never reach a tape."""
    with writer_at(tmp_path / "tape") as writer:
        writer.begin_message(1, 1)
        with pytest.raises(TapeError, match=r"line g1/223/home: .* is no fair probability"):
            writer.reference(2, probability)
        assert writer.rows_written == 0


def test_an_entry_of_an_unknown_parent_is_refused(tmp_path: Path) -> None:
    """A market needs its game, and a line its market, before they are added."""
    with TapeWriter(tmp_path / "tape", source="s", simulated=True, clocks=Clocks.ONE) as writer:
        with pytest.raises(TapeError, match="market 219: its event g1 is not known"):
            writer.add_market(MARKETS[0])
        writer.add_event(GAMES[0])
        with pytest.raises(TapeError, match="its market 219 is not known"):
            writer.add_line(LINES[0])


def test_a_market_that_its_game_cannot_have_is_refused(tmp_path: Path) -> None:
    """An inning of a basketball game never gets into the dictionary."""
    market = Market(GAMES[0].event_id, MarketId("m"), MarketType.TOTAL, "", Period.FIRST_INNING)
    with TapeWriter(tmp_path / "tape", source="s", simulated=True, clocks=Clocks.ONE) as writer:
        writer.add_event(GAMES[0])
        with pytest.raises(TapeError, match="on the first inning, which basketball does not have"):
            writer.add_market(market)
        assert writer.info.markets == []


def test_an_error_while_writing_leaves_nothing_behind(tmp_path: Path) -> None:
    """When an import fails halfway, no segments, no partial files and no folder remain."""
    torn = [*offers(10), (5, 0, [("offer", 0, 131, 100, 0)])]
    with pytest.raises(TapeError):
        write(tmp_path / "tape", torn, rows_per_segment=4)
    assert list(tmp_path.iterdir()) == []


def test_an_error_while_closing_leaves_nothing_behind(tmp_path: Path) -> None:
    """When the last rows cannot be stored, the recording is removed as after any other error."""
    too_late = [*offers(10), (5, 0, [("schedule", 0, 2**70)])]
    with pytest.raises(OverflowError):
        write(tmp_path / "tape", too_late, rows_per_segment=4)
    assert list(tmp_path.iterdir()) == []


def test_an_error_keeps_other_files_in_the_folder(tmp_path: Path) -> None:
    """A failed writer removes its own files, and no others."""
    (tmp_path / "notes.txt").write_text("mine")
    torn = [*offers(10), (5, 0, [("offer", 0, 131, 100, 0)])]
    with pytest.raises(TapeError):
        write(tmp_path, torn, rows_per_segment=4)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_visible_segment_is_complete(tmp_path: Path) -> None:
    """During recording, and after a crash, every visible segment can be read."""
    writer = writer_at(tmp_path / "tape", rows_per_segment=3)
    for at in range(8):
        writer.begin_message(5 * at, 5 * at)
        writer.offer(at, 150, 100 + at)
    segments = sorted(path.name for path in (tmp_path / "tape").glob("segment-*"))
    assert segments == ["segment-00000.parquet", "segment-00001.parquet"]
    seen = [row.amount_cents for row in rows_of(Tape(tmp_path / "tape"))]
    writer.close()
    assert seen == [100, 101, 102, 103, 104, 105]
    assert len(rows_of(Tape(tmp_path / "tape"))) == 8


def test_long_messages_are_written_before_there_are_many(tmp_path: Path) -> None:
    """What could not be decoded may be megabytes each: it does not stay in memory."""
    texts = [f"{number}" * 4_000_000 for number in range(4)]
    with writer_at(tmp_path / "tape") as writer:
        for number, text in enumerate(texts):
            writer.begin_message(number, number)
            writer.untyped(text)
    folder = tmp_path / "tape"
    assert [row.text for row in rows_of(Tape(folder))] == texts
    (segment,) = folder.glob("*.parquet")
    assert pq.ParquetFile(segment).num_row_groups == 2
