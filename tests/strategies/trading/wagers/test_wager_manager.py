"""The wager manager: wagers converge to the target quotes with the fewest commands."""

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
from strategies.trading.wagers.wager_manager import Changes
from strategies.trading.wagers.wager_settings import WagerSettings
from strategies.trading.wagers.wager_state import CANCEL_AFTER_OPEN_NS, WagerState
from tests.strategies.trading.conftest import DeskHarness

MakeHarness = Callable[..., DeskHarness]

RETRY_NS = 700_000_000


def placed(changes: Changes) -> list[tuple[str, int, int]]:
    """Return what was placed, as (line, odds, stake)."""
    return [(place.line_id, place.odds, place.stake_cents) for place in changes.places]


def nothing(changes: Changes) -> bool:
    """Return whether nothing has to be sent."""
    return not changes.cancels and not changes.places


def answer_all(harness: DeskHarness) -> None:
    """Answer everything that is in flight: wagers open, cancels are confirmed."""
    for wager in list(harness.desk.wagers.live()):
        if wager.state is WagerState.CANCELLING:
            harness.take(WagerCancelled(wager.ref, wager.unmatched_cents))
        else:
            harness.take(WagerOpened(wager.ref))
    harness.clock.skip(CANCEL_AFTER_OPEN_NS)


# Queue position and tolerance ----------------------------------------------------------------


def test_a_wager_that_matches_its_quote_is_left_alone(harness: DeskHarness) -> None:
    """The same quote sends nothing in any state of the wager, so its queue position is kept."""
    quote = harness.quote("home", 104, 1_000)
    ref = harness.converge(quote).places[0].ref
    for response in (WagerAccepted(ref), WagerOpened(ref)):
        assert nothing(harness.converge(quote))
        harness.take(response)
    assert nothing(harness.converge(quote))


def test_a_moved_quote_is_cancelled_and_placed_again(harness: DeskHarness) -> None:
    """There is no amend: other odds are a cancel and a new wager, sent together."""
    ref = harness.rest("home", 104, 1_000)
    changes = harness.converge(harness.quote("home", 106, 1_000))
    assert changes.cancels == [ref]
    assert placed(changes) == [("home", 106, 1_000)]


def test_a_wager_within_the_odds_tolerance_is_kept(make_harness: MakeHarness) -> None:
    """With a tolerance of two rungs, a wager two rungs away is kept; three is too far."""
    harness = make_harness(odds_tolerance_rungs=2)
    ref = harness.rest("home", 104, 1_000)
    assert nothing(harness.converge(harness.quote("home", 106, 1_000)))
    assert harness.converge(harness.quote("home", 107, 1_000)).cancels == [ref]


def test_neighbouring_quotes_keep_their_own_wagers(make_harness: MakeHarness) -> None:
    """Where the tolerance lets one wager match two quotes, each keeps its exact one."""
    harness = make_harness(odds_tolerance_rungs=1)
    harness.rest("home", 111, 500)
    harness.rest("home", 110, 1_000)
    assert nothing(
        harness.converge(harness.quote("home", 110, 1_000), harness.quote("home", 111, 500))
    )


def test_a_partial_fill_is_topped_up_only_beyond_the_tolerance(make_harness: MakeHarness) -> None:
    """With 10 % tolerance, a 10 % fill sends nothing; one cent more is placed beside the rest."""
    harness = make_harness(stake_tolerance_percent=10)
    quote = harness.quote("home", 104, 2_000)
    ref = harness.rest("home", 104, 2_000)
    harness.fill(ref, 200)
    assert nothing(harness.converge(quote))
    harness.fill(ref, 1)
    changes = harness.converge(quote)
    assert changes.cancels == []
    assert placed(changes) == [("home", 104, 201)]


def test_a_top_up_below_the_minimum_stake_is_not_sent(make_harness: MakeHarness) -> None:
    """A missing stake too small for a wager is left missing, and converging is complete."""
    harness = make_harness(min_stake_cents=100)
    ref = harness.rest("home", 104, 1_000)
    harness.fill(ref, 99)
    changes = harness.converge(harness.quote("home", 104, 1_000))
    assert nothing(changes)
    assert changes.complete


def test_a_lowered_stake_replaces_the_wager(harness: DeskHarness) -> None:
    """A wager larger than its quote, beyond tolerance, is cancelled for one that fits."""
    ref = harness.rest("home", 104, 1_000)
    changes = harness.converge(harness.quote("home", 104, 400))
    assert (changes.cancels, placed(changes)) == ([ref], [("home", 104, 400)])


