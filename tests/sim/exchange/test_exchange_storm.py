"""The exchange under random rows, commands and delays."""

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from recordings.tape import Kind
from sim.engine.latency import Lognormal
from sim.exchange.exchange_settings import BalanceMode
from sim.exchange.queue_models import Back, Front, Probable, Prorata, QueueModel
from strategies.trading.model.commands import Intent
from strategies.trading.model.events import (
    AccountState,
    MarketSettled,
    OfferChanged,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.odds import Odds
from tests.sim.small_exchange import ExchangeScenario

Step = tuple[int, tuple[Any, ...]]
WagerUpdate = (
    WagerAccepted
    | WagerRejected
    | WagerOpened
    | WagerInvalid
    | WagerMatched
    | WagerCancelled
    | WagerWiped
)

LINES = st.sampled_from(["home", "away", "over", "under"])
ODDS = st.sampled_from([-120, -110, -101, 100, 101, 110, 120])
CENTS = st.integers(0, 2000)
QUANTITIES = st.sampled_from([0, 2000, 3000])
MODELS = st.sampled_from([Back(), Prorata(), Probable(3), Front()])
OPPOSITE = {"home": "away", "away": "home", "over": "under", "under": "over"}

STEPS = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.one_of(
            st.tuples(st.just("offer"), LINES, ODDS, CENTS, QUANTITIES),
            st.tuples(st.just("trade"), LINES, ODDS, CENTS),
            st.tuples(st.just("place"), LINES, ODDS, CENTS, st.sampled_from(list(Intent))),
            st.tuples(st.just("cancel"), st.integers(0, 12)),
            st.tuples(st.just("cancel_all")),
            st.tuples(st.just("status"), st.sampled_from(list(MarketStatus)[:2])),
            st.tuples(st.just("live")),
        ),
    ),
    max_size=60,
)


def command(
    scenario: ExchangeScenario, ms: float, step: Any, placed: dict[str, tuple[str, int]]
) -> None:
    """Schedule one step in the scenario; record the stake of a wager by its ref."""
    match step:
        case ("offer", line, odds, cents, quantity):
            scenario.offer(ms, line, odds, cents, quantity=quantity if cents else 0)
        case ("trade", line, odds, cents):
            scenario.trade(ms, line, odds, cents)
        case ("place", line, odds, cents, intent):
            ref = f"w{len(placed)}"
            placed[ref] = (line, cents)
            scenario.place(ms, ref, line, odds, cents, intent)
        case ("cancel", number):
            scenario.cancel(ms, f"w{number}")
        case ("cancel_all",):
            scenario.cancel_all(ms)
        case ("status", status):
            scenario.market_status(ms, status)
        case ("live",):
            scenario.event_status(ms, EventStatus.LIVE)


def play(
    make_scenario: type[ExchangeScenario], steps: list[Step], queue: QueueModel, seed: int
) -> tuple[ExchangeScenario, dict[str, tuple[str, int]]]:
    """Return a scenario in which the steps happened, and what was placed in it."""
    names = ("feed", "compute", "entry", "activation", "response")
    delays = {name: Lognormal(60, 0.8, rng=default_rng([seed, n])) for n, name in enumerate(names)}
    scenario = make_scenario(
        queue,
        delays,
        in_play_delay_ns=900_000_000,
        starting_balance_cents=5_000,
        balance_mode=BalanceMode.IMMEDIATE,
        exposure_credit=False,
    )
    placed: dict[str, tuple[str, int]] = {}
    ms = 0
    for after_ms, step in steps:
        ms += after_ms
        command(scenario, ms, step, placed)
    scenario.row(ms + 20_000, Kind.UNTYPED)
    scenario.ask_state(ms + 20_000)
    return scenario.run(), placed


@pytest.mark.slow
@given(steps=STEPS, queue=MODELS, seed=st.integers(0, 99))
@settings(max_examples=70, deadline=None)
def test_every_wager_is_accounted_for(
    make_scenario: type[ExchangeScenario], steps: list[Step], queue: QueueModel, seed: int
) -> None:
    """Each wager has one response and at most one end, and the account adds up to the cent."""
    scenario, placed = play(make_scenario, steps, queue, seed)
    lives: dict[str, list[WagerUpdate]] = defaultdict(list)
    for entry in scenario.received:
        if isinstance(entry.event, WagerUpdate):
            lives[entry.event.ref].append(entry.event)
    (state,) = scenario.of(AccountState)
    left = {ref: unmatched_cents(placed[ref][1], lives[ref]) for ref in placed}
    assert dict(state.open_cents) == {ref: cents for ref, cents in left.items() if cents}
    matched = sum(event.stake_cents for event in scenario.of(WagerMatched))
    assert state.balance_cents == 5_000 - matched - sum(left.values())
    assert state.balance_cents >= 0


