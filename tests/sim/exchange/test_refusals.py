"""Every code with which a wager can be refused, and that no request breaks the exchange."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.exchange.exchange_settings import BalanceMode
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import (
    CancelRefused,
    WagerAccepted,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
    WagerRejected,
)
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.market import MarketStatus
from strategies.trading.model.odds import prophetx_ladder
from tests.sim.small_exchange import ExchangeScenario

# Ids ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ref", ["", "a b", "a/b", "caf\u00e9", "w\n", "a" * 101])
def test_an_external_id_is_of_letters_digits_dashes_and_underscores(
    scenario: ExchangeScenario, ref: str
) -> None:
    """Other signs, none at all, or more than a hundred are refused."""
    scenario.place(1, ref, "home", 100, 300)
    scenario.run()
    assert scenario.codes(ref) == ["invalid_external_id"]


def test_an_external_id_may_be_a_hundred_long(scenario: ExchangeScenario) -> None:
    """Whatever the rule permits is accepted."""
    scenario.place(1, "aZ09_-" + "a" * 94, "home", 100, 300)
    scenario.run()
    assert len(scenario.of(WagerAccepted)) == 1


def test_two_accounts_may_use_the_same_external_id(scenario: ExchangeScenario) -> None:
    """An id is of its account: each has its own wager, and cancels its own."""
    scenario.join("b")
    scenario.place(1, "w", "home", 100, 300)
    scenario.place(2, "w", "home", 100, 500, by="b")
    scenario.cancel(500, "w", by="b")
    scenario.run()
    assert scenario.of(WagerCancelled, by="b") == [WagerCancelled(WagerRef("w"), 500)]
    assert scenario.of(WagerCancelled) == []
    assert scenario.us.open_cents == 300


def test_a_wager_of_another_account_cannot_be_found(scenario: ExchangeScenario) -> None:
    """A cancel by another account's id reveals nothing about it."""
    scenario.join("b")
    scenario.place(1, "w", "home", 100, 300, by="b")
    scenario.cancel(500, "w")
    scenario.run()
    assert scenario.codes("w") == ["data_not_found"]


def test_an_id_within_a_batch_counts_at_once(
    scenario: ExchangeScenario, make_request: Callable[..., PlaceWager]
) -> None:
    """Of two requests with one id in a batch the first is kept."""
    scenario.place_all(
        1, [make_request("w", "home", 100, 300), make_request("w", "home", 100, 500)]
    )
    scenario.run()
    assert scenario.of(WagerAccepted, WagerRejected) == [
        WagerAccepted(WagerRef("w")),
        WagerRejected(WagerRef("w"), "order_external_id_existed"),
    ]


def test_the_id_of_a_refused_request_can_be_used_again(scenario: ExchangeScenario) -> None:
    """A refused request made no wager, so its id is still free."""
    scenario.place(1, "w", "home", 100, 99)
    scenario.place(2, "w", "home", 100, 300)
    scenario.run()
    assert scenario.codes("w") == ["invalid_request"]
    assert scenario.of(WagerAccepted) == [WagerAccepted(WagerRef("w"))]


def test_the_id_of_an_invalid_wager_is_used_up(scenario: ExchangeScenario) -> None:
    """A wager that failed its activation was a wager."""
    scenario.offer(0, "home", 100, 500)
    scenario.place(1, "w", "home", 100, 300, Intent.ADD_ONLY)
    scenario.place(2, "w", "home", 110, 300)
    scenario.cancel(500, "w")
    scenario.run()
    assert scenario.codes("w") == [
        "add_liquidity_only",
        "order_external_id_existed",
        "order_is_invalid",
    ]


# Permissions ----------------------------------------------------------------------------------


def test_an_account_with_placing_disabled_can_still_cancel(
    scenario: ExchangeScenario,
) -> None:
    """It places nothing more; its open wagers stay, and can be cancelled."""
    scenario.place(1, "w", "home", 100, 300)
    scenario.call(100, lambda: setattr(scenario.us, "placing_allowed", False))
    scenario.place(101, "v", "home", 100, 300)
    scenario.cancel(500, "w")
    scenario.run()
    assert scenario.codes("v") == ["err_order_placement_disabled"]
    assert scenario.of(WagerCancelled) == [WagerCancelled(WagerRef("w"), 300)]


def test_add_only_can_be_disabled(make_scenario: type[ExchangeScenario]) -> None:
    """Where it is, such wagers are refused, and others are not."""
    scenario = make_scenario(add_only_allowed=False)
    scenario.place(1, "w", "home", 100, 300, Intent.ADD_ONLY)
    scenario.place(2, "v", "home", 100, 300, Intent.TAKE)
    scenario.run()
    assert scenario.codes("w") == ["err_add_liquidity_only_disabled"]
    assert scenario.of(WagerAccepted) == [WagerAccepted(WagerRef("v"))]


# Random requests ------------------------------------------------------------------------------

