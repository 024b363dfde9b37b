"""Imports a Betfair stream file as a tape.

Within one message the rows of market definitions come first, then trades, then offers. There is one
clock: arrival and exchange time are both the message's `pt`. Invalid input raises TapeError, which
names the file and the line, and leaves no tape behind.
"""

from pathlib import Path

from recordings.importers.betfair.definition import MarketMapping, Refusal, map_market
from recordings.importers.betfair.definition_status import DefinitionState, EventStates
from recordings.importers.betfair.import_report import ImportReport
from recordings.importers.betfair.imported_market import ImportedMarket, TradeRows
from recordings.importers.betfair.market_book import MarketBook
from recordings.importers.betfair.snapping import Movement, Snapper
from recordings.importers.betfair.stream_file import Definition, StreamMessage, read_messages
from recordings.tape import Clocks
from recordings.writer import TapeWriter
from strategies.trading.model.errors import TapeError

_NS_PER_MS = 1_000_000
_REFUSALS_SHOWN = 3


def import_betfair(source: Path, out: Path) -> ImportReport:
    """Write a Betfair stream file, plain, gzip or bzip2, as a tape into a new folder.

    Markets that cannot be mapped are left out and named in the report. Raise TapeError, leaving
    nothing behind, if the file is damaged, holds no order book, or has no market that can be
    mapped.
    """
    try:
        with TapeWriter(
            out, source=f"Betfair stream file {source.name}", simulated=False, clocks=Clocks.ONE
        ) as writer:
            importer = _Importer(writer)
            for number, message in read_messages(source):
                _apply(importer, message, f"{source}, line {number}")
            report = importer.report(source)
            writer.info.notes.extend(report.notes())
    except OSError as error:
        text = f"{out}: cannot be written ({error})"
        raise TapeError(text) from error
    return report


def _apply(importer: "_Importer", message: StreamMessage, place: str) -> None:
    try:
        importer.apply(message)
    except TapeError as error:
        text = f"{place}: {error}"
        raise TapeError(text) from error


class _Importer:
    """Writes the rows of messages, which must come in order."""

    def __init__(self, writer: TapeWriter) -> None:
        self._writer = writer
        self._messages = 0
        self._events = EventStates(writer)
        self._snapper = Snapper(writer.info.ladder)
        self._markets: dict[str, ImportedMarket] = {}
        self._refused: dict[str, Refusal] = {}
        self._offers_moved = Movement()
        self._trade_rows = TradeRows(writer, self._snapper)

    def apply(self, message: StreamMessage) -> None:
        self._messages += 1
        self._writer.begin_message(message.pt * _NS_PER_MS, message.pt * _NS_PER_MS)
        for change in message.mc:
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

    def report(self, source: Path) -> ImportReport:
        markets = list(self._markets.values())
        self._require_something(source, markets)
        return ImportReport(
            source=source.name,
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
            markets=tuple(self._markets),
            markets_without_book=tuple(
                name for name, market in self._markets.items() if not market.offers
            ),
            refused=tuple(self._refused.values()),
            offers_moved=self._offers_moved,
            trades_moved=self._trade_rows.movement,
        )

    def _require_something(self, source: Path, markets: list[ImportedMarket]) -> None:
        if not markets:
            texts = [refusal.text() for refusal in self._refused.values()]
            more = (
                f"; and {len(texts) - _REFUSALS_SHOWN} more" if len(texts) > _REFUSALS_SHOWN else ""
            )
            why = "; ".join(texts[:_REFUSALS_SHOWN]) or "it defines none"
            text = f"{source}: no market can be imported: {why}{more}"
            raise TapeError(text)
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
            text = f"market {market_id} changes before it is defined"
            raise TapeError(text)
        return market

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
        event = self._writer.add_event(mapping.event)
        index = self._writer.add_market(mapping.market)
        state = DefinitionState(self._writer, self._events, event, index)
        return ImportedMarket(self._writer, mapping, state, book, self._trade_rows)
