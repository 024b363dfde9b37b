"""The modules outside of this project that a configuration names: a person's own strategies.

What they do is in no commit of ours. A run keeps a digest of each, so that a later one of the same
settings can say that their code is another.
"""

import hashlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

# Where a saved configuration keeps the digests.
CODE = "code"

# Ours; a module of a person's own that lies in one of them is among the files of that package.
OWN_PACKAGES = ("conf", "live", "recordings", "sim", "strategies")
_TARGET = re.compile(r"_target_: *['\"]?([\w.]+)\.\w+")


def user_modules(configuration: str) -> Iterator[tuple[str, Path]]:
    """Yield name and file of each such module, of a configuration given as YAML, in order."""
    for name in sorted(set(_TARGET.findall(configuration))):
        if name.partition(".")[0] in OWN_PACKAGES:
            continue
        spec = _spec_of(name)
        if spec is not None and spec.origin is not None:
            yield name, Path(spec.origin)


def _spec_of(name: str) -> ModuleSpec | None:
    """Return where a module is found, None if it is not: whoever imports it says so."""
    try:
        return find_spec(name)
    except ModuleNotFoundError:
        # Not even the package that it is in.
        return None


def code_digests(configuration: str) -> dict[str, str]:
    """Return the SHA-256 of each such module's file, by the name of the module."""
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in user_modules(configuration)
    }


def class_digests(target: Callable[..., object]) -> dict[str, str]:
    """Return the SHA-256 of the file of a class outside of this project, by its module.

    Of a class that has no file, as in a notebook, it is that of its source, by its name; none if
    that is not known.
    """
    while isinstance(target, partial):
        target = target.func
    name = target.__module__
    if name.partition(".")[0] in OWN_PACKAGES:
        return {}
    module = sys.modules.get(name)
    path = getattr(module, "__file__", None)
    if path is not None:
        return {name: hashlib.sha256(Path(path).read_bytes()).hexdigest()}
    try:
        source = inspect.getsource(target)
    except (OSError, TypeError):
        return {}
    return {f"{name}.{target.__name__}": hashlib.sha256(source.encode()).hexdigest()}


def changed_code(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the modules whose code is another now than it was, of those that were kept."""
    return [name for name, digest in before.items() if now.get(name) != digest]
