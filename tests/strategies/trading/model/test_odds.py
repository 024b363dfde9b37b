"""American odds and the ladder of permitted odds, compared with exact arithmetic."""

import json
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strategies.trading.model.errors import ConfigError
from strategies.trading.model.odds import (
    Ladder,
    crosses,
    implied_probability,
    opposite,
    payout_ratio,
    prophetx_ladder,
)
from tests.paths import SHARED

SAMPLE = SHARED / "prophet/samples/price_ladder_v4.json"
RUNGS = prophetx_ladder().rungs

rungs = st.sampled_from(RUNGS)
permitted_odds = st.integers(100, 50_000) | st.integers(-50_000, -101)
ladders = st.sets(permitted_odds, min_size=1, max_size=20).map(Ladder)


def exact_ratio(odds: int) -> Fraction:
    """Return the profit per unit of stake, from the meaning of American odds."""
    return Fraction(odds, 100) if odds >= 100 else Fraction(100, -odds)


def exact_probability(odds: int) -> Fraction:
    """Return the stake's share of the pot."""
    return 1 / (1 + exact_ratio(odds))


def test_the_ladder_has_555_rungs_of_which_277_pay_less_than_even() -> None:
    """ProphetX permits 555 odds, 278 from +100 up and 277 from -101 down."""
    assert len(prophetx_ladder()) == 555
    assert sum(rung >= 100 for rung in RUNGS) == 278
    assert sum(rung <= -101 for rung in RUNGS) == 277
    assert (RUNGS[0], RUNGS[-1]) == (-25000, 25000)


def test_the_ladder_equals_the_recorded_answer_of_the_exchange() -> None:
    """Our ladder is, rung for rung, the recorded response of the exchange's sandbox."""
    if not SAMPLE.exists():
        pytest.skip(f"the recorded ladder is not here: {SAMPLE.name}")
    answered = json.loads(SAMPLE.read_text())["data"]
    assert list(RUNGS) == sorted(answered)


@pytest.mark.parametrize("odds", [-100, 0, 99, 131, -131, 2251, 24_999, 25_500, -25_500])
def test_odds_between_and_beyond_the_rungs_are_not_on_the_ladder(odds: int) -> None:
    """Odds that the exchange would refuse have no index on the ladder."""
    ladder = prophetx_ladder()
    assert odds not in ladder
    with pytest.raises(KeyError):
        ladder.index(odds)
    with pytest.raises(KeyError):
        ladder.step(odds, 1)


@pytest.mark.parametrize("rungs_given", [[], [-100], [100, 0], [-101, 99], [-99, 150]])
def test_a_ladder_of_invalid_odds_is_refused(rungs_given: list[int]) -> None:
    """A ladder that is empty, or holds a number from -100 to 99, is a setting error."""
    with pytest.raises(ConfigError, match="ladder of American odds cannot hold"):
        Ladder(rungs_given)


def test_a_ladder_sorts_and_deduplicates_its_rungs() -> None:
    """The order and the repeats in which an exchange lists its odds do not matter."""
    assert Ladder([150, -150, 100, 150]).rungs == (-150, 100, 150)


@pytest.mark.parametrize(
    ("odds", "ratio"), [(150, Fraction(3, 2)), (-150, Fraction(2, 3)), (100, Fraction(1))]
)
def test_odds_pay_by_the_american_definition(odds: int, ratio: Fraction) -> None:
    """+150 wins 150 on a stake of 100; -150 needs a stake of 150 to win 100; +100 is even."""
    assert Fraction(*payout_ratio(odds)) == ratio


@given(permitted_odds)
def test_implied_probability_is_exact_to_the_last_bit(odds: int) -> None:
    """The implied probability is the stake's share of the pot, rounded once."""
    assert implied_probability(odds) == float(exact_probability(odds))


@given(permitted_odds)
@example(100)
@example(-101)
def test_opposite_is_an_involution(odds: int) -> None:
    """The opposite of the opposite is the original."""
    assert opposite(opposite(odds)) == odds


@given(permitted_odds)
@example(100)
def test_opposite_odds_share_one_pot(odds: int) -> None:
    """A wager and its counterparty at opposite odds each win exactly what the other stakes."""
    assert exact_ratio(odds) * exact_ratio(opposite(odds)) == 1


def test_the_opposite_of_every_rung_is_a_rung() -> None:
    """Whatever can be wagered can also be matched at the opposite odds."""
    assert [opposite(rung) for rung in RUNGS if opposite(rung) not in prophetx_ladder()] == []


