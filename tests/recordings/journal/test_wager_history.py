"""What earlier starts left: which wagers may still change, and what they are worth."""

from recordings.journal.session_journal import Entry
from recordings.journal.wager_history import WagerHistory, available_after
from strategies.trading.accounting.commission import Commission
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
from strategies.trading.model.market import Catalogue, Line, Market, Result, SportEvent
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
    """Return the reference of a wager of the first start."""
    return WagerRef(f"first-1-{number}")


def place(number: int, line_id: LineId = HOME) -> PlaceWager:
    """Return the request for ten dollars at even money."""
    return PlaceWager(ref(number), line_id, Odds(100), 1_000, Intent.REST)


def past_of(*told: Event | Command) -> WagerHistory:
    """Return the past of a journal that holds this."""
    return WagerHistory(Entry(1, seq, seq, each) for seq, each in enumerate(told))


def test_what_ended_unmatched_is_over_and_the_rest_is_not() -> None:
    """Rejected and cancelled whole: over. Pending, open, or matched in part: may still change."""
    past = past_of(
        *(place(number) for number in range(5)),
        WagerRejected(ref(0), "invalid_price"),
        WagerCancelled(ref(1), 1_000),
        WagerAccepted(ref(2)),
        WagerMatched(ref(3), Odds(100), 400, 400, 400),
        WagerCancelled(ref(3), 600),
    )
    left = past.unfinished(CATALOGUE, [KEY])
    assert [wager.request.ref for wager in left] == [ref(2), ref(3), ref(4)]


def test_a_settled_market_is_over() -> None:
    """Nothing of a market is taken over once its result was told, nor of one not followed."""
    told: list[Event | Command] = [place(0), WagerMatched(ref(0), Odds(100), 1_000, 1_000, 1_000)]
    assert len(past_of(*told).unfinished(CATALOGUE, [KEY])) == 1
    assert past_of(*told).unfinished(CATALOGUE, []) == []
    settled = MarketSettled(KEY, ((HOME, Result.WON), (AWAY, Result.LOST)), 1)
    assert past_of(*told, settled).unfinished(CATALOGUE, [KEY]) == []


def test_what_is_matched_is_missing_from_what_is_available() -> None:
    """Stakes are out until the result, which came meanwhile or did not; then winnings are in."""
    fill = WagerMatched(ref(0), Odds(100), 600, 600, 600)
    left = past_of(place(0), fill).unfinished(CATALOGUE, [KEY])
    fees = Commission(0)
    assert available_after(CATALOGUE, fees, left, []) == -600
    more = WagerMatched(ref(0), Odds(100), 400, 400, 1_000)
    assert available_after(CATALOGUE, fees, left, [more]) == -1_000
    won = MarketSettled(KEY, ((HOME, Result.WON), (AWAY, Result.LOST)), 1)
    assert available_after(CATALOGUE, fees, left, [more, won]) == 1_000
