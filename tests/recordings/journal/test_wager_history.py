"""The wagers of a journal, and which of them may still change."""

from recordings.journal.entries import Entry
from recordings.journal.wager_history import WagerHistory
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Command, Intent, PlaceWager
from strategies.trading.model.events import (
    Event,
    MarketSettled,
    WagerAccepted,
    WagerCancelled,
    WagerMatched,
    WagerRejected,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import Line, Market, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds

GAME, MONEYLINE = EventId("1"), MarketId("219")
KEY = MarketKey(GAME, MONEYLINE)
HOME, AWAY = LineId("h"), LineId("a")
CATALOGUE = Catalogue(
    [SportEvent(GAME, "A at H", "H", "A", "NBA", "basketball", 0)],
    [Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline")],
    [
        Line(HOME, GAME, MONEYLINE, Selection.HOME, 0.0),
        Line(AWAY, GAME, MONEYLINE, Selection.AWAY, 0.0),
    ],
)


def ref(number: int) -> WagerRef:
    """Return the reference of a wager of the first run."""
    return WagerRef(f"first-1-{number}")


def place(number: int, line_id: LineId = HOME) -> PlaceWager:
    """Return the request for ten dollars at even money."""
    return PlaceWager(ref(number), line_id, Odds(100), 1_000, Intent.REST)


def history_of(*payloads: Event | Command) -> WagerHistory:
    """Return the history of a journal with these entries."""
    return WagerHistory(Entry(1, seq, seq, each) for seq, each in enumerate(payloads))


def test_a_wager_is_unfinished_unless_it_ended_unmatched() -> None:
    """Rejected or cancelled whole, it is finished; pending, open or partly matched, it is not."""
    history = history_of(
        *(place(number) for number in range(5)),
        WagerRejected(ref(0), "invalid_price"),
        WagerCancelled(ref(1), 1_000),
        WagerAccepted(ref(2)),
        WagerMatched(ref(3), Odds(100), 400, 400, 400),
        WagerCancelled(ref(3), 600),
    )
    unfinished = history.unfinished(CATALOGUE, [KEY])
    assert [wager.request.ref for wager in unfinished] == [ref(2), ref(3), ref(4)]


def test_a_settled_market_has_no_unfinished_wagers() -> None:
    """Wagers of a market that is settled, or not followed, are not unfinished."""
    payloads: list[Event | Command] = [
        place(0),
        WagerMatched(ref(0), Odds(100), 1_000, 1_000, 1_000),
    ]
    assert len(history_of(*payloads).unfinished(CATALOGUE, [KEY])) == 1
    assert history_of(*payloads).unfinished(CATALOGUE, []) == []
    settled = MarketSettled(KEY, ((HOME, Result.WON), (AWAY, Result.LOST)), 1)
    assert history_of(*payloads, settled).unfinished(CATALOGUE, [KEY]) == []


def test_positions_outside_the_followed_markets_are_named() -> None:
    """Matched, without a result, and in a market that is not followed now: nobody watches it."""
    fills = [WagerMatched(ref(number), Odds(100), 400, 400, 400) for number in range(2)]
    history = history_of(place(0), place(1), place(2), *fills)
    assert history.left_out_text(CATALOGUE, [KEY]) is None
    assert history.left_out_text(CATALOGUE, []) == (
        "2 wagers of earlier starts, $8.00 matched, have no result and are in markets not followed "
        "now; look them up at the exchange, the oldest is first-1-0: $4.00 at +100 on A at H, "
        "moneyline, H"
    )
    nothing = Catalogue([], [], [])
    assert "line h" in str(history.left_out_text(nothing, []))
    settled = MarketSettled(KEY, ((HOME, Result.WON), (AWAY, Result.LOST)))
    assert history_of(place(0), fills[0], settled).left_out_text(nothing, []) is None
