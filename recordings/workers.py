"""Computes independent jobs in processes beside this one, which can be ended at any moment."""

import os
import signal
import sys
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from typing import Generic, TypeVar

from strategies.trading.model.errors import TradingError

# How often a worker without a job looks whether its original still lives.
_LOOK_S = 1.0
# A copy of this process starts at once and has everything imported, but is safe on Linux only, and
# there only if it uses no library whose threads were not copied with it, such as polars.
COPY = "fork" if sys.platform == "linux" else "spawn"
# A copy of a process that has done nothing but import what most jobs of new processes need; not
# polars, whose threads start as it is imported.
NEW = "forkserver"
_IMPORTED_ONCE = ["numpy", "pyarrow.parquet"]

Job = TypeVar("Job")
JobResult = TypeVar("JobResult")


class WorkerKilledError(TradingError):
    """A process was killed from outside, for lack of memory for example."""


def usable_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


@contextmanager
def results_of(
    function: Callable[[Job], JobResult], jobs: Sequence[Job], processes: int, start: str = COPY
) -> Iterator[Iterator[tuple[int, JobResult]]]:
    """Start jobs in their order; yield the index of each with its result, as soon as it is done.

    When the context is left early, by Ctrl-C or an error, what still runs is killed at once. An
    error of a job is raised here. Function, jobs and results must be picklable. `start` is COPY or
    NEW, which is slower to start and always safe; a single job is not worth it, and is computed
    here. Raise WorkerKilledError if someone else kills a process:

        with results_of(write_game, plans, usable_processors()) as results:
            for index, rows in results:
                print(plans[index].folder, rows)
    """
    if start == NEW and len(jobs) == 1:
        yield enumerate(map(function, jobs))
        return
    with closing(_results(function, jobs, processes, start)) as results:
        yield results


def ordered_results(
    function: Callable[[Job], JobResult], jobs: Sequence[Job], processes: int, start: str = COPY
) -> list[JobResult]:
    """Return the results of all jobs in the order of the jobs; see `results_of`."""
    with results_of(function, jobs, processes, start) as results:
        by_index = dict(results)
    return [by_index[index] for index in range(len(jobs))]


def _results(
    function: Callable[[Job], JobResult], jobs: Sequence[Job], processes: int, start: str
) -> Generator[tuple[int, JobResult], None, None]:
    waiting = iter(enumerate(jobs))
    workers: list[_Worker[Job, JobResult]] = []
    busy: dict[Connection, tuple[_Worker[Job, JobResult], int]] = {}
    try:
        for index, job in islice(waiting, processes):
            worker = _Worker(function, start)
            workers.append(worker)
            worker.begin(job)
            busy[worker.connection] = worker, index
        while busy:
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                worker, index = busy.pop(ready)
                result = worker.result()
                # The next job first: the caller may take its time with a result.
                for next_index, job in islice(waiting, 1):
                    worker.begin(job)
                    busy[ready] = worker, next_index
                yield index, result
    finally:
        for worker in workers:
            worker.end()


def end_without_parent() -> None:
    """End this process at once if it is a copy whose original is gone; do nothing otherwise."""
    original = parent_process()
    if original is not None and os.getppid() != original.pid:
        os._exit(1)


class _Worker(Generic[Job, JobResult]):
    """A process that computes one job after the other."""

    def __init__(self, function: Callable[[Job], JobResult], start: str) -> None:
        context = get_context(start)
        context.set_forkserver_preload(_IMPORTED_ONCE)
        self.connection, theirs = context.Pipe()
        serve = partial(_serve, function, theirs, start)
        self._process = context.Process(target=serve, daemon=True)  # type: ignore[attr-defined]
        with warnings.catch_warnings():
            # Python 3.12 warns of a fork beside any thread, also beside those of numpy.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._process.start()
        theirs.close()

    def begin(self, job: Job) -> None:
        """Send a job; the worker must not have one."""
        self.connection.send(job)

    def result(self) -> JobResult:
        """Wait for the result of the job, and return it; raise what the job raised."""
        try:
            result, error = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self._process.join()
            message = f"a process was killed (exit code {self._process.exitcode}): run again"
            raise WorkerKilledError(message) from None
        if error is not None:
            raise error
        returned: JobResult = result
        return returned

    def end(self) -> None:
        """Kill the process, whatever it does."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _serve(function: Callable[[Job], JobResult], connection: Connection, start: str) -> None:
    """Compute jobs until the original ends this process, or is gone itself."""
    # Ctrl-C reaches all processes of a terminal; the original ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        while True:
            # A copy has the other end of the connection too: it never ends for it.
            while start == COPY and not connection.poll(_LOOK_S):
                end_without_parent()
            job = connection.recv()
            connection.send(_outcome(function, job))


def _outcome(
    function: Callable[[Job], JobResult], job: Job
) -> tuple[JobResult, None] | tuple[None, Exception]:
    try:
        return function(job), None
    except Exception as error:
        return None, error
