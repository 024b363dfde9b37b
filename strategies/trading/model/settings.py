"""Types of settings, with allowed values, units and meanings.

The type of a setting is its annotation, on a field of a settings struct or on a keyword parameter
of a class that a configuration names:

    spread_margin: Annotated[ProbabilityDistance, Meta(description="Distance from the fair price.")]

The same types make the messages for wrong values, docs/settings.md, and what `--cfg job` prints.
"""

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from msgspec import Meta

from strategies.trading.model.units import NS_PER_SECOND

# On a command line `on` is a word, in a YAML file a truth value.
Switch = Literal["on", "off"] | bool

# A setting that a person can write in one word.
SettingValue = bool | int | float | str | None

LoopbackHost = Literal["127.0.0.1", "::1", "localhost"]
LOOPBACK_HOSTS: tuple[LoopbackHost, ...] = get_args(LoopbackHost)
LOOPBACK: LoopbackHost = "127.0.0.1"

_PLAIN = (int, float, str, bool, types.NoneType)
_MANY = (list, tuple, Sequence)
_MAPPINGS = (dict, Mapping)


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a number, in the plural."""

    name: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition on a value besides its type and bounds; `allowed` is the condition in words."""

    holds: Callable[[Any], bool]
    allowed: str


def _has_two_decimals(number: float) -> bool:
    exponent = Decimal(str(number)).normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -2


def _is_odds(number: int) -> bool:
    return not -100 <= number < 100


TwoDecimals = Rule(_has_two_decimals, "with at most two decimals")

Dollars = Annotated[float, Meta(ge=0), Unit("dollars"), TwoDecimals]
PositiveDollars = Annotated[float, Meta(gt=0), Unit("dollars"), TwoDecimals]
Seconds = Annotated[float, Meta(ge=0), Unit("seconds")]
PositiveSeconds = Annotated[float, Meta(gt=0), Unit("seconds")]
Milliseconds = Annotated[float, Meta(ge=0), Unit("milliseconds")]
PositiveMilliseconds = Annotated[float, Meta(gt=0), Unit("milliseconds")]
Minutes = Annotated[float, Meta(ge=0), Unit("minutes")]
Percent = Annotated[float, Meta(ge=0), Unit("percent")]
Probability = Annotated[float, Meta(ge=0, le=1), Unit("probability")]
# How far one probability may lie from another that is near a half.
ProbabilityDistance = Annotated[float, Meta(ge=0, lt=0.5), Unit("probability")]
Multiple = Annotated[float, Meta(ge=0)]
PositiveNumber = Annotated[float, Meta(gt=0)]
Hours = Annotated[float, Meta(ge=0), Unit("hours")]
PositiveMinutes = Annotated[float, Meta(gt=0), Unit("minutes")]
Whole = Annotated[int, Meta(ge=0)]
PositiveWhole = Annotated[int, Meta(ge=1)]
Seed = Annotated[int, Meta(ge=0, description="The one source of chance.")]
Port = Annotated[int, Meta(ge=0, le=65_535)]
AmericanOdds = Annotated[
    int, Unit("American odds"), Rule(_is_odds, "-101 or below, or 100 or above")
]


def is_on(switch: Switch) -> bool:
    """Return whether a switch is on."""
    return switch in ("on", True)


def nanoseconds(seconds: float) -> int:
    """Return a number of seconds as nanoseconds, without an error of floating point."""
    return int(Decimal(str(seconds)) * NS_PER_SECOND)


def of_part(part: str, values: Mapping[str, SettingValue]) -> dict[str, SettingValue]:
    """Return those settings that belong to a part, by their names within it."""
    prefix = f"{part}."
    return {
        name.removeprefix(prefix): value
        for name, value in values.items()
        if name.startswith(prefix)
    }


def is_setting(kind: Any) -> bool:
    """Return whether a type can be written in a configuration: numbers, texts, lists of them."""
    origin = get_origin(kind)
    if origin is Annotated:
        return is_setting(get_args(kind)[0])
    if origin is Literal:
        return True
    if origin in (Union, types.UnionType, *_MANY, *_MAPPINGS):
        return all(is_setting(each) for each in get_args(kind) if each is not Ellipsis)
    return kind in _PLAIN or (isinstance(kind, type) and issubclass(kind, Enum))


