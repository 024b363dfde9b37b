"""`python -m sim calibrate` ends at once on Ctrl-C, and says what it has done."""

import signal
import subprocess
import sys

import pytest

from tests.paths import PROJECT


@pytest.mark.slow
def test_ctrl_c_ends_it_and_says_what_was_checked() -> None:
    """After the first group, the line names what was checked and what was not."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sim", "calibrate", "nba", "--seed", "1"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while not process.stdout.readline().startswith("4. wall-clock times"):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    shown, error = process.communicate()
    assert process.returncode == 130
    assert "5. updates" not in shown
    assert error.strip().endswith(
        (
            "checks of scores made, not those of full games, moneylines, queues",
            "not those of scores, full games, moneylines, queues",
        )
    )
