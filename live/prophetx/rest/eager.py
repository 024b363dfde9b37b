"""Runs a coroutine up to where it has to wait, without the pauses in which other tasks run.

An HTTP client pauses at its locks and before each write, so that other tasks can run. Of two
requests made together, each would be written when most of the work on both is done, and on what
arrives meanwhile.
"""

from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")

# A request has six. Whoever pauses until another task has done something needs that task to run.
_PAUSES_SKIPPED = 32


@coroutine
def eagerly(request: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    """Return what a coroutine returns; skip the pauses before the first thing that it waits for."""
    steps = request.__await__()
    try:
        awaited = steps.send(None)
        for _ in range(_PAUSES_SKIPPED):
            # A coroutine that pauses yields None, one that waits yields what it waits for.
            if awaited is not None:
                break
            awaited = steps.send(None)
        while True:
            try:
                result = yield awaited
            except BaseException as error:
                awaited = steps.throw(error)
            else:
                awaited = steps.send(result)
    except StopIteration as done:
        returned: T = done.value
        return returned
