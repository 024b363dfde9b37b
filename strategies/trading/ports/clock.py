"""The clock port. The desk reads all times from it, and never sleeps."""

from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """The handle of a scheduled call."""

    def cancel(self) -> None:
        """Cancel the call; nothing happens if it was made already."""


class Clock(Protocol):
    """Time in nanoseconds since the epoch, UTC, and calls at given times."""

    def now_ns(self) -> int:
        """Return the time."""

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Timer:
        """Call back at a time, or at once if it has passed; never before this returns."""
