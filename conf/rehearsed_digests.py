"""Digests of what a rehearsal tries: the code, and the configuration of a trading session.

A session of real money needs a passed rehearsal of both. Where it trades, its name and its seed are
no part of them: a rehearsal has others.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from omegaconf import OmegaConf

from conf.user_code import user_modules

# The parts of a configuration that decide what a trading session does.
_PARTS = (
    *("strategy", "pricing", "risk", "wagers", "markets", "controls"),
    *("fees", "exchange", "feed", "reference"),
)
_PACKAGES = ("conf", "live", "recordings", "strategies")
_ROOT = Path(__file__).parents[1]


def configuration_digest(configuration: str) -> str:
    """Return the digest of a session's configuration, given as the YAML that it saves."""
    parts = _traded(configuration)
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()


def version_digest(configuration: str) -> str:
    """Return the digest of the code that a session with this configuration runs.

    That is every module of the packages that trade, and the modules of the user's own that the
    configuration names.
    """
    digest = hashlib.sha256()
    of_user = (path for _, path in user_modules(configuration))
    for path in (*_own_modules(), *of_user):
        name = path.relative_to(_ROOT) if path.is_relative_to(_ROOT) else path.name
        digest.update(f"{name}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _traded(configuration: str) -> dict[str, Any]:
    container = OmegaConf.to_container(OmegaConf.create(configuration))
    assert isinstance(container, dict), "a configuration is a mapping"
    return {name: container.get(name) for name in _PARTS}


def _own_modules() -> Iterator[Path]:
    for package in _PACKAGES:
        yield from sorted((_ROOT / package).rglob("*.py"))
