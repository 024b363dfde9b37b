"""Imports Betfair stream files as one tape.

Within one message the rows of market definitions come first, then trades, then offers. There is one
clock: arrival and exchange time are both the message's `pt`. The messages of several files follow
each other in order of time. Invalid input raises TapeError, which names the file and the line, and
leaves no tape behind.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from recordings.importers.betfair.definition import (
    MarketMapping,
    Refusal,
    UnfitMarketError,
    map_market,
)
from recordings.importers.betfair.definition_status import DefinitionState, EventStates
from recordings.importers.betfair.import_report import ImportReport, some
from recordings.importers.betfair.imported_market import ImportedMarket, TradeRows
from recordings.importers.betfair.market_book import MarketBook
from recordings.importers.betfair.snapping import Movement, Snapper
from recordings.importers.betfair.stream_file import (
    Definition,
    ReadingLog,
    StreamMessage,
    read_messages,
)
from recordings.importers.betfair.stream_source import StreamFileError, StreamSource
from recordings.importers.missing_parts import missing_parts
from recordings.tape import Clocks, Unreported
from recordings.writer import TapeWriter
from strategies.trading.model.errors import TapeError
from strategies.trading.model.market import SportEvent

_NS_PER_MS = 1_000_000
_REFUSALS_SHOWN = 3


class NothingToImportError(TapeError):
    """No market of some stream files can be imported; `refused` are all of them."""

    def __init__(self, source: str, refused: Sequence[Refusal]) -> None:
        """Name the files, and the first markets with their reasons."""
        texts = [refusal.text() for refusal in refused]
        more = f"; and {len(texts) - _REFUSALS_SHOWN} more" if len(texts) > _REFUSALS_SHOWN else ""
        why = "; ".join(texts[:_REFUSALS_SHOWN]) or "it defines none"
        super().__init__(f"{source}: no market can be imported: {why}{more}")
        self.refused = tuple(refused)


def import_betfair(source: Path, out: Path, tournament: str | None = None) -> ImportReport:
    """Write a Betfair stream file, plain, gzip or bzip2, as a tape into a new folder.

    `tournament` replaces the one of the file. Raise TapeError as `write_recording` does.
    """
    return write_recording((StreamSource(source),), out, tournament=tournament)


def write_recording(
    sources: Sequence[StreamSource],
    out: Path,
    *,
    event: SportEvent | None = None,
    tournament: str | None = None,
    damaged: Sequence[str] = (),
    salvages: bool = False,
) -> ImportReport:
    """Write stream files as one tape into a new folder.

    `event` describes the event of its id better than a single market does; `damaged` are errors of
    files that were left out. Markets that cannot be read or mapped are left out and named in the
    report. With `salvages`, a file that is cut off is imported up to where it is.
    Raise StreamFileError for a damaged file, and TapeError, NothingToImportError among them, if
    the files hold no order book or no market that can be mapped, leaving nothing behind.
    """
    refused: dict[str, Refusal] = {}
    try:
        while True:
            try:
                with TapeWriter(
                    out, source=source_text(sources), simulated=False, clocks=Clocks.ONE
                ) as writer:
                    log = ReadingLog(salvages=salvages)
                    importer = _Importer(writer, event, tournament, refused, log)
                    importer.apply_all(sources)
                    report = importer.report(sources, damaged)
                    writer.info.notes.extend(report.notes())
                    writer.info.unreported = tuple(importer.unreported())
            except UnfitMarketError as error:
                # Its rows are among those that were written, so that all are written again.
                refused[error.refusal.market_id] = error.refusal
            else:
                return report
    except OSError as error:
        text = f"{out}: cannot be written ({error})"
        raise TapeError(text) from error


def source_text(sources: Sequence[StreamSource]) -> str:
    """Return the origin of a recording of these files, as its reader is shown it."""
    kind = "Betfair stream file" if len(sources) == 1 else "Betfair stream files"
    return f"{kind} {some([source.name for source in sources])}"


def _in_order_of_time(
    sources: Sequence[StreamSource], log: ReadingLog
) -> Iterator[tuple[StreamSource, int, StreamMessage]]:
    """Yield the messages of all files with their lines; those of equal times by file."""
    placed = [_placed(source, log) for source in sources]
    return heapq.merge(*placed, key=lambda each: each[2].pt)


def _placed(
    source: StreamSource, log: ReadingLog
) -> Iterator[tuple[StreamSource, int, StreamMessage]]:
    for number, message in read_messages(source, log):
        yield source, number, message


class _Importer:
    """Writes the rows of messages, which must come in order."""

    def __init__(
        self,
        writer: TapeWriter,
        event: SportEvent | None,
        tournament: str | None,
        refused: Mapping[str, Refusal],
        log: ReadingLog,
    ) -> None:
        self._log = log
        self._writer = writer
        self._event = event
        self._tournament = tournament
        self._messages = 0
        self._sources: dict[str, StreamSource] = {}
        self._home_rules: dict[str, None] = {}
        self._events = EventStates(writer)
        self._snapper = Snapper(writer.info.ladder)
        self._markets: dict[str, ImportedMarket] = {}
        self._refused = dict(refused)
        self._offers_moved = Movement()
        self._trade_rows = TradeRows(writer, self._snapper)

    def apply_all(self, sources: Sequence[StreamSource]) -> None:
        """Write the messages of all files; raise StreamFileError or UnfitMarketError."""
        for source, number, message in _in_order_of_time(sources, self._log):
            try:
                self._apply(message, source)
            except UnfitMarketError as error:
                reason = f"{error.refusal.reason} in line {number} of {source.name}"
                raise UnfitMarketError(replace(error.refusal, reason=reason)) from error
            except TapeError as error:
                raise StreamFileError(source, number, str(error)) from error

    def _apply(self, message: StreamMessage, source: StreamSource) -> None:
        self._messages += 1
        self._writer.begin_message(message.pt * _NS_PER_MS, message.pt * _NS_PER_MS)
        for market_id, reason in message.unreadable:
            if market_id not in self._refused:
                raise UnfitMarketError(self._refusal(market_id, f"cannot be read ({reason})"))
        for change in message.mc:
            self._require_one_file(change.id, source)
            if change.market_definition is not None:
                self._define(change.id, change.market_definition)
        changed = [
            (self._market(change.id), change)
            for change in message.mc
            if change.id not in self._refused
        ]
        for market, change in changed:
            market.apply_change(change)
        for market, _ in changed:
            market.write_offers()

    def unreported(self) -> Iterator[Unreported]:
        """Return what the files do not hold; without a book they were refused."""
        rows = self._trade_rows
        return missing_parts(
            amounts=True,
            offers=True,
            trades=rows.written > 0,
            takers=rows.written > rows.unknown,
            results=any(market.state.has_results for market in self._markets.values()),
        )

    def report(self, sources: Sequence[StreamSource], damaged: Sequence[str]) -> ImportReport:
        markets = list(self._markets.values())
        self._require_something(some([str(source) for source in sources]), markets)
        return ImportReport(
            source=some([source.name for source in sources]),
            messages=self._messages,
            rows=self._writer.rows_written,
            offers=sum(market.offers for market in markets),
            trades=self._trade_rows.written,
            trades_unknown=self._trade_rows.unknown,
            trades_crossed=self._trade_rows.crossed,
            levels_off_ladder=sum(market.book.levels_off_ladder for market in markets),
            trades_off_ladder=self._trade_rows.off_ladder,
            quarter_lines=sum(len(market.mapping.quarter_lines) for market in markets),
            lines_alone=sum(len(market.mapping.lines_alone) for market in markets),
            pairs=sum(len(market.mapping.pairs) for market in markets),
            pairs_voided=sum(market.state.pairs_voided for market in markets),
            pairs_without_result=sum(market.state.pairs_without_result for market in markets),
            markets=tuple(self._markets),
            markets_without_book=tuple(
                name for name, market in self._markets.items() if not market.offers
            ),
            refused=tuple(self._refused.values()),
            offers_moved=self._offers_moved,
            trades_moved=self._trade_rows.movement,
            home_rules=tuple(self._home_rules),
            messages_moved=self._log.moved,
            most_ms_back=self._log.most_ms_back,
            cuts=tuple(self._log.cuts),
            damaged=tuple(damaged),
        )

    def _require_one_file(self, market_id: str, source: StreamSource) -> None:
        first = self._sources.setdefault(market_id, source)
        if first != source:
            text = f"market {market_id} is in {first} too; import one of the two files"
            raise TapeError(text)

    def _require_something(self, source: str, markets: list[ImportedMarket]) -> None:
        if not markets:
            raise NothingToImportError(source, list(self._refused.values()))
        if not any(market.offers for market in markets):
            text = (
                f"{source}: no order book: {', '.join(self._markets)} never has an "
                "offer (atb, atl); BASIC files hold last prices only, ADVANCED ones the "
                "best three, and a tape needs the full depth of a PRO or self-recorded file"
            )
            raise TapeError(text)

    def _market(self, market_id: str) -> ImportedMarket:
        market = self._markets.get(market_id)
        if market is None:
            raise UnfitMarketError(self._refusal(market_id, "changes before it is defined"))
        return market

    def _refusal(self, market_id: str, reason: str) -> Refusal:
        """Return the refusal of a market, of which no definition may have been read."""
        market = self._markets.get(market_id)
        return (
            Refusal(market_id, "UNKNOWN", "", reason) if market is None else market.refusal(reason)
        )

    def _define(self, market_id: str, definition: Definition) -> None:
        if market_id in self._refused:
            return
        market = self._markets.get(market_id)
        if market is None:
            mapping = map_market(market_id, definition)
            if isinstance(mapping, Refusal):
                self._refused[market_id] = mapping
                return
            market = self._markets[market_id] = self._new_market(mapping)
        market.apply_definition(definition)

    def _new_market(self, mapping: MarketMapping) -> ImportedMarket:
        book = MarketBook(self._snapper, self._offers_moved)
        event = self._writer.add_event(self._described(mapping.event))
        self._home_rules[mapping.home_rule] = None
        index = self._writer.add_market(mapping.market)
        state = DefinitionState(self._writer, self._events, event, index)
        return ImportedMarket(self._writer, mapping, state, book, self._trade_rows)

    def _described(self, event: SportEvent) -> SportEvent:
        if self._event is not None and self._event.event_id == event.event_id:
            event = self._event
        return event if self._tournament is None else replace(event, tournament=self._tournament)
