"""Vig removal: against other people's libraries, and by properties that any method must have."""

from itertools import pairwise
from typing import get_args

import pytest
from goto_conversion import efficient_shin_conversion, goto_conversion
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shin import calculate_implied_probabilities

from strategies.trading.model.errors import ConfigError
from strategies.trading.model.events import ReferencePrice
from strategies.trading.model.ids import LineId
from strategies.trading.pricing.vig import VigMethod, fair_probability, without_vig

METHODS: tuple[VigMethod, ...] = get_args(VigMethod)
# A book that implies 0.0001 or more for each selection, with an overround of up to a half.
FAIR = st.lists(st.floats(1e-4, 1.0), min_size=2, max_size=12).map(
    lambda weights: [weight / sum(weights) for weight in weights]
)
BOOKS = st.tuples(FAIR, st.floats(0.0, 0.5)).map(
    lambda drawn: [min(0.9999, price * (1 + drawn[1])) for price in drawn[0]]
)


@given(BOOKS)
@settings(max_examples=300)
def test_shin_is_that_of_the_library_shin(prices: list[float]) -> None:
    """Its `calculate_implied_probabilities` is the same, up to where its iteration stops."""
    assume(sum(prices) > 1.0)
    theirs = calculate_implied_probabilities([1 / price for price in prices])
    assert without_vig(prices, "shin") == pytest.approx(theirs, abs=1e-4)


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.3))
@settings(max_examples=100)
def test_two_way_shin_is_the_closed_form_of_goto_conversion(first: float, vig: float) -> None:
    """Its `efficient_shin_conversion` is exact for two; both take the same from both sides."""
    prices = [min(0.999, each * (1 + vig)) for each in (first, 1 - first)]
    assume(sum(prices) > 1.0)
    theirs = efficient_shin_conversion([1 / price for price in prices])
    ours = without_vig(prices, "shin")
    assert ours == pytest.approx(theirs, abs=1e-7)
    assert prices[0] - ours[0] == pytest.approx(prices[1] - ours[1], abs=1e-9)


@given(FAIR, st.floats(0.7, 0.99))
@settings(max_examples=100)
def test_below_one_goto_conversion_falls_back_to_proportional(
    fair: list[float], total: float
) -> None:
    """Its `multiplicativeIfImprudentOdds` is our `proportional`; `shin` does the same there."""
    prices = [price * total for price in fair]
    theirs = goto_conversion([1 / price for price in prices], multiplicativeIfImprudentOdds=True)
    for method in ("proportional", "shin"):
        assert without_vig(prices, method) == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
@given(prices=BOOKS)
@settings(max_examples=200)
def test_any_method_gives_probabilities_in_the_order_of_the_prices(
    method: VigMethod, prices: list[float]
) -> None:
    """They sum to one, each is a probability, and a longer price is no likelier outcome."""
    fair = without_vig(prices, method)
    assert sum(fair) == pytest.approx(1.0, abs=1e-12)
    assert all(0.0 < each < 1.0 for each in fair)
    by_price = [each for _, each in sorted(zip(prices, fair, strict=True))]
    assert all(a <= b + 1e-12 for a, b in pairwise(by_price))


@pytest.mark.parametrize("method", METHODS)
@given(fair=FAIR)
@settings(max_examples=100)
def test_fair_odds_stay_as_they_are(method: VigMethod, fair: list[float]) -> None:
    """Where there is no vig, none is removed."""
    assert without_vig(fair, method) == pytest.approx(fair, abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("total", [0.7, 0.95, 1.0, 1.02, 1.3, 2.0])
@pytest.mark.parametrize("share", [1e-9, 1e-4, 0.3])
def test_extreme_prices_give_probabilities(method: VigMethod, total: float, share: float) -> None:
    """Whatever is between 0 and 1 has an answer, below an overround of one too."""
    prices = [share * total, min((1 - share) * total, 1 - 1e-9)]
    fair = without_vig(prices, method)
    assert sum(fair) == pytest.approx(1.0)
    assert 0.0 < fair[0] < fair[1] < 1.0


def test_power_solves_what_it_says() -> None:
    """Each fair probability is its price to one and the same power; neither library has it."""
    prices = [0.7, 0.25, 0.12]
    fair = without_vig(prices, "power")
    assert sum(price**1.0869915493645137 for price in prices) == pytest.approx(1.0, abs=1e-6)
    assert fair == pytest.approx([price**1.0869915493645137 for price in prices], abs=1e-6)


@pytest.mark.parametrize("prices", [[0.5], [], [0.5, 0.0], [1.7, 0.4], [0.5, float("nan")]])
def test_what_is_no_market_is_refused(prices: list[float]) -> None:
    """One selection, or a price that is no probability, has no vig to remove."""
    with pytest.raises(ConfigError, match="needs two or more"):
        without_vig(prices, "power")


def test_a_draw_returns_the_stakes() -> None:
    """With both lines of a pair, its fair probability is given that one of them wins."""
    home = ReferencePrice(LineId("home"), 0.42, "book", opposite=0.42, others=(0.21,))
    assert fair_probability(home, "proportional") == pytest.approx(0.5)


def test_a_line_against_the_field() -> None:
    """With one line, all other selections are its opposite."""
    winner = ReferencePrice(LineId("yes"), 0.42, "book", others=(0.42, 0.21))
    assert fair_probability(winner, "proportional") == pytest.approx(0.4)


def test_a_fair_price_has_no_vig_to_remove() -> None:
    """What arrives as fair is taken as it is."""
    assert fair_probability(ReferencePrice(LineId("home"), 0.6), "shin") == 0.6
