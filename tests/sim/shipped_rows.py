"""Copies of the shipped recording with some of its rows."""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from recordings.reader import Tape
from recordings.tape import PROBABILITY_PARTS, Kind, Row, Side
from recordings.writer import TapeWriter
from strategies.trading.model.market import EventStatus, MarketStatus, Result


def copy_of(tape: Tape, rows: Iterable[Row], folder: Path) -> Path:
    """Write rows as a recording with the dictionaries of another."""
    info = tape.info
    with TapeWriter(
        folder, source="copy", simulated=True, clocks=info.clocks, ladder=info.ladder
    ) as writer:
        for event in info.events:
            writer.add_event(event)
        for market in info.markets:
            writer.add_market(market)
        for line in info.lines:
            writer.add_line(line)
        for _, message in groupby(rows, attrgetter("seq")):
            first, *others = message
            writer.begin_message(first.received_ns, first.exchange_ns)
            for row in (first, *others):
                write_row(writer, row)
    return folder


def write_row(writer: TapeWriter, row: Row) -> None:
    """Write a row as it was read."""
    match row.kind:
        case Kind.OFFER:
            writer.offer(row.line, row.odds, row.amount_cents, row.quantity_cents)
        case Kind.TRADE:
            writer.trade(row.line, row.odds, row.amount_cents, Side(row.side))
        case Kind.MARKET_STATUS:
            writer.market_status(row.market, MarketStatus(row.state))
        case Kind.EVENT_STATUS:
            writer.event_status(row.event, EventStatus(row.state))
        case Kind.SCHEDULE:
            writer.schedule(row.event, row.state)
        case Kind.SCORE:
            home, away = (row.text or "").split("-")
            writer.score(row.event, int(home), int(away), row.state)
        case Kind.REFERENCE:
            writer.reference(row.line, row.state / PROBABILITY_PARTS)
        case Kind.IN_PLAY_DELAY:
            writer.in_play_delay(row.market, row.state)
        case Kind.RESULT:
            writer.result(row.line, Result(row.state))
