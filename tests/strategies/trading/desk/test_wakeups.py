"""A desk without a refresh acts when something arrives, and at the times that change something."""

from collections.abc import Callable

import pytest

from strategies.trading.model.events import (
    CancelRefused,
    EventScheduled,
    EventStatusChanged,
    ScoreChanged,
    TimerFired,
    WagerCancelled,
    WagerRejected,
)
from strategies.trading.model.ids import EventId, WagerRef
from strategies.trading.model.market import EventStatus
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.pricing.in_game import InGame
from strategies.trading.wagers.wager_state import CANCEL_AFTER_OPEN_NS
from tests.strategies.trading.conftest import DeskHarness

MakeHarness = Callable[..., DeskHarness]

G1 = EventId("g1")
MINUTE_NS = 60 * NS_PER_SECOND
HOUR_NS = 60 * MINUTE_NS


def eager(make_harness: MakeHarness, **settings: object) -> DeskHarness:
    """Return a harness whose strategy decides on every change."""
    return make_harness(refresh_ns=0, **settings)


def wakes(harness: DeskHarness) -> list[int]:
    """Return the times at which time alone woke the desk."""
    return [at_ns for _, at_ns, event in harness.journal.inputs if isinstance(event, TimerFired)]


def resting(harness: DeskHarness) -> WagerRef:
    """Let one quote of $10 rest that can be cancelled now; return its reference."""
    harness.set_quotes(harness.quote("home", 110, 1_000))
    harness.open_pending()
    harness.clock.advance(CANCEL_AFTER_OPEN_NS)
    harness.exchange.forget()
    (wager,) = harness.desk.wagers.live()
    return wager.ref


def test_a_desk_with_nothing_to_do_is_not_woken(make_harness: MakeHarness) -> None:
    """Quotes that rest need nothing until the feed has been silent for its limit."""
    harness = eager(make_harness, max_feed_age_ns=HOUR_NS, in_play=True)
    resting(harness)
    harness.clock.advance(HOUR_NS - MINUTE_NS)
    assert wakes(harness) == []


def test_a_desk_that_has_not_started_is_not_woken(make_harness: MakeHarness) -> None:
    """What it receives before does not make it act."""
    harness = eager(make_harness, max_feed_age_ns=MINUTE_NS, started=False, opened=False)
    harness.take(EventScheduled(G1, harness.clock.now_ns() + HOUR_NS))
    harness.clock.advance(HOUR_NS)
    assert (wakes(harness), harness.desk.decisions) == ([], 0)


def test_quotes_are_pulled_at_the_times_that_end_quoting(make_harness: MakeHarness) -> None:
    """A silent feed and the start, also one that was moved, pull at their times to the ns."""
    harness = eager(make_harness, max_feed_age_ns=MINUTE_NS)
    ref = resting(harness)
    updated_ns = harness.desk.market_states.events[G1].updated_ns
    harness.clock.advance(updated_ns + MINUTE_NS - harness.clock.now_ns())
    assert harness.exchange.cancels == []
    harness.clock.advance(1)
    assert harness.exchange.cancels == [ref]

    harness = eager(make_harness, stop_before_start_ns=MINUTE_NS)
    ref = resting(harness)
    start_ns = harness.clock.now_ns() + 2 * MINUTE_NS
    harness.on_event(EventScheduled(G1, start_ns))
    harness.clock.advance(MINUTE_NS - 1)
    assert harness.exchange.cancels == []
    harness.clock.advance(1)
    assert harness.exchange.cancels == [ref]


def test_what_others_do_behind_the_touch_ends_a_stale_pull(make_harness: MakeHarness) -> None:
    """Any act of others proves that the feed is alive: all its markets are quoted again."""
    harness = eager(make_harness, max_feed_age_ns=MINUTE_NS)
    harness.offer("home", 110, 100)
    ref = resting(harness)
    harness.clock.advance(MINUTE_NS + 1)
    assert harness.exchange.cancels == [ref]
    harness.on_event(WagerCancelled(ref, 1_000))
    harness.offer("home", 105, 100)
    assert [place.line_id for place in harness.exchange.places] == ["home"]


