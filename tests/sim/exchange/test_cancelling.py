"""Cancelling wagers: one, several, or all of a line, a market, an event, or everything."""

from collections.abc import Callable

import pytest

from sim.exchange.exchange_settings import BalanceMode
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import CancelRefused, WagerCancelled, WagerMatched
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.market import EventStatus, MarketStatus
from tests.sim.small_exchange import ExchangeScenario

MILLISECOND = 1_000_000


def cancelled(scenario: ExchangeScenario, by: str | None = None) -> list[tuple[WagerRef, int]]:
    """Return the cancelled wagers with what was unmatched of each."""
    return [(event.ref, event.unmatched_cents) for event in scenario.of(WagerCancelled, by=by)]


def mass_cancel_codes(scenario: ExchangeScenario, by: str) -> list[str | None]:
    """Return the codes of mass cancels, in order."""
    return scenario.of(str, type(None), by=by)


# One or several -------------------------------------------------------------------------------


def test_a_batch_of_cancels_is_answered_one_by_one(scenario: ExchangeScenario) -> None:
    """Each item has a response, in order; an id given twice is an error of the second item only."""
    scenario.place(1, "w", "home", 100, 300)
    scenario.place(2, "v", "home", 105, 300)
    scenario.cancel(500, "w", "w", "nobody", "v")
    scenario.run()
    assert scenario.of(WagerCancelled, CancelRefused) == [
        WagerCancelled(WagerRef("w"), 300),
        CancelRefused(WagerRef("w"), "order_already_cancelled", None),
        CancelRefused(WagerRef("nobody"), "data_not_found", None),
        WagerCancelled(WagerRef("v"), 300),
    ]


def test_a_cancelled_wager_keeps_its_fills(scenario: ExchangeScenario) -> None:
    """Its unmatched part is cancelled; a second cancel finds it ended."""
    scenario.join("b")
    scenario.place(1, "w", "home", 100, 1000)
    scenario.place(2, "t", "away", 100, 300, by="b")
    scenario.cancel(500, "w")
    scenario.cancel(501, "w")
    scenario.place(502, "u", "away", 100, 300, Intent.TAKE, by="b")
    scenario.run()
    assert cancelled(scenario) == [("w", 700)]
    assert scenario.codes("w") == ["order_already_cancelled"]
    assert scenario.us.account.matched_cents == scenario.filled_cents("w") == 300
    assert scenario.filled_cents("u", by="b") == 0


def test_a_cancel_soon_after_opening_is_refused_with_a_retry_time(
    make_scenario: type[ExchangeScenario],
) -> None:
    """In the first 300 ms a cancel is refused; repeated at its retry time, it succeeds."""
    scenario = make_scenario()
    scenario.place(1, "w", "home", 100, 300)
    scenario.cancel(300, "w")
    scenario.cancel(301, "w")
    scenario.run()
    assert [(e.code, scenario.ms_of(e.retry_at_ns)) for e in scenario.of(CancelRefused)] == [
        ("order_opened_retry", 301)
    ]
    assert scenario.times_of(WagerCancelled) == [301]


@pytest.mark.parametrize(
    ("mode", "codes"),
    [(BalanceMode.DEFERRED, ["matching_stake_ongoing"]), (BalanceMode.IMMEDIATE, [])],
)
def test_a_cancel_is_refused_while_a_fill_is_being_paid_for(
    make_scenario: type[ExchangeScenario], mode: BalanceMode, codes: list[str]
) -> None:
    """Under deferred deduction a cancel soon after a fill succeeds only at its retry time."""
    scenario = make_scenario(balance_mode=mode, deduction_ns=200 * MILLISECOND)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.trade(900, "away", 100, 100)
    scenario.trade(1000, "away", 100, 200)
    scenario.cancel(1199, "w")
    scenario.cancel(1200, "w")
    scenario.run()
    assert [e.code for e in scenario.of(CancelRefused) if e.retry_at_ns] == codes
    assert cancelled(scenario) == [("w", 700)]
    assert scenario.times_of(WagerCancelled) == [1200 if codes else 1199]


def test_a_mass_cancel_does_not_wait_for_fills_to_be_paid_for(
    make_scenario: type[ExchangeScenario],
) -> None:
    """Only single cancels wait for payments and for the time since the opening."""
    scenario = make_scenario(deduction_ns=200 * MILLISECOND)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.trade(10, "away", 100, 200)
    scenario.cancel_all(11)
    scenario.run()
    assert cancelled(scenario) == [("w", 800)]


# All of something -----------------------------------------------------------------------------


