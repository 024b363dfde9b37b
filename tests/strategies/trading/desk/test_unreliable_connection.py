"""Lost, late, duplicated and reordered updates end in the same books.

A true history is drawn, and then a delivery of it: every update reaches the desk at least once, at
its time or later, and in any order.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import (
    CancelRefused,
    Event,
    MarketSettled,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import Result
from strategies.trading.model.money import fill_profit_cents
from strategies.trading.model.odds import Odds
from strategies.trading.wagers.wager_state import WagerState
from tests.strategies.trading.conftest import DeskHarness

MakeHarness = Callable[..., DeskHarness]

STILL = "open"
ENDS = (STILL, "cancelled", "wiped")
MONEYLINE = MarketKey(EventId("g1"), MarketId("219"))
FAR_AHEAD_NS = 2**62


@dataclass(frozen=True)
class Place:
    """The desk sends a wager."""

    command: PlaceWager


@dataclass(frozen=True)
class AskCancel:
    """The desk cancels a wager that it holds as open."""

    ref: WagerRef


@dataclass
class Truth:
    """The exchange's own books: profits and stakes matched, and stakes open, by line."""

    catalogue: Catalogue | None = None
    lives: dict[WagerRef, PlaceWager] = field(default_factory=dict)
    open_cents: dict[WagerRef, int] = field(default_factory=dict)
    stakes: dict[LineId, int] = field(default_factory=lambda: defaultdict(int))
    profits: dict[LineId, int] = field(default_factory=lambda: defaultdict(int))

    def take(self, step: Any) -> None:
        """Apply one step."""
        match step:
            case Place():
                self.lives[step.command.ref] = step.command
            case WagerAccepted():
                self.open_cents[step.ref] = self.lives[step.ref].stake_cents
            case WagerMatched():
                line_id = self.lives[step.ref].line_id
                self.open_cents[step.ref] -= step.stake_cents
                self.stakes[line_id] += step.stake_cents
                self.profits[line_id] += step.profit_cents
            case WagerCancelled() | WagerWiped() | WagerInvalid():
                self.open_cents[step.ref] = 0
            case MarketSettled():
                for line_id in (LineId("home"), LineId("away")):
                    self.stakes[line_id] = self.profits[line_id] = 0

    def exposure_cents(self) -> int:
        """Return the most that can be lost, summed over pairs."""
        assert self.catalogue is not None
        open_on: dict[LineId, int] = defaultdict(int)
        for ref, cents in self.open_cents.items():
            open_on[self.lives[ref].line_id] += cents
        total_cents = 0
        for pair in self.catalogue.pairs.values():
            one, two = pair.first.line_id, pair.second.line_id
            if_one = self.profits[one] - self.stakes[two] - open_on[two]
            if_two = self.profits[two] - self.stakes[one] - open_on[one]
            total_cents -= min(if_one, if_two, 0)
        return total_cents


@st.composite
def wager_histories(draw: st.DrawFn, number: int) -> list[Any]:
    """Draw the history of one wager, in order."""
    ref, stake = WagerRef(f"w{number}"), draw(st.integers(100, 1_000))
    odds = Odds(draw(st.sampled_from([-250, -110, 100, 140])))
    line = LineId(draw(st.sampled_from(["home", "away", "over", "under"])))
    begin: list[Any] = [Place(PlaceWager(ref, line, odds, stake, Intent.ADD_ONLY))]
    outcome = draw(st.sampled_from(["rejected", "invalid", "opened", "opened", "opened"]))
    if outcome == "rejected":
        return [*begin, WagerRejected(ref, "no")]
    if outcome == "invalid":
        return [*begin, WagerAccepted(ref), WagerInvalid(ref, "no")]
    begin += [WagerAccepted(ref), WagerOpened(ref)]
    cuts = sorted(draw(st.sets(st.integers(1, stake), max_size=4)))
    fills = fills_of(ref, odds, cuts)
    if draw(st.booleans()):
        asked_at = draw(st.integers(0, len(fills)))
        retry_at_ns = draw(st.sampled_from([None, FAR_AHEAD_NS]))
        fills[asked_at:asked_at] = [AskCancel(ref), CancelRefused(ref, "later", retry_at_ns)]
    left = stake - (cuts[-1] if cuts else 0)
    end = draw(st.sampled_from(ENDS)) if left else STILL
    if end == "cancelled":
        fills.append(WagerCancelled(ref, left))
    elif end == "wiped":
        fills.append(WagerWiped(ref, left))
    return begin + fills


