"""Rows of a tape become the desk's events, the same in backtest, paper and live."""

import pytest

from recordings.tape import NOWHERE, PROBABILITY_PARTS, Clocks, Kind, Row, Side, TapeInfo, score_of
from recordings.tape_events import DeskFeed, TapeEvents
from sim.engine.manual_clock import ManualClock
from strategies.trading.model.errors import TapeError
from strategies.trading.model.events import (
    Event,
    EventScheduled,
    EventStatusChanged,
    FeedDelayed,
    MarketStatusChanged,
    OfferChanged,
    ReferencePrice,
    ScoreChanged,
    TradeSeen,
)
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import (
    EventStatus,
    Line,
    Market,
    MarketStatus,
    Result,
    SportEvent,
)
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds, prophetx_ladder

GAME, MONEYLINE, SPREAD = EventId("1"), MarketId("219"), MarketId("223")
HOME, AWAY = LineId("h"), LineId("a")


def tape_info() -> TapeInfo:
    """Return a tape with one moneyline."""
    info = TapeInfo("a test", True, Clocks.TWO, prophetx_ladder())
    info.events.append(SportEvent(GAME, "A at H", "H", "A", "NBA", "basketball", 0))
    info.markets.append(Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline"))
    info.lines += [
        Line(HOME, GAME, MONEYLINE, Selection.HOME, 0.0),
        Line(AWAY, GAME, MONEYLINE, Selection.AWAY, 0.0),
    ]
    return info


def row(
    kind: Kind,
    line: int = NOWHERE,
    odds: int = 0,
    cents: int = 0,
    side: Side = Side.NONE,
    state: int = 0,
    text: str | None = None,
) -> Row:
    """Return a row of the first event and market."""
    return Row(2, 1, 0, kind, 0, 0, line, odds, cents, 0, side, state, text)


@pytest.mark.parametrize(
    ("read", "event"),
    [
        (row(Kind.OFFER, 1, -110, 1_100), OfferChanged(AWAY, Odds(-110), 1_100)),
        (row(Kind.TRADE, 0, 150, 1_000, Side.TAKER), TradeSeen(HOME, Odds(150), 1_000)),
        (row(Kind.TRADE, 0, 150, 1_000, Side.MAKER), TradeSeen(AWAY, Odds(-150), 1_500)),
        (row(Kind.TRADE, 1, -200, 1_000, Side.MAKER), TradeSeen(HOME, Odds(200), 500)),
        (row(Kind.TRADE, 0, 150, 1_000, Side.UNKNOWN), TradeSeen(HOME, Odds(150), 1_000)),
        (
            row(Kind.MARKET_STATUS, state=MarketStatus.SUSPENDED),
            MarketStatusChanged(tape_info().markets[0].key, MarketStatus.SUSPENDED),
        ),
        (
            row(Kind.EVENT_STATUS, state=EventStatus.LIVE),
            EventStatusChanged(GAME, EventStatus.LIVE),
        ),
        (row(Kind.SCHEDULE, state=7), EventScheduled(GAME, 7)),
        (row(Kind.SCORE, state=60, text="54-51"), ScoreChanged(GAME, 54, 51, 60)),
        (row(Kind.REFERENCE, 0, state=PROBABILITY_PARTS // 4), ReferencePrice(HOME, 0.25)),
        (
            row(
                Kind.REFERENCE,
                0,
                state=PROBABILITY_PARTS // 4,
                text='{"source":"book","at_ns":7,"opposite":0.8,"others":[0.1],"point":-5.5}',
            ),
            ReferencePrice(HOME, 0.25, "book", 7, 0.8, (0.1,), -5.5),
        ),
    ],
)
def test_a_row_becomes_its_event(read: Row, event: Event) -> None:
    """Every kind that a desk receives has one event; a trade is given from the taker's side."""
    info = tape_info()
    assert TapeEvents(info, info.catalogue()).of_row(read) == event


@pytest.mark.parametrize(
    "read",
    [
        row(Kind.IN_PLAY_DELAY, state=5),
        row(Kind.RESULT, 0, state=Result.WON),
        row(Kind.UNTYPED, text="{}"),
    ],
)
def test_other_rows_have_no_event(read: Row) -> None:
    """Delays concern the exchange, results come from it as a whole, untyped rows are unread."""
    info = tape_info()
    assert TapeEvents(info, info.catalogue()).of_row(read) is None


def test_rows_of_a_market_added_later_are_read() -> None:
    """Entries may be added to the dictionaries and the catalogue after the first row."""
    info = tape_info()
    catalogue = info.catalogue()
    events = TapeEvents(info, catalogue)
    market = Market(GAME, SPREAD, MarketType.SPREAD, "Spread")
    first = Line(LineId("hs"), GAME, SPREAD, Selection.HOME, -4.5)
    second = Line(LineId("as"), GAME, SPREAD, Selection.AWAY, 4.5)
    info.markets.append(market)
    info.lines += [first, second]
    catalogue.add((), (market,), (first, second))
    trade = row(Kind.TRADE, 2, 100, 1_000, Side.MAKER)
    assert events.of_row(trade) == TradeSeen(second.line_id, Odds(100), 1_000)


def test_a_malformed_score_is_named() -> None:
    """The error quotes the text and the expected form."""
    with pytest.raises(TapeError, match="score '54:51': not of the form 54-51"):
        score_of("54:51")


class Received:
    """A desk that keeps what it received."""

    def __init__(self) -> None:
        """Start with nothing received."""
        self.events: list[Event] = []

    def take(self, event: Event, _: int) -> None:
        """Keep an event."""
        self.events.append(event)

    def act(self, _: int) -> None:
        """Decide nothing."""


def test_case_40_a_desk_receives_how_late_its_rows_are() -> None:
    """Before the row, when whole seconds change; a row without its own time says nothing."""
    info, received = tape_info(), Received()
    feed = DeskFeed(received, info, info.catalogue(), ManualClock())
    offer, price = row(Kind.OFFER, 1, -110, 1_100), row(Kind.REFERENCE, 0, state=5)
    for read, late_ns in (
        *((offer, 900_000_000), (offer, 20_100_000_000), (offer, 20_900_000_000)),
        *((offer, 0), (price, 300_000_000), (offer, 40_000_000), (offer, 20_000_000)),
        (offer, 7_200_000_000_000),
    ):
        feed.on_rows([read._replace(received_ns=10**13, exchange_ns=10**13 - late_ns)])
    kinds = [type(event) for event in received.events]
    delays = [event for event in received.events if isinstance(event, FeedDelayed)]
    assert delays == [FeedDelayed(GAME, 20_000_000_000), FeedDelayed(GAME, 0)]
    assert kinds[:3] == [OfferChanged, FeedDelayed, OfferChanged]
    assert kinds.index(ReferencePrice) + 1 == kinds.index(FeedDelayed, 2)


class TimesOfCalls:
    """A desk that keeps when it was called."""

    def __init__(self) -> None:
        """Start with no calls."""
        self.taken_ns: list[int] = []
        self.acted_ns: list[int] = []

    def take(self, _: Event, at_ns: int) -> None:
        """Keep the time of an event."""
        self.taken_ns.append(at_ns)

    def act(self, now_ns: int) -> None:
        """Keep the time of a decision."""
        self.acted_ns.append(now_ns)


def test_a_desk_decides_now_on_rows_that_waited_for_it() -> None:
    """A start takes seconds: its first decision must not take old rows for the present."""
    desk, info, clock = TimesOfCalls(), tape_info(), ManualClock()
    clock.set(7_000)
    feed = DeskFeed(desk, info, info.catalogue(), clock)
    feed.on_rows([row(Kind.OFFER, 0, 105, 5_000, Side.MAKER)])
    assert desk.taken_ns == [2]
    assert desk.acted_ns == [7_000]