def unmatched_cents(stake_cents: int, life: list[WagerUpdate]) -> int:
    """Return the open stake after the updates of a wager, asserting that they are valid."""
    names = [type(event) for event in life]
    if names == [WagerRejected]:
        return 0
    assert names[0] is WagerAccepted
    assert names.count(WagerOpened) <= 1
    if WagerMatched in names:
        assert names.index(WagerOpened) < names.index(WagerMatched)
    left_cents = stake_cents - sum(e.stake_cents for e in life if isinstance(e, WagerMatched))
    assert left_cents >= 0
    ends = [event for event in life if isinstance(event, WagerCancelled | WagerWiped)]
    if ends or WagerInvalid in names:
        assert len(ends) + names.count(WagerInvalid) == 1
        assert isinstance(life[-1], WagerCancelled | WagerWiped | WagerInvalid)
        assert all(event.unmatched_cents == left_cents > 0 for event in ends)
        return 0
    return left_cents


@pytest.mark.slow
@given(steps=STEPS, queue=MODELS, seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_the_desk_is_shown_what_is_left_of_others_and_ours(
    make_scenario: type[ExchangeScenario], steps: list[Step], queue: QueueModel, seed: int
) -> None:
    """The last published state of each offer is the exchange's state at the end."""
    scenario, _ = play(make_scenario, steps, queue, seed)
    published = {(e.line_id, e.odds): e.amount_cents for e in scenario.of(OfferChanged)}
    for book in scenario.exchange.books:
        for odds, offer in book.offers.items():
            ours = sum(
                wager.displayed_cents
                for wager in book.opposite.wagers
                if wager.displayed_odds == odds
            )
            assert 0 <= offer.debit_cents <= offer.recorded_cents
            expected = offer.recorded_cents - offer.debit_cents + ours
            assert published.get((book.line_id, Odds(odds)), 0) == expected


@given(steps=STEPS, seed=st.integers(0, 99), results=st.permutations(list(Result)[:3]))
@settings(max_examples=60, deadline=None)
def test_settled_cash_is_the_sum_over_fills(
    make_scenario: type[ExchangeScenario], steps: list[Step], seed: int, results: list[Result]
) -> None:
    """After settlement nothing is open or at risk, and cash is a plain sum over the fills."""
    steps = [*steps, (500, ("status", MarketStatus.OPEN))]
    scenario, placed = play_and_settle(make_scenario, steps, seed, results)
    won = {line: result for event in scenario.of(MarketSettled) for line, result in event.results}
    net = {"219": 0, "225": 0}
    for event in scenario.of(WagerMatched):
        line = placed[event.ref][0]
        market = "219" if line in {"home", "away"} else "225"
        gain = {Result.WON: event.profit_cents, Result.LOST: -event.stake_cents}
        net[market] += gain.get(won[LineId(line)], 0)
    taken = sum((2 * max(0, cents) + 50) // 100 for cents in net.values())
    assert scenario.us.available_cents == 5_000 + sum(net.values()) - taken
    assert scenario.us.account.matched_cents == 0


def play_and_settle(
    make_scenario: type[ExchangeScenario], steps: list[Step], seed: int, results: list[Result]
) -> tuple[ExchangeScenario, dict[str, tuple[str, int]]]:
    """Run the steps and settle both markets; return the scenario and the wagers."""
    delay = Lognormal(60, 0.8, rng=default_rng(seed))
    scenario = make_scenario(delays={"entry": delay}, starting_balance_cents=5_000)
    placed: dict[str, tuple[str, int]] = {}
    ms = 0
    for after_ms, step in steps:
        ms += after_ms
        command(scenario, ms, step, placed)
    lost = {Result.WON: Result.LOST, Result.LOST: Result.WON}
    for line, result in zip(("home", "over"), results, strict=False):
        scenario.result(ms + 5_000, line, result)
        scenario.result(ms + 5_000, OPPOSITE[line], lost.get(result, result), same_message=True)
    return scenario.run(), placed
