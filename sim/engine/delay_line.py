"""Lines that deliver messages later, in order."""

from collections.abc import Callable

from sim.engine.latency import Delay
from sim.engine.replay_environment import ReplayEnvironment
from strategies.trading.ports.schedule import Priority


class DelayLine:
    """Delivers messages after the sum of its delays, in the order in which they were sent.

    A message whose delays would let it overtake an earlier one arrives together with it. Only one
    that has an extra delay may be overtaken.
    """

    def __init__(self, env: ReplayEnvironment, priority: Priority, *delays: Delay) -> None:
        """Deliver with a priority among the calls of one instant."""
        self._scheduler = env.scheduler
        self._priority = priority
        self._delays = delays
        self._last_due_ns = 0

    def send(self, receive: Callable[[], None], extra_ns: int = 0) -> int:
        """Call `receive` when the message arrives; return that time in nanoseconds.

        `extra_ns` delays this message alone, after the line's delays: later ones do not wait.
        """
        due_ns = self._scheduler.now_ns
        for delay in self._delays:
            due_ns += delay.sample_ns()
        self._last_due_ns = max(due_ns, self._last_due_ns)
        self._scheduler.schedule_call(self._last_due_ns + extra_ns, self._priority, receive)
        return self._last_due_ns + extra_ns
