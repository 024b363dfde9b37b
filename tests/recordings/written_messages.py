"""Messages of two games, how they are written, and the rows that a recording of them has."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recordings.reader import Tape
from recordings.tape import NOWHERE, Clocks, Kind, Row
from recordings.writer import TapeWriter
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import (
    Line,
    Market,
    SportEvent,
)
from strategies.trading.model.market_types import MarketType, Selection

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
