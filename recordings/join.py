"""Makes one recording of several, in order of arrival, and of scores and outside prices."""

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from recordings.added_rows import AddedRow, added_rows
from recordings.feed_marks import with_events
from recordings.joined_info import JoinedPlaces, joined_info, require_different_lines
from recordings.reader import Tape, open_recording
from recordings.tape import Kind, Row
from recordings.validator import validate
from recordings.writer import TapeWriter
from strategies.trading.model.counted import counted
from strategies.trading.model.ids import EventId


class _Message(NamedTuple):
    """Rows that arrive together; of equal times, those of the recording named first come first."""

    received_ns: int
    source: int
    exchange_ns: int
    rows: Sequence[Row] | AddedRow


def join_recordings(names: Sequence[str], out: Path, files: Iterable[Path] = ()) -> str:
    """Write a new recording of all messages of others, and of the rows of files; return a line.

    Recordings of one game may share it, its markets and its lines, if only one has offers or trades
    of a line. Raise TapeError, leaving nothing behind, for what cannot be joined.
    """
    tapes = [open_recording(name) for name in names]
    require_different_lines([validate(tape) for tape in tapes], names)
    joined = joined_info([tape.info for tape in tapes], names)
    info = joined.info
    added = [row for file in files for row in added_rows(file, info)]
    with TapeWriter(
        out,
        source=f"joined: {'; '.join(dict.fromkeys(tape.info.source for tape in tapes))}",
        simulated=info.simulated,
        clocks=info.clocks,
        ladder=info.ladder,
        unreported=info.unreported,
    ) as writer:
        writer.info.notes.extend(info.notes)
        for event in info.events:
            writer.add_event(event)
        for market in info.markets:
            writer.add_market(market)
        for line in info.lines:
            writer.add_line(line)
        sources = [
            *(_messages(tape, places) for tape, places in zip(tapes, joined.places, strict=True)),
            _added_messages(sorted(added, key=lambda row: row.at_ns), len(tapes)),
        ]
        for message in merge(*sources, key=lambda each: each[:2]):
            _write(writer, message)
    rows = counted(writer.rows_written, "row")
    return f"{rows} of {counted(len(tapes), 'recording')} and {counted(len(added), 'row')} of files"


def _messages(tape: Tape, places: JoinedPlaces) -> Iterator[_Message]:
    rows = (row for chunk in tape.chunks() for row in chunk.rows())
    ids = [event.event_id for event in tape.info.events]
    for _, of_message in groupby(rows, key=lambda row: row.seq):
        placed = [_placed(row, places, ids) for row in of_message]
        first = placed[0]
        yield _Message(first.received_ns, places.recording, first.exchange_ns, placed)


def _placed(row: Row, places: JoinedPlaces, event_ids: Sequence[EventId]) -> Row:
    return row._replace(
        text=with_events(row.text, event_ids) if row.kind == Kind.UNTYPED else row.text,
        event=int(places.events[row.event]),
        market=int(places.markets[row.market]),
        line=int(places.lines[row.line]),
    )


def _added_messages(rows: Iterable[AddedRow], source: int) -> Iterator[_Message]:
    return (_Message(row.at_ns, source, row.at_ns, row) for row in rows)


def _write(writer: TapeWriter, message: _Message) -> None:
    writer.begin_message(message.received_ns, message.exchange_ns)
    if isinstance(message.rows, AddedRow):
        message.rows.write(writer)
        return
    for row in message.rows:
        writer.copy(row)
