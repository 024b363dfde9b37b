"""The compiled core: the same results as the plain one, and never that of other sources."""

import ast
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from sim.core.core_build import compile_core
from sim.core.core_modules import CORE_MODULES, core_folder
from tests.parsed_source import parsed_source
from tests.paths import PROJECT

STORMS = 16


def run_python(
    *words: str, folder: Path = PROJECT, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with the packages that it holds, and return what was printed."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder, env=os.environ | {"PYTHONPATH": "."} | variables,
        capture_output=True, text=True, check=True,
    )  # fmt: skip


@pytest.mark.slow
def test_both_cores_give_the_same_results_on_random_tapes() -> None:
    """Commands, events, decisions and money of every storm are equal, whatever it draws."""
    compile_core()
    digests = ("-m", "tests.sim.core.storm_digests", "0", str(STORMS))
    plain = run_python(*digests, PROPHET_SIM_CORE="plain").stdout.splitlines()
    compiled = run_python(*digests, PROPHET_SIM_CORE="compiled").stdout.splitlines()
    assert (plain[0], compiled[0]) == ("plain", "compiled")
    assert plain[1:] == compiled[1:]
    assert len(plain) == 1 + STORMS


@pytest.mark.slow
def test_the_main_command_gives_the_same_digest_without_a_compiled_core(tmp_path: Path) -> None:
    """The figures are the same; a run on the plain core says so once, where a core is missing."""
    compile_core()
    compiled = main_command(tmp_path / "compiled", os.environ["XDG_CACHE_HOME"])
    missing = main_command(tmp_path / "plain", str(tmp_path))
    assert digest_line(compiled) == digest_line(missing)
    assert compiled.stderr.count("the core is not compiled") == 0
    assert missing.stderr.count("the core is not compiled: `python -m sim compile`") == 1


def main_command(folder: Path, cache: str) -> subprocess.CompletedProcess[str]:
    """Run the main command into a folder, with what is in a cache."""
    words = ("-m", "sim", "run", "+experiment=nba", f"hydra.run.dir={folder}")
    return run_python(*words, PROPHET_SIM_CORE="", XDG_CACHE_HOME=cache)


def digest_line(run: subprocess.CompletedProcess[str]) -> str:
    """Return the line of a run's figures that has the digest of its decisions."""
    return next(line for line in run.stdout.splitlines() if "digest" in line)


def test_a_core_belongs_to_its_sources(tmp_path: Path) -> None:
    """Any change of a source gives another folder, so that a stale core is never loaded."""
    for package in ("recordings", "sim", "strategies"):
        shutil.copytree(PROJECT / package, tmp_path / package)
    ask = ("-c", "from sim.core.core_modules import core_folder; print(core_folder())")
    before = run_python(*ask, folder=tmp_path).stdout
    assert before == f"{core_folder()}\n"
    with (tmp_path / "sim" / "exchange" / "offers.py").open("a") as source:
        source.write("# changed\n")
    assert run_python(*ask, folder=tmp_path).stdout != before


def test_without_a_compiled_core_the_plain_one_runs(tmp_path: Path) -> None:
    """An empty cache is no error."""
    answer = run_python(
        "-c", "import sim; from sim.core.core_loader import is_compiled; print(is_compiled())",
        PROPHET_SIM_CORE="", XDG_CACHE_HOME=str(tmp_path),
    )  # fmt: skip
    assert answer.stdout == "False\n"


@pytest.mark.parametrize(
    ("core", "problem"),
    [
        ("plian", "PROPHET_SIM_CORE is 'plian'; set it to plain or compiled, or not at all"),
        ("compiled", "PROPHET_SIM_CORE: there is no compiled core of these sources"),
    ],
)
def test_a_core_that_cannot_be_had_is_refused(tmp_path: Path, core: str, problem: str) -> None:
    """A run on another core than was asked for would not be noticed."""
    done = subprocess.run(
        [sys.executable, "-m", "sim", "run", "+experiment=nba", "--cfg", "job"],
        cwd=PROJECT, capture_output=True, text=True, check=False,
        env=os.environ | {"PROPHET_SIM_CORE": core, "XDG_CACHE_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(f"python -m sim run: {problem}")


def test_modules_of_the_core_are_compiled_as_they_are() -> None:
    """mypyc would drop the constraints of settings, and the fields of msgspec Structs."""
    for name in CORE_MODULES:
        spec = find_spec(name)
        assert spec is not None
        tree = parsed_source(PROJECT.joinpath(*name.split(".")).with_suffix(".py"))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert not names & {"Annotated", "Struct"}, name
