"""Imports a person's own tables, CSV or Parquet, as one recording, by a mapping of columns."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from recordings.importers.contract_prices import ContractPrices
from recordings.importers.missing_parts import missing_parts
from recordings.importers.own_data.column_mapping import ColumnMapping, read_mapping
from recordings.importers.own_data.own_rows import OwnRow, RowReader, line_of
from recordings.importers.own_data.table_rows import table_rows
from recordings.tape import UNREPORTED_CENTS, Clocks, Kind, Side, Unreported
from recordings.writer import TapeWriter
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import TapeError
from strategies.trading.model.ids import EventId, MarketKey
from strategies.trading.model.market import EventStatus, Line, MarketStatus, Result

# What is written first of rows of one time, so that a market is open before it is offered on.
_ORDER = (Kind.EVENT_STATUS, Kind.MARKET_STATUS, Kind.SCORE, Kind.REFERENCE, Kind.TRADE, Kind.OFFER)


@dataclass(slots=True)
class OwnReport:
    """What an import did: rows read by kind, and the messages of those that were skipped."""

    kinds: Counter[str] = field(default_factory=Counter)
    skipped: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield the lines to print."""
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in sorted(self.kinds.items()))
        yield f"{counted(self.kinds.total(), 'row')}: {kinds}"
        yield from (f"skipped {message}" for message in self.skipped)
        yield from self.notes


def import_own(
    files: Sequence[Path], mapping_file: Path, out: Path, *, skip_errors: bool = False
) -> OwnReport:
    """Write the rows of tables as one recording into a new folder.

    Raise ConfigError for a mapping that cannot be used, and TapeError for the first row that cannot
    be read, unless errors are skipped; then such rows are left out and counted in a note.
    """
    mapping = read_mapping(mapping_file)
    report = OwnReport()
    rows = sorted(_read(files, mapping, report, skip_errors=skip_errors), key=_order)
    if not rows:
        message = f"{files[0]}: no row can be imported"
        raise TapeError(message)
    unreported = tuple(_unreported(rows))
    with TapeWriter(
        out,
        source=mapping.source,
        simulated=mapping.simulated,
        clocks=Clocks.ONE,
        unreported=unreported,
    ) as writer:
        tape = _OwnTape(writer, rows, touch_only=mapping.offers == "touch")
        for ns, message_rows in groupby(rows, attrgetter("ns")):
            tape.begin(ns)
            for row in message_rows:
                with _errors_at(row.place, report, skip_errors=skip_errors):
                    tape.write_row(row)
                    report.kinds[row.kind.name.lower()] += 1
        report.notes = [*tape.notes(), *_skipped_note(report)]
        writer.info.notes.extend(report.notes)
    return report


def _read(
    files: Sequence[Path], mapping: ColumnMapping, report: OwnReport, *, skip_errors: bool
) -> Iterator[OwnRow]:
    reader = RowReader(mapping)
    needed = mapping.columns()
    for file in files:
        for place, fields in table_rows(file, needed):
            with _errors_at(place, report, skip_errors=skip_errors):
                yield replace(reader.read(fields), place=place)


@contextmanager
def _errors_at(place: str, report: OwnReport, *, skip_errors: bool) -> Iterator[None]:
    """Name the place of an error; if errors are skipped, note it in the report instead."""
    try:
        yield
    except TapeError as error:
        message = f"{place}: {error}"
        if not skip_errors:
            raise TapeError(message) from error
        report.skipped.append(message)


def _order(row: OwnRow) -> tuple[int, int]:
    return row.ns, _ORDER.index(row.kind) if row.kind in _ORDER else len(_ORDER)


def _unreported(rows: Sequence[OwnRow]) -> Iterator[Unreported]:
    kinds = {row.kind for row in rows}
    return missing_parts(
        amounts=not any(row.kind == Kind.OFFER and row.cents == UNREPORTED_CENTS for row in rows),
        offers=Kind.OFFER in kinds,
        trades=Kind.TRADE in kinds,
        takers=any(row.kind == Kind.TRADE and row.side is not Side.UNKNOWN for row in rows),
        results=Kind.RESULT in kinds,
    )


def _skipped_note(report: OwnReport) -> Iterator[str]:
    if report.skipped:
        yield f"{counted(len(report.skipped), 'row')} that could not be read were left out."


def _pairs_without_result(rows: Sequence[OwnRow]) -> int:
    """Return how many pairs of lines are settled as void, as others of their market have results.

    A result of either line of a pair decides both.
    """
    pairs = {(row.kind == Kind.RESULT, _pair_of(row)) for row in rows if row.line is not None}
    settled = {pair for is_result, pair in pairs if is_result}
    markets = {market for market, _ in settled}
    return len({pair for _, pair in pairs if pair[0] in markets} - settled)


def _pair_of(row: OwnRow) -> tuple[MarketKey, float]:
    assert row.market is not None, "a row on a line has a market"
    assert row.line is not None, "only rows on lines are asked"
    type_, line = row.market.type, row.line
    is_first = line.selection is type_.row.first
    return row.market.key, line.point if is_first else type_.opposite_point(line.point)


