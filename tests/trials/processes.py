"""Processes of the project that a trial starts, and waiting for what they do."""

import asyncio
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from tests.paths import PROJECT

PATIENCE_SECONDS = 60.0
_WATCHDOG = re.compile(r" process (\d+) guards ")


async def start(
    folder: Path, output: Path, *words: str, new_session: bool = True
) -> asyncio.subprocess.Process:
    """Start `python -m WORDS` in a folder; what it prints is appended to a file.

    The folders of accounts are in the same folder. Without a session of its own a process receives
    the Ctrl-C of the terminal too.
    """
    with output.open("ab") as file:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *words),
            cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=file,
            env=environment(folder), start_new_session=new_session,
        )  # fmt: skip


def environment(state: Path) -> dict[str, str]:
    """Return the environment of such a process, with the folders of accounts in a folder.

    It writes no bytecode, which a disk that is full would cut.
    """
    ours = {"PYTHONPATH": str(PROJECT), "XDG_STATE_HOME": str(state)}
    return os.environ | ours | {"PYTHONDONTWRITEBYTECODE": "1"}


async def wait(seconds: float, process: asyncio.subprocess.Process | None = None) -> None:
    """Wait some seconds of the wall, or until a process has ended."""
    waiting = asyncio.ensure_future(process.wait() if process else asyncio.Event().wait())
    try:
        await asyncio.wait((waiting,), timeout=seconds)
    finally:
        waiting.cancel()


async def until_holds(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> bool:
    """Wait until a condition holds that files show; return whether it came to hold in time."""
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() > end:
            return False
        await wait(0.05)
    return True


def watchdog_log(session: Path) -> str:
    """Return what the watchdogs of a session, given by its folder, wrote."""
    log = session / "watchdog.log"
    return log.read_text(encoding="utf-8") if log.exists() else ""


def watchdog_of(session: Path) -> int | None:
    """Return the process of a session's last watchdog, None before it guards."""
    found = _WATCHDOG.findall(watchdog_log(session))
    return int(found[-1]) if found else None