def fills_of(ref: WagerRef, odds: Odds, totals: list[int]) -> list[Any]:
    """Return the fills that bring a wager to these totals, one after the other."""
    fills = []
    for before, total in zip([0, *totals], totals, strict=False):
        profit = fill_profit_cents(before, total - before, odds)
        fills.append(WagerMatched(ref, odds, total - before, profit, total))
    return fills


@st.composite
def histories(draw: st.DrawFn) -> list[Any]:
    """Draw interleaved histories of some wagers, and perhaps a result."""
    histories_of_wagers = [
        draw(wager_histories(number)) for number in range(draw(st.integers(1, 4)))
    ]
    turns = [number for number, steps in enumerate(histories_of_wagers) for _ in steps]
    remaining = [iter(steps) for steps in histories_of_wagers]
    history = [next(remaining[number]) for number in draw(st.permutations(turns))]
    truth = Truth()
    for step in history:
        truth.take(step)
    if not any(truth.open_cents.values()) and draw(st.booleans()):
        result = draw(st.sampled_from(list(Result)))
        history.append(MarketSettled(MONEYLINE, ((LineId("home"), result),)))
    return history


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Any], list[list[Event]]]:
    """Draw a history, and the updates that arrive at each of its moments and after it."""
    history = draw(histories())
    due: list[list[Event]] = [[] for _ in range(len(history) + 8)]
    for moment, step in enumerate(history):
        if not isinstance(step, Place | AskCancel):
            for delay in draw(st.lists(st.integers(0, 8), min_size=1, max_size=3)):
                arrives_at = min(moment + delay, len(due) - 1)
                place = draw(st.integers(0, len(due[arrives_at])))
                due[arrives_at].insert(place, step)
    return history, due


def apply_own_step(harness: DeskHarness, step: Any) -> None:
    """Apply the desk's own part of a step."""
    now_ns = harness.clock.now_ns()
    match step:
        case Place():
            harness.desk.wagers.register(step.command, now_ns)
        case AskCancel() if harness.wager(step.ref).state is WagerState.OPEN:
            harness.desk.wagers.begin_cancel(step.ref, now_ns)


def books(harness: DeskHarness, history: list[Any]) -> tuple[Any, ...]:
    """Return the desk's books: wagers, positions and money."""
    desk = harness.desk
    wagers = [harness.wager(step.command.ref) for step in history if isinstance(step, Place)]
    positions = {
        pair_id: (position.matched_cents, position.open_cents, position.profit_if)
        for pair_id, position in desk.exposure.positions.items()
    }
    ledger = desk.ledger
    return (
        [(w.state, w.reason, w.matched_cents, w.open_cents, w.lacks_fill) for w in wagers],
        positions,
        (desk.wagers.live_count, desk.wagers.at_rest),
        (desk.exposure.total_cents, desk.exposure.open_cents, desk.exposure.credit_cents),
        (ledger.turnover_cents, ledger.profit_cents, ledger.commission_cents),
        (ledger.available_cents, ledger.settlements),
    )


@pytest.mark.slow
@given(delivery=deliveries())
def test_any_delivery_ends_in_the_same_books_and_never_understates_exposure(
    make_harness: MakeHarness, delivery: tuple[list[Any], list[list[Event]]]
) -> None:
    """Any delivery ends in the books of a reliable one.

    At each moment the desk's exposure is at least that of the exchange's own books.
    """
    history, due = delivery
    reliable, unreliable = make_harness(), make_harness()
    truth = Truth(reliable.catalogue)
    for moment, updates in enumerate(due):
        for step in history[moment : moment + 1]:
            truth.take(step)
            apply_own_step(reliable, step)
            apply_own_step(unreliable, step)
            if not isinstance(step, Place | AskCancel):
                reliable.take(step)
        for event in updates:
            unreliable.take(event)
            assert unreliable.desk.exposure.total_cents >= truth.exposure_cents()
    assert books(unreliable, history) == books(reliable, history)
    assert unreliable.desk.exposure.total_cents == truth.exposure_cents()
