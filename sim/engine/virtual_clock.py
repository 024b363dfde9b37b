"""The clock that a desk sees in a simulation."""

from collections.abc import Callable

from sim.engine.replay_environment import ReplayEnvironment
from strategies.trading.ports.schedule import Priority, ScheduledCall


class VirtualClock:
    """The time of an environment as a desk sees it.

    `before` is called with the time ahead of each timer, so that earlier arrivals come first.
    """

    def __init__(self, env: ReplayEnvironment, before: Callable[[int], None]) -> None:
        """Read the time of an environment."""
        self._scheduler = env.scheduler
        self._before = before

    def now_ns(self) -> int:
        """Return the time."""
        return self._scheduler.now_ns

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> ScheduledCall:
        """Call back at a time, or at once if it has passed; never before this returns."""

        def ring() -> None:
            self._before(self._scheduler.now_ns)
            callback()

        due_ns = max(when_ns, self._scheduler.now_ns)
        return self._scheduler.schedule_call(due_ns, Priority.TIMER, ring)
