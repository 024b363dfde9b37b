"""Compares two configurations of a session, given as the YAML that it saves."""

from collections.abc import Container, Iterator
from typing import Any

from omegaconf import OmegaConf


def part_names(configuration: str) -> tuple[str, ...]:
    """Return the names at the top of a configuration, empty for none."""
    return tuple(_read(configuration))


def differing_settings(before: str, after: str, without: Container[str]) -> list[str]:
    """Return the full names of settings that differ, except those of some parts.

    `run` repeats other parts, by reference: of it only settings of its own are compared.
    """
    first, second = _read(before), _read(after)
    return [
        each
        for name in {**first, **second}
        if name not in without
        for each in _differences(name, first.get(name), second.get(name))
        if not (each.startswith("run.") and each.count(".") > 1)
    ]


def _differences(name: str, before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            yield from _differences(f"{name}.{key}", before.get(key), after.get(key))
    elif before != after:
        yield name


def _read(configuration: str) -> dict[str, Any]:
    container = OmegaConf.to_container(OmegaConf.create(configuration))
    return {str(name): value for name, value in container.items()} if container else {}  # type: ignore[union-attr]