def test_integer_order_is_payout_order_and_reverse_probability_order() -> None:
    """Along the ladder each rung pays more than the one before, and implies less."""
    assert all(
        low < high
        and exact_ratio(low) < exact_ratio(high)
        and implied_probability(low) > implied_probability(high)
        for low, high in pairwise(RUNGS)
    )


@given(permitted_odds, permitted_odds)
@example(-101, 100)
@example(-184, 184)
def test_integer_order_is_payout_order_off_the_ladder_too(odds: int, other_odds: int) -> None:
    """Comparing two odds as integers compares what they pay, on the ladder or not."""
    assert (odds < other_odds) == (exact_ratio(odds) < exact_ratio(other_odds))


@given(rungs, rungs)
@example(100, 100)
@example(100, -101)
@example(101, 100)
@example(-184, 184)
@example(-184, 186)
def test_wagers_cross_when_their_implied_probabilities_reach_one(odds: int, other: int) -> None:
    """Two wagers on a pair match exactly when their implied probabilities sum to one or more."""
    assert crosses(odds, other) == (exact_probability(odds) + exact_probability(other) >= 1)


@given(rungs)
def test_every_rung_crosses_its_opposite_and_not_one_rung_longer(odds: int) -> None:
    """A taker asking for one rung more than the resting wager's opposite gets nothing."""
    ladder = prophetx_ladder()
    assert crosses(odds, opposite(odds))
    longer = ladder.step(opposite(odds), 1)
    assert longer == opposite(odds) or not crosses(odds, longer)


@given(permitted_odds, permitted_odds)
def test_crossing_is_symmetric(odds: int, other_odds: int) -> None:
    """It does not matter which of two wagers came first: both would match or neither."""
    assert crosses(odds, other_odds) == crosses(other_odds, odds)


@given(rungs, st.integers(-600, 600))
def test_a_step_moves_along_the_ladder_and_stops_at_its_ends(odds: int, count: int) -> None:
    """A step of n moves n rungs, and stops at the first and last rung."""
    ladder = prophetx_ladder()
    place = min(max(RUNGS.index(odds) + count, 0), len(RUNGS) - 1)
    stepped = ladder.step(odds, count)
    assert stepped == RUNGS[place]
    assert ladder.index(stepped) == place
    assert ladder.rungs_between(odds, stepped) == abs(place - RUNGS.index(odds))


@given(rungs, rungs)
def test_rungs_between_counts_the_steps(odds: int, other: int) -> None:
    """Stepping by the count leads from the shorter rung to the longer and back."""
    ladder = prophetx_ladder()
    count = ladder.rungs_between(odds, other)
    assert count == ladder.rungs_between(other, odds)
    assert ladder.step(min(odds, other), count) == max(odds, other)
    assert ladder.step(max(odds, other), -count) == min(odds, other)


def test_even_money_and_minus_101_are_neighbours() -> None:
    """One rung shorter than even money is -101, as -100 does not exist."""
    ladder = prophetx_ladder()
    assert ladder.step(100, -1) == -101
    assert ladder.step(-101, 1) == 100


@given(ladders, st.floats(0, 1) | rungs.map(implied_probability))
def test_shortest_implying_at_most_agrees_with_a_full_search(
    ladder: Ladder, probability: float
) -> None:
    """The rung found is the first, from the shortest, whose implied probability is no greater."""
    fitting = [rung for rung in ladder.rungs if implied_probability(rung) <= probability]
    assert ladder.shortest_implying_at_most(probability) == min(fitting, default=None)


@given(rungs)
def test_a_rungs_own_probability_finds_that_rung(odds: int) -> None:
    """Asking for odds that imply exactly what a rung implies gives that rung, not its neighbour."""
    assert prophetx_ladder().shortest_implying_at_most(implied_probability(odds)) == odds


@given(ladders, st.fractions(0, 300) | rungs.map(exact_ratio))
def test_longest_paying_at_most_agrees_with_a_full_search(ladder: Ladder, ratio: Fraction) -> None:
    """The rung found is the last that pays no more than asked, so nobody gains by snapping."""
    fitting = [rung for rung in ladder.rungs if exact_ratio(rung) <= ratio]
    assert ladder.longest_paying_at_most(ratio) == max(fitting, default=None)


@given(rungs)
def test_a_rungs_own_payout_finds_that_rung(odds: int) -> None:
    """A price that is a rung exactly is snapped to itself, not to the rung below."""
    assert prophetx_ladder().longest_paying_at_most(exact_ratio(odds)) == odds
