"""The end of a session: what a person at the terminal reads of its profit."""

import asyncio
import os
import pty
import re
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from sim.results.split_text import split_line
from sim.results.summary_file import read_summary
from tests.event_loops import run_watching
from tests.live.local_sandbox import Sandbox
from tests.paths import PROJECT

PLACED = re.compile(r" ([1-9]\d*) placed, ")
START = Path("sessions") / "first" / "start-00001"


def paper_session(
    sandbox: Sandbox, folder: Path, open_stderr: Callable[[], tuple[int, int]]
) -> tuple[str, str]:
    """Run a paper session until it has placed, and stop it; return its stdout and stderr."""
    words = ("live", "paper", "+experiment=nba", "session.name=first", "run.report_seconds=0.2")
    ours, theirs = open_stderr()

    async def run() -> tuple[str, str]:
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        await loop.connect_read_pipe(lambda: protocol, os.fdopen(ours, "rb", 0))
        async with sandbox(20, "+experiment=nba") as here:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", *words, *here.settings),
                cwd=folder,
                env=os.environ | {"PYTHONPATH": str(PROJECT)},
                stdout=asyncio.subprocess.PIPE,
                stderr=theirs,
            )
            os.close(theirs)
            lines = ""
            while not PLACED.search(lines):
                lines += (await reader.readline()).decode()
            process.send_signal(signal.SIGINT)
            # A terminal ends with an error once nobody holds its other side.
            with suppress(OSError):
                lines += (await reader.read()).decode()
            stdout, _ = await process.communicate()
            assert process.returncode == 0, lines
            return stdout.decode(), lines

    return run_watching(run())


@pytest.mark.slow
def test_at_a_terminal_a_session_ends_with_its_profit_taken_apart(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """The line is that of the start's report, which is written with it."""
    stdout, _ = paper_session(sandbox, tmp_path, pty.openpty)
    assert split_line(read_summary(tmp_path / START).split) in stdout.splitlines()
    assert (tmp_path / START / "report.html").is_file()


@pytest.mark.slow
def test_elsewhere_a_session_ends_with_the_command_that_takes_its_profit_apart(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """A service manager waits for no replay."""
    _, lines = paper_session(sandbox, tmp_path, os.pipe)
    assert lines.splitlines()[-1].startswith("python -m sim replay sessions/first --start 1 ")
    assert not (tmp_path / START).exists()
