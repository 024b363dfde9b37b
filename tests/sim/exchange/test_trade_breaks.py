"""Trades broken as obvious errors: which ones, when, and what becomes of the money."""

from collections.abc import Callable

import pytest

from recordings.tape import Kind
from sim.engine.faults import Faults
from sim.exchange.trade_breaks import is_far_off
from strategies.trading.model.events import TradeBroken, WagerCancelled, WagerMatched
from strategies.trading.model.market import Result
from strategies.trading.model.units import NS_PER_SECOND
from tests.sim.small_exchange import ExchangeScenario

WON, LOST = Result.WON, Result.LOST
BALANCE = 1_000_000
ALWAYS = Faults(trade_broken=1.0, broken_within_ns=900 * NS_PER_SECOND)
MakeScenario = Callable[..., ExchangeScenario]


@pytest.mark.parametrize(
    ("price", "fair", "expected"),
    [
        (0.50, 0.424, True),
        (0.50, 0.426, False),
        (0.50, 0.576, True),
        (0.50, 0.574, False),
        (0.10, 0.084, True),
        (0.10, 0.086, False),
        (0.90, 0.764, True),
        (0.90, 0.766, False),
        (0.90, 0.916, True),
        (0.90, 0.914, False),
    ],
)
def test_a_trade_is_far_off_by_fifteen_percent_of_its_price(
    price: float, fair: float, expected: bool
) -> None:
    """7.5 cents at 50, 1.5 at 10, for whoever paid that price."""
    assert is_far_off(price, fair, ALWAYS.broken_beyond) is expected


def fair_market(scenario: ExchangeScenario) -> None:
    """Let others offer both lines at 70 cents, so that the fair value is a half."""
    scenario.offer(0, "home", -230, 100_000)
    scenario.offer(0, "away", -230, 100_000)


def far_off(scenario: ExchangeScenario, odds: int) -> None:
    """Let m rest $10 on home at these odds, and t take it."""
    fair_market(scenario)
    scenario.join("m", BALANCE)
    scenario.join("t", BALANCE)
    scenario.place(1, "m1", "home", odds, 1_000, by="m")
    scenario.place(2, "t1", "away", -odds, 500, by="t")


def test_both_sides_of_a_trade_are_broken_within_fifteen_minutes(
    make_scenario: MakeScenario,
) -> None:
    """The stake of each is free again; what rested before goes on to rest, and no more."""
    scenario = make_scenario(faults=ALWAYS)
    far_off(scenario, -160)
    scenario.cancel(1_000_000, "m1", by="m")
    scenario.run()
    for name in ("m", "t"):
        (fill,) = scenario.of(WagerMatched, by=name)
        (broken,) = scenario.of(TradeBroken, by=name)
        assert broken == TradeBroken(
            fill.ref, fill.stake_cents, fill.profit_cents, fill.stake_cents
        )
        assert scenario.participants[name].available_cents == BALANCE
        (at_ms,) = scenario.times_of(TradeBroken, by=name)
        assert at_ms <= 2 + 900_000
    (cancelled,) = scenario.of(WagerCancelled, by="m")
    assert cancelled.unmatched_cents == 1_000 - scenario.of(WagerMatched, by="m")[0].stake_cents


def test_a_trade_near_the_fair_value_stands(make_scenario: MakeScenario) -> None:
    """At -120 home costs 54.5 cents, of which fifteen percent are more than what it is off."""
    scenario = make_scenario(faults=ALWAYS)
    far_off(scenario, -120)
    scenario.run(extra_ms=1_000_000)
    assert scenario.of(WagerMatched, by="t")
    assert not scenario.of(TradeBroken, by="t")


def test_nothing_is_broken_where_only_one_line_is_offered(make_scenario: MakeScenario) -> None:
    """Nobody can say then what the fair value was."""
    scenario = make_scenario(faults=ALWAYS)
    scenario.join("m", BALANCE)
    scenario.join("t", BALANCE)
    scenario.place(1, "m1", "home", -160, 1_000, by="m")
    scenario.place(2, "t1", "away", 160, 500, by="t")
    scenario.run(extra_ms=1_000_000)
    assert scenario.of(WagerMatched, by="t")
    assert not scenario.of(TradeBroken, by="t")


@pytest.mark.parametrize("settled_ms", [3, 1_000_000])
def test_money_is_conserved_whether_broken_before_or_after_the_result(
    make_scenario: MakeScenario, settled_ms: int
) -> None:
    """Commission on what was won in a broken trade is paid back."""
    scenario = make_scenario(faults=ALWAYS)
    far_off(scenario, -160)
    scenario.settle(settled_ms, 0, home=LOST, away=WON)
    scenario.run(extra_ms=1_000_000)
    assert scenario.of(TradeBroken, by="t")
    for name in ("m", "t"):
        account = scenario.participants[name].account
        assert (account.cash_cents, account.commission_cents) == (BALANCE, 0)
        assert account.matched_cents == 0


def test_a_desk_loses_a_fill_against_the_tape(make_scenario: MakeScenario) -> None:
    """Of a trade with a recorded taker only our side is known."""
    scenario = make_scenario(faults=ALWAYS)
    fair_market(scenario)
    scenario.place(1, "ours", "home", -160, 1_000)
    scenario.trade(2, "away", 160, 500)
    scenario.row(1_000_000, Kind.UNTYPED)
    scenario.run()
    fills, (broken,) = scenario.of(WagerMatched), scenario.of(TradeBroken)
    assert [fill.stake_cents for fill in fills] == [broken.stake_cents]
    assert scenario.us.account.matched_cents == 0


def test_without_the_fault_no_trade_is_broken(make_scenario: MakeScenario) -> None:
    """However far it is off."""
    scenario = make_scenario(faults=Faults(command_lost=1e-9))
    far_off(scenario, -160)
    scenario.run(extra_ms=1_000_000)
    assert scenario.of(WagerMatched, by="t")
    assert not scenario.of(TradeBroken, by="t")
