"""Runs independent jobs in processes of their own, one for each processor."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from types import TracebackType
from typing import Self, TypeVar

from strategies.trading.model.errors import TradingError

_LOOKS_SECONDS = 1.0

Job = TypeVar("Job")
Returned = TypeVar("Returned")


class WorkerPool:
    """Processes for independent jobs, as a context manager.

    Leaving the context, by Ctrl-C for example, ends every job at once, wherever it is: what a job
    writes must not be taken for whole before it returns. Functions, jobs and outcomes must be
    picklable.
    """

    def __init__(self) -> None:
        """Start no process yet."""
        self._processes = _processors()
        self._others = set(active_children())
        # Not forked: a copy of a process whose libraries have threads may wait for them forever.
        self._executor = ProcessPoolExecutor(
            self._processes, mp_context=get_context("spawn"), initializer=_watch_parent
        )

    def __enter__(self) -> Self:
        """Return the pool."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End all processes."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        for worker in set(active_children()) - self._others:
            worker.kill()
            worker.join()

    def outcomes(
        self, function: Callable[[Job], Returned], jobs: Sequence[Job]
    ) -> Iterator[tuple[Job, Returned]]:
        """Yield each job with what the function returns for it, as the jobs are done.

        A single job runs in this process, as do all where there is one processor. An error of the
        function is raised here; TradingError if a process is killed from outside.
        """
        if min(len(jobs), self._processes) <= 1:
            yield from ((job, function(job)) for job in jobs)
            return
        try:
            with _interrupts_ignored():
                futures = {self._executor.submit(function, job): job for job in jobs}
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool as error:
            message = "a process was killed, for example for want of memory; run again to go on"
            raise TradingError(message) from error


def _watch_parent() -> None:
    """Look every second whether the process that made this one is there; end with it.

    One that is killed ends nobody, and those that it made would wait for it forever.
    """
    signal.signal(signal.SIGALRM, _end_without_parent)
    signal.setitimer(signal.ITIMER_REAL, _LOOKS_SECONDS, _LOOKS_SECONDS)


def _end_without_parent(*_: object) -> None:
    parent = parent_process()
    if parent is None or os.getppid() != parent.pid:
        os._exit(1)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Ignore Ctrl-C meanwhile, and for good in processes that are started meanwhile.

    It reaches all processes of a terminal, and this one ends the others.
    """
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
