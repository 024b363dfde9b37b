"""The same orders give the same fills as an independently written order book."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import floor
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recordings.tape import TapeInfo
from sim.engine.latency import NoDelay
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.queue_models import Back
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import Event, WagerMatched
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.market import MarketStatus, Result
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import Odds, opposite, prophetx_ladder
from strategies.trading.ports.schedule import Priority
from tests.storms.simulation import START_NS, game_info

MS = 1_000_000
ACCOUNTS = ("ann", "bob", "cid")
PLACES = st.tuples(
    st.just("place"),
    st.sampled_from(ACCOUNTS),
    st.sampled_from([0, 1]),
    st.sampled_from([-450, -134, -134, -110, 100, 100, 105, 134, 134, 400]),
    st.integers(100, 1_500),
    st.sampled_from(list(Intent)),
)
CANCELS = st.tuples(st.just("cancel"), st.integers(0, 30))
ORDERS = st.lists(
    st.tuples(st.integers(1, 200), st.one_of(PLACES, PLACES, PLACES, CANCELS)), max_size=40
)

# How long after the one before, and what is asked for.
Step = tuple[int, tuple[Any, ...]]
# A fill: whose order, which one, its stake and its profit.
Fill = tuple[str, str, int, int]


def half_up(amount: Fraction) -> int:
    """Return an amount rounded half up."""
    return floor(amount + Fraction(1, 2))


def ratio_of(odds: int) -> Fraction:
    """Return what a cent wins at these odds."""
    return Fraction(odds, 100) if odds > 0 else Fraction(100, -odds)


@dataclass
class Order:
    """An order in the naive book. `ratio` is what a cent wins, `filled` is at just that."""

    owner: str
    ref: str
    side: int
    ratio: Fraction
    left: int
    filled: int = 0

    def price(self, stake: int) -> int:
        """Return the profit of the next cents, rounded half up over all fills."""
        return half_up((self.filled + stake) * self.ratio) - half_up(self.filled * self.ratio)

    def bought(self, budget: int) -> int:
        """Return all of it if a taker can pay for that, else exactly what the budget buys."""
        if self.price(self.left) <= budget:
            return self.left
        limit = half_up(self.filled * self.ratio) + budget
        exact = half_up(limit / self.ratio)
        return exact - (half_up(exact * self.ratio) > limit) - self.filled


class NaiveBook:
    """Two lists of orders, one for each line of a pair, looked through from end to end."""

    def __init__(self) -> None:
        """Start empty."""
        self.lists: tuple[list[Order], list[Order]] = ([], [])
        self.fills: list[Fill] = []
        self.expiries: list[tuple[int, str]] = []

    def place(self, at_ms: int, order: Order, intent: Intent) -> None:
        """Match an order with those it crosses, dearest for them first, then rest what is left."""
        self._expire(at_ms)
        against = self._crossed_by(order)
        if any(other.owner == order.owner for other in against):
            return
        if intent is Intent.ADD_ONLY and any(other.price(other.left) for other in against):
            return
        for other in sorted(against, key=lambda other: other.ratio):
            self._match(order, other)
        crossing = any(other.price(other.left) for other in self._crossed_by(order))
        if order.left and not (crossing and order.left * order.ratio < 1):
            self.lists[order.side].append(order)
            if intent is Intent.TAKE:
                self.expiries.append((at_ms + 2000, order.ref))

    def cancel(self, at_ms: int, ref: str) -> None:
        """Remove an order, if it rests."""
        self._expire(at_ms)
        for orders in self.lists:
            orders[:] = [order for order in orders if order.ref != ref]

    def _expire(self, now_ms: int) -> None:
        due = [ref for at_ms, ref in self.expiries if at_ms <= now_ms]
        self.expiries = [(at_ms, ref) for at_ms, ref in self.expiries if at_ms > now_ms]
        for orders in self.lists:
            orders[:] = [order for order in orders if order.ref not in due]

    def _crossed_by(self, order: Order) -> list[Order]:
        return [o for o in self.lists[1 - order.side] if o.left and o.ratio * order.ratio <= 1]

    def _match(self, taker: Order, maker: Order) -> None:
        stake = maker.bought(taker.left)
        cost = maker.price(stake)
        if not cost:
            return
        self.fills += [
            (maker.owner, maker.ref, stake, cost),
            (taker.owner, taker.ref, cost, stake),
        ]
        maker.filled += stake
        maker.left -= stake
        taker.left -= cost
        if taker.ratio * maker.ratio == 1:
            taker.filled += cost
        self.lists[maker.side][:] = [order for order in self.lists[maker.side] if order.left]


class AccountsHarness:
    """The exchange itself, with several accounts that are never short of money."""

    def __init__(self, info: TapeInfo) -> None:
        """Open the exchange and its markets."""
        self.env = ReplayEnvironment(start_ns=START_NS)
        free = ExchangeRules(requests_per_second=10_000, retry_window_ns=0)
        fees = Commission(2)
        self.exchange = SimulatedProphet(self.env, info, NoDelay(), Back(), fees, free)
        self.exchange.set_market_status(0, MarketStatus.OPEN)
        self.fills: list[Fill] = []
        self.accounts = {
            name: self.exchange.open_account(name, 10**9, partial(self._on_event, name))
            for name in ACCOUNTS
        }

    def at(self, ms: int, request: Callable[[], object]) -> None:
        """Schedule a request."""

        def call() -> None:
            request()

        self.env.schedule_call(START_NS + ms * MS, Priority.EXCHANGE, call)

    def _on_event(self, name: str, events: tuple[Event, ...]) -> None:
        self.fills += [
            (name, event.ref, event.stake_cents, event.profit_cents)
            for event in events
            if isinstance(event, WagerMatched)
        ]


def play(orders: list[Step]) -> tuple[AccountsHarness, NaiveBook, dict[str, PlaceWager]]:
    """Give the same orders to the exchange and to the naive book."""
    info = game_info()
    harness, naive, ms = AccountsHarness(info), NaiveBook(), 0
    requests: dict[str, PlaceWager] = {}
    owners: dict[str, str] = {}
    for after, order in orders:
        # Steps of 7 ms: no order shares its instant with an expiry two seconds after another.
        ms += 7 * after
        if order[0] == "cancel":
            ref = f"w{order[1]}"
            if ref in owners:
                account = harness.accounts[owners[ref]]
                harness.at(ms, partial(harness.exchange.cancel, account, [WagerRef(ref)]))
                naive.cancel(ms, ref)
            continue
        _, name, side, odds, stake, intent = order
        ref = f"w{len(requests)}"
        line = LineId(info.lines[side].line_id)
        owners[ref] = name
        requests[ref] = PlaceWager(WagerRef(ref), line, Odds(odds), stake, intent)
        harness.at(ms, partial(harness.exchange.place, harness.accounts[name], [requests[ref]]))
        naive.place(ms, Order(name, ref, side, ratio_of(odds), stake), intent)
    harness.env.run(until=START_NS + (ms + 10_000) * MS)
    return harness, naive, requests


@given(orders=ORDERS)
@settings(max_examples=120, deadline=None)
def test_the_exchange_fills_like_an_order_by_order_book(orders: list[Step]) -> None:
    """Price, then time, then the cent: each fill is the same, and they come in the same order."""
    harness, naive, _ = play(orders)
    assert harness.fills == naive.fills
    resting = {
        (order.owner, order.ref): order.left
        for orders in naive.lists
        for order in orders
        if order.ref not in {ref for _, ref in naive.expiries}
    }
    open_cents = {
        (name, ref): wager.open_cents
        for name, account in harness.accounts.items()
        for ref, wager in account.live.items()
    }
    assert open_cents == resting


@pytest.mark.slow
@given(orders=ORDERS)
@settings(max_examples=100, deadline=None)
def test_splitting_a_wager_among_takers_never_changes_its_total_profit(orders: list[Step]) -> None:
    """The profit of a maker is that of its whole stake, however it was split into fills."""
    harness, _, requests = play(orders)
    staked: dict[str, int] = defaultdict(int)
    won: dict[str, int] = defaultdict(int)
    for _, ref, stake, profit in harness.fills:
        staked[ref] += stake
        won[ref] += profit
    # Of each trade the maker gets its fill first.
    makers, takers = ({ref for _, ref, _, _ in harness.fills[place::2]} for place in (0, 1))
    for ref in makers - takers:
        assert won[ref] == profit_cents(staked[ref], requests[ref].odds)
    assert sum(won.values()) == sum(staked.values())


@given(
    side=st.sampled_from([0, 1]),
    odds=st.sampled_from(prophetx_ladder().rungs),
    stake=st.integers(100, 10_000_000),
    budgets=st.lists(st.integers(100, 200_000), min_size=1, max_size=12),
)
@example(side=0, odds=-400, stake=100_000, budgets=[2_000])
@example(side=1, odds=-25000, stake=100_000, budgets=[100])
@settings(max_examples=60, deadline=None)
def test_a_maker_stakes_exactly_what_its_takers_stakes_buy(
    side: int, odds: int, stake: int, budgets: list[int]
) -> None:
    """However takers split it, each side's stake is the other's profit, exact to half a cent."""
    info = game_info()
    harness = AccountsHarness(info)
    lines = [LineId(info.lines[each].line_id) for each in (side, 1 - side)]
    ann, bob = harness.accounts["ann"], harness.accounts["bob"]
    maker = PlaceWager(WagerRef("m"), lines[0], Odds(odds), stake, Intent.REST)
    takers = [
        PlaceWager(WagerRef(f"t{number}"), lines[1], opposite(odds), budget, Intent.TAKE)
        for number, budget in enumerate(budgets)
    ]
    harness.at(0, partial(harness.exchange.place, ann, [maker]))
    for number, taker in enumerate(takers, 1):
        harness.at(number, partial(harness.exchange.place, bob, [taker]))
    harness.env.run(until=START_NS + 10_000 * MS)

    made = [(filled, won) for name, _, filled, won in harness.fills if name == "ann"]
    took = {ref: (won, filled) for name, ref, filled, won in harness.fills if name == "bob"}
    assert made == list(took.values())
    filled, paid, ratio = 0, 0, ratio_of(odds)
    for taker in takers:
        part, cost = took.get(taker.ref, (0, 0))
        filled, paid = filled + part, paid + cost
        assert paid == half_up(filled * ratio)
        if part and filled < stake:
            # A taker keeps only what pays for no cent of the maker's.
            assert taker.stake_cents - cost <= (ratio if ratio > 1 else 0)
            assert ratio > 1 or filled == half_up(paid / ratio)
    harness.exchange.settle(0, {lines[0]: Result.WON, lines[1]: Result.LOST})
    assert ann.account.cash_cents - 10**9 == paid - Commission(2).on([paid])
    assert bob.account.cash_cents - 10**9 == -paid
