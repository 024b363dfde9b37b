"""Event loops that wait for what happens, not for time to pass."""

import asyncio
import math
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from strategies.trading.model.units import NS_PER_SECOND

_Result = TypeVar("_Result")
Condition = Callable[[], object]


class _WatchingSelector(selectors.DefaultSelector):
    """Checks conditions whenever the loop has done all that it could, before it waits."""

    def __init__(self) -> None:
        super().__init__()
        self.watched: list[tuple[Condition, asyncio.Future[None]]] = []

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        # A condition that came to hold has made a callback ready, which comes first.
        return self.wait(0 if self._settle() else timeout)

    def wait(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for sockets and threads, as long as the loop's next timer allows."""
        return super().select(timeout)

    def _settle(self) -> bool:
        """Complete the futures whose conditions hold or fail; return whether there was one."""
        waiting, self.watched = self.watched, []
        for condition, future in waiting:
            if not future.done() and not _settled(condition, future):
                self.watched.append((condition, future))
        return len(self.watched) < len(waiting)


def _settled(condition: Condition, future: asyncio.Future[None]) -> bool:
    try:
        if not condition():
            return False
    except Exception as error:
        # It belongs to the test that waits, not to the loop.
        future.set_exception(error)
    else:
        future.set_result(None)
    return True


class WatchingLoop(asyncio.SelectorEventLoop):
    """An event loop in which a test can wait for a condition without polling it.

    All that happens in a loop happens in one of its turns, so a condition is checked after each.
    What another thread or process does is seen once it wakes the loop.
    """

    def __init__(self, selector: _WatchingSelector | None = None) -> None:
        """Start with nothing to watch."""
        self._watching = selector or _WatchingSelector()
        super().__init__(self._watching)

    async def until(self, condition: Condition) -> None:
        """Return once a condition holds; raise what it raises."""
        future = self.create_future()
        self._watching.watched.append((condition, future))
        await future


class _JumpingSelector(_WatchingSelector):
    """Waits by letting its own time pass instead of the wall's."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ns = 0

    def wait(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().wait(0)
        if not ready:
            assert timeout is not None, "every task waits, and no timer is set"
            self.now_ns += math.ceil(timeout * NS_PER_SECOND)
        return ready


class JumpingLoop(WatchingLoop):
    """An event loop whose time jumps to the next timer once nothing else is left to do.

    Its time starts at zero. It is for tests without sockets and threads, as it waits for neither.
    """

    def __init__(self) -> None:
        """Start at zero."""
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the time in seconds."""
        return self._jumping.now_ns / NS_PER_SECOND

    def stand_still(self, seconds: float) -> None:
        """Let time pass while the loop does nothing, as in a process that is stopped."""
        self._jumping.now_ns += round(seconds * NS_PER_SECOND)

    def monotonic_ns(self) -> int:
        """Return the time in nanoseconds, as a `WallClock` takes it."""
        return self._jumping.now_ns


async def until(condition: Condition) -> None:
    """Return once a condition holds in the running `WatchingLoop`; raise what it raises."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, WatchingLoop), "the test runs in another loop"
    await loop.until(condition)


def run_watching(scenario: Coroutine[Any, Any, _Result], seconds: float = 120) -> _Result:
    """Run a scenario in a loop in which it can wait `until` something holds; limit its time."""
    with asyncio.Runner(loop_factory=WatchingLoop) as runner:
        return runner.run(asyncio.wait_for(scenario, seconds))


def run_jumping(scenario: Callable[[JumpingLoop], Coroutine[Any, Any, _Result]]) -> _Result:
    """Run a scenario, which takes its loop, without waiting for the wall."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, JumpingLoop)
        return runner.run(scenario(loop))
