"""Parts of a benchmark as processes of their own: started, listened to, watched, ended."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from conf.compose import CONFIG_FOLDER

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Watched:
    """A process and what it used, sampled while it ran."""

    process: subprocess.Popen[str]
    memory_mib: list[float] = field(default_factory=list)
    processor_seconds: list[float] = field(default_factory=list)

    def sample(self) -> None:
        """Look at it now."""
        folder = Path("/proc") / str(self.process.pid)
        pages = int((folder / "statm").read_text().split()[1])
        self.memory_mib.append(pages * _PAGE / 2**20)
        times = (folder / "stat").read_text().rpartition(")")[2].split()[11:13]
        self.processor_seconds.append(sum(map(int, times)) / _TICKS)


@contextmanager
def started(*command: str, folder: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command of this project until the context ends."""
    environ = os.environ | {"PYTHONPATH": str(CONFIG_FOLDER.parent)}
    with subprocess.Popen(
        [sys.executable, *command], cwd=folder, env=environ, text=True, stdout=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    """Return the next line that a process prints."""
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line, "it ended without a word"
    return line


def let_pass(process: subprocess.Popen[str], seconds: float) -> None:
    """Let time pass while a process runs; fail if it ends."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return
    message = f"it ended with status {process.returncode}"
    raise AssertionError(message)
