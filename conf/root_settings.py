"""The settings at the top of the configuration, and the names of its other parts."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from conf.modes import Mode
from recordings.recording_settings import (
    AssumedStake,
    Games,
    OnRecordingError,
    RecordedEvents,
    RecordingFrom,
    RecordingPath,
    RecordingUntil,
)
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.setting_reader import (
    parameters_of,
    read_settings,
    read_value,
    refused_value_message,
    unknown_setting_message,
)
from strategies.trading.model.settings import Dollars, Seed, Switch, is_setting


class RecordingSettings(Struct, frozen=True, kw_only=True):
    """The recordings that are read."""

    path: RecordingPath
    assumed_stake: AssumedStake = None
    from_: RecordingFrom = None
    until: RecordingUntil = None
    events: RecordedEvents = None
    on_error: OnRecordingError = "stop"


class NameSettings(Struct, frozen=True, kw_only=True):
    """The name of a session."""

    name: Annotated[
        str | None,
        Meta(
            description="Begins every wager reference and names the session's folder; letters, "
            "digits, '_' and '-'. In paper and live sessions it must be given."
        ),
    ]


class RootSettings(Struct, frozen=True, kw_only=True):
    """The settings that belong to no group."""

    seed: Seed
    starting_balance: Annotated[
        Dollars, Meta(description="What the account holds at the start of a backtest.")
    ]
    sport: Annotated[str, Meta(description="The game of `feed=crowd`: nba, nfl, mlb or nhl.")]
    report: Annotated[Switch, Meta(description="Whether a backtest draws report.html.")]
    watch: Annotated[
        Switch, Meta(description="Whether a backtest, or a sandbox by itself, can be watched.")
    ]
    recording: RecordingSettings
    games: Games
    session: NameSettings
    mode_name: Mode


# Other names at the top, besides the groups: parts that offer no choice, and what runs them.
_PARTS = ("wagers", "controls", "reference", "log", "alert", "rehearsal", "sandbox", "run")


def check_root(config: Mapping[Any, Any], groups: Iterable[str]) -> None:
    """Raise ConfigError for a setting at the top of a configuration that is unknown or wrong."""
    parameters = parameters_of(RootSettings)
    known = (*parameters, *groups, *_PARTS)
    for name, value in config.items():
        if name not in known:
            raise ConfigError(unknown_setting_message(str(name), known))
        kind = parameters[name].annotation if name in parameters else dict[str, Any]
        if is_setting(kind):
            read_value(name, value, kind)
        elif not isinstance(value, dict):
            raise ConfigError(refused_value_message(name, value, kind))
        elif name in parameters:
            read_settings(name, kind, value)
