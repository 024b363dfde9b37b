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
from tests.sim.small_exchange import ExchangeScenario


def refs(scenario: ExchangeScenario, kind: type[Any]) -> list[WagerRef]:
    """Return the refs of the wagers to which something of a kind happened."""
    return [event.ref for event in scenario.of(kind)]


def place_many(
    scenario: ExchangeScenario,
    number: int,
    cents: int,
    make_request: Callable[..., PlaceWager],
    ms: float = 1,
) -> None:
    """Place `number` wagers of one stake, twenty at a time."""
    requests = [make_request(f"w{n}", "home", 100, cents) for n in range(number)]
    for first in range(0, number, 20):
        scenario.place_all(ms + first / 20, requests[first : first + 20])


# Modes ----------------------------------------------------------------------------------------


def test_deducted_at_once_open_stakes_together_stay_within_the_balance(
    make_scenario: type[ExchangeScenario],
) -> None:
    """Under immediate deduction a placement deducts its stake, and the rest limits the next."""
    scenario = make_scenario(balance_mode=BalanceMode.IMMEDIATE, starting_balance_cents=1000)
    scenario.place(1, "w", "home", 100, 600)
    scenario.place(2, "v", "home", 105, 600)
    scenario.run()
    assert scenario.codes("v") == ["insufficient_amount"]


def test_deducted_when_matched_open_stakes_are_checked_against_the_balance_one_by_one(
    make_scenario: type[ExchangeScenario],
) -> None:
    """Under deferred deduction each wager must be covered, not all that are open together."""
    scenario = make_scenario(starting_balance_cents=1000)
    scenario.place(1, "w", "home", 100, 600)
    scenario.place(2, "v", "home", 105, 600)
    scenario.place(3, "u", "home", 110, 1001)
    scenario.ask_state(4)
    scenario.run()
    assert refs(scenario, WagerOpened) == ["w", "v"]
    assert scenario.codes("u") == ["insufficient_amount"]
    assert [state.balance_cents for state in scenario.of(AccountState)] == [-200]


@pytest.mark.parametrize("mode", list(BalanceMode))
def test_matched_stakes_cannot_be_staked_again_in_either_mode(
    make_scenario: type[ExchangeScenario], mode: BalanceMode
) -> None:
    """What is matched is at risk until its market settles."""
    scenario = make_scenario(balance_mode=mode, starting_balance_cents=1000)
    scenario.offer(0, "home", 100, 700)
    scenario.place(1, "w", "home", 100, 700)
    scenario.place(2, "too-much", "over", 100, 301)
    scenario.place(3, "just", "over", 100, 300)
    scenario.run()
    assert scenario.codes("too-much") == ["insufficient_amount"]
    assert refs(scenario, WagerAccepted) == ["w", "just"]


# Limits on what is open -----------------------------------------------------------------------


def test_beyond_ten_times_what_can_be_paid_a_wager_is_invalid(
    make_scenario: type[ExchangeScenario], make_request: Callable[..., PlaceWager]
) -> None:
    """Under deferred deduction open stakes are limited; the limit is checked at activation."""
    scenario = make_scenario(starting_balance_cents=1000)
    place_many(scenario, 11, 1000, make_request)
    scenario.run()
    assert len(scenario.of(WagerAccepted)) == 11
    assert scenario.of(WagerInvalid) == [WagerInvalid(WagerRef("w10"), "insufficient_amount")]
    assert refs(scenario, WagerOpened) == [f"w{n}" for n in range(10)]


def test_of_wagers_that_wait_together_the_first_open_as_far_as_the_limit(
    make_scenario: type[ExchangeScenario],
    make_request: Callable[..., PlaceWager],
    constant_ms: Callable[[float], Delay],
) -> None:
    """Those that still wait are behind the one that opens, and do not count against it."""
    scenario = make_scenario(
        starting_balance_cents=1000, open_stake_multiple=2, delays={"activation": constant_ms(50)}
    )
    place_many(scenario, 4, 1000, make_request)
    scenario.run()
    assert refs(scenario, WagerOpened) == ["w0", "w1"]
    assert refs(scenario, WagerInvalid) == ["w2", "w3"]


