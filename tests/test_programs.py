"""The programs as a user starts them: console scripts, `python -m`, from any folder."""

import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.paths import PROJECT

BROKEN = 'raise RuntimeError("the module of the current folder was imported")\n'


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder."""
    words = (sys.executable, *words)
    return subprocess.run(words, check=False, cwd=folder, capture_output=True, text=True)


@pytest.fixture
def folder_of_a_user(tmp_path: Path) -> Path:
    """Return a folder with modules that are named as ours are, and break when imported."""
    for name in ("live.py", "conf.py"):
        (tmp_path / name).write_text(BROKEN, encoding="utf-8")
    for name in ("strategies", "recordings"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(BROKEN, encoding="utf-8")
    return tmp_path


def test_python_m_ignores_packages_of_the_current_folder(folder_of_a_user: Path) -> None:
    """`python -m sim` works where the user has a `strategies` or a `conf` of their own."""
    finished = run(folder_of_a_user, "-m", "sim", "--version")
    assert (finished.returncode, finished.stdout) == (0, f"prophet-sim {version('prophet-sim')}\n")
    finished = run(folder_of_a_user, "-m", "sim", "validate", "nba")
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("name", ["prophet-sim", "prophet-live"])
def test_the_console_scripts_run_where_python_m_would_not(
    folder_of_a_user: Path, name: str
) -> None:
    """A script names itself in errors, and a `live.py` of the user is not taken for ours."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, function = project["scripts"][name].partition(":")
    script = folder_of_a_user / "bin" / name
    script.parent.mkdir()
    start = f"from {module} import {function}; {function}()"
    script.write_text(start, encoding="utf-8")
    finished = run(folder_of_a_user, str(script), "no-such-verb")
    assert finished.returncode == 2
    assert finished.stderr.startswith(f"{name}: no verb 'no-such-verb'")


def test_the_packages_are_typed_for_those_who_import_them() -> None:
    """Every package carries its py.typed marker, so that a strategy is type-checked against it."""
    packages = [path.parent for path in PROJECT.glob("*/__init__.py")]
    assert packages
    assert [path.name for path in packages if not (path / "py.typed").exists()] == []
