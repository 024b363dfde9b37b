"""A desk: from quotes to wagers, what it sends and in which order."""

from collections.abc import Callable
from typing import Any

from strategies.trading.model.commands import CancelAll, CancelWager, Intent, PlaceWager
from strategies.trading.model.events import (
    CancelRefused,
    WagerAccepted,
    WagerCancelled,
    WagerRejected,
)
from strategies.trading.model.units import NS_PER_SECOND
from tests.strategies.trading.conftest import DeskHarness
from tests.strategies.trading.desk.resting_quotes import one_open, placed, rest_quotes

MakeHarness = Callable[..., DeskHarness]
MANY_ODDS = [*range(110, 130), *range(130, 180, 2)]


def test_a_quote_is_placed_at_the_next_refresh(harness: DeskHarness) -> None:
    """The strategy's quotes are placed, with references of this session."""
    harness.set_quotes(harness.quote("home", 110, 1_000), harness.quote("away", 105, 700))
    assert placed(harness) == [("home", 110, 1_000), ("away", 105, 700)]
    assert [place.ref for place in harness.exchange.places] == ["test-1-1", "test-1-2"]
    assert {place.intent for place in harness.exchange.places} == {Intent.ADD_ONLY}


def test_cancels_are_sent_before_places(harness: DeskHarness) -> None:
    """When a quote moves, the old wager is cancelled first."""
    ref = one_open(harness)
    harness.set_quotes(harness.quote("home", 115, 1_000))
    assert harness.exchange.kinds == ["cancel", "place"]
    assert harness.exchange.cancels == [ref]


def test_batches_hold_at_most_twenty_wagers(harness: DeskHarness) -> None:
    """45 wagers are placed, and cancelled, in batches of 20, 20 and 5."""
    rest = [harness.quote("home", odds, 1_000) for odds in MANY_ODDS]
    harness.set_quotes(*rest)
    assert [len(batch) for _, batch in harness.exchange.batches] == [20, 20, 5]
    harness.open_pending()
    harness.exchange.forget()
    harness.set_quotes()
    assert [(kind, len(batch)) for kind, batch in harness.exchange.batches] == [
        ("cancel", 20),
        ("cancel", 20),
        ("cancel", 5),
    ]


def test_commands_are_journaled_before_they_are_sent(harness: DeskHarness) -> None:
    """Every command is journaled before it is sent: places, cancels and mass cancels."""
    one_open(harness)
    harness.set_quotes(harness.quote("home", 115, 1_000), harness.quote("over", 115, 1_000))
    harness.desk.stop("done")
    written: set[Any] = set()
    asked = 0
    for kind, what in harness.log:
        if kind == "sent":
            written.add(CancelAll if isinstance(what, CancelAll) else (type(what), what.ref))
        elif kind == "place":
            asked += len(what)
            assert {(PlaceWager, place.ref) for place in what} <= written
        elif kind == "cancel":
            asked += len(what)
            assert {(CancelWager, ref) for ref in what} <= written
        elif kind == "cancel_all":
            asked += 1
            assert CancelAll in written
    assert asked == len(harness.journal.commands) == 5


def test_a_wager_that_crosses_our_own_waits_only_for_the_cancel(make_harness: MakeHarness) -> None:
    """A crossing quote is placed when the cancel is confirmed, without waiting for a refresh."""
    harness = make_harness(refresh_ns=NS_PER_SECOND)
    ref = one_open(harness)
    harness.set_quotes(harness.quote("away", -110, 1_100))
    assert (harness.exchange.cancels, placed(harness)) == ([ref], [])
    harness.refresh()
    assert (harness.exchange.cancels, placed(harness)) == ([ref], [])
    harness.on_event(WagerCancelled(ref, 1_000))
    assert placed(harness) == [("away", -110, 1_100)]


def test_a_refused_cancel_is_retried_at_the_given_time(harness: DeskHarness) -> None:
    """The desk cancels again at the retry time of the exchange, and not before."""
    ref = one_open(harness)
    harness.set_quotes()
    harness.exchange.forget()
    harness.on_event(CancelRefused(ref, "too_soon", harness.clock.now_ns() + 7 * NS_PER_SECOND))
    harness.clock.advance(7 * NS_PER_SECOND - 1)
    assert harness.exchange.cancels == []
    harness.clock.advance(1)
    assert harness.exchange.cancels == [ref]


