"""A session in a process of its own that a trial ends, and what is open then at its sandbox."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sim.sandbox.requested_faults import Fault, FaultKind
from tests.event_loops import until
from tests.live.local_sandbox import LocalSandbox
from tests.trials.failing_disks import fill_disk, make_disk_read_only
from tests.trials.failing_network import FailingNetwork, NetworkState
from tests.trials.processes import environment, until_holds, wait

# On a machine that is busy with other things, for a session to begin quoting.
_START_SECONDS = 400.0
# A session that has not ended by then has failed.
PATIENCE_SECONDS = 120.0
# For the exchange to execute and open a placement that was held back.
_EXECUTION_SECONDS = 1.0


@dataclass(frozen=True)
class Moments:
    """The seconds of one trial that are drawn: of trading, of an outage, and of a placement.

    A placement that is held back is executed that long after it was sent; zero: none is.
    """

    trading: float
    outage: float
    late: float


class EndedSession:
    """One session in a process of its own, at a sandbox in this one, in a folder of its own."""

    def __init__(
        self, here: LocalSandbox, network: FailingNetwork, folder: Path, moments: Moments
    ) -> None:
        """Prepare; `home` is where the session runs."""
        self.here = here
        self.network = network
        self.folder = folder
        self.moments = moments
        self.home = folder / "home"
        self.home.mkdir()
        self.reader, writer = os.pipe()
        self.output, output = os.pipe()
        self._ends = [writer, output]
        self._open = {self.reader, self.output}
        self.process: asyncio.subprocess.Process | None = None
        self._placed_before = self._placed
        self._is_whole_at = 0.0
        self._late_at = 0.0
        self._outage: asyncio.Task[None] | None = None

    async def start(self) -> bool:
        """Start the session; return whether wagers are open, or a placement is held back."""
        late = Fault(FaultKind.SLOW, "submit_multiple", seconds=self.moments.late)
        if late.seconds:
            self.here.server.faults.add(late)
        words = ["trade", "+experiment=nba", "session.name=trial", *self.here.settings]
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "live", *words, f"sandbox.port={self.network.port}",
            "run.report_seconds=0.2",
            # Under nohup, and wherever else it is ignored, a session ignores SIGHUP.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
            cwd=self.home, stdin=subprocess.DEVNULL, stdout=self._ends[1], stderr=self._ends[0],
            env=environment(self.folder),
        )  # fmt: skip
        for end in self._ends:
            os.close(end)
        os.set_blocking(self.reader, False)
        asyncio.get_running_loop().add_reader(self.reader, self._drain)
        if not late.seconds:
            return await until_holds(lambda: self.here.live_wagers >= 4, _START_SECONDS)
        is_held = await until_holds(lambda: not late.count, _START_SECONDS)
        self._late_at = asyncio.get_running_loop().time() + late.seconds
        return is_held

    def send(self, name: signal.Signals) -> None:
        """Send a signal to the session, not to its watchdog."""
        assert self.process is not None, "it was started"
        self.process.send_signal(name)

    def close_stderr(self) -> None:
        """Let the reader of stderr go away."""
        asyncio.get_running_loop().remove_reader(self.reader)
        self._close_end(self.reader)

    def stop_reading(self) -> None:
        """Let the reader of stderr stop, as Ctrl-S does: its pipe becomes full."""
        asyncio.get_running_loop().remove_reader(self.reader)

    def close_stdout(self) -> None:
        """Let the reader of stdout go away."""
        self._close_end(self.output)

    def fill_disk(self) -> None:
        """Use all that is left of the disk on which the session writes."""
        fill_disk(self.home)

    def make_read_only(self) -> None:
        """Let the disk on which the session writes refuse every further write."""
        make_disk_read_only(self.home)

    def forbid_files(self) -> None:
        """Let every further write of the session to a file fail."""
        assert self.process is not None, "it was started"
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def revoke_tokens(self) -> None:
        """End every session that the exchange knows."""
        self.here.server.sessions.expire_all(refresh_too=True)

    async def begin_outage(self, state: NetworkState, *faults: Fault) -> None:
        """Let the network or requests fail for the seconds of an outage."""
        for fault in faults:
            self.here.server.faults.add(replace(fault))
        await self.network.change(state)
        self._is_whole_at = asyncio.get_running_loop().time() + self.moments.outage
        self._outage = asyncio.create_task(self._end_outage())

    async def _end_outage(self) -> None:
        await wait(self.moments.outage)
        self.here.server.faults.clear()
        await self.network.change(NetworkState.WHOLE)

    async def end(self) -> tuple[bool, bool, float]:
        """Wait for its end; return whether nothing was open then, and later, and the seconds.

        The seconds are those until nothing was open, from the end of an outage.
        """
        assert self.process is not None, "it was started"
        loop = asyncio.get_running_loop()
        began = max(loop.time(), self._is_whole_at)
        at_exit = False
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if not self.moments.late:
                    await until(lambda: not self.here.live_wagers)
                emptied = max(0.0, loop.time() - began)
                await self.process.wait()
                at_exit = not self.here.live_wagers
                await until(self._is_over)
        except TimeoutError:
            return at_exit, False, loop.time() - began
        if self.moments.late:
            emptied = loop.time() - self._late_at
        return at_exit, True, emptied

    def _is_over(self) -> bool:
        """Return whether nothing is open, and everything that was sent has been executed."""
        is_executed = asyncio.get_running_loop().time() > self._late_at + _EXECUTION_SECONDS
        return is_executed and self._placed > self._placed_before and not self.here.live_wagers

    @property
    def description(self) -> str:
        """Return what is open, and the status and the last lines of the session."""
        status = None if self.process is None else self.process.returncode
        log = self.home / "sessions" / "trial" / "session.log"
        lines = log.read_text(encoding="utf-8").splitlines()[-3:] if log.exists() else []
        return f"{self.here.live_wagers} open, status {status}, {lines}"

    @property
    def _placed(self) -> int:
        return sum(len(each.live) + len(each.ended) for each in self.here.participants)

    async def close(self) -> None:
        """Release what it holds; end the process if it has not ended, and an outage."""
        asyncio.get_running_loop().remove_reader(self.reader)
        for end in (self.reader, self.output):
            self._close_end(end)
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.kill()
            # A loop that ends before its process leaves one of which Python warns.
            await self.process.wait()
        if self._outage is not None:
            self._outage.cancel()
        self.here.server.faults.clear()
        await self.network.change(NetworkState.WHOLE)

    def _close_end(self, end: int) -> None:
        """Close an end of a pipe once: its number may be that of another file by now."""
        if end in self._open:
            self._open.remove(end)
            os.close(end)

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            os.read(self.reader, 65_536)