def test_a_lost_cancel_is_sent_again_after_its_patience(make_harness: MakeHarness) -> None:
    """Once for each time without a response, and never after one."""
    harness = eager(make_harness)
    ref = resting(harness)
    harness.set_quotes()
    harness.clock.advance(5 * NS_PER_SECOND - 1)
    assert harness.exchange.cancels == [ref]
    harness.clock.advance(1)
    assert harness.exchange.cancels == [ref, ref]
    harness.clock.advance(5 * NS_PER_SECOND)
    assert harness.exchange.cancels == [ref] * 3
    harness.confirm_cancels()
    harness.clock.advance(MINUTE_NS)
    assert harness.exchange.cancels == [ref] * 3


def test_a_refusal_is_tried_again_a_second_later(make_harness: MakeHarness) -> None:
    """At once it would be sent in a loop; a refused cancel waits for the exchange's time."""
    harness = eager(make_harness)
    harness.set_quotes(harness.quote("home", 110, 1_000))
    (first,) = harness.exchange.places
    harness.on_event(WagerRejected(first.ref, "odds_changed"))
    harness.clock.advance(NS_PER_SECOND - 1)
    assert len(harness.exchange.places) == 1
    harness.clock.advance(1)
    assert len(harness.exchange.places) == 2

    harness = eager(make_harness)
    ref = resting(harness)
    harness.set_quotes()
    harness.on_event(CancelRefused(ref, "in_play_delay", harness.clock.now_ns() + MINUTE_NS))
    harness.clock.advance(MINUTE_NS - 1)
    assert harness.exchange.cancels == [ref]
    harness.clock.advance(1)
    assert harness.exchange.cancels == [ref, ref]


def test_a_wager_beyond_the_command_rate_is_sent_when_it_permits(
    make_harness: MakeHarness,
) -> None:
    """That is a second after the command that used it up."""
    harness = eager(make_harness, max_commands_per_second=1)
    harness.set_quotes(harness.quote("home", 110, 1_000), harness.quote("away", -105, 1_000))
    assert len(harness.exchange.places) == 1
    harness.clock.advance(NS_PER_SECOND - 1)
    assert len(harness.exchange.places) == 1
    harness.clock.advance(1)
    assert len(harness.exchange.places) == 2


def test_a_denied_wager_is_sent_once_others_free_its_limit(make_harness: MakeHarness) -> None:
    """At once, with the event that changed what is used."""
    harness = eager(make_harness, max_concurrent_wagers=1)
    resting(harness)
    harness.set_quotes(harness.quote("home", 110, 1_000), harness.quote("over", 110, 1_000))
    assert [denial.control for denial in harness.journal.denials] == ["concurrent_wagers"]
    assert harness.exchange.places == []
    harness.strategy.quotes = (harness.quote("over", 110, 1_000),)
    (wager,) = harness.desk.wagers.live()
    harness.on_event(harness.matched(wager.ref, 1_000))
    assert [place.line_id for place in harness.exchange.places] == ["over"]


def test_a_price_that_time_moves_is_looked_at_every_second(make_harness: MakeHarness) -> None:
    """An estimated game clock runs by seconds; one that is reported needs no look."""
    harness = eager(make_harness, pricing=InGame(0.1), in_play=True)
    harness.offer("home", 110, 100_000)
    harness.offer("away", -115, 100_000)
    harness.on_event(EventStatusChanged(G1, EventStatus.LIVE))
    harness.on_event(ScoreChanged(G1, 2, 0, 0))
    live_ns = harness.clock.now_ns()
    harness.clock.advance(3 * NS_PER_SECOND)
    assert wakes(harness) == [live_ns + second * NS_PER_SECOND for second in (1, 2, 3)]
    harness.on_event(ScoreChanged(G1, 4, 0, MINUTE_NS))
    harness.clock.advance(MINUTE_NS)
    assert len(wakes(harness)) <= 4


@pytest.mark.parametrize("refresh_ns", [0, NS_PER_SECOND])
def test_a_limit_of_no_commands_does_not_wake_the_desk(
    make_harness: MakeHarness, refresh_ns: int
) -> None:
    """Nothing is sent, and nothing is tried again for ever."""
    harness = make_harness(refresh_ns=refresh_ns, max_commands_per_second=0)
    harness.set_quotes(harness.quote("home", 110, 1_000))
    harness.clock.advance(MINUTE_NS)
    assert harness.exchange.places == []
    assert len(wakes(harness)) == (0 if refresh_ns == 0 else 61)
