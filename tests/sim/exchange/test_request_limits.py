"""How many requests an account may make, and how many placements may wait in the in-play delay."""

from collections.abc import Callable

import pytest

from sim.engine.latency import Delay
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
    AccountState,
    CancelRefused,
    WagerAccepted,
    WagerCancelled,
    WagerRejected,
)
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.market import EventStatus, MarketStatus
from tests.sim.small_exchange import Room

FIVE_SECONDS = 5_000_000_000


def accepted(room: Room) -> list[WagerRef]:
    """Return the refs of the wagers that were accepted."""
    return [event.ref for event in room.of(WagerAccepted)]


# Requests a second ----------------------------------------------------------------------------


def test_so_many_requests_are_taken_in_any_second(make_room: type[Room]) -> None:
    """The second slides: each request counts for a second from when it came."""
    room = make_room(requests_per_second=3)
    for ms in (1, 500, 900, 1000, 1001, 1002, 1499, 1500, 1501):
        room.place(ms, f"w{ms}", "home", 100, 300)
    room.run()
    assert accepted(room) == ["w1", "w500", "w900", "w1001", "w1500"]
    assert {event.code for event in room.of(WagerRejected)} == {"rate_limit_reached"}


def test_the_fifty_first_request_of_a_second_is_refused(make_room: type[Room]) -> None:
    """Unless told otherwise the exchange takes fifty."""
    room = make_room()
    for number in range(51):
        room.place(1, f"w{number}", "home", 100, 300)
    room.run()
    assert len(accepted(room)) == 50
    assert room.codes("w50") == ["rate_limit_reached"]


@pytest.mark.parametrize("verb", ["place", "cancel", "cancel_all", "ask_state"])
def test_every_kind_of_request_counts(make_room: type[Room], verb: str) -> None:
    """Placing, cancelling and asking share one limit."""
    room = make_room(requests_per_second=2)
    room.place(1, "w", "home", 100, 300)
    words = {"place": ("v", "home", 100, 300), "cancel": ("w",)}.get(verb, ())
    getattr(room, verb)(2, *words)
    room.place(3, "late", "home", 100, 300)
    room.run()
    assert room.codes("late") == ["rate_limit_reached"]


def test_a_batch_is_one_request(
    make_room: type[Room], make_request: Callable[..., PlaceWager]
) -> None:
    """Twenty wagers in one batch count once, and all of a batch too many are refused."""
    room = make_room(requests_per_second=1)
    room.place_all(1, [make_request(f"w{n}", "home", 100, 300) for n in range(20)])
    room.place_all(2, [make_request(f"v{n}", "home", 100, 300) for n in range(20)])
    room.run()
    assert len(accepted(room)) == 20
    assert [event.code for event in room.of(WagerRejected)] == ["rate_limit_reached"] * 20


def test_a_batch_that_is_too_large_counts_as_well(
    make_room: type[Room], make_request: Callable[..., PlaceWager]
) -> None:
    """It was asked, though it is refused."""
    room = make_room(requests_per_second=2)
    room.place_all(1, [make_request(f"w{n}", "home", 100, 300) for n in range(21)])
    room.cancel(2, *(f"w{n}" for n in range(21)))
    room.place(3, "late", "home", 100, 300)
    room.run()
    assert room.codes("late") == ["rate_limit_reached"]


def test_a_cancel_too_many_is_told_when_to_come_again(make_room: type[Room]) -> None:
    """Every wager of the batch is refused until a second has passed."""
    room = make_room(requests_per_second=2)
    room.place(1, "w", "home", 100, 300)
    room.place(999, "v", "home", 100, 300)
    room.cancel(1000, "w", "v")
    room.run()
    told = [(e.ref, e.code, room.ms_of(e.retry_at_ns)) for e in room.of(CancelRefused)]
    assert told == [("w", "rate_limit_reached", 2000), ("v", "rate_limit_reached", 2000)]


