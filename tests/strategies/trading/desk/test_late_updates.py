"""The wager manager and the desk, told late, twice, out of order, or not at all."""

from collections.abc import Callable
from typing import Any

import pytest

from strategies.trading.model.commands import Intent
from strategies.trading.model.errors import InvariantError
from strategies.trading.model.events import (
    CancelRefused,
    TradingState,
    TradingStateSet,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
)
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.wagers.wager import EndReason, WagerState

Room = Any
MakeRoom = Callable[..., Any]

PATIENCE_NS = 5 * NS_PER_SECOND
HOUR_NS = 3_600 * NS_PER_SECOND
LIVE = list(WagerState)[:-1]


def fill(room: Room, ref: WagerRef, cents: int, total_cents: int) -> WagerMatched:
    """Return a fill of a wager that the exchange names by its total."""
    return WagerMatched(ref, room.wager(ref).odds, cents, cents, total_cents)


def in_state(room: Room, state: WagerState) -> WagerRef:
    """Return a wager of $10 that was told or asked so much."""
    ref = WagerRef(room.register("home", 110, 1_000))
    if state in LIVE[1:]:
        room.take(WagerAccepted(ref))
    if state in LIVE[2:]:
        room.take(WagerOpened(ref))
    if state is WagerState.CANCELLING:
        room.desk.wagers.begin_cancel(ref, room.clock.now_ns())
    return ref


def rest_wish(room: Room) -> WagerRef:
    """Let one quote of $10 be wished for, placed and opened; start a new list of what is asked."""
    room.wish(room.quote("home", 110, 1_000))
    room.open_up()
    room.refresh()
    room.exchange.forget()
    (wager,) = room.desk.wagers.live()
    return WagerRef(wager.ref)


# Fills ---------------------------------------------------------------------------------------


def test_a_fill_told_twice_is_booked_once(room: Room) -> None:
    """A fill whose total was booked before adds nothing to wager, exposure or turnover."""
    ref = room.rest("home", 110, 1_000)
    for total in (700, 300, 700, 300):
        room.hear(fill(room, ref, 400 if total == 700 else 300, total))
    assert room.wager(ref).matched_cents == 700
    assert room.desk.exposure.position(room.pair()).matched_cents == [700, 0]
    assert (room.desk.ledger.turnover_cents, room.desk.exposure.open_cents) == (700, 300)


def test_fills_without_a_total_are_all_booked(room: Room) -> None:
    """An exchange that does not count for us may match the same stake twice."""
    ref = room.rest("home", 110, 1_000)
    for _ in range(2):
        room.hear(fill(room, ref, 400, 0))
    assert room.wager(ref).matched_cents == 800


def test_a_repeat_asks_for_no_decision(room: Room) -> None:
    """What tells nothing new wakes nobody: no price is asked for, and nothing is sent."""
    ref = rest_wish(room)
    news = fill(room, ref, 300, 300)
    room.hear(news)
    decisions = room.desk.decisions
    room.hear(news)
    room.hear(WagerOpened(ref))
    assert room.desk.decisions == decisions


def test_stake_matched_but_untold_counts_as_open(room: Room) -> None:
    """A cancel that leaves less than we know of counts the difference until its fill is told."""
    ref = room.rest("home", 110, 1_000)
    room.take(WagerCancelled(ref, 400))
    assert (room.resting(), room.wager(ref).reason) == ([], EndReason.CANCELLED)
    assert (room.desk.exposure.total_cents, room.desk.exposure.open_cents) == (600, 600)
    assert room.desk.ledger.available_cents == 100_000_000 - 600
    room.take(fill(room, ref, 600, 600))
    assert (room.desk.exposure.total_cents, room.desk.exposure.open_cents) == (600, 0)
    with pytest.raises(InvariantError, match="1001 cents matched of 1000"):
        room.take(fill(room, ref, 401, 1_001))


def test_a_wager_that_lacks_a_fill_is_not_forgotten(room: Room) -> None:
    """However long its fill takes, an ended wager is known until nothing of it is unreported."""
    ref = room.rest("home", 110, 1_000)
    room.take(WagerCancelled(ref, 400))
    room.clock.skip(2 * HOUR_NS)
    room.take(WagerCancelled(room.rest("home", 110, 1_000), 1_000))
    room.take(fill(room, ref, 600, 600))
    assert room.desk.exposure.open_cents == 0
    room.clock.skip(HOUR_NS + 1)
    room.take(WagerCancelled(room.rest("home", 110, 1_000), 1_000))
    assert room.desk.wagers.find(ref) is None


# Ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", LIVE)
def test_a_wager_may_be_withdrawn_by_the_exchange(room: Room, state: WagerState) -> None:
    """A cancel that nobody asked for ends a wager wherever it stands, and frees what it held."""
    ref = in_state(room, state)
    room.hear(WagerCancelled(ref, 1_000))
    assert (room.wager(ref).state, room.wager(ref).reason) == (
        WagerState.ENDED,
        EndReason.CANCELLED,
    )
    assert (room.desk.exposure.total_cents, room.desk.wagers.live_count) == (0, 0)


@pytest.mark.parametrize("state", LIVE)
def test_a_wager_may_turn_out_invalid_at_any_time(room: Room, state: WagerState) -> None:
    """Invalid though it was said to be open, a wager ends; what was matched of it stays."""
    ref = in_state(room, state)
    room.hear(fill(room, ref, 300, 300))
    room.hear(WagerInvalid(ref, "no"))
    assert room.wager(ref).reason is EndReason.INVALID
    assert (room.desk.exposure.total_cents, room.desk.exposure.open_cents) == (300, 0)


