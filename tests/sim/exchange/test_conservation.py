"""Money at the exchange, whatever several participants do: none is created, none is lost."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.exchange.exchange_settings import BalanceMode
from sim.exchange.participant import ExchangeWager, OnUpdates
from strategies.trading.model.commands import Intent
from strategies.trading.model.events import Event, WagerMatched
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.odds import opposite
from tests.sim.small_exchange import ExchangeScenario

Step = tuple[int, tuple[Any, ...]]

NAMES = ("a", "b", "c", "d")
BALANCE = 5_000
PAIRS = (("home", "away"), ("over", "under"))
WHO = st.sampled_from(NAMES)
LINES = st.sampled_from([line for pair in PAIRS for line in pair])
ODDS = st.sampled_from([-450, -120, -110, -101, 100, 101, 110, 120, 450])
CENTS = st.one_of(st.integers(1, 300), st.integers(1, 5_000))
PLACE = st.tuples(
    st.just("place"), WHO, LINES, ODDS, CENTS, st.sampled_from([Intent.REST, *Intent])
)
CANCEL = st.one_of(
    st.tuples(st.just("cancel"), WHO, st.integers(0, 30)),
    st.tuples(st.just("cancel_all"), WHO),
)
STATUS = st.one_of(st.tuples(st.just("suspend")), st.tuples(st.just("live")))
SETTLE = st.tuples(st.just("settle"), st.integers(0, 1), st.sampled_from(Result))


def steps_of(
    *kinds: st.SearchStrategy[Any], least: int, most: int
) -> st.SearchStrategy[list[Step]]:
    """Return a strategy of lists of steps of these kinds, each with a time after the previous."""
    return st.lists(
        st.tuples(st.sampled_from([1, 7, 400, 6000]), st.one_of(*kinds)),
        min_size=least,
        max_size=most,
    )


# Mostly trading; sometimes markets settle, and results are corrected afterwards.
STEPS = st.builds(
    lambda *parts: [step for part in parts for step in part],
    steps_of(PLACE, least=8, most=25),
    steps_of(PLACE, CANCEL, least=0, most=15),
    steps_of(PLACE, CANCEL, STATUS, least=0, most=15),
    steps_of(PLACE, CANCEL, STATUS, SETTLE, least=0, most=10),
)


def play(
    make_scenario: type[ExchangeScenario],
    steps: list[Step],
    check: Callable[[ExchangeScenario], None],
    **more: Any,
) -> ExchangeScenario:
    """Return a scenario in which the steps happened, checked after each."""
    scenario = make_scenario(
        min_stake_cents=1, in_play_delay_ns=50_000_000, retry_window_ns=0, rate_percent=2, **more
    )
    for name in NAMES:
        scenario.join(name, BALANCE)
    ms = 1
    for number, (after_ms, step) in enumerate(steps):
        ms += after_ms
        take_step(scenario, ms, f"w{number}", step)
        scenario.call(ms + 0.5, lambda: check(scenario))
    return scenario.run()


def take_step(scenario: ExchangeScenario, ms: float, ref: str, step: Any) -> None:
    """Schedule one step in the scenario."""
    match step:
        case ("place", name, line, odds, cents, intent):
            scenario.place(ms, ref, line, odds, cents, intent, by=name)
        case ("cancel", name, number):
            scenario.cancel(ms, f"w{number}", by=name)
        case ("cancel_all", name):
            scenario.cancel_all(ms, by=name)
        case ("suspend",):
            scenario.market_status(ms, MarketStatus.SUSPENDED)
            scenario.market_status(ms + 0.4, MarketStatus.OPEN)
        case ("live",):
            scenario.event_status(ms, EventStatus.LIVE)
        case ("settle", market, result):
            scenario.settle(ms, market, **{PAIRS[market][0]: result})


def money_cents(scenario: ExchangeScenario) -> int:
    """Return the cash of all accounts plus the commission."""
    accounts = [participant.account for participant in scenario.participants.values()]
    return sum(account.cash_cents + account.commission_cents for account in accounts)


def check_money(scenario: ExchangeScenario) -> None:
    """Assert what always holds for all accounts."""
    assert money_cents(scenario) == len(NAMES) * BALANCE
    for participant in scenario.participants.values():
        assert participant.open_cents == sum(
            wager.open_cents for wager in participant.live.values()
        )
        opened = [w for w in participant.live.values() if w.opened_ns is not None]
        assert participant.opened_cents == sum(wager.open_cents for wager in opened)
        assert all(0 < wager.open_cents <= wager.stake_cents for wager in participant.live.values())


def check_books(scenario: ExchangeScenario) -> None:
    """Assert that what could match has matched: no two wagers cross each other."""
    for book in scenario.exchange.books:
        for offer in book.offers.values():
            if offer.displayed_cents():
                across = [w for w in book.wagers if w.odds <= offer.odds and is_worth(w)]
                assert not across


def is_worth(wager: ExchangeWager) -> bool:
    """Return whether the open part of a wager could win a cent."""
    return wager.profit_of_fill(wager.odds, wager.open_cents) > 0


@pytest.mark.slow
@given(steps=STEPS, mode=st.sampled_from(BalanceMode), credit=st.booleans())
@settings(max_examples=80, deadline=None)
def test_the_money_of_all_accounts_and_the_commission_is_constant(
    make_scenario: type[ExchangeScenario], steps: list[Step], mode: BalanceMode, credit: bool
) -> None:
    """To the cent, at every moment, through fills, settlements, and corrections of these."""

    def check(scenario: ExchangeScenario) -> None:
        check_money(scenario)
        check_books(scenario)

    scenario = play(make_scenario, steps, check, balance_mode=mode, exposure_credit=credit)
    for market, (first, _) in enumerate(PAIRS):
        scenario.exchange.settle(market, {LineId(first): Result.WON})
    check_money(scenario)
    assert all(
        participant.account.matched_cents == 0 for participant in scenario.participants.values()
    )


@given(steps=STEPS, mode=st.sampled_from(BalanceMode))
@settings(max_examples=50, deadline=None)
def test_each_side_stakes_the_profit_of_the_other(
    make_scenario: type[ExchangeScenario], steps: list[Step], mode: BalanceMode
) -> None:
    """Fills come in pairs: what one stakes, the other can win, at opposite odds."""
    fills: list[tuple[str, WagerMatched]] = []
    scenario = make_scenario(min_stake_cents=1, balance_mode=mode)
    for name in NAMES:
        scenario.join(name, BALANCE)
    ms = 1
    for number, (after_ms, step) in enumerate(steps):
        ms += after_ms
        take_step(scenario, ms, f"w{number}", step)
    scenario.call(0, lambda: record_all_fills(scenario, fills))
    scenario.run()
    for maker, taker in pairs_of_fills(fills):
        assert maker[0] != taker[0]
        assert (maker[1].stake_cents, maker[1].profit_cents) == (
            taker[1].profit_cents,
            taker[1].stake_cents,
        )
        assert maker[1].odds == opposite(taker[1].odds)
    takers = [event.stake_cents for _, event in fills[1::2]]
    assert takers == [stake_cents for _, _, stake_cents in scenario.trades]


def record_all_fills(scenario: ExchangeScenario, fills: list[tuple[str, WagerMatched]]) -> None:
    """Record every fill with its participant, in order."""
    for name, participant in scenario.participants.items():
        participant.notify = recording_fills(name, participant.notify, fills)


def recording_fills(
    name: str, notify: OnUpdates, fills: list[tuple[str, WagerMatched]]
) -> OnUpdates:
    """Return a callback that records the fills and passes all events on."""

    def record(events: tuple[Event, ...]) -> None:
        fills.extend((name, event) for event in events if isinstance(event, WagerMatched))
        notify(events)

    return record


def pairs_of_fills(
    fills: list[tuple[str, WagerMatched]],
) -> list[tuple[tuple[str, WagerMatched], tuple[str, WagerMatched]]]:
    """Return the fills in pairs: of each trade the maker's, then the taker's."""
    assert len(fills) % 2 == 0
    return list(pairwise(fills))[::2]


@pytest.mark.slow
@given(steps=STEPS, mode=st.sampled_from(BalanceMode), credit=st.booleans())
@settings(max_examples=50, deadline=None)
def test_no_participant_can_lose_more_than_its_balance(
    make_scenario: type[ExchangeScenario], steps: list[Step], mode: BalanceMode, credit: bool
) -> None:
    """Whatever the results, no account falls below zero unless one is corrected."""
    settled = set()
    once = []
    for after_ms, step in steps:
        if step[0] == "settle":
            if step[1] in settled:
                continue
            settled.add(step[1])
        once.append((after_ms, step))

    def check(scenario: ExchangeScenario) -> None:
        for participant in scenario.participants.values():
            account = participant.account
            assert account.cash_cents - account.matched_cents + account.covered_cents >= 0
            assert participant.credit_cents(scenario.env.now_ns) <= account.covered_cents

    play(make_scenario, once, check, balance_mode=mode, exposure_credit=credit)
