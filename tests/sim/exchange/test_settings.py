"""The exchange's settings: invalid values are refused at the start, by name."""

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

import pytest
from omegaconf import DictConfig

from conf.compose import build_parts
from sim.backtest import Backtest
from sim.exchange.exchange_settings import BalanceMode, ExchangeRules
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.units import NS_PER_SECOND

NAMES = [field.name for field in fields(ExchangeRules)]

# Wrong values as a configuration states them; the message begins with the name.
WRONG: dict[str, list[Any]] = {
    "starting_balance": [-5, "much", 0.001],
    "exchange.settings.balance_mode": ["later", 1],
    "exchange.settings.open_stake_multiple": [0, -1, 1.5, "ten"],
    "exchange.settings.back_off_multiple": [0, 9, "fifty"],
    "exchange.settings.exposure_credit": ["maybe", 1],
    "exchange.settings.credit_refresh_seconds": [-1, "soon"],
    "exchange.settings.deduction_seconds": [-0.1, "null"],
    "exchange.settings.min_stake": [-1, 1.005],
    "exchange.settings.max_stake": [-1, 0.5],
    "exchange.settings.add_only_allowed": [1, "yes please"],
    "exchange.settings.requests_per_second": [0, -50, 1.5],
    "exchange.settings.in_play_delay_seconds": [-1, "null"],
    "exchange.settings.most_delayed": [0, "many"],
    "exchange.settings.retry_window_seconds": [-0.3, "short"],
    "exchange.settings.fill_or_kill_seconds": [-2, "true"],
    "exchange.settings.mass_cancel_batch": [0, -100],
    "exchange.settings.mass_cancel_pause_seconds": [-1, "null"],
    "exchange.settings.trade_pairing_seconds": [-1, "true"],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_an_invalid_setting_is_refused_by_name(
    build_backtest: Callable[..., Backtest], name: str, value: Any
) -> None:
    """From the command line: nothing runs, and the message begins with the setting."""
    with pytest.raises(ConfigError, match=rf"^{name}: "):
        build_backtest(f"{name}={value}")


def test_every_setting_has_its_wrong_values(compose_settings: Callable[..., DictConfig]) -> None:
    """Every setting is among those tried above."""
    stated = {str(key) for key in compose_settings().exchange.settings if key != "_target_"}
    assert stated == {name.removeprefix("exchange.settings.") for name in WRONG}
    assert len(stated) == len(NAMES)


def test_the_shipped_configuration_equals_the_defaults(
    compose_settings: Callable[..., DictConfig],
) -> None:
    """The settings of a run without overrides are those of the code, but for the deduction."""
    shipped = asdict(build_parts(compose_settings())["exchange"].keywords["settings"])
    expected = asdict(ExchangeRules()) | {"deduction_ns": NS_PER_SECOND // 10}
    assert shipped == expected
    assert shipped["balance_mode"] is BalanceMode.DEFERRED