ODD_VALUES = st.sampled_from(
    [None, True, False, 0, -1, 1.5, 100.0, float("nan"), "100", (), 10**30]
)
RUNGS = st.sampled_from([-110, -101, 100, 101, 110])
REFS = st.one_of(
    st.sampled_from(["a", "b", "c", "d", "e"]), st.text(max_size=6), ODD_VALUES, st.just("x" * 200)
)
REQUESTS = st.builds(
    PlaceWager,
    ref=REFS,
    line_id=st.one_of(st.sampled_from(["home", "away", "over"]), st.just("nowhere"), ODD_VALUES),
    odds=st.one_of(RUNGS, st.integers(), ODD_VALUES),
    stake_cents=st.one_of(st.integers(100, 5000), st.integers(), ODD_VALUES),
    intent=st.one_of(st.sampled_from(list(Intent)), ODD_VALUES),
)
NAMES = st.one_of(st.none(), st.sampled_from(["game", "219", "225", "nowhere"]), ODD_VALUES)
CALLS = st.lists(
    st.one_of(
        st.tuples(st.just("place"), st.lists(REQUESTS, max_size=23)),
        st.tuples(st.just("cancel"), st.lists(REFS, max_size=23)),
        st.tuples(st.just("cancel_all"), NAMES, NAMES),
    ),
    max_size=12,
)


@pytest.mark.slow
@given(calls=CALLS, mode=st.sampled_from(list(BalanceMode)), status=st.sampled_from(MarketStatus))
@settings(max_examples=70, deadline=None)
def test_no_request_breaks_the_exchange(
    make_scenario: type[ExchangeScenario], calls: list[Any], mode: BalanceMode, status: MarketStatus
) -> None:
    """Fields of any content get a code, one for each request, and money is unchanged."""
    scenario = make_scenario(
        balance_mode=mode, starting_balance_cents=20_000, requests_per_second=8, opened=False
    )
    scenario.market_status(0, MarketStatus.OPEN)
    scenario.market_status(800, status)
    scenario.offer(0, "home", 100, 2_000)
    asked, cancelled = 0, 0
    for number, (verb, *words) in enumerate(calls):
        ms = 100 * (number + 1)
        if verb == "place":
            asked += len(words[0])
            scenario.place_all(ms, words[0])
        elif verb == "cancel":
            cancelled += len(words[0])
            scenario.cancel(ms, *words[0])
        else:
            scenario.cancel_all(ms, *words)
    scenario.run()
    assert len(scenario.of(WagerAccepted, WagerRejected)) == asked
    assert len(scenario.of(WagerCancelled, CancelRefused)) >= cancelled
    for event in scenario.of(WagerMatched):
        assert event.stake_cents > 0
        assert event.profit_cents > 0
    matched = sum(event.stake_cents for event in scenario.of(WagerMatched))
    assert scenario.us.account.matched_cents == matched
    assert scenario.us.account.cash_cents == 20_000
    assert scenario.us.open_cents == sum(wager.open_cents for wager in scenario.us.live.values())


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("ref", None, "invalid_external_id"),
        ("ref", 7, "invalid_external_id"),
        ("line_id", None, "invalid_strike_id"),
        ("line_id", 7, "invalid_strike_id"),
        ("odds", 110.0, "invalid_price"),
        ("odds", "110", "invalid_price"),
        ("odds", True, "invalid_price"),
        ("odds", None, "invalid_price"),
        ("stake_cents", 300.0, "invalid_quantity"),
        ("stake_cents", "300", "invalid_quantity"),
        ("stake_cents", True, "invalid_quantity"),
        ("stake_cents", None, "invalid_quantity"),
        ("stake_cents", 10**30, "order_quantity_exceeds_max"),
        ("intent", None, "invalid_request"),
        ("intent", "market", "invalid_request"),
    ],
)
def test_a_field_of_another_type_is_refused_by_its_code(
    scenario: ExchangeScenario,
    make_request: Callable[..., PlaceWager],
    field: str,
    value: Any,
    code: str,
) -> None:
    """What is no text, no whole number or no intent is refused with that field's code."""
    good = make_request("w", "home", 110, 300)
    fields = {name: getattr(good, name) for name in good.__struct_fields__} | {field: value}
    scenario.place_all(1, [PlaceWager(**fields)])
    scenario.run()
    assert [event.code for event in scenario.of(WagerRejected)] == [code]


def test_an_empty_batch_has_no_response(scenario: ExchangeScenario) -> None:
    """An empty batch gets no event."""
    scenario.place_all(1, [])
    scenario.cancel(2)
    scenario.run()
    assert scenario.of(WagerAccepted, WagerRejected, WagerCancelled, CancelRefused) == []


def test_every_rung_of_the_ladder_can_be_wagered_and_nothing_between(
    make_scenario: type[ExchangeScenario],
) -> None:
    """The exchange accepts the odds of its ladder, and no others."""
    rungs = prophetx_ladder().rungs
    beside = sorted({rung + 1 for rung in rungs} - set(rungs))
    scenario = make_scenario(requests_per_second=10_000, min_stake_cents=1)
    for number, odds in enumerate((*rungs, *beside)):
        scenario.place(1, f"w{number}", "home", odds, 300)
    scenario.run()
    assert len(scenario.of(WagerOpened)) == len(rungs) == 555
    assert {event.code for event in scenario.of(WagerRejected)} == {"invalid_price"}
    assert len(scenario.of(WagerRejected)) == len(beside)
