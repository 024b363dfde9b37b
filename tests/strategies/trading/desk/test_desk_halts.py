"""The desk stops quoting: markets pulled, loss limits, a halt, and a person's word."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from strategies.trading.model.events import (
    CancelRefused,
    Event,
    EventPaused,
    EventStatusChanged,
    FeedLost,
    FeedRestored,
    MarketStatusChanged,
    TradingState,
    TradingStateSet,
    WagerAccepted,
    WagerCancelled,
    WagerOpened,
)
from strategies.trading.model.ids import EventId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.units import NS_PER_SECOND

Room = Any
MakeRoom = Callable[..., Any]

G1 = EventId("g1")
MONEYLINE = MarketKey(G1, MarketId("219"))


def rest_wish(room: Room, *quotes: Any) -> None:
    """Let quotes be wished for, placed and opened, and start a new list of what is asked."""
    room.wish(*quotes)
    room.open_up()
    room.refresh()
    room.exchange.forget()


def one_open(room: Room) -> WagerRef:
    """Let one quote of $10 at +110 on the home team rest; return its wager."""
    rest_wish(room, room.quote("home", 110, 1_000))
    (wager,) = room.desk.wagers.live()
    return WagerRef(wager.ref)


def placed(room: Room) -> list[tuple[str, int, int]]:
    """Return what the exchange was asked for, as (line, odds, stake)."""
    return [(place.line_id, place.odds, place.stake_cents) for place in room.exchange.places]


def rejoin(room: Room, state: TradingState) -> None:
    """Let a person set the trading state."""
    room.hear(TradingStateSet(state, "a person said so"))


# Pulling -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "back"),
    [
        (
            MarketStatusChanged(MONEYLINE, MarketStatus.SUSPENDED),
            MarketStatusChanged(MONEYLINE, MarketStatus.OPEN),
        ),
        (EventPaused(G1, True), EventPaused(G1, False)),
        (FeedLost(), FeedRestored()),
        (
            EventStatusChanged(G1, EventStatus.LIVE),
            EventStatusChanged(G1, EventStatus.NOT_STARTED),
        ),
    ],
)
def test_quotes_are_pulled_at_once_and_come_back(room: Room, event: Event, back: Event) -> None:
    """A suspension, a pause, a lost feed and the start pull quotes in the same instant."""
    ref = one_open(room)
    room.hear(event)
    assert (room.exchange.cancels, placed(room)) == ([ref], [])
    room.hear(WagerCancelled(ref, 1_000))
    room.refresh()
    assert placed(room) == []
    room.hear(back)
    assert placed(room) == [("home", 110, 1_000)]


@pytest.mark.parametrize("event", [FeedLost(), TradingStateSet(TradingState.HALTED, "enough")])
def test_a_wager_that_opens_too_late_is_pulled_as_it_opens(room: Room, event: Event) -> None:
    """A wager in flight when quoting stops does not stay in the book until the next refresh."""
    room.wish(room.quote("home", 110, 1_000))
    (ref,) = [place.ref for place in room.exchange.places]
    room.hear(event)
    assert room.exchange.cancels == []
    room.hear(WagerAccepted(ref))
    room.hear(WagerOpened(ref))
    assert room.exchange.cancels == [ref]


def test_quotes_are_pulled_before_the_start(room: Room) -> None:
    """Though nothing is heard, quotes are gone within a refresh of two minutes before the start."""
    ref = one_open(room)
    closing_ns = room.desk.market_states.events[G1].scheduled_ns - 120 * NS_PER_SECOND
    room.clock.advance(closing_ns - room.clock.now_ns() - 1)
    assert room.exchange.cancels == []
    room.clock.advance(room.strategy.quote_refresh_ns)
    assert room.exchange.cancels == [ref]


def test_quotes_are_pulled_when_the_feed_falls_silent(make_room: MakeRoom) -> None:
    """Silence beyond the limit pulls quotes within a refresh, and news brings them back."""
    room = make_room(max_feed_age_ns=60 * NS_PER_SECOND)
    ref = one_open(room)
    room.clock.advance(70 * NS_PER_SECOND)
    assert set(room.exchange.cancels) == {ref}
    room.hear(WagerCancelled(ref, 1_000))
    room.offer("home", 150, 100)
    room.refresh()
    assert placed(room) == [("home", 110, 1_000)]


# Halting -------------------------------------------------------------------------------------


def test_stopping_cancels_everything(room: Room) -> None:
    """On a stop everything is withdrawn in one go, and nothing is placed any more."""
    one_open(room)
    room.desk.stop("the session is over")
    assert room.exchange.kinds == ["cancel_all"]
    room.confirm_cancels()
    room.offer("home", 150, 100)
    room.wish(room.quote("home", 120, 1_000))
    assert room.exchange.kinds == ["cancel_all"]
    assert room.resting() == []


def test_a_cancel_refused_while_halted_is_asked_again(room: Room) -> None:
    """Halted, the desk goes on withdrawing what the exchange would not let go."""
    ref = one_open(room)
    room.desk.stop("enough")
    room.exchange.forget()
    room.hear(CancelRefused(ref, "in_play_delay", room.clock.now_ns() + NS_PER_SECOND))
    room.clock.advance(NS_PER_SECOND)
    assert room.exchange.cancels == [ref]


LOSSES = pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"max_daily_loss_cents": 5_000}, "max_daily_loss: $50.00 lost today"),
        (
            {"stop_loss_percent": Decimal(5), "balance_cents": 100_000},
            "stop_loss_percentage: $50.00 below the highest equity",
        ),
    ],
)


@LOSSES
def test_a_loss_limit_halts_and_cancels_everything(
    make_room: MakeRoom, limits: dict[str, Any], reason: str
) -> None:
    """A settled loss that reaches a limit halts the desk, which says why and withdraws all."""
    room = make_room(**limits)
    one_open(room)
    room.fill_new("home2", 100, 5_000)
    room.settle(room.key("g2"), {"home2": Result.LOST})
    assert room.desk.risk.state is TradingState.HALTED
    assert room.exchange.kinds == ["cancel_all"]
    words = [event for _, _, event in room.journal.inputs if isinstance(event, TradingStateSet)]
    assert words == [TradingStateSet(TradingState.HALTED, reason)]


@LOSSES
def test_a_cent_short_of_a_loss_limit_the_desk_trades_on(
    make_room: MakeRoom, limits: dict[str, Any], reason: str
) -> None:
    """One cent less of a loss leaves the desk active."""
    room = make_room(**limits)
    room.fill_new("home2", 100, 4_999)
    room.settle(room.key("g2"), {"home2": Result.LOST})
    assert room.desk.risk.state is TradingState.ACTIVE, reason
    assert room.exchange.batches == []


def test_a_loss_in_marks_halts_too(make_room: MakeRoom) -> None:
    """A position whose fair price falls is a loss of the day before it is settled."""
    room = make_room(max_daily_loss_cents=5_000)
    room.fill_new("home", 100, 10_000)
    for odds in (-110, -300):
        room.offer("away", odds, 1_000)
    room.offer("home", 260, 1_000)
    room.refresh()
    assert room.desk.ledger.marked_cents == 0
    room.offer("away", -110, 0)
    room.refresh()
    assert room.desk.ledger.marked_cents < -4_000
    room.offer("home", 320, 1_000)
    room.offer("away", -300, 0)
    room.offer("away", -400, 1_000)
    room.refresh()
    assert room.desk.risk.state is TradingState.HALTED
    assert room.exchange.kinds == ["cancel_all"]


def test_a_person_may_let_a_halted_desk_trade_again(make_room: MakeRoom) -> None:
    """Set active, the desk quotes again at once, and counts its losses from there."""
    room = make_room(max_daily_loss_cents=5_000)
    room.strategy.wish = (room.quote("home", 110, 1_000),)
    room.fill_new("home2", 100, 5_000)
    room.settle(room.key("g2"), {"home2": Result.LOST})
    room.refresh()
    assert placed(room) == []
    rejoin(room, TradingState.ACTIVE)
    assert placed(room) == [("home", 110, 1_000)]
    room.fill_new("home2", 100, 4_999)
    room.settle(room.key("g2"), {"home2": Result.LOST})
    assert room.desk.risk.state is TradingState.ACTIVE


def test_reducing_keeps_only_what_hedges(room: Room) -> None:
    """Set to reducing, the desk withdraws what could add to its exposure and rests the hedge."""
    room.fill_new("home", 110, 1_000)
    rest_wish(room, room.quote("home", 115, 1_000), room.quote("over", 110, 1_000))
    room.strategy.wish += (room.quote("away", 105, 900),)
    rejoin(room, TradingState.REDUCING)
    assert [room.wager(ref).line_id for ref in room.exchange.cancels] == ["home", "over"]
    room.confirm_cancels()
    room.refresh()
    assert placed(room) == [("away", 105, 900)]
