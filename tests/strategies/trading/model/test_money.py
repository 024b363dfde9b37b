"""Cents: reading settings, rounding profits, and splitting wagers into fills."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strategies.trading.model.errors import ConfigError
from strategies.trading.model.money import (
    cents_from_dollars,
    dollars_text,
    fill_profit_cents,
    profit_cents,
    stake_within_profit,
)
from strategies.trading.model.odds import opposite, prophetx_ladder
from strategies.trading.model.setting_reader import read_value
from strategies.trading.model.settings import Dollars

rungs = st.sampled_from(prophetx_ladder().rungs)
stakes = st.integers(0, 1_000_000)


def half_up(amount: Fraction) -> int:
    """Return an amount rounded half up."""
    return floor(amount + Fraction(1, 2))


def exact_profit(stake_cents: int, odds: int) -> Fraction:
    """Return the profit of a stake, unrounded."""
    return stake_cents * (Fraction(odds, 100) if odds >= 100 else Fraction(100, -odds))


@pytest.mark.parametrize(
    ("dollars", "cents"),
    [
        (0, 0),
        (12, 1200),
        (12.5, 1250),
        (0.29, 29),
        (1.1, 110),
        (19.99, 1999),
        (1_000_000.01, 100_000_001),
        (-0.0, 0),
        (1e6, 100_000_000),
    ],
)
def test_configured_dollars_become_exact_cents(dollars: float, cents: int) -> None:
    """A setting in dollars becomes the cents that it shows, although floats are inexact."""
    assert read_value("risk.max_stake_per_wager", dollars, Dollars) is dollars
    assert cents_from_dollars(dollars) == cents


@given(st.integers(0, 10**12))
def test_every_amount_of_two_decimals_is_read_to_the_cent(cents: int) -> None:
    """No float of two decimals, however large, is read as another number of cents."""
    assert read_value("starting_balance", cents / 100, Dollars) == cents / 100
    assert cents_from_dollars(cents / 100) == cents


@pytest.mark.parametrize(
    "dollars",
    ["12", "", "ten", True, False, None, [12], {"dollars": 12}, complex(1, 0)],
)
def test_a_setting_that_is_not_a_number_is_refused_by_name(dollars: object) -> None:
    """Text, booleans and containers are refused, and the message names setting and value."""
    with pytest.raises(ConfigError, match=r"^max_daily_loss: .* is not a number of dollars, ") as e:
        read_value("max_daily_loss", dollars, Dollars)
    assert repr(dollars) in str(e.value)


@pytest.mark.parametrize(
    "dollars",
    [-1, -0.01, float("nan"), float("inf"), -float("inf")],
)
def test_a_negative_or_infinite_amount_is_refused_by_name(dollars: object) -> None:
    """Negatives, NaN and infinity are refused, and the message names the setting."""
    with pytest.raises(ConfigError, match=r"^max_daily_loss: .* dollars, 0 or more, "):
        read_value("max_daily_loss", dollars, Dollars)


@pytest.mark.parametrize("dollars", [0.001, 1.005, 12.345, 0.1 + 0.2, 1e-9])
def test_a_third_decimal_is_refused_not_rounded(dollars: float) -> None:
    """An amount finer than a cent is refused, and the message names the setting."""
    with pytest.raises(ConfigError, match=r"^default_stake: .* at most two decimals$"):
        read_value("default_stake", dollars, Dollars)
    with pytest.raises(ValueError, match="no whole number of cents"):
        cents_from_dollars(dollars)


@pytest.mark.parametrize(
    ("cents", "text"),
    [
        (0, "$0.00"),
        (5, "$0.05"),
        (-5, "-$0.05"),
        (-1234, "-$12.34"),
        (123_456_789, "$1,234,567.89"),
    ],
)
def test_cents_are_formatted_as_dollars(cents: int, text: str) -> None:
    """Amounts are shown with two decimals, grouped thousands, and the sign before the dollar."""
    assert dollars_text(cents) == text


@given(stakes, rungs)
@example(1, 150)
@example(1, -200)
@example(73, -146)
def test_profit_is_exact_and_rounded_half_up(stake_cents: int, odds: int) -> None:
    """The profit of a stake is the exact product, rounded half up to the cent."""
    assert profit_cents(stake_cents, odds) == half_up(exact_profit(stake_cents, odds))


@given(st.lists(stakes, max_size=12), rungs)
def test_splitting_a_wager_into_fills_never_changes_its_profit(fills: list[int], odds: int) -> None:
    """However a wager is matched in parts, the parts together win what the whole would."""
    profits = [
        fill_profit_cents(sum(fills[:at]), stake_cents, odds)
        for at, stake_cents in enumerate(fills)
    ]
    assert sum(profits) == profit_cents(sum(fills), odds)
    assert min(profits, default=0) >= 0


@given(stakes, stakes, rungs)
def test_a_fill_is_never_a_cent_away_from_its_own_exact_profit(
    filled_cents: int, stake_cents: int, odds: int
) -> None:
    """Carrying the rounding from fill to fill never moves one fill by a whole cent."""
    profit = fill_profit_cents(filled_cents, stake_cents, odds)
    assert abs(profit - exact_profit(stake_cents, odds)) < 1


@given(st.integers(0, 400), st.integers(0, 300), rungs, st.integers(1, 900))
@example(0, 300, 100, 1)
@example(0, 300, -25000, 1)
@example(5, 300, 25000, 249)
@example(0, 300, -101, 50)
@example(0, 300, 250, 102)
def test_a_budget_matches_all_that_it_pays_for_and_else_the_exact_amount(
    filled_cents: int, open_cents: int, odds: int, budget_cents: int
) -> None:
    """A budget that is too small for a wager buys the exact stake over all fills, half up."""
    stake_cents = stake_within_profit(filled_cents, open_cents, odds, budget_cents)
    limit = half_up(exact_profit(filled_cents, odds)) + budget_cents
    if half_up(exact_profit(filled_cents + open_cents, odds)) <= limit:
        assert stake_cents == open_cents
        return
    exact = half_up(limit / exact_profit(1, odds))
    affordable = half_up(exact_profit(exact, odds)) <= limit
    assert affordable or odds > 100
    assert filled_cents + stake_cents == (exact if affordable else exact - 1)


@given(stakes, stakes, rungs, st.integers(1, 1_000_000))
def test_a_match_costs_a_counterparty_no_more_than_the_budget(
    filled_cents: int, open_cents: int, odds: int, budget_cents: int
) -> None:
    """The stake is open, affordable, and within a cent of what the counterparty can win."""
    stake_cents = stake_within_profit(filled_cents, open_cents, odds, budget_cents)
    cost_cents = fill_profit_cents(filled_cents, stake_cents, odds)
    assert 0 <= stake_cents <= open_cents
    assert cost_cents <= budget_cents
    if stake_cents < open_cents:
        # The cost of a cent of ours is the most of a budget that can be left.
        assert budget_cents - cost_cents <= max(Fraction(0), exact_profit(1, odds))
        assert odds > 100 or cost_cents == budget_cents


@pytest.mark.parametrize(
    ("odds", "budget_cents", "stake_cents"), [(-400, 2_000, 8_000), (-25000, 100, 25_000)]
)
def test_a_maker_stakes_what_the_takers_stake_buys(
    odds: int, budget_cents: int, stake_cents: int
) -> None:
    """A taker's 20.00 at +400 buys 80.00 and not 80.01; 1.00 at +25000 buys 250.00."""
    assert stake_within_profit(0, 1_000_000, odds, budget_cents) == stake_cents


