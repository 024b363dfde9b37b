"""A strategy outside the tree, from its backtest to a paper session by one word."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.conftest import run_sim
from tests.event_loops import run_watching
from tests.live.local_sandbox import Sandbox
from tests.paths import PROJECT

OWN = ("--config-dir", "conf", "+experiment=my_idea")
PLACED = re.compile(rb" ([1-9]\d*) placed, ")


@pytest.mark.slow
def test_an_own_strategy_goes_from_backtest_to_paper_by_one_word(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """The words that backtest a new strategy trade it on paper, with the other verb."""
    assert run_sim(tmp_path, "new-strategy", "my_idea", "--dir", "ideas").status == 0
    ideas = tmp_path / "ideas"
    path = {"PYTHONPATH": os.pathsep.join([".", str(PROJECT)])}

    async def python(*words: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", *words, cwd=ideas, env=os.environ | path, stdout=pipe, stderr=pipe
        )

    async def run() -> tuple[str, str]:
        async with sandbox(20, "+experiment=nba") as here:
            backtest = await python("sim", "run", *OWN, "report=off")
            figures, errors = await backtest.communicate()
            assert backtest.returncode == 0, errors
            settings = ("session.name=first", "run.report_seconds=0.2", *here.settings)
            paper = await python("live", "paper", *OWN, *settings)
            assert paper.stderr is not None
            lines = b""
            while not PLACED.search(lines) and (line := await paper.stderr.readline()):
                lines += line
            paper.send_signal(signal.SIGINT)
            lines += await paper.stderr.read()
            assert await paper.wait() == 0, lines
            return figures.decode(), lines.decode()

    figures, lines = run_watching(run())
    assert figures.startswith("MyIdea on nba")
    assert PLACED.search(lines.encode()), lines
