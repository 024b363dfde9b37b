"""Secrets in settings: shown nowhere, whether in a file, an error or a list of what was given."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

# The settings that hold secrets, by full name: a list of URLs, each of which contains a key.
SECRET_SETTINGS = ("alert.urls",)

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
# What only refers to a secret, which is elsewhere, is none.
_REFERENCE = re.compile(r"\$\{[^{}]*\}")
_HIDDEN = "***"
# A piece of a value that is shorter is no secret, and may be part of any word.
_SHORTEST = 4


def masked_url(url: str) -> str:
    """Return a URL by its scheme alone: of many services the host is the key."""
    found = _SCHEME.match(url)
    return f"{found[1]}://{_HIDDEN}" if found else _HIDDEN


def masked_words(words: Sequence[str]) -> list[str]:
    """Return the words of a command line with secrets hidden; they still compose."""
    return [_masked_word(word) for word in words]


def masked_settings(config: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return a configuration, as plain mappings, with secrets hidden."""
    masked = dict(config)
    for part, _, name in (setting.partition(".") for setting in SECRET_SETTINGS):
        node = masked.get(part)
        if isinstance(node, Mapping) and name in node:
            masked[part] = {**node, name: _masked_value(node[name])}
    return masked


def masked_text(text: str, words: Sequence[str]) -> str:
    """Return an error about a command line without the secrets that its words hold."""
    for word in words:
        if _is_secret(word):
            value = word.partition("=")[2]
            pieces = [value, *re.split(r"[\[\],'\"\s]+", value)]
            for piece in sorted(pieces, key=len, reverse=True):
                if len(piece) >= _SHORTEST and not _REFERENCE.fullmatch(piece):
                    text = text.replace(piece, _HIDDEN)
    return text


def _is_secret(word: str) -> bool:
    return word.lstrip("+~").partition("=")[0] in SECRET_SETTINGS and "=" in word


def _masked_word(word: str) -> str:
    if not _is_secret(word):
        return word
    name, _, value = word.partition("=")
    if _REFERENCE.fullmatch(value.strip("[]'\"")) or not value.strip("[]"):
        return word
    found = [f"'{scheme}://{_HIDDEN}'" for scheme in _SCHEME.findall(value)] or [f"'{_HIDDEN}'"]
    return f"{name}=[{','.join(found)}]"


def _masked_value(value: Any) -> Any:
    if isinstance(value, str):
        return value if _REFERENCE.fullmatch(value) else masked_url(value)
    if isinstance(value, list):
        return [_masked_value(each) for each in value]
    return value if value is None else _HIDDEN
