"""The options that may stand among the settings on a command line: those of Hydra."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from strategies.trading.model.errors import ConfigError

# With the values that they take; any other value where there are none.
_OPTIONS_WITH_VALUE: dict[str, tuple[str, ...]] = {
    "--cfg": ("job", "hydra", "all"),
    "--package": (),
    "--config-dir": (),
}
_OPTIONS = ("--multirun", "-m", "--cfg", "--resolve", "--package", "--config-dir")


def is_given(option: str, arguments: Sequence[str]) -> bool:
    """Return whether the arguments have an option."""
    return any(word.partition("=")[0] == option for word in arguments)


def value_of(option: str, arguments: Sequence[str]) -> str:
    """Return the value of an option, given as `--cfg job` or `--cfg=job`; empty without one."""
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if word == option:
            return following
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return ""


def with_verbosity(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with -v and -vv as the settings that they stand for."""
    settings = {"-v": "log.console=info", "-vv": "log.console=debug"}
    return [settings.get(word, word) for word in arguments]


def require_option_value(option: str, arguments: Sequence[str], values: Sequence[str]) -> None:
    """Raise ConfigError if an option is given without a value, or with none of these."""
    value = value_of(option, arguments)
    if is_given(option, arguments) and (not value or (values and value not in values)):
        message = f"{option}: write {option} {' or '.join(values) or 'VALUE'}"
        raise ConfigError(message)


def in_hydras_order(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with Hydra's options first, as its parser requires.

    Raise ConfigError for an unknown option, or one without its value.
    """
    for option, values in _OPTIONS_WITH_VALUE.items():
        require_option_value(option, arguments, values)
    for word in arguments:
        if word.startswith("-") and word.partition("=")[0] not in _OPTIONS:
            message = f"{word}: no such option; there are {', '.join(_OPTIONS)}"
            raise ConfigError(message)
    return sorted(arguments, key=lambda word: "=" in word and not word.startswith("-"))


def settings_of(arguments: Sequence[str]) -> list[str]:
    """Return settings alone, `--config-dir DIR` among them as Hydra's search path.

    Raise ConfigError for another option, or a folder that does not exist.
    """
    return list(_settings(arguments))


def _settings(arguments: Sequence[str]) -> Iterator[str]:
    words = iter(arguments)
    for word in words:
        option, _, value = word.partition("=")
        if option == "--config-dir":
            yield search_path(value or next(words, ""))
        elif word.startswith("-"):
            message = (
                f"{word}: no such option; there are --config-dir DIR and --cfg job, and settings "
                "as NAME=VALUE"
            )
            raise ConfigError(message)
        else:
            yield word


def without_option(option: str, arguments: Sequence[str]) -> list[str]:
    """Return the arguments without an option and its value."""
    kept = [word for word in arguments if not word.startswith(f"{option}=")]
    if option in kept:
        place = kept.index(option)
        del kept[place : place + 2]
    return kept


def search_path(folder: str) -> str:
    """Return the setting by which Hydra also looks in a folder; raise ConfigError without one."""
    if not folder or not Path(folder).is_dir():
        message = f"--config-dir: {folder!r} is no folder"
        raise ConfigError(message)
    return f"hydra.searchpath=[file://{Path(folder).absolute()}]"
