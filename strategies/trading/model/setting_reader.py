"""The one reader of settings: checks what people wrote against the types of the settings."""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from inspect import Parameter, signature
from keyword import iskeyword
from typing import Any, get_origin, get_type_hints

from msgspec import Struct, ValidationError, convert

from strategies.trading.model.errors import ConfigError, TradingError
from strategies.trading.model.settings import allowed, is_secret, is_setting, rules_hold

_LONGEST_VALUE = 80
_VARIADIC = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)

# From the full name of a setting to the name under which the user wrote its value.
Written = Callable[[str], str]


class SettingError(ConfigError):
    """A setting contradicts another of its part; the reader adds the name of the part."""

    def __init__(self, setting: str, problem: str) -> None:
        """Take the name of the setting within its part, and what is wrong with its value."""
        super().__init__(f"{setting}: {problem}")
        self.setting = setting
        self.problem = problem


def as_written(name: str) -> str:
    """Return a setting's own name: nothing else refers to it."""
    return name


def read_settings(
    part: str, target: Callable[..., Any], values: Mapping[str, Any], written: Written = as_written
) -> Any:
    """Return what a class or function makes of its settings, given by name.

    `part` is the name of the part in the configuration. Raise ConfigError, in one line, for a
    setting that is unknown, missing or wrong, alone or together with others.
    """
    return build(part, target, check_settings(part, target, values, written), written)


def check_settings(
    part: str, target: Callable[..., Any], values: Mapping[str, Any], written: Written = as_written
) -> dict[str, Any]:
    """Return settings as a class or function takes them; some may be missing.

    Raise ConfigError for one that is unknown or wrong.
    """
    parameters = parameters_of(target)
    checked = {}
    for key, value in values.items():
        name = f"{part}.{key}"
        parameter = parameters.get(key)
        if parameter is None and not any(
            each.kind is Parameter.VAR_KEYWORD for each in parameters.values()
        ):
            known = [f"{part}.{each}" for each in parameters if _is_setting(parameters[each])]
            raise ConfigError(unknown_setting_message(name, known))
        kind = Any if parameter is None else parameter.annotation
        checked[key] = _read(written(name), value, kind)
    return checked


def build(
    part: str,
    target: Callable[..., Any],
    settings: Mapping[str, Any],
    written: Written = as_written,
    positional: tuple[Any, ...] = (),
) -> Any:
    """Return what a class or function makes of checked settings and of other arguments.

    Raise ConfigError if a setting is missing or contradicts another, and TypeError if another
    argument is missing or unknown.
    """
    parameters = parameters_of(target)
    given = {*settings, *list(parameters)[: len(positional)]}
    for key, parameter in parameters.items():
        optional = parameter.default is not parameter.empty or parameter.kind in _VARIADIC
        if key not in given and not optional and _is_setting(parameter):
            kind = parameter.annotation
            wanted = "" if kind is Any else f"; give {allowed(kind)}"
            message = f"{written(f'{part}.{key}')}: missing{wanted}"
            raise ConfigError(message)
    named = {_parameter_name(key): value for key, value in settings.items()}
    signature(target).bind(*positional, **named)
    try:
        return target(*positional, **named)
    except SettingError as error:
        message = f"{written(f'{part}.{error.setting}')}: {error.problem}"
        raise ConfigError(message) from error
    except TradingError:
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        message = f"{part}: cannot be built with these settings: {reason}"
        raise ConfigError(message) from error


def read_value(name: str, value: object, kind: Any) -> Any:
    """Return a value as the type of its setting, numbers as they were written.

    Raise ConfigError with the name of the setting, the value and what is allowed.
    """
    try:
        converted = convert(value, kind)
        fits = rules_hold(value, kind)
    except (ValidationError, UnicodeEncodeError):
        # Half a character, as of an argument that is not UTF-8, could not be written to any file.
        fits = False
    if not fits:
        raise ConfigError(refused_value_message(name, value, kind))
    # An integer stays one where a fraction is allowed too: what is printed is what was written.
    return value if type(value) in (int, float) else converted


def refused_value_message(name: str, value: object, kind: Any) -> str:
    """Return the message that a value is not what its setting allows."""
    shown = "its value" if is_secret(kind) else repr(value)
    if len(shown) > _LONGEST_VALUE:
        shown = f"{shown[:_LONGEST_VALUE]}..."
    return f"{name}: {shown} is not {allowed(kind)}"


def unknown_setting_message(name: str, known: Iterable[str]) -> str:
    """Return the message that no setting has this name, with the nearest one that exists."""
    # A part of which this would be a setting is no other spelling of it.
    others = [each for each in known if not name.startswith(f"{each}.")]
    nearest = get_close_matches(name, others, n=1, cutoff=0.6)
    return f"{name}: no such setting{f'; did you mean {nearest[0]}?' if nearest else ''}"


def parameters_of(target: Callable[..., Any]) -> dict[str, Parameter]:
    """Return the parameters of a class or function by name, with annotations resolved.

    Where the annotations cannot be resolved they are left out, and nothing is checked. A parameter
    `from_`, which Python does not allow to be `from`, is the setting `from`.
    """
    where = (
        target if not isinstance(target, type) or issubclass(target, Struct) else target.__init__
    )
    try:
        hints = get_type_hints(where, include_extras=True)
    except Exception:  # whatever an author's annotations do when they are evaluated
        hints = {}
    return {
        name[:-1] if iskeyword(name[:-1]) else name: parameter.replace(
            annotation=hints.get(name, Any)
        )
        for name, parameter in signature(target).parameters.items()
    }


def _parameter_name(setting: str) -> str:
    return f"{setting}_" if iskeyword(setting) else setting


def _is_setting(parameter: Parameter) -> bool:
    """Return whether a configuration can give a parameter."""
    return parameter.annotation is Any or is_setting(parameter.annotation)


def _read(name: str, value: object, kind: Any) -> Any:
    """Return a value as a parameter takes it: a setting, settings of a struct, or a part."""
    # Asked first: since Python 3.11 `Any` is a class as well.
    if kind is Any:
        return value
    if is_setting(kind):
        return read_value(name, value, kind)
    is_struct = isinstance(kind, type) and issubclass(kind, Struct)
    if is_struct and isinstance(value, dict):
        return read_settings(name, kind, value)
    if isinstance(value, int | float | str | list) and (
        get_origin(kind) is Callable or isinstance(kind, type)
    ):
        raise ConfigError(refused_value_message(name, value, kind))
    return value
