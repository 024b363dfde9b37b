"""What the exchange corrects, however late, leaves the desk's ledger equal to its account."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sim.exchange.exchange_account import ExchangeAccount
from strategies.trading.accounting.commission import Commission, Offset
from strategies.trading.accounting.earlier_balance import available_change_cents
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.events import (
    AccountState,
    Event,
    MarketSettled,
    ProfitCorrected,
    TradeBroken,
    WagerMatched,
)
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.market import Result
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import Odds
from strategies.trading.wagers.wager_state import CANCEL_PATIENCE_NS
from tests.strategies.trading.conftest import DeskHarness

BALANCE_CENTS = 10_000_000
PAIRS = (("home", "away"), ("over", "under"))
RESULTS = (
    (Result.WON, Result.LOST),
    (Result.LOST, Result.WON),
    (Result.PUSHED, Result.PUSHED),
    (Result.VOIDED, Result.VOIDED),
)
FILLS = st.tuples(
    st.just("fill"),
    st.sampled_from([line for pair in PAIRS for line in pair]),
    st.sampled_from([-400, -110, 100, 145]),
    st.integers(100, 5_000),
    st.integers(-3, 3),
)
CORRECTIONS = st.tuples(st.sampled_from(["correct", "break_trade"]), st.integers(0, 9))
SETTLEMENTS = st.tuples(st.just("settle"), st.sampled_from([0, 1]), st.sampled_from(RESULTS))
STEPS = st.lists(st.one_of(FILLS, CORRECTIONS, CORRECTIONS, SETTLEMENTS), max_size=20)


@dataclass
class Fill:
    """A fill; the desk computed a profit that is `error_cents` below the exchange's own."""

    ref: WagerRef
    line: str
    stake_cents: int
    profit_cents: int
    error_cents: int


@dataclass
class Story:
    """A desk, and the account of which it is sent every change, some of them late."""

    fees: Commission
    harness: DeskHarness = field(init=False)
    account: ExchangeAccount = field(init=False)
    fills: list[Fill] = field(default_factory=list)
    requests: list[PlaceWager] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start both with the same balance."""
        self.harness = DeskHarness(commission=self.fees, balance_cents=BALANCE_CENTS)
        self.account = ExchangeAccount(self.harness.catalogue, BALANCE_CENTS, self.fees)

    def fill(self, line: str, odds: int, stake_cents: int, error_cents: int) -> None:
        """Match a wager in full, in a market without a result."""
        key = self.harness.pair(line).market_key
        if key in self.harness.desk.ledger.settlements:
            return
        computed_cents = profit_cents(stake_cents, odds)
        ref = self.harness.rest(line, odds, stake_cents)
        request = PlaceWager(ref, LineId(line), Odds(odds), stake_cents, Intent.REST)
        self.requests.append(request)
        fill = Fill(ref, line, stake_cents, computed_cents + error_cents, error_cents)
        self.fills.append(fill)
        pair = self.harness.pair(line)
        self.account.book_fill(pair, LineId(line), stake_cents, fill.profit_cents)
        self.send(WagerMatched(ref, Odds(odds), stake_cents, computed_cents, stake_cents))

    def correct(self, number: int) -> None:
        """Send the desk what the exchange counts as the profit of one of the fills."""
        if self.fills:
            fill = self.fills[number % len(self.fills)]
            if fill.error_cents:
                self.send(ProfitCorrected(fill.ref, fill.error_cents))
                fill.error_cents = 0

    def break_trade(self, number: int) -> None:
        """Break one of the fills."""
        if self.fills:
            fill = self.fills.pop(number % len(self.fills))
            pair = self.harness.pair(fill.line)
            cents = (fill.stake_cents, fill.profit_cents)
            self.account.break_fill(pair, LineId(fill.line), *cents)
            known_cents = fill.profit_cents - fill.error_cents
            self.send(TradeBroken(fill.ref, fill.stake_cents, known_cents))

    def settle(self, number: int, results: tuple[Result, Result]) -> None:
        """Settle one of the markets, or correct its results."""
        lines = [LineId(line) for line in PAIRS[number]]
        by_line = dict(zip(lines, results, strict=True))
        key = self.harness.pair(lines[0]).market_key
        self.account.settle(key, by_line)
        self.send(MarketSettled(key, tuple(by_line.items()), len(self.events)))

    def send(self, event: Event) -> None:
        """Send the desk an event, and keep it for the next start."""
        self.events.append(event)
        self.harness.on_event(event)

    def compare(self) -> None:
        """Send the desk its account until it would have to stop."""
        for _ in range(4):
            available_cents = self.account.cash_cents - self.account.matched_cents
            self.harness.on_event(AccountState(available_cents, ()))
            self.harness.clock.skip(CANCEL_PATIENCE_NS)


def play(steps: list[tuple[Any, ...]], fees: Commission) -> Story:
    """Play a story; what is still to be corrected at its end is corrected then."""
    story = Story(fees)
    for name, *arguments in steps:
        getattr(story, name)(*arguments)
    for number in range(len(story.fills)):
        story.correct(number)
    return story


@pytest.mark.parametrize("offset_by", list(Offset))
@given(steps=STEPS)
@example(steps=[("fill", "home", 145, 333, 1), ("settle", 0, RESULTS[0])])
@example(steps=[("fill", "home", 145, 333, -1), ("settle", 0, RESULTS[0]), ("correct", 0)])
@settings(max_examples=40, deadline=None)
def test_corrections_at_any_time_leave_ledger_and_account_equal(
    offset_by: Offset, steps: list[tuple[Any, ...]]
) -> None:
    """Profit and commission are the exchange's to the cent, before a result and after it."""
    story = play(steps, Commission(2, offset_by))
    desk, account = story.harness.desk, story.account
    assert desk.ledger.balance_cents == account.cash_cents
    assert desk.ledger.commission_cents == account.commission_cents
    assert desk.exposure.matched_cents == account.matched_cents
    assert desk.exposure.credit_cents == account.covered_cents
    story.compare()


@given(steps=STEPS)
@example(steps=[("fill", "home", 145, 333, 1), ("settle", 0, RESULTS[0])])
@settings(max_examples=40, deadline=None)
def test_a_start_after_corrections_has_the_balance_of_the_account(
    steps: list[tuple[Any, ...]],
) -> None:
    """Whatever was corrected when, the wagers of earlier starts explain the account."""
    story = play(steps, Commission(2))
    wagers = [EarlierWager(request, 0) for request in story.requests]
    change_cents = available_change_cents(
        story.harness.catalogue, Commission(2), wagers, story.events
    )
    available_cents = story.account.cash_cents - story.account.matched_cents
    assert BALANCE_CENTS + change_cents == available_cents
