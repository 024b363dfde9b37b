"""The digest of the code that trials run: trials of different code cannot be compared."""

import hashlib
from pathlib import Path

from conf.user_code import code_digests

_ROOT = Path(__file__).parents[2]
_PACKAGES = ("conf", "recordings", "sim", "strategies")
_SUFFIXES = (".py", ".yaml")


def project_digest() -> str:
    """Return the SHA-256 of all modules and settings of this project but the live bridge."""
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(f"{path.relative_to(_ROOT).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def user_digest(configuration: str) -> str:
    """Return the SHA-256 of the user's own modules that a configuration names, empty without any.

    The configuration is given as YAML.
    """
    digests = code_digests(configuration)
    return hashlib.sha256("".join(digests.values()).encode()).hexdigest() if digests else ""


def _sources() -> list[Path]:
    return sorted(
        path
        for package in _PACKAGES
        for path in (_ROOT / package).rglob("*")
        if path.suffix in _SUFFIXES
    )
