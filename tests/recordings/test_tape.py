"""The tape: what is written is read back, in whole segments, and no partial file is left."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from recordings.reader import Tape, open_recording
from recordings.tape import Clocks, Side
from recordings.writer import TapeWriter
from strategies.trading.model.errors import TapeError
from strategies.trading.model.ids import LineId, MarketId
from strategies.trading.model.market import (
    Market,
)
from strategies.trading.model.market_types import MarketType, Period
from strategies.trading.model.odds import Ladder
from tests.recordings.written_messages import (
    GAMES,
    LINES,
    MARKETS,
    expected_rows,
    offers,
    rows_of,
    write,
    writer_at,
)


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