def test_beyond_fifty_times_what_can_be_paid_placing_is_slowed_down(
    make_scenario: type[ExchangeScenario],
    make_request: Callable[..., PlaceWager],
    constant_ms: Callable[[float], Delay],
) -> None:
    """The limit counts open and pending wagers; beyond it placements are rate limited."""
    scenario = make_scenario(starting_balance_cents=1000, delays={"activation": constant_ms(100)})
    place_many(scenario, 51, 1000, make_request)
    scenario.run()
    assert len(scenario.of(WagerAccepted)) == 50
    assert scenario.codes("w50") == ["rate_limit_reached"]


def test_what_is_withdrawn_no_longer_counts_as_open(
    make_scenario: type[ExchangeScenario], make_request: Callable[..., PlaceWager]
) -> None:
    """A cancel frees part of the limit, as does a fill that was paid for."""
    scenario = make_scenario(starting_balance_cents=1000, open_stake_multiple=1)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.place(2, "early", "home", 100, 1000)
    scenario.cancel(500, "w")
    scenario.place(501, "late", "home", 100, 1000)
    scenario.run()
    assert refs(scenario, WagerInvalid) == ["early"]
    assert refs(scenario, WagerOpened) == ["w", "late"]


# Paid for when matched ------------------------------------------------------------------------


def test_a_resting_wager_is_filled_only_as_far_as_its_account_can_pay(
    make_scenario: type[ExchangeScenario],
) -> None:
    """Of two that the balance covers one by one, the second gets what the first left."""
    scenario = make_scenario(starting_balance_cents=1000)
    scenario.place(1, "w", "home", 100, 800)
    scenario.place(2, "v", "over", 100, 800)
    scenario.trade(10, "away", 100, 800)
    scenario.trade(20, "under", 100, 800)
    scenario.run()
    assert (scenario.filled_cents("w"), scenario.filled_cents("v")) == (800, 200)
    assert scenario.of(WagerCancelled) == [WagerCancelled(WagerRef("v"), 600)]
    assert scenario.us.payable_cents(scenario.env.now_ns) == 0


def test_a_taker_is_filled_only_as_far_as_its_account_can_pay(
    make_scenario: type[ExchangeScenario], constant_ms: Callable[[float], Delay]
) -> None:
    """What it cannot pay for is withdrawn: it could not rest across what it left."""
    scenario = make_scenario(starting_balance_cents=1000, delays={"activation": constant_ms(50)})
    scenario.offer(0, "home", 100, 5000)
    scenario.offer(0, "over", 100, 5000)
    scenario.place(1, "w", "home", 100, 800)
    scenario.place(2, "v", "over", 100, 800)
    scenario.run()
    assert (scenario.filled_cents("w"), scenario.filled_cents("v")) == (800, 200)
    assert scenario.of(WagerCancelled) == [WagerCancelled(WagerRef("v"), 600)]


def test_a_taker_of_participants_is_filled_only_as_far_as_its_account_can_pay(
    make_scenario: type[ExchangeScenario], constant_ms: Callable[[float], Delay]
) -> None:
    """Against others' wagers as against what is recorded: they keep what it could not take."""
    scenario = make_scenario(starting_balance_cents=1000, delays={"activation": constant_ms(50)})
    scenario.join("b")
    scenario.place(1, "m", "away", 100, 5000, by="b")
    scenario.place(2, "m2", "under", 100, 5000, by="b")
    scenario.place(100, "w", "home", 100, 800)
    scenario.place(101, "v", "over", 100, 800)
    scenario.run()
    assert (scenario.filled_cents("w"), scenario.filled_cents("v")) == (800, 200)
    assert scenario.of(WagerCancelled) == [WagerCancelled(WagerRef("v"), 600)]
    assert scenario.participants["b"].open_cents == 10_000 - 1000


def test_a_taker_of_a_maker_that_cannot_pay_continues_with_the_next(
    make_scenario: type[ExchangeScenario],
) -> None:
    """The taker gets what the first could pay for, and the rest from the one behind."""
    scenario = make_scenario()
    scenario.join("poor", 1000)
    scenario.join("rich", 1_000_000)
    scenario.place(1, "m", "home", 100, 800, by="poor")
    scenario.place(2, "m2", "over", 100, 800, by="poor")
    scenario.place(3, "m", "home", 100, 800, by="rich")
    scenario.place(10, "t", "under", 100, 700)
    scenario.place(20, "u", "away", 100, 800)
    scenario.run()
    assert scenario.filled_cents("m", by="poor") == 300
    assert scenario.of(WagerCancelled, by="poor") == [WagerCancelled(WagerRef("m"), 500)]
    assert scenario.filled_cents("m", by="rich") == 500
    assert scenario.fills("u") == [(100, 300, 300), (100, 500, 500)]


