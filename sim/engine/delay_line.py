"""A wire between two parties: messages take their time and never overtake one another."""

from collections.abc import Callable

from sim.engine.latency import Delay
from sim.engine.virtual_clock import Priority, ReplayEnvironment


class DelayLine:
    """One ordered way from one party to another.

    What is sent takes the sum of the wire's delays, and arrives no earlier than what was sent
    ahead of it.
    """

    def __init__(self, env: ReplayEnvironment, priority: Priority, *delays: Delay) -> None:
        """Lay a wire whose messages arrive with a priority."""
        self._env = env
        self._priority = priority
        self._delays = delays
        self._last_due_ns = 0

    def send(self, receive: Callable[[], None], hold_ns: int = 0) -> int:
        """Call `receive` when the message arrives, and return that time.

        `hold_ns` is a wait of this message's own, on top of the wire's delays.
        """
        due_ns = self._env.now_ns + hold_ns
        for delay in self._delays:
            due_ns += delay.sample_ns()
        self._last_due_ns = max(due_ns, self._last_due_ns)
        self._env.schedule_call(self._last_due_ns, self._priority, receive)
        return self._last_due_ns
