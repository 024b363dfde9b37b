"""A new strategy, from an empty folder outside the tree to a run and a passing test."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.__main__ import main
from tests.conftest import Outcome
from tests.paths import PROJECT

Sim = Callable[..., Outcome]


def run_python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, where it finds the modules of that folder and ours."""
    path = {"PYTHONPATH": os.pathsep.join([".", str(PROJECT)])}
    words = (sys.executable, *words)
    return subprocess.run(
        words, check=False, cwd=folder, capture_output=True, text=True, env=os.environ | path
    )


@pytest.mark.slow
def test_a_new_strategy_runs_and_its_test_passes(
    sim: Sim, tmp_path: Path, small_tape: Path
) -> None:
    """The generated strategy trades a recording unchanged, and its own test passes."""
    written = sim("new-strategy", "my_idea", "--dir", "ideas")
    assert written.status == 0, written.err
    assert written.out[-1] == "PYTHONPATH=. prophet-sim run --config-dir conf +experiment=my_idea"
    ideas = tmp_path / "ideas"
    tested = run_python(ideas, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert tested.returncode == 0, tested.stdout
    settings = ["--config-dir", "conf", "+experiment=my_idea", f"recording.path={small_tape}"]
    ran = run_python(ideas, "-m", "sim", "run", *settings)
    assert ran.returncode == 0, ran.stderr
    assert "MyIdea on" in ran.stdout


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("my-idea", "is no module name"),
        ("class", "is no module name"),
        ("MyIdea", "is no module name"),
        ("json", "is taken"),
        ("sim", "is taken"),
        ("at_the_touch", "is taken"),
        ("nba", "is taken"),
    ],
)
def test_an_invalid_name_is_refused(sim: Sim, tmp_path: Path, name: str, reason: str) -> None:
    """A name that is no module name, or exists, is refused in one line, and nothing is written."""
    refused = sim("new-strategy", name, "--dir", "ideas")
    assert refused.status == 2
    assert len(refused.err) == 1
    assert f"{name!r} {reason}" in refused.err[0]
    assert not (tmp_path / "ideas").exists()


def test_nothing_that_exists_is_overwritten(sim: Sim, tmp_path: Path) -> None:
    """A second strategy of the same name leaves the first unchanged."""
    assert sim("new-strategy", "my_idea", "--dir", ".").status == 0
    (tmp_path / "my_idea.py").write_text("mine\n", encoding="utf-8")
    refused = sim("new-strategy", "my_idea", "--dir", ".")
    assert (refused.status, len(refused.err)) == (2, 1)
    assert "my_idea.py exists" in refused.err[0]
    assert (tmp_path / "my_idea.py").read_text(encoding="utf-8") == "mine\n"


def test_a_file_in_place_of_a_folder_is_refused_by_name(
    run_main: Callable[..., Outcome], tmp_path: Path
) -> None:
    """A --dir that is a file ends in one line with the remedy, and the file stays."""
    (tmp_path / "file").touch()
    outcome = run_main(main, tmp_path, "new-strategy", "an_idea", "--dir", "file")
    assert outcome.status == 1
    assert outcome.err == [
        "python -m sim new-strategy: file: cannot be written (File exists); name another folder: "
        "part of the path is a file"
    ]
    assert (tmp_path / "file").is_file()
