"""The benchmarks: what measured the documents' figures still runs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

from benchmarks.backtest_crossings import fill_crossings
from tests.paths import PROJECT


@pytest.mark.slow
@pytest.mark.parametrize("case", ["nobody trading", "every change"])
def test_a_case_of_a_backtest_is_measured(small_tape: Path, case: str) -> None:
    """Each case runs by itself, as for the table, and counts what it names."""
    module = [sys.executable, "-m", "benchmarks.backtest"]
    done = subprocess.run(
        [*module, "--case", case, "--recording", str(small_tape)],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert measured["rows"] > 0
    assert measured["seconds"] > 0
    assert (measured["decisions"] > 0) == (case != "nobody trading")


@pytest.mark.slow
def test_a_benchmark_has_a_help_text() -> None:
    """It is a module whose help names the command."""
    command = [sys.executable, "-m", "benchmarks.live", "--help"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "python -m benchmarks.live" in " ".join(done.stdout.split())


@pytest.mark.slow
def test_without_a_history_the_change_of_speed_is_one_line(tmp_path: Path) -> None:
    """CI compares with the commit before at its end, and must not fail without one."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.change"],
        cwd=PROJECT, env={**os.environ, "GIT_DIR": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("speed not compared with HEAD~1: fatal: not a git repository")
    assert done.stdout.count("\n") == 1


@pytest.mark.slow
def test_a_fill_passes_through_few_files() -> None:
    """From its booking at the exchange to the end of the desk's take it changes file seldom.

    Of a wager that stays open after it, it takes a file and six changes more.
    """
    ways = fill_crossings(None)
    assert len(ways) > 100
    assert median(len(way.files) for way in ways) <= 21
    assert median(way.changes for way in ways) <= 71
