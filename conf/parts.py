"""Builds the parts that a configuration names, and checks every setting on the way.

A mapping with `_target_` is a part: a class or function, called with the settings beside it. With
`_partial_: true` it becomes a factory, which the user of the part calls with the other arguments.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct

from strategies.trading.model.errors import ConfigError
from strategies.trading.model.setting_reader import (
    Written,
    as_written,
    build,
    check_settings,
    read_value,
)

_REFERENCE = re.compile(r"\$\{([\w.]+)\}")
_DIRECTIVES = ("_target_", "_partial_")


@runtime_checkable
class Buildable(Protocol):
    """Settings from which the part itself is built once they are checked."""

    def build(self) -> Any:
        """Return what the settings describe."""


class Factory(partial[Any]):
    """A part that its user completes; `part` is the name of its settings."""

    part: str
    written: Written

    def __call__(self, *args: Any, **others: Any) -> Any:
        """Build the part.

        Raise ConfigError for a setting that is missing or wrong, TypeError if the part does not
        take these arguments.
        """
        return build(self.part, self.func, {**self.keywords, **others}, self.written, args)


class PartBuilder:
    """Builds parts from one composed configuration."""

    def __init__(self, unresolved: Mapping[str, Any]) -> None:
        """Take the configuration with its references, `${recording.path}`, as they are written."""
        self._references: dict[str, str] = {}
        self._collect("", unresolved)

    def build(self, name: str, node: Any) -> Any:
        """Return what a node describes: a part, or a mapping, list or value with parts in it.

        Raise ConfigError with the name of the setting that is wrong, as the user wrote it.
        """
        if isinstance(node, list):
            return [self.build(f"{name}[{place}]", each) for place, each in enumerate(node)]
        if not isinstance(node, dict):
            return node
        if "_target_" in node:
            return self._part(name, node)
        return {key: self.build(f"{name}.{key}", each) for key, each in node.items()}

    def written(self, name: str) -> str:
        """Return the name under which the user wrote a setting's value.

        With `feed.name: ${recording.path}`, `feed.name` was written as `recording.path`.
        """
        seen: set[str] = set()
        while name not in seen:
            seen.add(name)
            for end in (name, *(name[: match.start()] for match in re.finditer(r"[.\[]", name))):
                if end in self._references:
                    name = self._references[end] + name[len(end) :]
                    break
        return name

    def _collect(self, name: str, node: Any) -> None:
        if isinstance(node, Mapping):
            for key, each in node.items():
                self._collect(f"{name}.{key}" if name else str(key), each)
        elif isinstance(node, str) and (match := _REFERENCE.fullmatch(node)):
            self._references[name] = match[1]

    def _part(self, name: str, node: dict[str, Any]) -> Any:
        name = self.written(name)
        target = locate(f"{name}._target_", node["_target_"])
        as_factory = read_value(f"{name}._partial_", node.get("_partial_", False), bool)
        values = {
            str(key): self.build(f"{name}.{key}", each)
            for key, each in node.items()
            if key not in _DIRECTIVES
        }
        settings = check_settings(name, target, values, self.written)
        if as_factory:
            return _factory(name, target, settings, self.written)
        try:
            built = build(name, target, settings, self.written)
        except TypeError as error:
            message = f"{name}: {error}; is `_partial_: true` missing in it?"
            raise ConfigError(message) from error
        stands_for_other = isinstance(built, Struct) and isinstance(built, Buildable)
        return built.build() if stands_for_other else built


def factory_of(name: str, target: object, values: Mapping[str, Any]) -> Factory:
    """Return the factory of a part from a class or function, and settings of it by name.

    Raise ConfigError for a setting that is unknown or wrong, and for what cannot be called.
    """
    if not callable(target):
        message = f"{name}: {target!r} is not a class; give the class, and its settings by name"
        raise ConfigError(message)
    return _factory(name, target, check_settings(name, target, values), as_written)


def _factory(
    name: str, target: Callable[..., Any], settings: Mapping[str, Any], written: Written
) -> Factory:
    factory = Factory(target, **settings)
    factory.part, factory.written = name, written
    return factory


def locate(name: str, target: object) -> Callable[..., Any]:
    """Return the class or function that a configuration names.

    Raise ConfigError if it does not exist, or importing it fails.
    """
    if not isinstance(target, str) or not re.fullmatch(r"\w+(\.\w+)+", target):
        message = f"{name}: {target!r} is not a class; write package.module.Class"
        raise ConfigError(message)
    module_name, _, attribute = target.rpartition(".")
    try:
        found: Any = getattr(import_module(module_name), attribute, None)
    except ModuleNotFoundError as error:
        message = (
            f"{name}: {target} cannot be imported: no module {error.name!r}; "
            "is its folder in PYTHONPATH?"
        )
        raise ConfigError(message) from error
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        message = f"{name}: {target} cannot be imported: {reason}"
        raise ConfigError(message) from error
    if found is None:
        message = f"{name}: {target} cannot be imported: {module_name} has no {attribute}"
        raise ConfigError(message)
    if not callable(found):
        message = f"{name}: {target} is not a class or function"
        raise ConfigError(message)
    located: Callable[..., Any] = found
    return located