class _OwnTape:
    """Writes rows in order, and what they leave to be added: schedules, openings, starts.

    A market without a status opens with its first row; an event without one goes live at its start.
    """

    def __init__(self, writer: TapeWriter, rows: Sequence[OwnRow], *, touch_only: bool) -> None:
        self._writer = writer
        self._prices = ContractPrices(writer.info.ladder)
        self._touch_only = touch_only
        self._touch: dict[int, int] = {}
        self._opened = {
            row.market.key for row in rows if row.kind == Kind.MARKET_STATUS and row.market
        }
        with_status = {row.event.event_id for row in rows if row.kind == Kind.EVENT_STATUS}
        events = {row.event.event_id: row.event for row in rows}
        self._starts = sorted(
            (event.scheduled_ns, event_id)
            for event_id, event in events.items()
            if event_id not in with_status and event.scheduled_ns <= rows[-1].ns
        )
        self._assumed_starts = bool(self._starts)
        self._events: dict[EventId, int] = {}
        self._started_before: set[EventId] = set()
        self._void_pairs = _pairs_without_result(rows)
        self._priced = {
            _pair_of(row) for row in rows if row.line is not None and row.kind != Kind.RESULT
        }
        self._last_ns = 0

    def begin(self, ns: int) -> None:
        """Begin the message of a time, after the games that started by then went live."""
        while self._starts and self._starts[0][0] <= ns:
            self._go_live(*self._starts.pop(0))
        self._begin_message(ns)

    def notes(self) -> Iterator[str]:
        yield self._prices.note()
        if self._assumed_starts:
            yield "Events without a status of their own go live at their scheduled start."
        if self._void_pairs:
            yield (
                f"{counted(self._void_pairs, 'pair')} of lines without a result, in markets in "
                "which others have one, will count as void."
            )

    def _begin_message(self, ns: int) -> None:
        self._last_ns = max(self._last_ns, ns)
        self._writer.begin_message(self._last_ns, self._last_ns)

    def _go_live(self, ns: int, event_id: EventId) -> None:
        if event_id not in self._events:
            # Its first row is yet to come.
            self._started_before.add(event_id)
            return
        self._begin_message(ns)
        self._writer.event_status(self._events[event_id], EventStatus.LIVE)

    def write_row(self, row: OwnRow) -> None:
        """Write a row; raise TapeError for one that cannot follow those before it."""
        if row.event.event_id not in self._events:
            event = self._events[row.event.event_id] = self._writer.add_event(row.event)
            self._writer.schedule(event, row.event.scheduled_ns)
            if row.event.event_id in self._started_before:
                self._writer.event_status(event, EventStatus.LIVE)
        event = self._events[row.event.event_id]
        if row.kind == Kind.EVENT_STATUS:
            self._writer.event_status(event, EventStatus(row.state))
        elif row.kind == Kind.SCORE:
            self._writer.score(event, *row.score, row.state)
        elif row.market is not None:
            market = self._writer.add_market(row.market)
            if row.kind == Kind.MARKET_STATUS:
                self._writer.market_status(market, MarketStatus(row.state))
            elif row.line is not None:
                self._require_priced(row)
                self._open(market, row.market.key)
                self._write_on_line(row, self._add_pair(row, row.line))

    def _require_priced(self, row: OwnRow) -> None:
        """Require that a result is of a line that something else is about: a point may be wrong."""
        if row.kind == Kind.RESULT and _pair_of(row) not in self._priced:
            assert row.line is not None, "a result is of a line"
            assert row.market is not None, "a row on a line has a market"
            label = row.line.label(row.market, row.event)
            message = f"result of {label}, a line without any offer, trade or reference"
            raise TapeError(message)

    def _open(self, market: int, key: MarketKey) -> None:
        if key not in self._opened:
            self._opened.add(key)
            self._writer.market_status(market, MarketStatus.OPEN)

    def _add_pair(self, row: OwnRow, line: Line) -> int:
        assert row.market is not None, "a row on a line has a market"
        type_ = row.market.type
        other = type_.row.second if line.selection is type_.row.first else type_.row.first
        self._writer.add_line(line_of(row.market, other, type_.opposite_point(line.point)))
        return self._writer.add_line(line)

    def _write_on_line(self, row: OwnRow, line: int) -> None:
        if row.kind == Kind.RESULT:
            self._writer.result(line, Result(row.state))
        elif row.kind == Kind.REFERENCE:
            assert row.ratio is not None, "a reference has a price"
            self._writer.reference(line, float(1 / (1 + row.ratio)))
        elif row.kind == Kind.TRADE:
            assert row.ratio is not None, "a trade has a price"
            odds = self._prices.odds_paying(row.ratio, row.cents)
            if odds is not None and row.cents:
                self._writer.trade(line, odds, row.cents, row.side)
        else:
            self._write_offer(row, line)

    def _write_offer(self, row: OwnRow, line: int) -> None:
        weight = 1 if row.cents == UNREPORTED_CENTS else row.cents
        odds = None if row.ratio is None else self._prices.odds_paying(row.ratio, weight)
        before = self._touch.get(line)
        if self._touch_only and before is not None and before != odds:
            self._writer.offer(line, before, 0)
            del self._touch[line]
        if odds is not None:
            self._writer.offer(line, odds, row.cents)
            self._touch[line] = odds
