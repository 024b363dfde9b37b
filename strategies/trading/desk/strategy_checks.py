"""Checks of a strategy as its factory makes it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from strategies.trading.desk.quote_checks import shown
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.setting_reader import (
    parameters_of,
    read_value,
    unknown_setting_message,
)
from strategies.trading.model.settings import SettingValue, is_setting
from strategies.trading.ports.strategy import Strategy


def make_strategy(factory: Callable[[], Strategy]) -> Strategy:
    """Return a new strategy; raise ConfigError if the result lacks what a strategy needs."""
    made: Any = factory
    if isinstance(made, dict | list | str | int | float | None):
        message = f"strategy: {shown(made)} names no class; write _target_: package.module.Class"
        raise ConfigError(message)
    if not callable(made):
        message = (
            f"strategy: {type(made).__name__} is built already; add `_partial_: true` beside "
            "its `_target_`, since every run builds its own"
        )
        raise ConfigError(message)
    return _checked(factory())


def change_strategy(
    present: Strategy, factory: Callable[..., Strategy], changes: Mapping[str, SettingValue]
) -> Strategy:
    """Return a new strategy in which some settings differ from those that its factory gives it.

    What the present one keeps in itself is not carried over. Raise ConfigError for a setting that
    is unknown, wrong, without a type, or that only a start can change.
    """
    kinds = parameters_of(factory.func if isinstance(factory, partial) else factory)
    known = {name: each.annotation for name, each in kinds.items() if is_setting(each.annotation)}
    for name, value in changes.items():
        full_name = f"strategy.{name}"
        if name not in known:
            message = unknown_setting_message(full_name, [f"strategy.{each}" for each in known])
            raise ConfigError(message)
        read_value(full_name, value, known[name])
    changed = _checked(factory(**changes))
    if changed.quote_refresh_ns != present.quote_refresh_ns:
        message = "strategy: the time between two decisions changes only at a start"
        raise ConfigError(message)
    return changed


def _checked(made: Any) -> Strategy:
    """Return what a factory made; raise ConfigError if it lacks what a strategy needs."""
    name = type(made).__name__
    if not callable(getattr(made, "quote", None)):
        message = f"strategy: {name} has no method quote(view)"
        raise ConfigError(message)
    refresh_ns = getattr(made, "quote_refresh_ns", None)
    if type(refresh_ns) is not int or refresh_ns < 0:
        message = (
            f"strategy: {name}.quote_refresh_ns is {refresh_ns!r}; "
            "set it to a whole number of nanoseconds, 0 to decide on every change"
        )
        raise ConfigError(message)
    strategy: Strategy = made
    return strategy
