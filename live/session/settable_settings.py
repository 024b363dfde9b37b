"""The settings that a person may change of a running session, and the checks of a change."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from strategies.trading.desk.strategy_checks import change_strategy, make_strategy
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.events import SettingsChanged
from strategies.trading.model.setting_reader import parameters_of, unknown_setting_message
from strategies.trading.model.settings import SettingValue, is_setting, of_part
from strategies.trading.ports.strategy import Strategy
from strategies.trading.risk.limits import Limits, RiskSettings, changed_limits

_PARTS = ("risk", "strategy")

# The limits and the strategy that the configuration describes now; raises ConfigError.
Reread = Callable[[], tuple[Limits, Callable[..., Strategy]]]
# Returns limits within the operator's ceilings.
Admit = Callable[[Limits], Limits]


class SettableSettings:
    """The limits and the strategy of a start, and what a person changed since.

    `present` is the last change; the desk uses what it says.
    """

    def __init__(
        self,
        limits: Limits,
        strategy: Callable[..., Strategy],
        admit: Admit,
        reread: Reread | None,
    ) -> None:
        """Start with what the desk starts with; without `reread` nothing can be read again."""
        self.present = SettingsChanged({}, {})
        self._limits = limits
        self._strategy = strategy
        self._admit = admit
        self._reread = reread

    def changed(self, changes: Mapping[str, SettingValue], operator: str) -> SettingsChanged:
        """Return the present settings with changes; raise ConfigError for one that is wrong.

        It is wrong too if a limit would be above the operator's ceiling.
        """
        for name in changes:
            if name.partition(".")[0] not in _PARTS:
                known = self._values(self._limits, self._strategy)
                raise ConfigError(unknown_setting_message(name, known))
        overrides = self.present.overrides | dict(changes)
        event = SettingsChanged(overrides, self.present.reloaded, operator)
        limits = changed_limits(self._limits, of_part("risk", event.values))
        self._require_within_ceilings(limits)
        present = make_strategy(self._strategy)
        change_strategy(present, self._strategy, of_part("strategy", event.values))
        return event

    def kept(self, earlier: SettingsChanged) -> tuple[SettingsChanged, list[str]]:
        """Return what persons set in earlier runs, as far as it can be, and why the rest is not."""
        event, refused = SettingsChanged({}, {}, earlier.operator), []
        for name, value in earlier.overrides.items():
            self.present = event
            try:
                event = self.changed({name: value}, earlier.operator)
            except ConfigError as error:
                refused.append(f"{name}={value} of {earlier.operator} is left out: {error}")
        self.present = event
        return event, refused

    async def reloaded(self, operator: str) -> SettingsChanged:
        """Read the configuration again; return its values in place of all that was changed.

        Raise ConfigError if it cannot be read, or names another strategy.
        """
        if self._reread is None:
            message = "reload: this session was not started from a command line"
            raise ConfigError(message)
        # Composing takes a second, in which the session must go on.
        limits, strategy = await asyncio.to_thread(self._reread)
        if _class_of(strategy) is not _class_of(self._strategy):
            message = "reload: the configuration names another strategy; it changes at a start only"
            raise ConfigError(message)
        first = self._values(self._limits, self._strategy)
        values = self._values(self._admit(limits), strategy)
        differing = {name: value for name, value in values.items() if value != first.get(name)}
        event = SettingsChanged({}, differing, operator)
        changed_limits(self._limits, of_part("risk", differing))
        change_strategy(
            make_strategy(self._strategy), self._strategy, of_part("strategy", differing)
        )
        return event

    def text(self, event: SettingsChanged) -> str:
        """Return in words which settings now differ from those of the start."""
        values = ", ".join(f"{name}={value}" for name, value in event.values.items())
        return f"settings: {values or 'as at the start'}"

    def _require_within_ceilings(self, limits: Limits) -> None:
        wanted = msgspec.to_builtins(RiskSettings.of(limits))
        admitted = msgspec.to_builtins(RiskSettings.of(self._admit(limits)))
        for name, value in wanted.items():
            if admitted[name] != value:
                message = f"risk.{name}: {value} is beyond the operator's ceiling, {admitted[name]}"
                raise ConfigError(message)

    def _values(self, limits: Limits, strategy: Callable[..., Strategy]) -> dict[str, SettingValue]:
        """Return all settings by full name."""
        risk = msgspec.to_builtins(RiskSettings.of(limits))
        given = strategy.keywords if isinstance(strategy, partial) else {}
        kinds = parameters_of(_class_of(strategy))
        return {
            **{f"risk.{name}": value for name, value in risk.items()},
            **{
                f"strategy.{name}": value
                for name, value in given.items()
                if name in kinds and is_setting(kinds[name].annotation)
            },
        }


def _class_of(strategy: Callable[..., Strategy]) -> Callable[..., Any]:
    return strategy.func if isinstance(strategy, partial) else strategy
