"""The position in a pair, compared with every outcome and every subset of open wagers."""

from itertools import compress, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import Result
from strategies.trading.model.money import profit_cents
from strategies.trading.model.position import Position

odds = st.sampled_from([-400, -150, -110, 100, 105, 150, 900])
wagers = st.tuples(st.integers(0, 1), st.integers(1, 5_000), odds)

Stake = tuple[int, int, int]


def position_with(catalogue: Catalogue, matched: list[Stake], resting: list[Stake]) -> Position:
    """Return a position of these wagers, each (side, stake, odds)."""
    position = Position(catalogue.pair_of(LineId("home")))
    for side, stake, at in matched:
        position.book_fill(side, stake, profit_cents(stake, at))
    for side, stake, _ in resting:
        position.open_cents[side] += stake
    return position


def profit_by_outcome(wagers: list[Stake]) -> tuple[int, int, int]:
    """Return what wagers bring if the first line wins, if the second does, and on a push."""
    first, second = (
        sum(profit_cents(stake, at) if side == winner else -stake for side, stake, at in wagers)
        for winner in (0, 1)
    )
    return first, second, 0


def worst_case(matched: list[Stake], resting: list[Stake]) -> int:
    """Return the least over outcomes and over every subset of the resting wagers matched."""
    subsets = product((False, True), repeat=len(resting))
    return min(
        min(profit_by_outcome(matched + list(compress(resting, chosen)))) for chosen in subsets
    )


@given(matched=st.lists(wagers, max_size=6), resting=st.lists(wagers, max_size=6))
def test_the_worst_case_agrees_with_brute_force(
    catalogue: Catalogue, matched: list[Stake], resting: list[Stake]
) -> None:
    """The worst case is the minimum over win, loss and push, over every subset of fills."""
    position = position_with(catalogue, matched, resting)
    assert position.worst_case_cents() == worst_case(matched, resting)


@given(matched=st.lists(wagers, max_size=4), resting=st.lists(wagers, max_size=4), more=wagers)
def test_the_added_worst_case_agrees_with_brute_force(
    catalogue: Catalogue, matched: list[Stake], resting: list[Stake], more: Stake
) -> None:
    """The added worst case of one more wager is the difference of two brute-force results."""
    position = position_with(catalogue, matched, resting)
    added = position.added_worst_case_cents(more[0], more[1])
    assert added == worst_case(matched, resting) - worst_case(matched, [*resting, more])
    assert position.open_cents == position_with(catalogue, [], resting).open_cents


@pytest.mark.parametrize(
    ("result", "profit"),
    [(Result.WON, 100), (Result.LOST, -90), (Result.PUSHED, 0), (Result.VOIDED, 0)],
)
def test_a_result_pays_its_outcome(catalogue: Catalogue, result: Result, profit: int) -> None:
    """A win and a loss of the first line pay their side; a push and a void return the stakes."""
    position = position_with(catalogue, [(0, 200, 100), (1, 100, 110)], [])
    assert position.profit_if == [100, -90]
    assert position.profit_under(result) == profit


def test_a_mark_is_the_expected_profit(catalogue: Catalogue) -> None:
    """At a fair probability p a position is worth p of one outcome and 1 - p of the other."""
    position = position_with(catalogue, [(0, 1_000, 150)], [(0, 9_000, 150)])
    assert position.marked_cents(0.4) == 0
    assert position.marked_cents(0.5) == 250
    assert position.marked_cents(1.0) == 1_500
