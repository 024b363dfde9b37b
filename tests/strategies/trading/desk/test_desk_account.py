"""The desk's books held against the exchange's account of it."""

from collections.abc import Callable
from typing import Any

import pytest

from strategies.trading.model.errors import InvariantError
from strategies.trading.model.events import AccountState, WagerAccepted, WagerCancelled, WagerOpened
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.units import NS_PER_SECOND

Room = Any

BALANCE_CENTS = 100_000_000
PATIENCE_NS = 5 * NS_PER_SECOND


@pytest.fixture
def room(make_room: Callable[..., Any]) -> Room:
    """Return a desk that makes up its mind too seldom to send anything in these tests."""
    return make_room(refresh_ns=3_600 * NS_PER_SECOND)


@pytest.fixture
def ref(room: Room) -> WagerRef:
    """Return a wager of $10 that rests; nothing is in flight."""
    return WagerRef(room.rest("home", 110, 1_000))


def account(matched_cents: int, *open_cents: tuple[WagerRef, int]) -> AccountState:
    """Return the exchange's account of so much matched, and these wagers open."""
    staked_cents = matched_cents + sum(cents for _, cents in open_cents)
    return AccountState(BALANCE_CENTS - staked_cents, open_cents)


def hear_twice(room: Room, state: AccountState) -> None:
    """Let an account be heard, and again when our patience is over."""
    for _ in range(2):
        room.hear(state)
        room.clock.advance(PATIENCE_NS)


def test_an_account_that_agrees_is_passed_over(room: Room, ref: WagerRef) -> None:
    """Spendable cents and open stakes that equal ours change nothing, in whatever order told."""
    other = room.rest("home", 112, 1_000)
    room.fill(ref, 400)
    hear_twice(room, account(400, (other, 1_000), (ref, 600)))
    assert "ask_state" not in room.exchange.kinds


@pytest.mark.parametrize(
    ("balance", "open_cents", "what"),
    [(99_998_999, 1_000, "available cents"), (99_999_000, 999, "open wagers")],
)
def test_an_account_that_goes_on_to_differ_stops_the_desk(
    room: Room, ref: WagerRef, balance: int, open_cents: int, what: str
) -> None:
    """A cent too much or too little, told twice, means that one of the two books is wrong."""
    with pytest.raises(InvariantError, match=what):
        hear_twice(room, AccountState(balance, ((ref, open_cents),)))


def test_a_wager_that_the_exchange_does_not_hold_stops_the_desk(room: Room, ref: WagerRef) -> None:
    """A wager that we take to be open must be in the exchange's list."""
    with pytest.raises(InvariantError, match=f"open wagers: we hold {{'{ref}': 1000}}"):
        hear_twice(room, account(0))


def test_an_account_that_differs_is_asked_for_again(room: Room, ref: WagerRef) -> None:
    """One account that differs may be of a fill not told yet: it is asked for again in a while."""
    room.hear(account(400, (ref, 600)))
    room.hear(account(400, (ref, 600)))
    assert room.exchange.kinds == []
    room.clock.advance(PATIENCE_NS)
    assert room.exchange.kinds == ["ask_state"]
    room.fill(ref, 400)
    hear_twice(room, account(400, (ref, 600)))


def test_books_are_not_compared_while_something_is_in_flight(room: Room) -> None:
    """Until a wager is said to be open and a cancel is answered, an account proves nothing."""
    ref = room.register("home", 110, 1_000)
    hear_twice(room, account(0))
    room.take(WagerAccepted(ref))
    hear_twice(room, account(300, (ref, 700)))
    room.take(WagerOpened(ref))
    room.desk.wagers.begin_cancel(ref, room.clock.now_ns())
    hear_twice(room, account(0))
    room.take(WagerCancelled(ref, 1_000))
    with pytest.raises(InvariantError, match="available cents"):
        hear_twice(room, account(1))


def test_books_are_not_compared_while_a_fill_is_known_to_be_untold(
    room: Room, ref: WagerRef
) -> None:
    """A cancel that tells of less unmatched than we know has a fill on its way."""
    room.take(WagerCancelled(ref, 400))
    hear_twice(room, account(599))
    room.fill(ref, 600)
    hear_twice(room, account(600))
    with pytest.raises(InvariantError, match="available cents"):
        hear_twice(room, account(599))
