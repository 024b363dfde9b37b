"""The settings that a person may change of a running session, and the checks of a change."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import msgspec

from conf.configuration_difference import differing_settings, part_names
from conf.user_code import CODE
from strategies.trading.desk.strategy_checks import change_strategy, make_strategy
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.events import SettingsChanged
from strategies.trading.model.setting_reader import parameters_of, unknown_setting_message
from strategies.trading.model.settings import SettingValue, is_setting, of_part
from strategies.trading.ports.strategy import Strategy
from strategies.trading.risk.limits import Limits, RiskSettings, changed_limits
from strategies.trading.wagers.wager_settings import WagerSettings, changed_wager_settings

_PARTS = ("risk", "strategy", "wagers")
_MOST_NAMED = 3


class SettableParts(NamedTuple):
    """The parts of a session that a person may change, and the configuration that has all."""

    limits: Limits
    strategy: Callable[..., Strategy]
    wagers: WagerSettings
    configuration: str = ""

    def require(self, values: Mapping[str, SettingValue]) -> Limits:
        """Return the limits with changed settings, of all parts; raise ConfigError for a wrong one.

        A desk that is sent these changes then takes them.
        """
        changed_wager_settings(self.wagers, of_part("wagers", values))
        present = make_strategy(self.strategy)
        change_strategy(present, self.strategy, of_part("strategy", values))
        return changed_limits(self.limits, of_part("risk", values))

    def values(self) -> dict[str, SettingValue]:
        """Return all settings by full name."""
        given = self.strategy.keywords if isinstance(self.strategy, partial) else {}
        kinds = parameters_of(_class_of(self.strategy))
        parts: dict[str, dict[str, SettingValue]] = {
            "risk": msgspec.to_builtins(RiskSettings.of(self.limits)),
            "strategy": {
                name: value
                for name, value in given.items()
                if name in kinds and is_setting(kinds[name].annotation)
            },
            "wagers": msgspec.to_builtins(self.wagers),
        }
        return {
            f"{part}.{name}": value
            for part, settings in parts.items()
            for name, value in settings.items()
        }


# The parts that the configuration describes now; raises ConfigError.
Reread = Callable[[], SettableParts]
# Returns limits within the operator's ceilings.
Admit = Callable[[Limits], Limits]


class SettableSettings:
    """The settings of a start that a person may change, and what was changed since.

    `present` is the last change; the desk uses what it says.
    """

    def __init__(self, first: SettableParts, admit: Admit, reread: Reread | None) -> None:
        """Start with what the desk starts with; without `reread` nothing can be read again."""
        self.present = SettingsChanged({}, {})
        self._first = first
        self._admit = admit
        self._reread = reread

    def changed(self, changes: Mapping[str, SettingValue], operator: str) -> SettingsChanged:
        """Return the present settings with changes; raise ConfigError for one that is wrong.

        It is wrong too if a limit would be above the operator's ceiling.
        """
        for name in changes:
            self._require_settable(name)
        overrides = self.present.overrides | dict(changes)
        event = SettingsChanged(overrides, self.present.reloaded, operator)
        self._require_within_ceilings(self._first.require(event.values))
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

        Raise ConfigError if it cannot be read, or differs in what changes at a start only.
        """
        if self._reread is None:
            message = "reload: this session was not started from a command line"
            raise ConfigError(message)
        # Composing takes a second, in which the session must go on.
        now = await asyncio.to_thread(self._reread)
        if _class_of(now.strategy) is not _class_of(self._first.strategy):
            message = "reload: the configuration names another strategy; it changes at a start only"
            raise ConfigError(message)
        self._require_same_others(now.configuration)
        first = self._first.values()
        values = now._replace(limits=self._admit(now.limits)).values()
        differing = {name: value for name, value in values.items() if value != first.get(name)}
        self._first.require(differing)
        return SettingsChanged({}, differing, operator)

    def text(self, event: SettingsChanged) -> str:
        """Return in words which settings now differ from those of the start."""
        values = ", ".join(f"{name}={value}" for name, value in event.values.items())
        return f"settings: {values or 'as at the start'}"

    def _require_within_ceilings(self, limits: Limits) -> None:
        wanted = msgspec.to_builtins(RiskSettings.of(limits))
        admitted = msgspec.to_builtins(RiskSettings.of(self._admit(limits)))
        for name, value in wanted.items():
            if admitted[name] != value:
                message = (
                    f"risk.{name}: {value} is beyond the operator's ceiling of this session, "
                    f"{admitted[name]}"
                )
                raise ConfigError(message)

    def _require_settable(self, name: str) -> None:
        part = name.partition(".")[0]
        if part in _PARTS:
            return
        if part not in part_names(self._first.configuration):
            raise ConfigError(unknown_setting_message(name, self._first.values()))
        message = (
            f"{name}: changes at a start only; end the session and start it with the new value "
            f"(set takes {', '.join(f'{part}.NAME' for part in _PARTS)})"
        )
        raise ConfigError(message)

    def _require_same_others(self, configuration: str) -> None:
        """Raise ConfigError if what only a start can change differs from what was started."""
        # What is imported stays as it is, whatever became of its file.
        names = differing_settings(self._first.configuration, configuration, (*_PARTS, CODE))
        if names:
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            message = (
                f"reload: {', '.join(names[:_MOST_NAMED])}{more} changed, which only a start can "
                "use; nothing was done: end the session and start it, or undo that and reload"
            )
            raise ConfigError(message)


def _class_of(strategy: Callable[..., Strategy]) -> Callable[..., Any]:
    return strategy.func if isinstance(strategy, partial) else strategy
