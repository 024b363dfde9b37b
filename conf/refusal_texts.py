"""Texts on words of a command line that Hydra refuses, each in one line."""

import re
from itertools import chain
from typing import Any


def unread_value_text(word: str) -> str:
    """Return the message for a setting that is none of Hydra's grammar, without its value.

    Hydra's own message quotes a part of it, by which a secret would not be known.
    """
    name = word.partition("=")[0]
    return (
        f"{name}: its value cannot be read; a text with signs such as = and & needs quotes, "
        f"as in '{name}=\"TEXT\"', in a list as in '{name}=[\"TEXT\"]'"
    )


def names_of_settings(prefix: str, node: Any) -> list[str]:
    """Return the full names of all settings of a configuration."""
    if not isinstance(node, dict):
        return [prefix]
    inner = (
        names_of_settings(f"{prefix}.{key}" if prefix else str(key), each)
        for key, each in node.items()
        if not str(key).startswith("_")
    )
    return [*([prefix] if prefix else []), *chain.from_iterable(inner)]


def error_in_one_line(error: BaseException) -> str:
    """Return Hydra's error as one line, without its search path."""
    cause = error.__cause__
    text = str(error) if cause is None or str(cause) in str(error) else f"{error} ({cause})"
    lines = re.split("Config search path|See https", text)[0].splitlines()
    one = ""
    for line in filter(None, map(str.strip, lines)):
        one += f"{'' if not one else ' ' if one[-1] in ':.,' else ', '}{line}"
    return one
