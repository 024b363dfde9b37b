"""Commission: a share of net winnings, per market or per pair."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.trading.accounting.commission import Commission, Offset
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.setting_reader import read_settings

profits = st.lists(st.integers(-100_000, 100_000), max_size=5)
rates = st.integers(0, 10_000).map(lambda basis_points: basis_points / 100)


def share(net_cents: int, rate: float) -> int:
    """Return a share of winnings, rounded half up, by decimal arithmetic."""
    exact = Decimal(max(0, net_cents)) * Decimal(str(rate)) / 100
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@given(profits, rates)
def test_gains_and_losses_of_a_market_offset_each_other(cents: list[int], rate: float) -> None:
    """By market, commission is charged on the net sum, and not on a loss."""
    assert Commission(rate).on(cents) == share(sum(cents), rate)


@given(profits, rates)
def test_by_pair_each_gain_is_charged_alone(cents: list[int], rate: float) -> None:
    """By pair, each gain is charged even if other pairs lost."""
    taken = Commission(rate, Offset.PAIR).on(cents)
    assert taken == sum(share(profit, rate) for profit in cents)


def test_two_percent_of_a_win_beside_a_loss() -> None:
    """A gain of $100 beside a loss of $60 costs 80 cents by market and $2 by pair."""
    assert Commission(2).on([10_000, -6_000]) == 80
    assert Commission(2, Offset.PAIR).on([10_000, -6_000]) == 200


def test_the_offset_is_read_from_configuration_text() -> None:
    """The text `pair` from a YAML file is read as the enum member."""
    fees = read_settings("fees", Commission, {"rate_percent": 2, "offset_by": "pair"})
    assert fees.on([10_000, -6_000]) == 200
    assert fees.offset_by is Offset.PAIR


@pytest.mark.parametrize("rate", ["2", True, None, -1, 100.5, float("nan"), float("inf"), 2.345])
def test_an_invalid_rate_is_refused(rate: float) -> None:
    """Text, booleans, negatives, NaN and a third decimal are refused by the setting's name."""
    with pytest.raises(ConfigError, match=r"fees\.rate_percent"):
        read_settings("fees", Commission, {"rate_percent": rate})


def test_an_unknown_offset_is_refused() -> None:
    """Only `market` and `pair` are valid offsets."""
    with pytest.raises(ConfigError, match=r"fees\.offset_by: 'event'"):
        read_settings("fees", Commission, {"rate_percent": 2, "offset_by": "event"})
