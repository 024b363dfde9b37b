"""One call at the earliest of the times that were asked for."""

from collections.abc import Callable

from strategies.trading.ports.clock import Clock, Timer


class Alarm:
    """Calls back once at the earliest time set since the last call."""

    def __init__(self, clock: Clock, callback: Callable[[], None]) -> None:
        """Prepare; nothing is called before a time is set."""
        self._clock = clock
        self._callback = callback
        self._when_ns = 0
        self._timer: Timer | None = None

    def set(self, when_ns: int) -> None:
        """Call back at a time, unless an earlier call is pending."""
        if self._timer is not None:
            if self._when_ns <= when_ns:
                return
            self._timer.cancel()
        self._when_ns = when_ns
        self._timer = self._clock.call_at(when_ns, self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._callback()