def test_a_mass_cancel_too_many_is_refused_for_what_it_concerns(make_room: type[Room]) -> None:
    """The desk hears it of each wager that it asked to cancel, and of no other."""
    room = make_room(requests_per_second=2)
    room.place(1, "w", "home", 100, 300)
    room.place(2, "v", "over", 100, 300)
    room.cancel_all(3, "game", "225")
    room.run()
    told = [(e.ref, e.code, room.ms_of(e.retry_at_ns)) for e in room.of(CancelRefused)]
    assert told == [("v", "rate_limit_reached", 1003)]
    assert room.of(WagerCancelled) == []


def test_asking_for_the_state_is_answered_also_beyond_the_limit(make_room: type[Room]) -> None:
    """A desk in a hurry is not left blind."""
    room = make_room(requests_per_second=1)
    room.place(1, "w", "home", 100, 300)
    room.ask_state(2)
    room.run()
    assert room.of(AccountState) == [AccountState(1_000_000 - 300, ((WagerRef("w"), 300),))]


def test_each_account_has_its_own_limit(make_room: type[Room]) -> None:
    """What one account asks takes nothing from another's share."""
    room = make_room(requests_per_second=1)
    room.join("b")
    room.place(1, "w", "home", 100, 300)
    room.place(2, "w", "home", 100, 300, by="b")
    room.run()
    assert room.codes("w") == room.codes("w", by="b") == []


# The in-play delay ----------------------------------------------------------------------------


@pytest.fixture
def in_play(make_room: type[Room]) -> Room:
    """Return a room in which the game is on, and two placements may wait for five seconds."""
    room = make_room(most_delayed=2, in_play_delay_ns=FIVE_SECONDS)
    room.join("b")
    room.event_status(0, EventStatus.LIVE)
    room.place(1, "one", "home", 100, 300)
    room.place(2, "two", "over", 100, 300)
    return room


def test_too_many_placements_cannot_wait_in_the_in_play_delay(in_play: Room) -> None:
    """Of one account so many may wait, over all markets; others wait apart from them."""
    in_play.place(3, "three", "home", 100, 300)
    in_play.place(4, "three", "home", 100, 300, by="b")
    in_play.run()
    assert in_play.codes("three") == ["too_many_delayed_requests"]
    assert in_play.codes("three", by="b") == []


def test_a_placement_that_has_opened_makes_room_in_the_in_play_delay(in_play: Room) -> None:
    """Once one is through, another may wait."""
    in_play.place(5000, "early", "home", 100, 300)
    in_play.place(5002, "in-time", "home", 100, 300)
    in_play.run()
    assert in_play.codes("early") == ["too_many_delayed_requests"]
    assert in_play.codes("in-time") == []


def test_a_placement_that_ended_early_makes_room_in_the_in_play_delay(in_play: Room) -> None:
    """Cancelled with all the rest, or invalid, it waits no more."""
    in_play.cancel_all(10, "game", "225")
    in_play.place(11, "again", "home", 100, 300)
    in_play.market_status(12, MarketStatus.SUSPENDED)
    in_play.market_status(5500, MarketStatus.OPEN)
    in_play.place(5501, "three", "home", 100, 300)
    in_play.place(5502, "four", "home", 100, 300)
    in_play.place(5503, "five", "home", 100, 300)
    in_play.run()
    assert in_play.codes("one") == in_play.codes("again") == ["event_not_available"]
    assert in_play.codes("three") == in_play.codes("four") == []
    assert in_play.codes("five") == ["too_many_delayed_requests"]


def test_before_the_start_no_placement_is_counted_as_delayed(
    make_room: type[Room], constant_ms: Callable[[float], Delay]
) -> None:
    """Waiting for activation alone is no in-play delay."""
    room = make_room(most_delayed=1, delays={"activation": constant_ms(1000)})
    room.place(1, "one", "home", 100, 300)
    room.place(2, "two", "home", 100, 300)
    room.run()
    assert accepted(room) == ["one", "two"]