# What is in flight ---------------------------------------------------------------------------


@pytest.mark.parametrize("accepted", [False, True])
def test_a_wager_is_cancelled_only_once_open(harness: DeskHarness, accepted: bool) -> None:
    """A wager is cancelled once it is open; until then converging is incomplete."""
    ref = harness.register("home", 104, 1_000)
    if accepted:
        harness.take(WagerAccepted(ref))
    changes = harness.converge()
    assert nothing(changes)
    assert not changes.complete
    harness.take(WagerOpened(ref))
    harness.clock.skip(CANCEL_AFTER_OPEN_NS)
    assert harness.converge().cancels == [ref]


def test_a_cancel_is_not_sent_before_the_exchange_takes_it(harness: DeskHarness) -> None:
    """For 0.3 s after the opening it would be refused: converging waits, and says until when."""
    ref = harness.register("home", 104, 1_000)
    harness.take(WagerOpened(ref))
    takes_ns = harness.clock.now_ns() + 300_000_000
    harness.clock.skip(299_999_999)
    changes = harness.converge()
    assert (changes.cancels, changes.complete, changes.retry_at_ns) == ([], False, takes_ns)
    harness.clock.skip(1)
    changes = harness.converge()
    assert (changes.cancels, changes.complete, changes.retry_at_ns) == ([ref], True, None)


def test_a_cancel_is_sent_once(harness: DeskHarness) -> None:
    """A wager that is being cancelled is not cancelled again."""
    harness.rest("home", 104, 1_000)
    assert len(harness.converge().cancels) == 1
    assert nothing(harness.converge())


def test_a_refused_cancel_is_retried_at_the_given_time(harness: DeskHarness) -> None:
    """Until the exchange's retry time the wager is left; then it is cancelled again."""
    ref = harness.rest("home", 104, 1_000)
    harness.converge()
    harness.take(CancelRefused(ref, "in_play_delay", harness.clock.now_ns() + RETRY_NS))
    harness.clock.skip(RETRY_NS - 1)
    changes = harness.converge()
    assert nothing(changes)
    assert not changes.complete
    harness.clock.skip(1)
    assert harness.converge().cancels == [ref]


def test_a_late_refusal_does_not_revive_a_wager(harness: DeskHarness) -> None:
    """A wager that was matched while its cancel was refused stays ended."""
    ref = harness.rest("home", 104, 1_000)
    harness.converge()
    harness.fill(ref, 1_000)
    harness.take(CancelRefused(ref, "not_found", None))
    assert harness.wager(ref).ended
    assert harness.desk.wagers.live_count == 0


# Never across our own ------------------------------------------------------------------------


@pytest.mark.parametrize("state", list(WagerState)[:-1])
def test_nothing_is_placed_across_our_own_wager_before_it_is_gone(
    harness: DeskHarness, state: WagerState
) -> None:
    """Pending, accepted, open or being cancelled, our wager blocks one that would cross it."""
    ref = harness.register("home", -110, 1_000)
    harness.wager(ref).state = state
    quote = harness.quote("away", 110, 1_000)
    changes = harness.converge(quote)
    assert changes.places == []
    assert not changes.complete
    harness.take(WagerCancelled(ref, 1_000))
    assert placed(harness.converge(quote)) == [("away", 110, 1_000)]


def test_two_quotes_that_cross_are_not_both_placed(harness: DeskHarness) -> None:
    """Of two crossing quotes only the first is placed, and converging is incomplete."""
    changes = harness.converge(
        harness.quote("home", -110, 1_000), harness.quote("away", 110, 1_000)
    )
    assert placed(changes) == [("home", -110, 1_000)]
    assert not changes.complete


def test_quotes_that_do_not_cross_both_rest(harness: DeskHarness) -> None:
    """Quotes whose implied probabilities sum to less than one do not cross."""
    changes = harness.converge(
        harness.quote("home", -110, 1_000), harness.quote("away", 112, 1_000)
    )
    assert len(changes.places) == 2
    assert changes.complete


# Taking --------------------------------------------------------------------------------------


def test_a_take_is_sent_once_while_it_is_quoted(harness: DeskHarness) -> None:
    """The same quote to take is sent once; after it was withdrawn it can be sent again."""
    take = harness.quote("home", 104, 1_000, Intent.TAKE)
    changes = harness.converge(take)
    assert [place.intent for place in changes.places] == [Intent.TAKE]
    ref = changes.places[0].ref
    assert nothing(harness.converge(take))
    harness.take(WagerOpened(ref))
    harness.take(WagerCancelled(ref, 1_000))
    assert nothing(harness.converge(take))
    assert nothing(harness.converge())
    assert len(harness.converge(take).places) == 1


