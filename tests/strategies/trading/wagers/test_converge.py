"""The wager manager under any course of wishes and answers: what it never does, where it ends."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.trading.model.events import (
    CancelRefused,
    WagerAccepted,
    WagerCancelled,
    WagerOpened,
    WagerRejected,
)
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.odds import crosses, prophetx_ladder
from strategies.trading.ports.strategy import Quote
from strategies.trading.wagers.wager import Wager, WagerState
from strategies.trading.wagers.wager_manager import Changes

Room = Any
MakeRoom = Callable[..., Any]

LINES = ("home", "away")
ODDS = (-112, -110, -108, 100, 101, 104, 106, 110)
RETRY_NS = 700_000_000


def nothing(changes: Changes) -> bool:
    """Tell whether nothing has to be sent."""
    return not changes.cancels and not changes.places


def answer_all(room: Room) -> None:
    """Answer everything that is in flight: wagers open, cancels are confirmed."""
    for wager in list(room.desk.wagers.live()):
        if wager.state is WagerState.CANCELLING:
            room.take(WagerCancelled(wager.ref, wager.unmatched_cents))
        else:
            room.take(WagerOpened(wager.ref))


quotes = st.tuples(
    st.sampled_from(LINES), st.sampled_from(ODDS), st.sampled_from([300, 1_000, 1_040, 2_500])
)
wishes = st.lists(quotes, max_size=4, unique_by=lambda quote: quote[:2])
# What the exchange tells about one of the live wagers, chosen by a number.
news = st.tuples(
    st.sampled_from(["accept", "open", "cancelled", "refused", "fill", "reject"]),
    st.integers(0, 9),
)
tolerances = st.tuples(st.sampled_from([0, 0, 1, 3]), st.sampled_from([0, 5, 20]))


def wish_of(room: Room, wanted: list[tuple[str, int, int]]) -> tuple[Quote, ...]:
    """Return quotes."""
    return tuple(room.quote(*quote) for quote in wanted)


def tell(room: Room, what: str, wager: Wager) -> None:
    """Let the exchange tell something that it can of a wager in this state."""
    cancelling = wager.state is WagerState.CANCELLING
    ref, rest = wager.ref, wager.unmatched_cents
    if what == "accept":
        room.take(WagerAccepted(ref))
    elif what == "open":
        room.take(WagerOpened(ref))
    elif what == "fill":
        room.fill(ref, max(1, rest // 3))
    elif what == "cancelled" and cancelling:
        room.take(WagerCancelled(ref, rest))
    elif what == "refused" and cancelling:
        room.take(CancelRefused(ref, "too_soon", room.clock.now_ns() + RETRY_NS))
    elif what == "reject" and wager.state is WagerState.PENDING:
        room.take(WagerRejected(ref, "no"))


def live_through(room: Room, course: list[tuple[list[Any], list[tuple[str, int]]]]) -> None:
    """Wish and hear news in turn, checking after every wish what was sent for it."""
    for wanted, told in course:
        before = {wager.ref: wager.state for wager in room.desk.wagers.live()}
        wish = wish_of(room, wanted)
        standing = wagers_that_stand(room, wish)
        changes = room.converge(*wish)
        check_cancels(room, changes, before, standing)
        check_never_into_ourselves(room, changes)
        for what, number in told:
            live = list(room.desk.wagers.live())
            if live:
                tell(room, what, live[number % len(live)])
        room.clock.skip(RETRY_NS // 2)


def wagers_that_stand(room: Room, wish: tuple[Quote, ...]) -> list[WagerRef]:
    """Return the wagers that are, alone at their odds, no more than what a quote asks for there."""
    live = list(room.desk.wagers.live())
    wanted = {(quote.line_id, quote.odds): quote.stake_cents for quote in wish}
    at = [(wager.line_id, wager.odds) for wager in live]
    return [
        wager.ref
        for wager, place in zip(live, at, strict=True)
        if at.count(place) == 1 and wager.unmatched_cents <= wanted.get(place, 0)
    ]


def check_cancels(
    room: Room, changes: Changes, before: dict[WagerRef, WagerState], standing: list[WagerRef]
) -> None:
    """Only open wagers are cancelled, not before their time, and none that stands for a quote."""
    assert not set(changes.cancels) & set(standing)
    for ref in changes.cancels:
        assert before[ref] is WagerState.OPEN
        assert room.wager(ref).retry_at_ns <= room.clock.now_ns()


def check_never_into_ourselves(room: Room, changes: Changes) -> None:
    """What was just placed crosses no live wager of ours, whatever its state."""
    new = {place.ref for place in changes.places}
    for wager, other in combinations(room.desk.wagers.live(), 2):
        if wager.line_id != other.line_id and new & {wager.ref, other.ref}:
            assert not crosses(wager.odds, other.odds)


courses = st.lists(st.tuples(wishes, st.lists(news, max_size=6)), max_size=8)


@settings(deadline=None)
@given(course=courses, tolerance=tolerances)
def test_wishes_are_followed_without_a_wrong_command(
    make_room: MakeRoom, course: list[Any], tolerance: tuple[int, int]
) -> None:
    """Whatever is wished and answered, no wager crosses our own, none that stands is cancelled."""
    room = make_room(odds_tolerance_rungs=tolerance[0], stake_tolerance_percent=tolerance[1])
    live_through(room, course)


@pytest.mark.slow
@settings(deadline=None)
@given(course=courses, final=wishes, tolerance=tolerances)
def test_what_rests_becomes_what_is_wished_for(
    make_room: MakeRoom, course: list[Any], final: list[Any], tolerance: tuple[int, int]
) -> None:
    """Once a wish lasts and all is answered it rests, within tolerance, and nothing is sent."""
    room = make_room(odds_tolerance_rungs=tolerance[0], stake_tolerance_percent=tolerance[1])
    live_through(room, course)
    wish = without_own_crossings(wish_of(room, final), tolerance[0])
    for _ in range(6):
        room.clock.skip(RETRY_NS)
        answer_all(room)
        changes = room.converge(*wish)
    assert nothing(changes)
    assert changes.complete
    check_rests(room, wish, *tolerance)


def without_own_crossings(wish: tuple[Quote, ...], rungs: int) -> tuple[Quote, ...]:
    """Leave out quotes that could not rest beside others, as they or their stand-ins cross."""
    ladder = prophetx_ladder()
    kept: list[Quote] = []
    for quote in wish:
        apart = all(
            not crosses(ladder.step(quote.odds, -rungs), ladder.step(other.odds, -rungs))
            for other in kept
            if other.line_id != quote.line_id
        )
        near = any(
            ladder.rungs_between(quote.odds, other.odds) <= 2 * rungs
            for other in kept
            if other.line_id == quote.line_id
        )
        if apart and not near:
            kept.append(quote)
    return tuple(kept)


def check_rests(room: Room, wish: tuple[Quote, ...], rungs: int, percent: int) -> None:
    """Hold what rests on each line near a quote's odds against the stake of the quote."""
    ladder = prophetx_ladder()
    counted = 0
    for quote in wish:
        near = [
            wager.unmatched_cents
            for wager in room.desk.wagers.live_on(quote.line_id)
            if ladder.rungs_between(wager.odds, quote.odds) <= rungs
        ]
        counted += len(near)
        slack = quote.stake_cents * percent // 100
        least = quote.stake_cents - max(slack, room.limits.min_stake_cents - 1)
        assert least <= sum(near) <= quote.stake_cents + slack
    assert counted == room.desk.wagers.live_count