def test_news_of_a_wager_that_has_ended_changes_nothing(room: Room) -> None:
    """A refusal, an opening or another end after the end leaves the wager as it ended."""
    ref = room.rest("home", 110, 1_000)
    room.take(WagerCancelled(ref, 1_000))
    for event in (
        CancelRefused(ref, "canceled", None),
        CancelRefused(ref, "too_soon", room.clock.now_ns() + NS_PER_SECOND),
        WagerAccepted(ref),
        WagerOpened(ref),
        WagerRejected(ref, "no"),
    ):
        room.hear(event)
    assert room.wager(ref).reason is EndReason.CANCELLED
    room.clock.advance(2 * NS_PER_SECOND)
    assert room.exchange.kinds == []


# Cancels -------------------------------------------------------------------------------------


def test_a_refusal_of_an_earlier_cancel_does_not_answer_a_later_one(room: Room) -> None:
    """A refusal told twice, the second time after the cancel was asked again, is not obeyed."""
    ref = rest_wish(room)
    room.wish()
    refusal = CancelRefused(ref, "too_soon", room.clock.now_ns() + NS_PER_SECOND)
    room.hear(refusal)
    room.clock.advance(NS_PER_SECOND)
    assert room.exchange.cancels == [ref, ref]
    room.hear(refusal)
    assert room.wager(ref).state is WagerState.CANCELLING


@pytest.mark.parametrize("state", [TradingState.ACTIVE, TradingState.REDUCING])
def test_a_cancel_without_an_answer_is_asked_for_again(
    make_room: MakeRoom, state: TradingState
) -> None:
    """Five seconds after a cancel that nothing was heard of, the wager is cancelled again."""
    room = make_room(refresh_ns=NS_PER_SECOND)
    ref = rest_wish(room)
    room.strategy.wish = ()
    room.hear(TradingStateSet(state, "a person said so"))
    assert room.exchange.cancels == [ref]
    room.exchange.forget()
    room.clock.advance(PATIENCE_NS - 1)
    assert room.exchange.cancels == []
    room.clock.advance(1)
    assert room.exchange.cancels == [ref]
    room.hear(WagerCancelled(ref, 1_000))
    room.clock.advance(2 * PATIENCE_NS)
    assert room.exchange.cancels == [ref]


def test_a_refusal_without_a_time_is_asked_about_again_after_a_while(make_room: MakeRoom) -> None:
    """A wager that the exchange would not let go, with no time given, is tried again in 5 s."""
    room = make_room(refresh_ns=NS_PER_SECOND)
    ref = rest_wish(room)
    room.wish()
    room.hear(CancelRefused(ref, "wager_already_matched", None))
    room.exchange.forget()
    room.clock.advance(PATIENCE_NS - 1)
    assert room.exchange.cancels == []
    room.clock.advance(1)
    assert room.exchange.cancels == [ref]


def test_a_pending_wager_is_never_placed_again(room: Room) -> None:
    """A wager of which nothing is heard counts as open, and no other is placed in its stead."""
    room.wish(room.quote("home", 110, 1_000))
    room.clock.advance(HOUR_NS)
    assert len(room.exchange.places) == 1
    assert room.desk.exposure.open_cents == 1_000


# Halted --------------------------------------------------------------------------------------


def test_a_halt_without_an_answer_is_repeated_until_nothing_is_open(make_room: MakeRoom) -> None:
    """A lost cancel of everything is sent again every five seconds while something counts."""
    room = make_room(refresh_ns=NS_PER_SECOND)
    open_ref = rest_wish(room)
    pending_ref = room.register("home", 112, 1_000)
    room.desk.stop("enough")
    room.exchange.forget()
    room.clock.advance(PATIENCE_NS - 1)
    assert room.exchange.kinds == []
    room.clock.advance(1)
    assert room.exchange.kinds == ["cancel_all"]
    room.hear(WagerCancelled(open_ref, 1_000))
    room.clock.advance(PATIENCE_NS)
    assert room.exchange.kinds == ["cancel_all", "cancel_all"]
    room.hear(WagerCancelled(pending_ref, 1_000))
    room.clock.advance(10 * PATIENCE_NS)
    assert room.exchange.kinds == ["cancel_all", "cancel_all"]


@pytest.mark.parametrize("retry_in_ns", [NS_PER_SECOND, None])
def test_halted_the_desk_sends_nothing_but_cancels(
    make_room: MakeRoom, retry_in_ns: int | None
) -> None:
    """After a halt only cancels leave; a refused one is asked again by name, or with all."""
    room = make_room(refresh_ns=NS_PER_SECOND)
    ref = rest_wish(room)
    taking = room.register("away", 110, 1_000, Intent.TAKE)
    room.desk.stop("enough")
    room.exchange.forget()
    retry_at_ns = None if retry_in_ns is None else room.clock.now_ns() + retry_in_ns
    room.hear(CancelRefused(ref, "rate_limit_reached", retry_at_ns))
    room.hear(WagerOpened(taking))
    room.hear(fill(room, ref, 300, 300))
    room.offer("home", 150, 1_000)
    room.wish(room.quote("home", 120, 1_000), room.quote("away", 130, 1_000))
    room.clock.advance(4 * PATIENCE_NS)
    assert room.wager(ref).state is WagerState.CANCELLING
    assert set(room.exchange.kinds) <= {"cancel", "cancel_all"}
    assert (ref in room.exchange.cancels) is (retry_in_ns is not None)
