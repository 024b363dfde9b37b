"""The settings of the wager manager."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct, to_builtins

from strategies.trading.model.setting_reader import read_settings
from strategies.trading.model.settings import SettingValue, Unit, Whole


class WagerSettings(Struct, frozen=True):
    """The tolerances of resting wagers from their quotes."""

    odds_tolerance_rungs: Annotated[
        Whole,
        Meta(description="How many steps of the ladder a wager may be away from its quote."),
        Unit("ladder steps"),
    ]
    stake_tolerance_percent: Annotated[
        Whole,
        Meta(
            description="How far the resting stake may be from the quoted one before it is changed."
        ),
        Unit("percent"),
    ]


def changed_wager_settings(
    settings: WagerSettings, changes: Mapping[str, SettingValue]
) -> WagerSettings:
    """Return settings of which some are changed, by name; raise ConfigError for a wrong one."""
    changed: WagerSettings = read_settings(
        "wagers", WagerSettings, to_builtins(settings) | dict(changes)
    )
    return changed
