"""Limits of requests per second, and of placements in the in-play delay."""

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
from tests.sim.small_exchange import ExchangeScenario

FIVE_SECONDS = 5_000_000_000


def accepted(scenario: ExchangeScenario) -> list[WagerRef]:
    """Return the refs of the wagers that were accepted."""
    return [event.ref for event in scenario.of(WagerAccepted)]


# Requests a second ----------------------------------------------------------------------------


def test_the_rate_limit_holds_in_any_second(make_scenario: type[ExchangeScenario]) -> None:
    """The second slides: each request counts for a second from when it came."""
    scenario = make_scenario(requests_per_second=3)
    for ms in (1, 500, 900, 1000, 1001, 1002, 1499, 1500, 1501):
        scenario.place(ms, f"w{ms}", "home", 100, 300)
    scenario.run()
    assert accepted(scenario) == ["w1", "w500", "w900", "w1001", "w1500"]
    assert {event.code for event in scenario.of(WagerRejected)} == {"rate_limit_reached"}


def test_the_fifty_first_request_of_a_second_is_refused(
    make_scenario: type[ExchangeScenario],
) -> None:
    """The default limit is fifty."""
    scenario = make_scenario()
    for number in range(51):
        scenario.place(1, f"w{number}", "home", 100, 300)
    scenario.run()
    assert len(accepted(scenario)) == 50
    assert scenario.codes("w50") == ["rate_limit_reached"]


@pytest.mark.parametrize("verb", ["place", "cancel", "cancel_all", "ask_state"])
def test_every_kind_of_request_counts(make_scenario: type[ExchangeScenario], verb: str) -> None:
    """Placing, cancelling and asking share one limit."""
    scenario = make_scenario(requests_per_second=2)
    scenario.place(1, "w", "home", 100, 300)
    words = {"place": ("v", "home", 100, 300), "cancel": ("w",)}.get(verb, ())
    getattr(scenario, verb)(2, *words)
    scenario.place(3, "late", "home", 100, 300)
    scenario.run()
    assert scenario.codes("late") == ["rate_limit_reached"]


def test_a_batch_is_one_request(
    make_scenario: type[ExchangeScenario], make_request: Callable[..., PlaceWager]
) -> None:
    """Twenty wagers in one batch count once, and all of a batch too many are refused."""
    scenario = make_scenario(requests_per_second=1)
    scenario.place_all(1, [make_request(f"w{n}", "home", 100, 300) for n in range(20)])
    scenario.place_all(2, [make_request(f"v{n}", "home", 100, 300) for n in range(20)])
    scenario.run()
    assert len(accepted(scenario)) == 20
    assert [event.code for event in scenario.of(WagerRejected)] == ["rate_limit_reached"] * 20


def test_a_batch_that_is_too_large_counts_as_well(
    make_scenario: type[ExchangeScenario], make_request: Callable[..., PlaceWager]
) -> None:
    """It was asked, though it is refused."""
    scenario = make_scenario(requests_per_second=2)
    scenario.place_all(1, [make_request(f"w{n}", "home", 100, 300) for n in range(21)])
    scenario.cancel(2, *(f"w{n}" for n in range(21)))
    scenario.place(3, "late", "home", 100, 300)
    scenario.run()
    assert scenario.codes("late") == ["rate_limit_reached"]


def test_a_cancel_beyond_the_rate_limit_has_a_retry_time(
    make_scenario: type[ExchangeScenario],
) -> None:
    """Every wager of the batch is refused until a second has passed."""
    scenario = make_scenario(requests_per_second=2)
    scenario.place(1, "w", "home", 100, 300)
    scenario.place(999, "v", "home", 100, 300)
    scenario.cancel(1000, "w", "v")
    scenario.run()
    received = [(e.ref, e.code, scenario.ms_of(e.retry_at_ns)) for e in scenario.of(CancelRefused)]
    assert received == [("w", "rate_limit_reached", 2000), ("v", "rate_limit_reached", 2000)]


def test_a_mass_cancel_beyond_the_rate_limit_is_refused_for_each_affected_wager(
    make_scenario: type[ExchangeScenario],
) -> None:
    """Each affected wager gets a refusal, and no other."""
    scenario = make_scenario(requests_per_second=2)
    scenario.place(1, "w", "home", 100, 300)
    scenario.place(2, "v", "over", 100, 300)
    scenario.cancel_all(3, "game", "225")
    scenario.run()
    received = [(e.ref, e.code, scenario.ms_of(e.retry_at_ns)) for e in scenario.of(CancelRefused)]
    assert received == [("v", "rate_limit_reached", 1003)]
    assert scenario.of(WagerCancelled) == []


def test_a_state_request_is_answered_beyond_the_limit(
    make_scenario: type[ExchangeScenario],
) -> None:
    """A desk beyond its rate limit can still reconcile."""
    scenario = make_scenario(requests_per_second=1)
    scenario.place(1, "w", "home", 100, 300)
    scenario.ask_state(2)
    scenario.run()
    assert scenario.of(AccountState) == [AccountState(1_000_000 - 300, ((WagerRef("w"), 300),))]


def test_each_account_has_its_own_limit(make_scenario: type[ExchangeScenario]) -> None:
    """The requests of one account do not count for another."""
    scenario = make_scenario(requests_per_second=1)
    scenario.join("b")
    scenario.place(1, "w", "home", 100, 300)
    scenario.place(2, "w", "home", 100, 300, by="b")
    scenario.run()
    assert scenario.codes("w") == scenario.codes("w", by="b") == []


# The in-play delay ----------------------------------------------------------------------------


@pytest.fixture
def in_play(make_scenario: type[ExchangeScenario]) -> ExchangeScenario:
    """Return a scenario in which the game is on, and two placements may wait for five seconds."""
    scenario = make_scenario(most_delayed=2, in_play_delay_ns=FIVE_SECONDS)
    scenario.join("b")
    scenario.event_status(0, EventStatus.LIVE)
    scenario.place(1, "one", "home", 100, 300)
    scenario.place(2, "two", "over", 100, 300)
    return scenario


def test_too_many_placements_cannot_wait_in_the_in_play_delay(in_play: ExchangeScenario) -> None:
    """The limit is per account, over all markets."""
    in_play.place(3, "three", "home", 100, 300)
    in_play.place(4, "three", "home", 100, 300, by="b")
    in_play.run()
    assert in_play.codes("three") == ["too_many_delayed_requests"]
    assert in_play.codes("three", by="b") == []


def test_a_placement_that_has_opened_frees_its_place_in_the_in_play_delay(
    in_play: ExchangeScenario,
) -> None:
    """Once one is through, another may wait."""
    in_play.place(5000, "early", "home", 100, 300)
    in_play.place(5002, "in-time", "home", 100, 300)
    in_play.run()
    assert in_play.codes("early") == ["too_many_delayed_requests"]
    assert in_play.codes("in-time") == []


def test_a_placement_that_ended_early_frees_its_place_in_the_in_play_delay(
    in_play: ExchangeScenario,
) -> None:
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
    make_scenario: type[ExchangeScenario], constant_ms: Callable[[float], Delay]
) -> None:
    """Before the start, pending wagers are not in the in-play delay."""
    scenario = make_scenario(most_delayed=1, delays={"activation": constant_ms(1000)})
    scenario.place(1, "one", "home", 100, 300)
    scenario.place(2, "two", "home", 100, 300)
    scenario.run()
    assert accepted(scenario) == ["one", "two"]