def meaning(kind: Any) -> str:
    """Return what a setting of this type means, empty if it is not described."""
    texts = [meta.description for meta in _annotations(kind, Meta) if meta.description]
    return texts[-1] if texts else ""


def unit(kind: Any) -> str:
    """Return the unit of a setting of this type, empty without one."""
    if get_origin(kind) in (Union, types.UnionType):
        return next(filter(None, map(unit, get_args(kind))), "")
    if get_origin(kind) in _MAPPINGS:
        return unit(get_args(kind)[1])
    units = [each.name for each in _annotations(kind, Unit)]
    return units[-1] if units else (unit(get_args(kind)[0]) if _is_annotated(kind) else "")


def allowed(kind: Any) -> str:
    """Return in words which values a setting of this type may have."""
    origin = get_origin(kind)
    if origin is Annotated:
        return _allowed_annotated(kind)
    if origin is Literal:
        return f"one of {', '.join(map(str, get_args(kind)))}"
    if origin in (Union, types.UnionType):
        arms = [each for each in get_args(kind) if each is not types.NoneType]
        null = " or null" if types.NoneType in get_args(kind) else ""
        return f"{' or '.join(map(allowed, arms))}{null}"
    if origin in _MANY:
        return f"a list, each {allowed(get_args(kind)[0])}"
    if origin in _MAPPINGS:
        return f"a mapping of names, each {allowed(get_args(kind)[1])}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"one of {', '.join(str(member.value) for member in kind)}"
    names = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
    return names.get(kind, "a mapping of settings")


def _allowed_annotated(kind: Any) -> str:
    base = allowed(get_args(kind)[0])
    bounds = [meta for meta in _annotations(kind, Meta) if _bounds(meta)]
    rules = [rule.allowed for rule in _annotations(kind, Rule)]
    # The unit of the arms of a union is in their own text.
    name = next((each.name for each in reversed(_annotations(kind, Unit))), "")
    if name == "probability":
        base = "a probability"
    elif name:
        base = f"{base} of {name}" if base == "a number" else f"{base} ({name})"
    parts = [*map(_bounds, bounds), *rules]
    return ", ".join([base, *parts]) if parts else base


def _bounds(meta: Meta) -> str:
    """Return the bounds of a number, or of the length of a text or list, in words."""
    low = f"{meta.ge:g} or more" if meta.ge is not None else ""
    low = f"above {meta.gt:g}" if meta.gt is not None else low
    high = f"at most {meta.le:g}" if meta.le is not None else ""
    high = f"below {meta.lt:g}" if meta.lt is not None else high
    if meta.ge is not None and meta.le is not None:
        return f"{meta.ge:g} to {meta.le:g}"
    shortest = f"at least {meta.min_length} long" if meta.min_length else ""
    return " and ".join(filter(None, (low, high, shortest)))


def _annotations(kind: Any, of_class: type[Any]) -> list[Any]:
    """Return the annotations of a type that are of a class, in the order of writing."""
    if not _is_annotated(kind):
        return []
    return [each for each in kind.__metadata__ if isinstance(each, of_class)]


def _is_annotated(kind: Any) -> bool:
    return get_origin(kind) is Annotated


def rules_hold(value: Any, kind: Any) -> bool:
    """Return whether a value of the right type keeps the rules that msgspec cannot check."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        rules = _annotations(kind, Rule)
        return rules_hold(value, arguments[0]) and all(rule.holds(value) for rule in rules)
    if origin in (Union, types.UnionType):
        arms = [each for each in arguments if each is not types.NoneType]
        return value is None or any(rules_hold(value, each) for each in arms)
    if origin in _MANY:
        return all(rules_hold(each, arguments[0]) for each in value)
    if origin in _MAPPINGS:
        return all(rules_hold(each, arguments[1]) for each in value.values())
    return kind is not float or isfinite(value)
