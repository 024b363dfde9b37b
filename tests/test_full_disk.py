"""Every verb that writes, on a disk that takes no more: one line with the path, status 1."""

import asyncio
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig

from conf.compose import build_parts
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.generate import generate_game
from strategies.trading.model.errors import JournalError, WriteError
from tests.event_loops import JumpingLoop, run_jumping, until
from tests.full_disks import files_limited_to, small_disk
from tests.live.session.test_gateway import session_on
from tests.live.session.toy_exchange import ToyGateway
from tests.paths import PROJECT

Sim = Callable[..., Any]

RUN = ("run", "recording.path=tape", "markets=moneyline")

UNBUFFERED = "PYTHONUNBUFFERED"


def failed(outcome: Any, verb: str, named: str) -> None:
    """Assert one line, beside progress, that names a file, reason and remedy, with status 1.

    A run has printed its figures by then, and not its folder.
    """
    assert outcome.status == 1
    assert not [line for line in outcome.out if line.startswith("/")]
    lines = [line for line in outcome.err if "━" not in line]
    assert len(lines) == 1, lines
    assert lines[0].startswith(f"python -m sim {verb}: ")
    assert named in lines[0]
    assert ": cannot be written (File too large); raise the limit" in lines[0]


def test_a_game_that_cannot_be_written_leaves_no_file(tmp_path: Path) -> None:
    """The error of `generate` names the segment, and nothing half-written stays behind."""
    short = CrowdSettings(opens_before_s=60.0, game_s=60.0)
    named = re.escape(f"{tmp_path}/out/segment-00000.parquet: cannot be written (File too large)")
    with files_limited_to(1_000), pytest.raises(WriteError, match=f"^{named}; raise the limit"):
        generate_game(tmp_path / "out", seed=1, settings=short)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_strategy_that_cannot_be_written_leaves_no_file(sim: Sim, tmp_path: Path) -> None:
    """No traceback, no bare number of an error, and nothing half-written stays behind."""
    with files_limited_to(500):
        outcome = sim("new-strategy", "an_idea", "--dir", "mine")
    failed(outcome, "new-strategy", "mine/an_idea.py")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.slow  # makes a whole run
def test_a_report_that_does_not_fit_is_named(sim: Sim, small_tape: Path) -> None:
    """Drawing a report again fails with its path; the older report stays."""
    folder = Path(sim(*RUN).out[-1])
    older = (folder / "report.html").read_bytes()
    with files_limited_to(1_000):
        failed(sim("report", str(folder)), "report", f"{folder}/report.html")
    assert (folder / "report.html").read_bytes() == older


def test_a_full_disk_ends_a_backtest_in_the_path_of_its_run(
    sim: Sim, tmp_path: Path, small_tape: Path
) -> None:
    """With no space for the configuration that Hydra keeps, the folder of the run is named."""
    with small_disk(tmp_path / "disk", 4) as disk:
        (disk / "all").write_bytes(bytes(4_096))
        outcome = sim(*RUN, f"hydra.run.dir={disk}/run")
    assert (outcome.status, outcome.out, len(outcome.err)) == (1, [], 1)
    assert str(disk) in outcome.err[0]
    assert "cannot be written (No space left on device); free space" in outcome.err[0]


def test_a_limit_on_files_cuts_no_bytecode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What these tests import while files are limited can be imported afterwards too."""
    (tmp_path / "imported_late.py").write_text(f"VALUES = {list(range(1_000))}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    with files_limited_to(100):
        importlib.import_module("imported_late")
    del sys.modules["imported_late"]
    assert importlib.import_module("imported_late").VALUES[-1] == 999


def test_printing_to_a_full_device_gives_a_one_line_error() -> None:
    """Standard output is named like any other file, and nothing is added as the process ends."""
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "sim", "validate", "nba"]
        # Where Python does not buffer, nothing is left to be written at the end.
        buffered = {name: value for name, value in os.environ.items() if name != UNBUFFERED}
        ran = subprocess.run(
            command, check=False, cwd=PROJECT, env=buffered, stdout=full, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
    assert ran.stderr == (
        "python -m sim validate: standard output: cannot be written (No space left on device); "
        "free space and run again\n"
    )
    assert ran.returncode == 1


def test_a_session_cancels_everything_when_its_disk_is_full(
    compose_settings: Callable[..., DictConfig], tmp_path: Path
) -> None:
    """Journal, tape and log all fail while wagers are open; nothing is open at the end."""
    words = ("mode=live", "strategy.quote_refresh_seconds=0")
    parts = build_parts(compose_settings(*words))
    made: list[ToyGateway] = []
    lines: list[str] = []

    async def run(loop: JumpingLoop) -> None:
        stop = asyncio.Event()
        session = session_on(parts, loop, made)
        trading = asyncio.ensure_future(session.run(tmp_path, {}, stop, lines.append))
        await until(lambda: made and len(made[0].open_wagers) >= 2)
        with files_limited_to(1):
            # The toy commits at once, in the test's own call; the session commits every second.
            with suppress(JournalError):
                made[0].fill(next(iter(made[0].open_wagers)))
            await trading

    journal = tmp_path / "sessions" / "toy" / "journal.sqlite"
    with pytest.raises(JournalError, match=f"^{journal}: cannot be written"):
        run_jumping(run)
    assert made[0].open_wagers == {}
    assert lines[-1] == "nothing is open at toy"
    log = tmp_path / "sessions" / "toy" / "session.log"
    said = [line for line in lines if line.startswith(f"{log}: cannot be written")]
    assert len(said) == 1
    assert said[0].endswith("; the session goes on")
