"""The wager manager under random quotes and updates: what it never does, and where it ends."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.trading.model.events import (
    CancelRefused,
    WagerAccepted,
    WagerCancelled,
    WagerOpened,
    WagerRejected,
)
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.odds import crosses, prophetx_ladder
from strategies.trading.ports.strategy import Quote
from strategies.trading.wagers.wager import Wager
from strategies.trading.wagers.wager_manager import Changes
from strategies.trading.wagers.wager_state import WagerState
from tests.strategies.trading.conftest import DeskHarness

MakeHarness = Callable[..., DeskHarness]

LINES = ("home", "away")
ODDS = (-112, -110, -108, 100, 101, 104, 106, 110)
RETRY_NS = 700_000_000


def nothing(changes: Changes) -> bool:
    """Return whether nothing has to be sent."""
    return not changes.cancels and not changes.places


def answer_all(harness: DeskHarness) -> None:
    """Answer everything that is in flight: wagers open, cancels are confirmed."""
    for wager in list(harness.desk.wagers.live()):
        if wager.state is WagerState.CANCELLING:
            harness.take(WagerCancelled(wager.ref, wager.unmatched_cents))
        else:
            harness.take(WagerOpened(wager.ref))


quote_tuples = st.tuples(
    st.sampled_from(LINES), st.sampled_from(ODDS), st.sampled_from([300, 1_000, 1_040, 2_500])
)
targets = st.lists(quote_tuples, max_size=4, unique_by=lambda quote: quote[:2])
# An update of one of the live wagers, chosen by a number.
updates = st.tuples(
    st.sampled_from(["accept", "open", "cancelled", "refused", "fill", "reject"]),
    st.integers(0, 9),
)
tolerances = st.tuples(st.sampled_from([0, 0, 1, 3]), st.sampled_from([0, 5, 20]))


def quotes_of(harness: DeskHarness, wanted: list[tuple[str, int, int]]) -> tuple[Quote, ...]:
    """Return typed quotes."""
    return tuple(harness.quote(*quote) for quote in wanted)


def send_update(harness: DeskHarness, what: str, wager: Wager) -> None:
    """Send an update of a wager, if it is possible in this state."""
    cancelling = wager.state is WagerState.CANCELLING
    ref, rest = wager.ref, wager.unmatched_cents
    if what == "accept":
        harness.take(WagerAccepted(ref))
    elif what == "open":
        harness.take(WagerOpened(ref))
    elif what == "fill":
        harness.fill(ref, max(1, rest // 3))
    elif what == "cancelled" and cancelling:
        harness.take(WagerCancelled(ref, rest))
    elif what == "refused" and cancelling:
        harness.take(CancelRefused(ref, "too_soon", harness.clock.now_ns() + RETRY_NS))
    elif what == "reject" and wager.state is WagerState.PENDING:
        harness.take(WagerRejected(ref, "no"))


def run_history(harness: DeskHarness, steps: list[tuple[list[Any], list[tuple[str, int]]]]) -> None:
    """Apply quotes and updates in turn, checking the commands for each set of quotes."""
    for wanted, changes_of_wagers in steps:
        before = {wager.ref: wager.state for wager in harness.desk.wagers.live()}
        quotes = quotes_of(harness, wanted)
        matching = matching_wagers(harness, quotes)
        changes = harness.converge(*quotes)
        check_cancels(harness, changes, before, matching)
        check_never_into_ourselves(harness, changes)
        for what, number in changes_of_wagers:
            live = list(harness.desk.wagers.live())
            if live:
                send_update(harness, what, live[number % len(live)])
        harness.clock.skip(RETRY_NS // 2)


def matching_wagers(harness: DeskHarness, quotes: tuple[Quote, ...]) -> list[WagerRef]:
    """Return the wagers that are alone at their odds and no larger than the quote there."""
    live = list(harness.desk.wagers.live())
    wanted = {(quote.line_id, quote.odds): quote.stake_cents for quote in quotes}
    at = [(wager.line_id, wager.odds) for wager in live]
    return [
        wager.ref
        for wager, place in zip(live, at, strict=True)
        if at.count(place) == 1 and wager.unmatched_cents <= wanted.get(place, 0)
    ]


def check_cancels(
    harness: DeskHarness,
    changes: Changes,
    before: dict[WagerRef, WagerState],
    matching: list[WagerRef],
) -> None:
    """Check that only open wagers without a quote are cancelled, not before their time."""
    assert not set(changes.cancels) & set(matching)
    for ref in changes.cancels:
        assert before[ref] is WagerState.OPEN
        assert harness.wager(ref).retry_at_ns <= harness.clock.now_ns()


def check_never_into_ourselves(harness: DeskHarness, changes: Changes) -> None:
    """Check that what was just placed crosses no live wager of ours, whatever its state."""
    new = {place.ref for place in changes.places}
    for wager, other in combinations(harness.desk.wagers.live(), 2):
        if wager.line_id != other.line_id and new & {wager.ref, other.ref}:
            assert not crosses(wager.odds, other.odds)


histories = st.lists(st.tuples(targets, st.lists(updates, max_size=6)), max_size=8)


@settings(deadline=None)
@given(steps=histories, tolerance=tolerances)
def test_converge_never_sends_a_wrong_command(
    make_harness: MakeHarness, steps: list[Any], tolerance: tuple[int, int]
) -> None:
    """No wager crosses our own, and no wager that matches its quote is cancelled."""
    harness = make_harness(odds_tolerance_rungs=tolerance[0], stake_tolerance_percent=tolerance[1])
    run_history(harness, steps)


@pytest.mark.slow
@settings(deadline=None)
@given(steps=histories, final=targets, tolerance=tolerances)
def test_wagers_converge_to_constant_quotes(
    make_harness: MakeHarness, steps: list[Any], final: list[Any], tolerance: tuple[int, int]
) -> None:
    """With constant quotes and all responses, they rest within tolerance, and nothing is sent."""
    harness = make_harness(odds_tolerance_rungs=tolerance[0], stake_tolerance_percent=tolerance[1])
    run_history(harness, steps)
    quotes = without_own_crossings(quotes_of(harness, final), tolerance[0])
    for _ in range(6):
        harness.clock.skip(RETRY_NS)
        answer_all(harness)
        changes = harness.converge(*quotes)
    assert nothing(changes)
    assert changes.complete
    check_rests(harness, quotes, *tolerance)


def without_own_crossings(quotes: tuple[Quote, ...], rungs: int) -> tuple[Quote, ...]:
    """Return the quotes without those that, within the tolerance, cross another one."""
    ladder = prophetx_ladder()
    kept: list[Quote] = []
    for quote in quotes:
        apart = all(
            not crosses(ladder.step(quote.odds, -rungs), ladder.step(other.odds, -rungs))
            for other in kept
            if other.line_id != quote.line_id
        )
        near = any(
            ladder.rungs_between(quote.odds, other.odds) <= 2 * rungs
            for other in kept
            if other.line_id == quote.line_id
        )
        if apart and not near:
            kept.append(quote)
    return tuple(kept)


def check_rests(harness: DeskHarness, quotes: tuple[Quote, ...], rungs: int, percent: int) -> None:
    """Check the stake resting near each quote's odds against the stake of the quote."""
    ladder = prophetx_ladder()
    counted = 0
    for quote in quotes:
        near = [
            wager.unmatched_cents
            for wager in harness.desk.wagers.live_on(quote.line_id)
            if ladder.rungs_between(wager.odds, quote.odds) <= rungs
        ]
        counted += len(near)
        slack = quote.stake_cents * percent // 100
        least = quote.stake_cents - max(slack, harness.limits.min_stake_cents - 1)
        assert least <= sum(near) <= quote.stake_cents + slack
    assert counted == harness.desk.wagers.live_count
