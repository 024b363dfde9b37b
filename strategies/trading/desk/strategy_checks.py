"""Checks of a strategy and of what it returns, as an author may return anything."""

import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from strategies.trading.model.commands import Intent
from strategies.trading.model.errors import ConfigError, StrategyError
from strategies.trading.model.ids import LineId
from strategies.trading.model.setting_reader import (
    parameters_of,
    read_value,
    unknown_setting_message,
)
from strategies.trading.model.settings import SettingValue, is_setting
from strategies.trading.ports.strategy import Quote, Strategy, View

_LONGEST = 120


def make_strategy(factory: Callable[[], Strategy]) -> Strategy:
    """Return a new strategy; raise ConfigError if the result lacks what a strategy needs."""
    made: Any = factory
    if isinstance(made, dict | list | str | int | float | None):
        message = f"strategy: {_shown(made)} names no class; write _target_: package.module.Class"
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


def quotes_of(strategy: Strategy, view: View) -> tuple[Quote, ...]:
    """Return what a strategy quotes; raise StrategyError with its name if it raises anything."""
    try:
        return strategy.quote(view)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}, line {last.lineno}"
        what = " ".join(f"{type(error).__name__}: {error}".split())
        message = f"{type(strategy).__name__}.quote raised {what} ({where}; --debug shows more)"
        raise StrategyError(message) from error


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


def require_quotes(strategy: Strategy, quotes: Any, line_ids: Sequence[LineId]) -> None:
    """Raise ConfigError unless a strategy returned a tuple of quotes on lines of the market."""
    name = type(strategy).__name__
    if not isinstance(quotes, tuple | list):
        message = f"strategy: {name}.quote returned {_shown(quotes)}; return a tuple of Quote"
        raise ConfigError(message)
    for quote in quotes:
        problem = _problem(quote, line_ids)
        if problem is not None:
            message = f"strategy: {name}.quote returned {_shown(quote)}; {problem}"
            raise ConfigError(message)


def _problem(quote: Any, line_ids: Sequence[LineId]) -> str | None:
    if not isinstance(quote, Quote):
        return "return Quote objects only"
    # A strategy may put anything into a quote, whatever the declared types are.
    stake: Any = quote.stake_cents
    odds: Any = quote.odds
    intent: Any = quote.intent
    if quote.line_id not in line_ids:
        return "its line_id is not a line of this market"
    if type(stake) is not int or stake < 0:
        return "its stake_cents must be a whole number of cents, 0 or more"
    if type(odds) is not int:
        return "its odds must be whole American odds"
    if not isinstance(intent, Intent):
        return "its intent must be an Intent"
    return None


def _shown(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