def test_ten_dollars_at_minus_146_win_six_eighty_five() -> None:
    """The exchange's own example of a placed order: 10 at -146 has a profit of 6.85 (API 6.1)."""
    assert profit_cents(1000, -146) == 685


@pytest.mark.parametrize(
    ("maker_odds", "open_cents", "shown_odds", "shown_cents"),
    [(-510, 2500, 510, 490), (630, 2500, -630, 15_750), (-146, 4952, 146, 3392)],
)
def test_resting_stakes_show_what_real_books_showed(
    maker_odds: int, open_cents: int, shown_odds: int, shown_cents: int
) -> None:
    """A taker is shown the opposite odds and the maker's profit, as on recorded books (API 8.1)."""
    assert opposite(maker_odds) == shown_odds
    assert profit_cents(open_cents, maker_odds) == shown_cents


def test_a_taker_of_three_dollars_at_146_meets_four_thirty_eight() -> None:
    """The walk-through of API 8.1: 3.00 against 4.38, and 3.85 left to take of 6.85."""
    maker_cents = stake_within_profit(0, 1000, -146, budget_cents=300)
    assert maker_cents == 438
    assert fill_profit_cents(0, maker_cents, -146) == 300
    assert profit_cents(300, 146) == maker_cents
    assert fill_profit_cents(maker_cents, 1000 - maker_cents, -146) == 385


def test_each_side_of_a_match_stakes_what_the_other_can_win() -> None:
    """A maker's 25 at -510 and a taker's 4.90 at +510 fund one pot of 29.90 (API 8.2)."""
    maker_cents = 2500
    taker_cents = profit_cents(maker_cents, -510)
    assert maker_cents + taker_cents == 2990
    # The taker's own rounding may claim a cent less or more, so both sides come from one fill.
    assert profit_cents(taker_cents, 510) == 2499
