"""Limits from settings: what they mean, and which are refused."""

from decimal import Decimal
from typing import Any

import pytest

from strategies.trading.model.errors import ConfigError
from strategies.trading.model.setting_reader import read_settings
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.risk.limits import Limits, RiskSettings

SETTINGS: dict[str, Any] = {
    "min_stake": 1,
    "max_stake_per_wager": 250,
    "max_position_size": 2_500,
    "max_market_exposure": 1_500,
    "max_event_exposure": 2_500.5,
    "max_total_exposure": 5_000,
    "max_concurrent_wagers": 200,
    "max_daily_loss": 1_000,
    "stop_loss_percentage": 12.5,
    "shortest_odds": -2_000,
    "longest_odds": 2_000,
    "max_feed_age_seconds": 0.25,
    "max_commands_per_second": 40,
    "in_play": False,
    "stop_before_start_seconds": 120,
    "exposure_credit": True,
    "max_open_stake_times_cash": 8,
    "max_price_deviation_percent": 7.5,
    "max_mispriced_in_row": 20,
}
FLAGS = ["exposure_credit", "in_play"]
NUMBERS = sorted(set(SETTINGS) - set(FLAGS))
WHOLE = [
    *("longest_odds", "max_commands_per_second", "max_concurrent_wagers", "max_mispriced_in_row"),
    "shortest_odds",
]
NOT_ODDS = {"shortest_odds", "longest_odds"}


def limits_with(**changes: object) -> Limits:
    """Return limits from the settings above with some changed."""
    settings: RiskSettings = read_settings("risk", RiskSettings, SETTINGS | changes)
    return settings.build()


def test_dollars_percent_and_seconds_become_exact_figures() -> None:
    """Dollars become cents, seconds nanoseconds, and a percentage keeps its decimals."""
    limits = limits_with()
    assert limits.max_event_exposure_cents == 250_050
    assert limits.max_feed_age_ns == NS_PER_SECOND // 4
    assert limits.stop_before_start_ns == 120 * NS_PER_SECOND
    assert limits.stop_loss_percent == Decimal("12.5")
    assert limits.max_price_deviation_percent == Decimal("7.5")
    assert limits.max_open_stake_times_cash == 8
    assert (limits.shortest_odds, limits.longest_odds) == (-2_000, 2_000)
    assert (limits.max_stake_cents, limits.max_concurrent_wagers) == (25_000, 200)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["100", True, None, float("nan"), float("inf"), [1]])
def test_a_limit_that_is_not_a_number_is_refused_by_name(name: str, value: object) -> None:
    """Text, booleans, None, NaN and infinity are refused, and the error names the setting."""
    with pytest.raises(ConfigError, match=rf"^risk\.{name}: "):
        limits_with(**{name: value})


@pytest.mark.parametrize("name", sorted(set(NUMBERS) - NOT_ODDS))
def test_a_negative_limit_is_refused_by_name(name: str) -> None:
    """Only odds can be below zero; the error names the setting."""
    with pytest.raises(ConfigError, match=rf"^risk\.{name}: -1 "):
        limits_with(**{name: -1})


@pytest.mark.parametrize("name", WHOLE)
def test_counts_and_odds_are_whole_numbers(name: str) -> None:
    """Half a wager, half a command and half a point of odds are refused."""
    with pytest.raises(ConfigError, match=rf"^risk\.{name}: 150\.5"):
        limits_with(**{name: 150.5})


@pytest.mark.parametrize("name", sorted(NOT_ODDS))
@pytest.mark.parametrize("odds", [-100, -50, 0, 99])
def test_odds_that_do_not_exist_are_refused(name: str, odds: int) -> None:
    """Between -100 and +99 there are no American odds."""
    with pytest.raises(ConfigError, match=rf"^risk\.{name}"):
        limits_with(**{name: odds})


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("value", ["false", 0, 1, None])
def test_a_permission_is_a_boolean(name: str, value: object) -> None:
    """A number or a text is refused for a permission."""
    with pytest.raises(ConfigError, match=rf"^risk\.{name}: "):
        limits_with(**{name: value})


def test_a_fraction_of_a_cent_is_refused() -> None:
    """A limit with a third decimal is refused rather than rounded."""
    with pytest.raises(ConfigError, match=r"risk\.max_daily_loss: 10\.005"):
        limits_with(max_daily_loss=10.005)


@pytest.mark.parametrize(
    ("low", "high"),
    [("min_stake", "max_stake_per_wager"), ("shortest_odds", "longest_odds")],
)
def test_reversed_bounds_are_refused(low: str, high: str) -> None:
    """A minimum stake above the maximum, or reversed odds, would admit nothing."""
    with pytest.raises(ConfigError, match=rf"^risk\.{low}: 300 is above {high}, 200$"):
        limits_with(**{low: 300, high: 200})
    limits_with(**{low: 200, high: 200})
