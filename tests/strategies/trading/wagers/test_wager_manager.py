"""The wager manager: what rests becomes what is wished for, with the fewest commands."""

from collections.abc import Callable
from typing import Any

import pytest

from strategies.trading.model.commands import Intent
from strategies.trading.model.errors import ConfigError, InvariantError
from strategies.trading.model.events import (
    CancelRefused,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.setting_reader import read_settings
from strategies.trading.wagers.wager import WagerState
from strategies.trading.wagers.wager_manager import Changes, WagerSettings

Room = Any
MakeRoom = Callable[..., Any]

RETRY_NS = 700_000_000


def placed(changes: Changes) -> list[tuple[str, int, int]]:
    """Return what was placed, as (line, odds, stake)."""
    return [(place.line_id, place.odds, place.stake_cents) for place in changes.places]


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


# Queue position and tolerance ----------------------------------------------------------------


def test_a_wager_that_stands_for_its_quote_is_left_alone(room: Room) -> None:
    """The same wish again sends nothing, at any state of the wager, so its place is kept."""
    wish = room.quote("home", 104, 1_000)
    ref = room.converge(wish).places[0].ref
    for answer in (WagerAccepted(ref), WagerOpened(ref)):
        assert nothing(room.converge(wish))
        room.take(answer)
    assert nothing(room.converge(wish))


def test_a_moved_quote_is_cancelled_and_placed_anew(room: Room) -> None:
    """There is no amend: other odds are a cancel and a new wager, in one go on the same line."""
    ref = room.rest("home", 104, 1_000)
    changes = room.converge(room.quote("home", 106, 1_000))
    assert changes.cancels == [ref]
    assert placed(changes) == [("home", 106, 1_000)]


def test_a_wager_within_the_tolerance_of_odds_stands(make_room: MakeRoom) -> None:
    """Two rungs away stands for its quote where two are tolerated; three do not."""
    room = make_room(odds_tolerance_rungs=2)
    ref = room.rest("home", 104, 1_000)
    assert nothing(room.converge(room.quote("home", 106, 1_000)))
    assert room.converge(room.quote("home", 107, 1_000)).cancels == [ref]


def test_neighbouring_quotes_keep_their_own_wagers(make_room: MakeRoom) -> None:
    """Where a tolerance lets one wager stand for two quotes, each is left with its exact one."""
    room = make_room(odds_tolerance_rungs=1)
    room.rest("home", 111, 500)
    room.rest("home", 110, 1_000)
    assert nothing(room.converge(room.quote("home", 110, 1_000), room.quote("home", 111, 500)))


def test_a_partial_fill_is_topped_up_only_beyond_the_tolerance(make_room: MakeRoom) -> None:
    """With 10 % tolerated, 10 % matched sends nothing; a cent more is placed beside the rest."""
    room = make_room(stake_tolerance_percent=10)
    wish = room.quote("home", 104, 2_000)
    ref = room.rest("home", 104, 2_000)
    room.fill(ref, 200)
    assert nothing(room.converge(wish))
    room.fill(ref, 1)
    changes = room.converge(wish)
    assert changes.cancels == []
    assert placed(changes) == [("home", 104, 201)]


def test_a_top_up_below_the_least_stake_is_not_sent(make_room: MakeRoom) -> None:
    """What is missing but too little to be a wager is left missing, and nothing is waited for."""
    room = make_room(min_stake_cents=100)
    ref = room.rest("home", 104, 1_000)
    room.fill(ref, 99)
    changes = room.converge(room.quote("home", 104, 1_000))
    assert nothing(changes)
    assert changes.complete


def test_a_lowered_stake_replaces_the_wager(room: Room) -> None:
    """A wager larger than its quote, beyond tolerance, is cancelled for one that fits."""
    ref = room.rest("home", 104, 1_000)
    changes = room.converge(room.quote("home", 104, 400))
    assert (changes.cancels, placed(changes)) == ([ref], [("home", 104, 400)])


# What is in flight ---------------------------------------------------------------------------


@pytest.mark.parametrize("accepted", [False, True])
def test_a_wager_that_is_not_open_yet_is_not_cancelled(room: Room, accepted: bool) -> None:
    """A wager is cancelled once it is open; until then there is something left to do."""
    ref = room.register("home", 104, 1_000)
    if accepted:
        room.take(WagerAccepted(ref))
    changes = room.converge()
    assert nothing(changes)
    assert not changes.complete
    room.take(WagerOpened(ref))
    assert room.converge().cancels == [ref]


def test_a_cancel_is_sent_once(room: Room) -> None:
    """A wager that is being cancelled is not asked about again."""
    room.rest("home", 104, 1_000)
    assert len(room.converge().cancels) == 1
    assert nothing(room.converge())


def test_a_refused_cancel_is_retried_at_the_time_given(room: Room) -> None:
    """Until the exchange's time the wager is left; then it is cancelled again."""
    ref = room.rest("home", 104, 1_000)
    room.converge()
    room.take(CancelRefused(ref, "in_play_delay", room.clock.now_ns() + RETRY_NS))
    room.clock.skip(RETRY_NS - 1)
    changes = room.converge()
    assert nothing(changes)
    assert not changes.complete
    room.clock.skip(1)
    assert room.converge().cancels == [ref]


def test_a_late_refusal_does_not_revive_a_wager(room: Room) -> None:
    """A wager that was matched while its cancel was refused stays ended."""
    ref = room.rest("home", 104, 1_000)
    room.converge()
    room.fill(ref, 1_000)
    room.take(CancelRefused(ref, "not_found", None))
    assert room.wager(ref).ended
    assert room.desk.wagers.live_count == 0


# Never into ourselves ------------------------------------------------------------------------


@pytest.mark.parametrize("state", list(WagerState)[:-1])
def test_nothing_is_placed_across_our_own_wager_before_it_is_gone(
    room: Room, state: WagerState
) -> None:
    """Pending, accepted, open or being cancelled, our wager holds back one that would cross it."""
    ref = room.register("home", -110, 1_000)
    room.wager(ref).state = state
    wish = room.quote("away", 110, 1_000)
    changes = room.converge(wish)
    assert changes.places == []
    assert not changes.complete
    room.take(WagerCancelled(ref, 1_000))
    assert placed(room.converge(wish)) == [("away", 110, 1_000)]


def test_two_quotes_that_cross_are_not_both_placed(room: Room) -> None:
    """Of a wish that crosses itself only the first is placed, and the rest stays to be done."""
    changes = room.converge(room.quote("home", -110, 1_000), room.quote("away", 110, 1_000))
    assert placed(changes) == [("home", -110, 1_000)]
    assert not changes.complete


def test_quotes_that_leave_room_between_them_both_rest(room: Room) -> None:
    """Quotes whose implied probabilities stay below one do not cross."""
    changes = room.converge(room.quote("home", -110, 1_000), room.quote("away", 112, 1_000))
    assert len(changes.places) == 2
    assert changes.complete


# Taking --------------------------------------------------------------------------------------


def test_a_take_is_sent_once_for_a_wish(room: Room) -> None:
    """The same wish to take is sent once; after it was withdrawn it may be sent again."""
    take = room.quote("home", 104, 1_000, Intent.TAKE)
    changes = room.converge(take)
    assert [place.intent for place in changes.places] == [Intent.TAKE]
    ref = changes.places[0].ref
    assert nothing(room.converge(take))
    room.take(WagerOpened(ref))
    room.take(WagerCancelled(ref, 1_000))
    assert nothing(room.converge(take))
    assert nothing(room.converge())
    assert len(room.converge(take).places) == 1


def test_a_take_that_waits_for_our_own_wager_is_sent_once_it_is_gone(room: Room) -> None:
    """Taking across our own wager is held back, but not forgotten."""
    ref = room.rest("away", 110, 1_000)
    take = room.quote("home", -110, 1_000, Intent.TAKE)
    assert room.converge(take).places == []
    room.take(WagerCancelled(ref, 1_000))
    assert len(room.converge(take).places) == 1


def test_a_take_leaves_by_itself(room: Room) -> None:
    """A wager that takes is not cancelled, and does not count as one that rests."""
    room.converge(room.quote("home", 104, 1_000, Intent.TAKE))
    answer_all(room)
    changes = room.converge(room.quote("home", 104, 1_000))
    assert changes.cancels == []
    assert placed(changes) == [("home", 104, 1_000)]


# Out of order --------------------------------------------------------------------------------


def test_a_fill_may_precede_the_opening(room: Room) -> None:
    """A fill heard before the opening is booked, and the opening afterwards changes nothing."""
    ref = room.register("home", 104, 1_000)
    room.fill(ref, 400)
    assert room.resting() == [("home", 104, 600)]
    room.fill(ref, 600)
    room.take(WagerAccepted(ref))
    room.take(WagerOpened(ref))
    assert room.resting() == []
    assert -room.desk.exposure.position(room.pair()).worst_case_cents() == 1_000


def test_a_fill_may_follow_the_cancel(room: Room) -> None:
    """A fill that was on its way when the cancel was confirmed is booked as any other."""
    ref = room.rest("home", 104, 1_000)
    room.take(WagerCancelled(ref, 1_000))
    assert room.desk.exposure.total_cents == 0
    room.fill(ref, 300)
    assert room.desk.exposure.position(room.pair()).profit_if == [312, -300]
    assert room.desk.exposure.open_cents == 0


def test_more_matched_than_staked_is_an_error_of_the_books(room: Room) -> None:
    """The exchange cannot match more than was staked, late fills included."""
    ref = room.rest("home", 104, 1_000)
    room.fill(ref, 700)
    room.take(WagerCancelled(ref, 300))
    with pytest.raises(InvariantError, match="1001 cents matched of 1000"):
        room.take(WagerMatched(ref, room.wager(ref).odds, 301, 313))


@pytest.mark.parametrize(
    "end",
    [
        lambda ref: WagerRejected(ref, "no"),
        lambda ref: WagerInvalid(ref, "no"),
        lambda ref: WagerCancelled(ref, 1_000),
        lambda ref: WagerWiped(ref, 1_000),
    ],
)
def test_what_ends_a_wager_frees_what_it_held(room: Room, end: Callable[..., Any]) -> None:
    """Rejected, invalid, cancelled or wiped, a wager stops counting, and may be told so twice."""
    ref = room.register("home", 104, 1_000)
    assert room.desk.exposure.total_cents == 1_000
    for _ in range(2):
        room.take(end(ref))
        assert room.desk.exposure.total_cents == 0
        assert room.desk.wagers.live_count == 0


def test_ended_wagers_are_kept_for_late_news_and_then_forgotten(room: Room) -> None:
    """Memory does not grow with past wagers: an hour after its end one is dropped."""
    old = room.rest("home", 104, 1_000)
    room.take(WagerCancelled(old, 1_000))
    room.clock.skip(3_600 * 1_000_000_000)
    assert room.desk.wagers.find(old) is not None
    room.clock.skip(1)
    room.take(WagerCancelled(room.rest("home", 104, 1_000), 1_000))
    assert room.desk.wagers.find(old) is None


# Settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["odds_tolerance_rungs", "stake_tolerance_percent"])
@pytest.mark.parametrize("value", ["1", True, -1, 0.5, None, float("nan")])
def test_a_tolerance_that_is_no_count_is_refused(name: str, value: Any) -> None:
    """Text, booleans, negatives and fractions are refused by the setting's name."""
    settings = {"odds_tolerance_rungs": 0, "stake_tolerance_percent": 0} | {name: value}
    with pytest.raises(ConfigError, match=rf"wagers\.{name}"):
        read_settings("wagers", WagerSettings, settings)
