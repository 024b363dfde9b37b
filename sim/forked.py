"""Computes figures in a copy of this process, beside it, where a processor is free."""

import os
import signal
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

T = TypeVar("T")


def spare_processors() -> int:
    """Return how many copies of this process can run beside it.

    None where a copy is unsafe or costs as much as a new process, which is everywhere but on Linux,
    and none in a process that another one started to use a processor of its own.
    """
    if sys.platform != "linux" or parent_process() is not None:
        return 0
    return len(os.sched_getaffinity(0)) - 1


class Forked(Generic[T]):
    """A function that runs in a copy of this process, from now on.

    The copy changes nothing here; it writes no files that this process has open. It may only be
    made while no thread of ours runs: those of numpy and pyarrow are known to survive it.
    """

    def __init__(self, function: Callable[[], T]) -> None:
        """Start the copy."""
        context = get_context("fork")
        self._receiver, sender = context.Pipe(duplex=False)
        self._process = context.Process(target=_send, args=(function, sender), daemon=True)
        with warnings.catch_warnings():
            # Python 3.12 warns of a fork beside any thread, also beside those of numpy.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._process.start()
        sender.close()

    def result(self) -> T | None:
        """Wait for the function, and return its result; None if it raised or was killed."""
        try:
            result: T = self._receiver.recv()
        except EOFError:
            return None
        finally:
            self.end()
        return result

    def end(self) -> None:
        """End the copy, if it still runs."""
        self._process.kill()
        self._process.join()
        self._receiver.close()


def _send(function: Callable[[], Any], sender: Connection) -> None:
    # Ctrl-C reaches both processes; the original ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Without a result the original calls the function itself, and the error is raised there.
    with suppress(Exception):
        sender.send(function())
