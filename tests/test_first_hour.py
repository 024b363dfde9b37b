"""The first hour: every command of `docs/first-hour.md`, in its order, as far as it ends itself.

A block `sh runs` of the page is a command that runs until the page says "Ctrl-C.", which ends the
one that was started last; a block `sh screen` takes a whole terminal, and is not run here.
"""

import asyncio
import os
import re
import shlex
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from live.__main__ import VERBS as LIVE_VERBS
from sim.__main__ import VERBS as SIM_VERBS
from tests.event_loops import run_watching
from tests.paths import PROJECT

PAGE = (PROJECT / "docs" / "first-hour.md").read_text(encoding="utf-8")
_STEP = re.compile(r"^```sh(?P<kind> runs| screen|)\n(?P<commands>.*?)^```|Ctrl-C\.", re.M | re.S)
_INSTALLS = ("python3 -m venv", ".venv/bin/pip install", ". .venv/bin/activate")
# What would take most of the hour: as many games and hours as show that the command works.
_SHORTER = {"--games 20": "--games 4", "rehearsal.hours=2": "rehearsal.hours=0.05"}
_PATIENCE_SECONDS = 1_200


class Step(NamedTuple):
    """A command and how it ends, or without a command the Ctrl-C that ends the last one running."""

    kind: str
    command: str = ""


def steps() -> Iterator[Step]:
    """Yield the steps of the page in order."""
    for found in _STEP.finditer(PAGE):
        if found["commands"] is None:
            yield Step("interrupt")
            continue
        kind = found["kind"].strip() or "ends"
        yield from (Step(kind, line) for line in found["commands"].splitlines())


class Terminals:
    """The terminals of a person who walks through the page, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        """Use a sandbox on a free port."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._folder = folder
        self._port = f"sandbox.port={port}"
        paths = {"PYTHONPATH": str(PROJECT), "XDG_STATE_HOME": str(folder / "state")}
        program = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._environ = os.environ | paths | {"PATH": program}
        self._running: list[tuple[str, asyncio.subprocess.Process]] = []

    async def take(self, step: Step) -> None:
        """Do what a step says; raise AssertionError if a command fails."""
        if step.kind == "interrupt":
            await self._interrupt()
        elif step.kind == "runs":
            await self._begin(self._adapted(step.command))
        elif step.kind == "ends" and not step.command.startswith(_INSTALLS):
            await self._finish(self._adapted(step.command))

    async def close(self) -> None:
        """End what still runs."""
        while self._running:
            await self._interrupt()

    def _adapted(self, command: str) -> str:
        """Return a command with less to do, for the own port, and with the project to be found."""
        for long, short in _SHORTER.items():
            command = command.replace(long, short)
        command = command.replace("PYTHONPATH=ideas", f"PYTHONPATH=ideas:{PROJECT}")
        return f"{command} {self._port}" if "sandbox.speed" in command else command

    async def _finish(self, command: str) -> None:
        process = await self._started("sh", "-c", command)
        output, _ = await process.communicate()
        text = output.decode()
        # So short a rehearsal may lack what the review demands, which its page says.
        expected = (0, 1) if " rehearse " in command else (0,)
        assert process.returncode in expected, f"{command}\n{text}"
        assert "Traceback" not in text, f"{command}\n{text}"

    async def _begin(self, command: str) -> None:
        process = await self._started(*shlex.split(command))
        assert process.stdout is not None
        lines: list[str] = []
        # A recording that is ended before anything came is none.
        ready = "socket 1 is up" if " record " in command else "Ctrl-C"
        while ready not in "".join(lines):
            line = (await process.stdout.readline()).decode()
            lines.append(line)
            assert line, f"{command}\n{''.join(lines)}"
        self._running.append((command, process))

    async def _interrupt(self) -> None:
        command, process = self._running.pop()
        process.send_signal(signal.SIGINT)
        output, _ = await process.communicate()
        assert process.returncode == 0, f"{command}\n{output.decode()}"

    async def _started(self, *words: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *words,
            cwd=self._folder,
            env=self._environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )


@pytest.mark.slow
def test_the_first_hour_goes_as_written(tmp_path: Path) -> None:
    """Each command succeeds after those before it, and the page's files are there."""

    async def walk() -> None:
        terminals = Terminals(tmp_path)
        try:
            for step in steps():
                await terminals.take(step)
        finally:
            await terminals.close()

    run_watching(walk(), _PATIENCE_SECONDS)
    named = ("runs/first/report.html", "studies/margins/study.html", "ideas/my_idea.py")
    assert [name for name in named if name not in PAGE] == []
    assert [name for name in named if not (tmp_path / name).is_file()] == []
    assert (tmp_path / "sessions" / "rehearsal" / "rehearsal.md").is_file()


def test_what_is_running_is_ended_and_every_verb_exists() -> None:
    """As many are interrupted as begin to run; each verb is one of `sim` or `live`."""
    kinds = [step.kind for step in steps()]
    assert kinds.count("runs") == kinds.count("interrupt") == 4
    verbs = {"sim": SIM_VERBS, "live": LIVE_VERBS}
    found = re.findall(r"python -m (sim|live) ([a-z-]+)", PAGE)
    assert len(found) > 20
    assert [words for words in found if words[1] not in verbs[words[0]]] == []


def test_it_installs_as_the_readme_does() -> None:
    """The same two commands, one a line."""
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    install = [step.command for step in steps() if step.command.startswith(_INSTALLS)]
    assert " && ".join(install[:2]) in readme
