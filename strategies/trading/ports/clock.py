"""The port to time. The desk never sleeps and never looks at a clock of its own."""

from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that has been asked for and may still be called off."""

    def cancel(self) -> None:
        """Call it off; nothing happens if it was made already."""


class Clock(Protocol):
    """Where time comes from: nanoseconds since the epoch, UTC."""

    def now_ns(self) -> int:
        """Return the time."""

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Timer:
        """Call back at a time, or at once if it has passed; never before this returns."""