def test_a_denied_wager_is_tried_again_at_the_next_refresh(
    make_harness: MakeHarness,
) -> None:
    """A denied wager is not sent, its denial is journaled, and it is sent once the limit allows."""
    harness = make_harness(max_concurrent_wagers=1)
    harness.set_quotes(harness.quote("home", 110, 1_000), harness.quote("home2", 110, 1_000))
    harness.open_pending()
    assert placed(harness) == [("home", 110, 1_000)]
    assert [denial.control for denial in harness.journal.denials] == ["concurrent_wagers"]
    (wager,) = harness.desk.wagers.live()
    harness.strategy.quotes = harness.strategy.quotes[1:]
    harness.on_event(WagerCancelled(wager.ref, 1_000))
    harness.refresh()
    assert placed(harness)[1:] == [("home2", 110, 1_000)]


def test_a_lasting_denial_is_journaled_once(make_harness: MakeHarness) -> None:
    """A quote that stays too large is denied once, and again after it fitted in between."""
    harness = make_harness(max_stake_cents=500)
    for _ in range(3):
        harness.set_quotes(harness.quote("home", 110, 1_000))
    assert [denial.control for denial in harness.journal.denials] == ["stake"]
    assert placed(harness) == [("home", 110, 500)]
    harness.set_quotes(harness.quote("home", 110, 500))
    harness.set_quotes(harness.quote("home", 110, 1_000))
    assert len(harness.journal.denials) == 2


def test_a_trimmed_quote_is_topped_up_when_the_limit_allows(make_harness: MakeHarness) -> None:
    """A quote cut by another market's exposure gets the rest once that exposure is gone."""
    harness = make_harness(max_event_exposure_cents=1_000)
    ref = harness.rest("over", 110, 700)
    harness.set_quotes(harness.quote("over", 110, 700), harness.quote("home", 110, 1_000))
    harness.open_pending()
    harness.refresh()
    assert placed(harness) == [("home", 110, 300)]
    harness.strategy.quotes = harness.strategy.quotes[1:]
    harness.on_event(WagerCancelled(ref, 700))
    harness.refresh()
    assert placed(harness)[1:] == [("home", 110, 700)]


def test_places_count_against_the_command_rate(make_harness: MakeHarness) -> None:
    """With three commands a second, the fourth of four wagers is sent at the next refresh."""
    harness = make_harness(max_commands_per_second=3)
    harness.set_quotes(*(harness.quote("home", odds, 1_000) for odds in MANY_ODDS[:4]))
    assert len(placed(harness)) == 3
    assert [denial.control for denial in harness.journal.denials] == ["command_rate"]
    harness.open_pending()
    harness.refresh()
    assert [odds for _, odds, _ in placed(harness)] == MANY_ODDS[:4]


def test_cancels_pass_the_command_rate_and_count_against_it(make_harness: MakeHarness) -> None:
    """With four commands a second, moving three quotes cancels all three and places one."""
    harness = make_harness(max_commands_per_second=4)
    rest_quotes(harness, *(harness.quote("home", odds, 1_000) for odds in MANY_ODDS[:3]))
    harness.set_quotes(*(harness.quote("home", odds, 1_000) for odds in MANY_ODDS[3:6]))
    assert (len(harness.exchange.cancels), len(placed(harness))) == (3, 1)


def test_rejected_wagers_are_retried_once_per_refresh(
    harness: DeskHarness,
) -> None:
    """Rejected wagers are placed again once per refresh, not as fast as they are rejected."""
    harness.set_quotes(*(harness.quote("home", odds, 1_000) for odds in MANY_ODDS[:4]))
    harness.exchange.forget()
    for wager in list(harness.desk.wagers.live()):
        harness.on_event(WagerRejected(wager.ref, "insufficient_funds"))
    assert placed(harness) == []
    harness.refresh()
    assert len(placed(harness)) == 4


def test_a_take_is_sent_once_even_if_limits_shrink_it(make_harness: MakeHarness) -> None:
    """A lasting quote to take is sent once, even if its own fill leaves a smaller limit."""
    harness = make_harness(max_position_cents=1_000)
    take = harness.quote("home", 110, 800, Intent.TAKE)
    harness.set_quotes(take)
    (ref,) = [place.ref for place in harness.exchange.places]
    harness.take(WagerAccepted(ref))
    harness.take(harness.matched(ref, 500))
    harness.take(WagerCancelled(ref, 300))
    for _ in range(3):
        harness.set_quotes(take)
    assert placed(harness) == [("home", 110, 800)]


def test_a_denied_take_is_sent_later(make_harness: MakeHarness) -> None:
    """A quote to take that was denied is sent once the limit allows."""
    harness = make_harness(max_concurrent_wagers=1)
    blocking = harness.rest("home2", 110, 1_000)
    harness.set_quotes(
        harness.quote("home2", 110, 1_000), harness.quote("over", 110, 500, Intent.TAKE)
    )
    assert placed(harness) == []
    harness.fill(blocking, 1_000)
    harness.set_quotes(harness.quote("over", 110, 500, Intent.TAKE))
    assert placed(harness) == [("over", 110, 500)]
