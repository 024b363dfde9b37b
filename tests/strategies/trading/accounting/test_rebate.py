"""The monthly rebate: the published examples, its tiers, and the months in force."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.trading.accounting.commission import Commission
from strategies.trading.accounting.rebate import MonthlyRebate
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.setting_reader import read_settings

ABOVE, PERCENTS = (50_000, 750_000, 3_000_000, 7_500_000), (20, 40, 60, 80)
PUBLISHED = MonthlyRebate(ABOVE, PERCENTS, "2026-07", "2027-06")


@pytest.mark.parametrize(
    ("contracts", "commission_dollars", "rebate_cents"),
    [(75_000, 1_000, 66_66), (7_500_000, 100_000, 49_860_00), (50_000, 1_000, 0), (0, 0, 0)],
)
def test_the_published_examples_to_the_cent(
    contracts: int, commission_dollars: int, rebate_cents: int
) -> None:
    """75,000 contracts with $1,000 of commission give $66.66, 7.5 million with $100,000 $49,860."""
    assert PUBLISHED.on("2026-11", 100 * contracts, 100 * commission_dollars) == rebate_cents


@given(st.integers(1, 20_000_000_00), st.integers(0, 10**9))
def test_tiers_are_marginal(volume_cents: int, commission_cents: int) -> None:
    """Each contract earns by its own tier; truncation takes a cent and a thousandth at most."""
    begins = [100 * contracts for contracts in ABOVE]
    ends = [*begins[1:], max(volume_cents, begins[-1])]
    earned = sum(
        percent * max(0, min(volume_cents, end) - begin)
        for percent, begin, end in zip(PERCENTS, begins, ends, strict=True)
    )
    exact = Fraction(commission_cents * earned, 100 * volume_cents)
    rebate_cents = PUBLISHED.on("2026-11", volume_cents, commission_cents)
    assert exact * Fraction(999, 1_000) - 1 < rebate_cents <= exact


@pytest.mark.parametrize(
    ("month", "in_force"),
    [("2026-06", False), ("2026-07", True), ("2027-06", True), ("2027-07", False)],
)
def test_only_months_in_force_have_a_rebate(month: str, in_force: bool) -> None:
    """Before its first month and after its last one nothing is paid back."""
    assert (PUBLISHED.on(month, 75_000_00, 1_000_00) > 0) is in_force


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"above_contracts": [5, 5]}, r"fees\.rebate\.above_contracts: \[5, 5\] do not rise"),
        ({"percents": [20]}, r"fees\.rebate\.percents: 1 for 2 volumes of above_contracts"),
        ({"percents": [20, 101]}, r"fees\.rebate\.percents: \[20, 101\] is not a list"),
        ({"first_month": "July"}, r"fees\.rebate\.first_month: 'July' is no month"),
        ({"last_month": "2027-13"}, r"fees\.rebate\.last_month: '2027-13' is no month"),
    ],
)
def test_a_wrong_tier_or_month_is_refused(changed: dict[str, object], message: str) -> None:
    """The message names the setting and what is wrong with it."""
    settings = {"above_contracts": [5, 9], "percents": [20, 40]} | changed
    with pytest.raises(ConfigError, match=message):
        read_settings("fees.rebate", MonthlyRebate, settings)


def test_a_rebate_that_is_none_is_refused() -> None:
    """A number in place of the tiers is no rebate."""
    with pytest.raises(ConfigError, match=r"fees\.rebate: 5 is no rebate; null is none"):
        read_settings("fees", Commission, {"rate_percent": 2, "rebate": 5})
