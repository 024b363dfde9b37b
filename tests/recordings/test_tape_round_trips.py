"""Any recording is read back as it was written, row by row, whatever the sizes of its parts."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.reader import Tape
from recordings.tape import Kind, Side
from recordings.validator import validate
from strategies.trading.model.market import (
    EventStatus,
    MarketStatus,
    Result,
)
from strategies.trading.model.odds import prophetx_ladder
from tests.recordings.written_messages import (
    GAMES,
    LINES,
    MARKETS,
    Message,
    Statement,
    expected_rows,
    rows_of,
    write,
)

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