def test_a_take_across_our_own_wager_is_sent_once_it_is_gone(harness: DeskHarness) -> None:
    """A take across our own wager waits for its cancel, and is then sent."""
    ref = harness.rest("away", 110, 1_000)
    take = harness.quote("home", -110, 1_000, Intent.TAKE)
    assert harness.converge(take).places == []
    harness.take(WagerCancelled(ref, 1_000))
    assert len(harness.converge(take).places) == 1


def test_a_take_is_not_cancelled(harness: DeskHarness) -> None:
    """A wager that takes is not cancelled, and does not count as resting."""
    harness.converge(harness.quote("home", 104, 1_000, Intent.TAKE))
    answer_all(harness)
    changes = harness.converge(harness.quote("home", 104, 1_000))
    assert changes.cancels == []
    assert placed(changes) == [("home", 104, 1_000)]


# Out of order --------------------------------------------------------------------------------


def test_a_fill_may_precede_the_opening(harness: DeskHarness) -> None:
    """A fill before the opening is booked, and the opening changes nothing."""
    ref = harness.register("home", 104, 1_000)
    harness.fill(ref, 400)
    assert harness.resting() == [("home", 104, 600)]
    harness.fill(ref, 600)
    harness.take(WagerAccepted(ref))
    harness.take(WagerOpened(ref))
    assert harness.resting() == []
    assert -harness.desk.exposure.position(harness.pair()).worst_case_cents() == 1_000


def test_a_fill_may_follow_the_cancel(harness: DeskHarness) -> None:
    """A fill in flight when the cancel was confirmed is booked like any other."""
    ref = harness.rest("home", 104, 1_000)
    harness.take(WagerCancelled(ref, 1_000))
    assert harness.desk.exposure.total_cents == 0
    harness.fill(ref, 300)
    assert harness.desk.exposure.position(harness.pair()).profit_if == [312, -300]
    assert harness.desk.exposure.open_cents == 0


def test_more_matched_than_staked_is_an_error(harness: DeskHarness) -> None:
    """The exchange cannot match more than was staked, late fills included."""
    ref = harness.rest("home", 104, 1_000)
    harness.fill(ref, 700)
    harness.take(WagerCancelled(ref, 300))
    with pytest.raises(InvariantError, match=r"\$10.01 is matched of a stake of \$10.00"):
        harness.take(WagerMatched(ref, harness.wager(ref).odds, 301, 313))


@pytest.mark.parametrize(
    "end",
    [
        lambda ref: WagerRejected(ref, "no"),
        lambda ref: WagerInvalid(ref, "no"),
        lambda ref: WagerCancelled(ref, 1_000),
        lambda ref: WagerWiped(ref, 1_000),
    ],
)
def test_the_end_of_a_wager_releases_its_stake(
    harness: DeskHarness, end: Callable[..., Any]
) -> None:
    """Rejected, invalid, cancelled or wiped, a wager stops counting; a repeat changes nothing."""
    ref = harness.register("home", 104, 1_000)
    assert harness.desk.exposure.total_cents == 1_000
    for _ in range(2):
        harness.take(end(ref))
        assert harness.desk.exposure.total_cents == 0
        assert harness.desk.wagers.live_count == 0


def test_ended_wagers_are_kept_for_one_hour(harness: DeskHarness) -> None:
    """Memory of ended wagers is bounded: each is dropped one hour after its end."""
    old = harness.rest("home", 104, 1_000)
    harness.take(WagerCancelled(old, 1_000))
    harness.clock.skip(3_600 * 1_000_000_000)
    assert harness.desk.wagers.find(old) is not None
    harness.clock.skip(1)
    harness.take(WagerCancelled(harness.rest("home", 104, 1_000), 1_000))
    assert harness.desk.wagers.find(old) is None


# Settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["odds_tolerance_rungs", "stake_tolerance_percent"])
@pytest.mark.parametrize("value", ["1", True, -1, 0.5, None, float("nan")])
def test_an_invalid_tolerance_is_refused(name: str, value: Any) -> None:
    """Text, booleans, negatives and fractions are refused, and the error names the setting."""
    settings = {"odds_tolerance_rungs": 0, "stake_tolerance_percent": 0} | {name: value}
    with pytest.raises(ConfigError, match=rf"wagers\.{name}"):
        read_settings("wagers", WagerSettings, settings)
