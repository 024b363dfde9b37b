"""A live session starts without what only a backtest needs, and a backtest without the bridge."""

import subprocess
import sys

import pytest

# Packages that only a backtest, its reports, or its sweeps need.
OF_BACKTESTS = {"sim", "simpy", "matplotlib", "polars", "multiprocessing"}
# What takes longest to import, which the help and a refused verb do without.
OF_SESSIONS = {"hydra", "omegaconf", "numpy", "pyarrow", "rich", "httpx", "aiohttp", "asyncio"}

BUILD = """
from conf.compose import session_from_command_line
session_from_command_line(["+experiment=nba", "session.name=first"], {mode!r})
"""
PRINT = "print(*{name.partition('.')[0] for name in sys.modules})"
MODES = ("check", "live", "record", "reconcile", "rehearse")


def imported_after(*steps: str) -> list[set[str]]:
    """Return the packages that a process of its own has imported after each of some steps."""
    code = "\n".join(["import sys", *(f"{step}\n{PRINT}" for step in steps)])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [set(line.split()) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def imported() -> dict[str, set[str]]:
    """Return what is imported after the command line, then after a session of each mode as well."""
    names = ("", *MODES, "paper")
    steps = ["import live.__main__", *(BUILD.format(mode=mode) for mode in names[1:])]
    return dict(zip(names, imported_after(*steps), strict=True))


def test_the_command_line_imports_what_a_verb_needs_only_with_the_verb(
    imported: dict[str, set[str]],
) -> None:
    """Its help answers at once."""
    assert not imported[""] & (OF_SESSIONS | OF_BACKTESTS)


@pytest.mark.parametrize("mode", MODES)
def test_a_session_imports_nothing_that_only_a_backtest_needs(
    imported: dict[str, set[str]], mode: str
) -> None:
    """Real money does not depend on the simulator; paper alone trades on its exchange."""
    assert "httpx" in imported[mode]
    assert not imported[mode] & OF_BACKTESTS


def test_a_paper_session_takes_the_exchange_of_the_simulator(
    imported: dict[str, set[str]],
) -> None:
    """It is chosen by configuration alone."""
    assert "simpy" in imported["paper"]


def test_a_backtest_imports_nothing_of_the_bridge() -> None:
    """It needs no network, and starts sooner."""
    (imported,) = imported_after("import sim.__main__\n" + BUILD.format(mode="backtest"))
    assert "simpy" in imported
    assert not imported & {"live", "asyncio", "httpx", "aiohttp", "matplotlib", "polars"}