# Exposure credit ------------------------------------------------------------------------------


def covered(make_scenario: type[ExchangeScenario], **settings: Any) -> ExchangeScenario:
    """Return a scenario where 1000 on home and 500 on away are matched, of a balance of 1500.

    Whatever happens 500 at most are lost, so 1000 may be staked again.
    """
    scenario = make_scenario(starting_balance_cents=1500, **settings)
    scenario.offer(0, "home", 100, 1000)
    scenario.offer(0, "away", 100, 500)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.place(2, "v", "away", -110, 500)
    return scenario


def test_the_stakes_that_matched_wagers_offset_can_be_staked_again(
    make_scenario: type[ExchangeScenario],
) -> None:
    """Once refreshed, every five seconds, the credit counts in addition to the balance."""
    scenario = covered(make_scenario)
    scenario.place(4999, "early", "over", 100, 100)
    scenario.place(5000, "too-much", "over", 100, 1001)
    scenario.place(5001, "just", "over", 100, 1000)
    scenario.run()
    assert scenario.codes("early") == scenario.codes("too-much") == ["insufficient_amount"]
    assert refs(scenario, WagerOpened) == ["w", "v", "just"]


def test_the_state_of_the_account_has_the_credit_beside_the_balance(
    make_scenario: type[ExchangeScenario],
) -> None:
    """The credit is that of its last refresh."""
    scenario = covered(make_scenario)
    scenario.ask_state(4999)
    scenario.ask_state(5001)
    scenario.run()
    received = [(state.balance_cents, state.credit_cents) for state in scenario.of(AccountState)]
    assert received == [(0, 0), (0, 1000)]


def test_the_credit_is_refreshed_at_the_interval_of_the_settings(
    make_scenario: type[ExchangeScenario],
) -> None:
    """With a shorter tick it is there sooner."""
    scenario = covered(make_scenario, credit_refresh_ns=1_000_000_000)
    scenario.place(999, "early", "over", 100, 1000)
    scenario.place(1000, "just", "over", 100, 1000)
    scenario.run()
    assert scenario.codes("early") == ["insufficient_amount"]
    assert scenario.codes("just") == []


def test_without_exposure_credit_nothing_matched_is_staked_again(
    make_scenario: type[ExchangeScenario],
) -> None:
    """It can be switched off."""
    scenario = covered(make_scenario, exposure_credit=False)
    scenario.place(20_000, "w3", "over", 100, 100)
    scenario.run()
    assert scenario.codes("w3") == ["insufficient_amount"]


def test_a_fill_can_be_paid_for_from_the_credit(make_scenario: type[ExchangeScenario]) -> None:
    """What may be staked on credit is also paid from it when it is matched."""
    scenario = covered(make_scenario)
    scenario.offer(0, "over", 100, 5000)
    scenario.place(5001, "w3", "over", 100, 1000)
    scenario.place(5002, "w4", "under", 105, 100)
    scenario.run()
    assert scenario.filled_cents("w3") == 1000
    assert scenario.codes("w4") == ["insufficient_amount"]


def test_a_settlement_takes_the_credit_away_at_once(make_scenario: type[ExchangeScenario]) -> None:
    """A settlement removes the cover, and winnings and losses are in the balance."""
    scenario = covered(make_scenario)
    scenario.place(5001, "small", "over", 110, 100)
    scenario.result(6000, "home", Result.LOST)
    scenario.result(6000, "away", Result.WON, same_message=True)
    scenario.place(6001, "too-much", "over", 100, 1001)
    scenario.place(6002, "just", "over", 100, 1000)
    scenario.run()
    assert scenario.us.account.cash_cents == 1500 - 1000 + 500
    assert scenario.codes("too-much") == ["insufficient_amount"]
    assert scenario.codes("just") == []
