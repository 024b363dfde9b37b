"""The rows of a tape in the exchange's order."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.reader import Tape
from recordings.tape import Clocks, Kind
from recordings.writer import TapeWriter
from sim.engine.exchange_rows import exchange_rows
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market, MarketStatus, SportEvent
from strategies.trading.model.market_types import MarketType, Selection

S = 1_000_000_000
# How long after the message ahead one arrives, how long before that it happened, and its rows.
MESSAGES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(-1, 12), st.integers(1, 3)), min_size=1, max_size=30
)


def write(
    folder: Path, messages: list[tuple[int, int, int]], clocks: Clocks, rows_per_segment: int = 1000
) -> Tape:
    """Write messages as (received_ns, exchange_ns, number of rows); each row has its own amount."""
    writer = TapeWriter(
        folder, source="t", simulated=True, clocks=clocks, rows_per_segment=rows_per_segment
    )
    with writer as tape:
        tape.add_event(SportEvent(EventId("e"), "A at H", "H", "A", "NBA", "basketball", S))
        market = Market(EventId("e"), MarketId("219"), MarketType.MONEYLINE, "moneyline")
        market_place = tape.add_market(market)
        for selection in (Selection.HOME, Selection.AWAY):
            line_id = LineId(selection.value)
            tape.add_line(Line(line_id, market.event_id, market.market_id, selection, 0.0))
        number = itertools.count(1)
        for received_ns, exchange_ns, rows in messages:
            tape.begin_message(received_ns, exchange_ns)
            if rows == 0:
                tape.market_status(market_place, MarketStatus.OPEN)
            for _ in range(rows):
                tape.offer(0, 100, next(number))
    return Tape(folder)


@given(messages=MESSAGES, rows_per_segment=st.integers(1, 9))
@settings(max_examples=30, deadline=None)
def test_rows_come_by_message_in_order_of_exchange_time(
    tmp_path_factory: pytest.TempPathFactory,
    messages: list[tuple[int, int, int]],
    rows_per_segment: int,
) -> None:
    """The order is a sort by the time of the exchange, wherever the tape is cut into chunks."""
    received_ns, stamped = 100 * S, []
    for after, earlier, rows in messages:
        received_ns += after * S
        stamped.append((received_ns, received_ns - earlier * S, rows))
    folder = tmp_path_factory.mktemp("tape") / "t"
    tape = write(folder, stamped, Clocks.TWO, rows_per_segment)
    amounts = itertools.count(1)
    expected = []
    for at_ns, exchange_ns, rows in stamped:
        happened_ns = exchange_ns if exchange_ns <= at_ns else at_ns - 1
        if at_ns - exchange_ns > 5 * S:
            happened_ns = at_ns
        expected += [(happened_ns, at_ns, next(amounts)) for _ in range(rows)]
    expected.sort(key=lambda row: row[0])
    assert [(row[0], row[1], row[8]) for row in exchange_rows(tape)] == expected


def test_a_tape_with_one_clock_keeps_its_order(tmp_path: Path) -> None:
    """Where arrival is the exchange's time, rows keep their order and that time."""
    tape = write(tmp_path / "t", [(10 * S, 3 * S, 2), (11 * S, 2 * S, 1)], Clocks.ONE)
    rows = list(exchange_rows(tape))
    assert [row[:3] for row in rows] == [(10 * S, 10 * S, 1)] * 2 + [(11 * S, 11 * S, 2)]


def test_a_row_holds_its_columns_in_the_exchanges_order(tmp_path: Path) -> None:
    """The matcher unpacks the tape's values."""
    tape = write(tmp_path / "t", [(10 * S, 9 * S, 0), (11 * S, 10 * S, 1)], Clocks.TWO)
    status, offer = exchange_rows(tape)
    assert status == (9 * S, 10 * S, 1, 3, -1, 0, 0, 0, 0, 0, 0, 1, None)
    assert offer == (10 * S, 11 * S, 2, 1, 0, 0, 0, 100, 1, 0, 0, 0, None)


@pytest.mark.parametrize("clocks", list(Clocks))
def test_only_a_window_of_the_tape_is_read_ahead(tmp_path: Path, clocks: Clocks) -> None:
    """The first row comes after a few chunks, not after the whole tape: memory is bounded."""
    messages = [(second * S, second * S, 1) for second in range(100, 160)]
    tape = write(tmp_path / "t", messages, clocks, rows_per_segment=2)
    for late in sorted(tmp_path.glob("t/segment-*.parquet"))[5:]:
        late.unlink()
    rows = exchange_rows(tape)
    assert next(rows)[0] == 100 * S


@pytest.mark.parametrize("clocks", list(Clocks))
def test_offers_on_other_lines_are_left_out(tmp_path: Path, clocks: Clocks) -> None:
    """Everything but these is returned, in its order, and the last row of the tape as well."""
    messages = [(second * S, second * S, second % 3) for second in range(100, 140)]
    tape = write(tmp_path / "t", messages, clocks, rows_per_segment=7)
    every = list(exchange_rows(tape))
    assert list(exchange_rows(tape, lines=[0])) == every
    kept = list(exchange_rows(tape, lines=[1]))
    statuses = [row for row in every if row[3] != Kind.OFFER]
    assert [row for row in kept if row[3] != Kind.OFFER] == statuses
    assert kept[-1] == every[-1]
    assert kept == [row for row in every if row in set(kept)]
    assert len(statuses) < len(kept) < len(every) / 2
