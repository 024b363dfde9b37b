"""What an account may stake: both balance modes, the limits on what is open, exposure credit."""

from collections.abc import Callable
from typing import Any

import pytest

from sim.engine.latency import Delay
from sim.exchange.exchange_settings import BalanceMode
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
    AccountState,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerOpened,
)
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.market import Result
from tests.sim.small_exchange import Room


def refs(room: Room, kind: type[Any]) -> list[WagerRef]:
    """Return the refs of the wagers to which something of a kind happened."""
    return [event.ref for event in room.of(kind)]


def place_many(
    room: Room, number: int, cents: int, make_request: Callable[..., PlaceWager], ms: float = 1
) -> None:
    """Place so many wagers of one stake, twenty at a time."""
    requests = [make_request(f"w{n}", "home", 100, cents) for n in range(number)]
    for first in range(0, number, 20):
        room.place_all(ms + first / 20, requests[first : first + 20])


# Modes ----------------------------------------------------------------------------------------


def test_deducted_at_once_open_stakes_together_stay_within_the_balance(
    make_room: type[Room],
) -> None:
    """Under immediate deduction a placement takes its stake, and what is left decides."""
    room = make_room(balance_mode=BalanceMode.IMMEDIATE, starting_balance_cents=1000)
    room.place(1, "w", "home", 100, 600)
    room.place(2, "v", "home", 105, 600)
    room.run()
    assert room.codes("v") == ["insufficient_amount"]


def test_deducted_when_matched_open_stakes_are_only_held_against_the_balance_one_by_one(
    make_room: type[Room],
) -> None:
    """Under deferred deduction each wager must be covered, not all that are open together."""
    room = make_room(starting_balance_cents=1000)
    room.place(1, "w", "home", 100, 600)
    room.place(2, "v", "home", 105, 600)
    room.place(3, "u", "home", 110, 1001)
    room.ask_state(4)
    room.run()
    assert refs(room, WagerOpened) == ["w", "v"]
    assert room.codes("u") == ["insufficient_amount"]
    assert [state.balance_cents for state in room.of(AccountState)] == [-200]


@pytest.mark.parametrize("mode", list(BalanceMode))
def test_matched_stakes_cannot_be_staked_again_in_either_mode(
    make_room: type[Room], mode: BalanceMode
) -> None:
    """What is matched is at risk until its market settles."""
    room = make_room(balance_mode=mode, starting_balance_cents=1000)
    room.offer(0, "home", 100, 700)
    room.place(1, "w", "home", 100, 700)
    room.place(2, "too-much", "over", 100, 301)
    room.place(3, "just", "over", 100, 300)
    room.run()
    assert room.codes("too-much") == ["insufficient_amount"]
    assert refs(room, WagerAccepted) == ["w", "just"]


# Limits on what is open -----------------------------------------------------------------------


def test_beyond_ten_times_what_can_be_paid_a_wager_is_invalid(
    make_room: type[Room], make_request: Callable[..., PlaceWager]
) -> None:
    """Under deferred deduction so much may be open; looked at when a wager would open."""
    room = make_room(starting_balance_cents=1000)
    place_many(room, 11, 1000, make_request)
    room.run()
    assert len(room.of(WagerAccepted)) == 11
    assert room.of(WagerInvalid) == [WagerInvalid(WagerRef("w10"), "insufficient_amount")]
    assert refs(room, WagerOpened) == [f"w{n}" for n in range(10)]


def test_of_wagers_that_wait_together_the_first_open_as_far_as_the_limit(
    make_room: type[Room],
    make_request: Callable[..., PlaceWager],
    constant_ms: Callable[[float], Delay],
) -> None:
    """Those that still wait are behind the one that opens, and do not count against it."""
    room = make_room(
        starting_balance_cents=1000, open_stake_multiple=2, delays={"activation": constant_ms(50)}
    )
    place_many(room, 4, 1000, make_request)
    room.run()
    assert refs(room, WagerOpened) == ["w0", "w1"]
    assert refs(room, WagerInvalid) == ["w2", "w3"]