@pytest.fixture
def full(scenario: ExchangeScenario) -> ExchangeScenario:
    """Return a scenario in which b has one wager on each line, and the desk one of its own."""
    scenario.join("b")
    for number, line in enumerate(("home", "away", "over", "under")):
        scenario.place(1 + number, line, line, 110, 300, by="b")
    scenario.place(10, "ours", "home", 110, 300)
    return scenario


@pytest.mark.parametrize(
    ("names", "gone"),
    [
        ((), ["home", "away", "over", "under"]),
        (("game",), ["home", "away", "over", "under"]),
        (("game", "225"), ["over", "under"]),
        (("game", "225", "over"), ["over"]),
        ((None, None, "away"), ["away"]),
    ],
    ids=["all", "event", "market", "line", "line-alone"],
)
def test_a_mass_cancel_covers_exactly_its_scope(
    full: ExchangeScenario, names: tuple[str | None, ...], gone: list[str]
) -> None:
    """Everything, an event, a market or a line of it; never another account's."""
    full.cancel_all(500, *names, by="b")
    full.run()
    assert [ref for ref, _ in cancelled(full, by="b")] == gone
    assert mass_cancel_codes(full, "b") == [None]
    assert list(full.us.live) == ["ours"]


@pytest.mark.parametrize("names", [("another",), ("game", "999"), ("game", "225", "home")])
def test_a_mass_cancel_that_finds_nothing_gets_its_code(
    full: ExchangeScenario, names: tuple[str | None, ...]
) -> None:
    """Where nothing in its scope is open, it gets the code for that."""
    full.cancel_all(500, *names, by="b")
    full.run()
    assert mass_cancel_codes(full, "b") == ["no_cancellable_orders"]
    assert cancelled(full, by="b") == []


def test_a_mass_cancel_works_in_the_background_batch_by_batch(
    make_scenario: type[ExchangeScenario],
) -> None:
    """Batches have a pause in between; fills in it count, and later wagers stay."""
    scenario = make_scenario(mass_cancel_batch=2, mass_cancel_pause_ns=100 * MILLISECOND)
    scenario.join("b")
    for number in range(6):
        scenario.place(1 + number, f"w{number}", "home", 100 + number, 300)
    scenario.cancel_all(1000)
    scenario.place(1001, "later", "home", 111, 300)
    scenario.place(1050, "t", "away", -103, 309, by="b")
    scenario.run()
    assert scenario.filled_cents("w2") == 300
    assert [ref for ref, _ in cancelled(scenario)] == ["w0", "w1", "w3", "w4", "w5"]
    assert scenario.times_of(WagerCancelled) == [1000, 1000, 1100, 1200, 1200]
    assert list(scenario.us.live) == ["later"]


def test_a_mass_cancel_batch_has_a_hundred_wagers(
    make_scenario: type[ExchangeScenario], make_request: Callable[..., PlaceWager]
) -> None:
    """By default a batch has a hundred wagers."""
    scenario = make_scenario(requests_per_second=100)
    requests = [make_request(f"w{n}", "home", 110, 300) for n in range(120)]
    for first in range(0, 120, 20):
        scenario.place_all(1, requests[first : first + 20])
    scenario.cancel_all(1000)
    scenario.run()
    assert [scenario.times_of(WagerCancelled).count(ms) for ms in (1000, 1100)] == [100, 20]


def test_a_wager_cancelled_between_batches_is_cancelled_once(
    make_scenario: type[ExchangeScenario],
) -> None:
    """A cancel, a wipe, or another mass cancel meanwhile leaves less for the next batch."""
    scenario = make_scenario(mass_cancel_batch=1, mass_cancel_pause_ns=100 * MILLISECOND)
    for number in range(4):
        scenario.place(1 + number, f"w{number}", "home", 100 + number, 300)
    scenario.cancel_all(1000)
    scenario.cancel(1010, "w1")
    scenario.cancel_all(1020)
    scenario.event_status(1090, EventStatus.LIVE)
    scenario.run()
    assert cancelled(scenario) == [("w0", 300), ("w1", 300), ("w2", 300)]
    assert scenario.us.ended.keys() == {"w0", "w1", "w2", "w3"}
    assert scenario.us.open_cents == 0


def test_a_mass_cancel_works_during_a_suspension(scenario: ExchangeScenario) -> None:
    """Resting wagers of a suspended market can be cancelled."""
    scenario.place(1, "w", "home", 100, 300)
    scenario.market_status(500, MarketStatus.SUSPENDED)
    scenario.cancel_all(600)
    scenario.run()
    assert cancelled(scenario) == [("w", 300)]
    assert scenario.of(WagerMatched) == []
