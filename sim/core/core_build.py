"""Compiles the core with mypyc: `python -m sim compile`.

A copy of the sources is compiled in a scratch folder, tried in an interpreter of its own, and only
then put in its place, so that a core which does not load is never found.
"""

import os
import shutil
import subprocess
import sys
from enum import EnumType
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from sim.core.core_loader import CORE_VARIABLE
from sim.core.core_modules import CORE_MODULES, SOURCE_ROOT, core_folder
from sim.core.enum_constants import with_enum_constants
from strategies.trading.model.errors import TradingError

_MOST_CORES = 5
_PACKAGES = ("conf", "recordings", "sim", "strategies")

# A process of its own: mypyc and setuptools read the command line and change global state.
_COMPILE = """
import sys
from mypyc.build import mypycify
from setuptools import Distribution
modules = mypycify(["--explicit-package-bases", "--ignore-missing-imports", *sys.argv[1:]])
command = Distribution({"name": "core", "ext_modules": modules}).get_command_obj("build_ext")
command.build_lib, command.build_temp = "compiled", "objects"
command.ensure_finalized()
command.run()
"""

_IMPORT = """
import importlib, sys
from sim.core.core_loader import is_compiled
for name in sys.argv[1:]:
    importlib.import_module(name)
sys.exit(None if is_compiled() else "the compiled modules are not found")
"""


class CoreBuildError(TradingError):
    """The core could not be compiled."""


def compile_core() -> Path:
    """Compile the core of the present sources; return its folder, at once if it is there.

    It takes about a minute. Raise CoreBuildError with the compiler's last words if it fails.
    """
    folder = core_folder()
    if folder.is_dir():
        return folder
    _require_tools()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix="building-") as scratch:
        sources = Path(scratch) / "sources"
        for package in _PACKAGES:
            _copy_sources(SOURCE_ROOT / package, sources / package)
        paths = [f"{name.replace('.', '/')}.py" for name in CORE_MODULES]
        for path, name in zip(paths, CORE_MODULES, strict=True):
            source = sources / path
            text = with_enum_constants(source.read_text(encoding="utf-8"), _enums_in(name))
            source.write_text(text, encoding="utf-8")
        _run([sys.executable, "-c", _COMPILE, *paths], sources)
        _install(sources / "compiled", folder)
    _remove_old_cores(folder.parent)
    return folder


def _enums_in(module: str) -> set[str]:
    """Return the names of the enums that a module imports."""
    members = vars(import_module(module)).items()
    return {
        name
        for name, value in members
        if isinstance(value, EnumType) and value.__module__ != module
    }


def _require_tools() -> None:
    missing = [name for name in ("mypyc", "setuptools") if find_spec(name) is None]
    if missing:
        message = f"{' and '.join(missing)} missing: pip install 'prophet-sim[compile]'"
        raise CoreBuildError(message)


def _copy_sources(package: Path, to: Path) -> None:
    for path in [*package.rglob("*.py"), *package.rglob("py.typed")]:
        copy = to / path.relative_to(package)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _install(compiled: Path, folder: Path) -> None:
    """Put a core in its place and try it; remove it again if it does not load."""
    try:
        compiled.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
        return  # another process was first
    try:
        _run([sys.executable, "-c", _IMPORT, *CORE_MODULES], SOURCE_ROOT)
    except CoreBuildError:
        shutil.rmtree(folder)
        raise


def _remove_old_cores(cache: Path) -> None:
    """Keep the newest cores: each change of a source makes another one."""
    cores = sorted(cache.glob("core-*"), key=lambda core: core.stat().st_mtime, reverse=True)
    for core in cores[_MOST_CORES:]:
        shutil.rmtree(core, ignore_errors=True)


def _run(command: list[str], folder: Path) -> None:
    environment = {name: text for name, text in os.environ.items() if name != CORE_VARIABLE}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        message = f"the core cannot be compiled: {last}"
        raise CoreBuildError(message)