def test_beyond_fifty_times_what_can_be_paid_placing_is_slowed_down(
    make_room: type[Room],
    make_request: Callable[..., PlaceWager],
    constant_ms: Callable[[float], Delay],
) -> None:
    """Open and waiting together; then a request is told to come again later."""
    room = make_room(starting_balance_cents=1000, delays={"activation": constant_ms(100)})
    place_many(room, 51, 1000, make_request)
    room.run()
    assert len(room.of(WagerAccepted)) == 50
    assert room.codes("w50") == ["rate_limit_reached"]


def test_what_is_withdrawn_no_longer_counts_as_open(
    make_room: type[Room], make_request: Callable[..., PlaceWager]
) -> None:
    """A cancel makes room under the limit, as does a fill that was paid for."""
    room = make_room(starting_balance_cents=1000, open_stake_multiple=1)
    room.place(1, "w", "home", 100, 1000)
    room.place(2, "early", "home", 100, 1000)
    room.cancel(500, "w")
    room.place(501, "late", "home", 100, 1000)
    room.run()
    assert refs(room, WagerInvalid) == ["early"]
    assert refs(room, WagerOpened) == ["w", "late"]


# Paid for when matched ------------------------------------------------------------------------


def test_a_resting_wager_is_filled_only_as_far_as_its_account_can_pay(
    make_room: type[Room],
) -> None:
    """Of two that the balance covers one by one, the second gets what the first left."""
    room = make_room(starting_balance_cents=1000)
    room.place(1, "w", "home", 100, 800)
    room.place(2, "v", "over", 100, 800)
    room.trade(10, "away", 100, 800)
    room.trade(20, "under", 100, 800)
    room.run()
    assert (room.filled_cents("w"), room.filled_cents("v")) == (800, 200)
    assert room.of(WagerCancelled) == [WagerCancelled(WagerRef("v"), 600)]
    assert room.us.payable_cents(room.env.now_ns) == 0


def test_a_taker_is_filled_only_as_far_as_its_account_can_pay(
    make_room: type[Room], constant_ms: Callable[[float], Delay]
) -> None:
    """What it cannot pay for is withdrawn: it could not rest across what it left."""
    room = make_room(starting_balance_cents=1000, delays={"activation": constant_ms(50)})
    room.offer(0, "home", 100, 5000)
    room.offer(0, "over", 100, 5000)
    room.place(1, "w", "home", 100, 800)
    room.place(2, "v", "over", 100, 800)
    room.run()
    assert (room.filled_cents("w"), room.filled_cents("v")) == (800, 200)
    assert room.of(WagerCancelled) == [WagerCancelled(WagerRef("v"), 600)]


def test_a_taker_of_participants_is_filled_only_as_far_as_its_account_can_pay(
    make_room: type[Room], constant_ms: Callable[[float], Delay]
) -> None:
    """Against others' wagers as against what is recorded: they keep what it could not take."""
    room = make_room(starting_balance_cents=1000, delays={"activation": constant_ms(50)})
    room.join("b")
    room.place(1, "m", "away", 100, 5000, by="b")
    room.place(2, "m2", "under", 100, 5000, by="b")
    room.place(100, "w", "home", 100, 800)
    room.place(101, "v", "over", 100, 800)
    room.run()
    assert (room.filled_cents("w"), room.filled_cents("v")) == (800, 200)
    assert room.of(WagerCancelled) == [WagerCancelled(WagerRef("v"), 600)]
    assert room.guests["b"].open_cents == 10_000 - 1000


