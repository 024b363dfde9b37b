"""A live session starts without what only a backtest needs, and a backtest without the bridge."""

import subprocess
import sys

import pytest

# Packages that only a backtest, its reports, or its sweeps need.
OF_BACKTESTS = {"sim", "simpy", "matplotlib", "polars", "multiprocessing"}
# What takes longest to import, which the help and a refused verb do without.
OF_SESSIONS = {"hydra", "omegaconf", "numpy", "pyarrow", "rich", "httpx", "aiohttp", "asyncio"}

IMPORT = "import sys, live.__main__"
BUILD = """
from conf.compose import session_from_command_line
session_from_command_line(["+experiment=nba", "session.name=first"], {mode!r})
"""
PRINT = "print(*{name.partition('.')[0] for name in sys.modules})"


def imported_by(*statements: str) -> set[str]:
    """Return the packages that statements import in a process of their own."""
    code = "\n".join([*statements, PRINT])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_command_line_imports_what_a_verb_needs_only_with_the_verb() -> None:
    """Its help answers at once."""
    assert not imported_by(IMPORT) & (OF_SESSIONS | OF_BACKTESTS)


@pytest.mark.parametrize("mode", ["check", "live", "record", "reconcile", "rehearse"])
def test_a_session_imports_nothing_that_only_a_backtest_needs(mode: str) -> None:
    """Real money does not depend on the simulator; paper alone trades on its exchange."""
    imported = imported_by(IMPORT, BUILD.format(mode=mode))
    assert "httpx" in imported
    assert not imported & OF_BACKTESTS


def test_a_paper_session_takes_the_exchange_of_the_simulator() -> None:
    """It is chosen by configuration alone."""
    assert "simpy" in imported_by(IMPORT, BUILD.format(mode="paper"))


def test_a_backtest_imports_nothing_of_the_bridge() -> None:
    """It needs no network, and starts sooner."""
    imported = imported_by("import sys, sim.__main__", BUILD.format(mode="backtest"))
    assert "simpy" in imported
    assert not imported & {"live", "asyncio", "httpx", "aiohttp", "matplotlib", "polars"}