def test_whoever_meets_a_maker_that_cannot_pay_goes_on_to_the_next(make_room: type[Room]) -> None:
    """The taker gets what the first could pay for, and the rest from the one behind."""
    room = make_room()
    room.join("poor", 1000)
    room.join("rich", 1_000_000)
    room.place(1, "m", "home", 100, 800, by="poor")
    room.place(2, "m2", "over", 100, 800, by="poor")
    room.place(3, "m", "home", 100, 800, by="rich")
    room.place(10, "t", "under", 100, 700)
    room.place(20, "u", "away", 100, 800)
    room.run()
    assert room.filled_cents("m", by="poor") == 300
    assert room.of(WagerCancelled, by="poor") == [WagerCancelled(WagerRef("m"), 500)]
    assert room.filled_cents("m", by="rich") == 500
    assert room.fills("u") == [(100, 300, 300), (100, 500, 500)]


# Exposure credit ------------------------------------------------------------------------------


def covered(make_room: type[Room], **settings: Any) -> Room:
    """Return a room where 1000 on home and 500 on away are matched, of a balance of 1500.

    Whatever happens 500 at most are lost, so 1000 may be staked again.
    """
    room = make_room(starting_balance_cents=1500, **settings)
    room.offer(0, "home", 100, 1000)
    room.offer(0, "away", 100, 500)
    room.place(1, "w", "home", 100, 1000)
    room.place(2, "v", "away", -110, 500)
    return room


def test_what_matched_wagers_cover_of_each_other_may_be_staked_again(make_room: type[Room]) -> None:
    """Once the credit is reckoned, in ticks of five seconds, it counts beside the balance."""
    room = covered(make_room)
    room.place(4999, "early", "over", 100, 100)
    room.place(5000, "too-much", "over", 100, 1001)
    room.place(5001, "just", "over", 100, 1000)
    room.run()
    assert room.codes("early") == room.codes("too-much") == ["insufficient_amount"]
    assert refs(room, WagerOpened) == ["w", "v", "just"]


def test_the_state_of_the_account_tells_the_credit_beside_the_balance(
    make_room: type[Room],
) -> None:
    """As it was last reckoned."""
    room = covered(make_room)
    room.ask_state(4999)
    room.ask_state(5001)
    room.run()
    told = [(state.balance_cents, state.credit_cents) for state in room.of(AccountState)]
    assert told == [(0, 0), (0, 1000)]


def test_the_credit_is_reckoned_as_often_as_it_is_set_to_be(make_room: type[Room]) -> None:
    """With a shorter tick it is there sooner."""
    room = covered(make_room, credit_refresh_ns=1_000_000_000)
    room.place(999, "early", "over", 100, 1000)
    room.place(1000, "just", "over", 100, 1000)
    room.run()
    assert room.codes("early") == ["insufficient_amount"]
    assert room.codes("just") == []


def test_without_exposure_credit_nothing_matched_is_staked_again(make_room: type[Room]) -> None:
    """It can be switched off."""
    room = covered(make_room, exposure_credit=False)
    room.place(20_000, "w3", "over", 100, 100)
    room.run()
    assert room.codes("w3") == ["insufficient_amount"]


def test_a_fill_can_be_paid_for_from_the_credit(make_room: type[Room]) -> None:
    """What may be staked on credit is also paid from it when it is matched."""
    room = covered(make_room)
    room.offer(0, "over", 100, 5000)
    room.place(5001, "w3", "over", 100, 1000)
    room.place(5002, "w4", "under", 105, 100)
    room.run()
    assert room.filled_cents("w3") == 1000
    assert room.codes("w4") == ["insufficient_amount"]


def test_a_settlement_takes_the_credit_away_at_once(make_room: type[Room]) -> None:
    """It rested on stakes that are paid out now; what was won and lost is in the balance."""
    room = covered(make_room)
    room.place(5001, "small", "over", 110, 100)
    room.result(6000, "home", Result.LOST)
    room.result(6000, "away", Result.WON, same_message=True)
    room.place(6001, "too-much", "over", 100, 1001)
    room.place(6002, "just", "over", 100, 1000)
    room.run()
    assert room.us.account.cash_cents == 1500 - 1000 + 500
    assert room.codes("too-much") == ["insufficient_amount"]
    assert room.codes("just") == []
