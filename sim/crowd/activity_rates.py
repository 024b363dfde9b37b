"""How busy it is: rates that grow towards the game and jump in it."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeAlias

from simpy import Event

# What a process of the simulation does, one wait after another.
Steps: TypeAlias = Generator[Event, Any, None]

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
NS_PER_MINUTE = 60 * NS_PER_S
NS_PER_HOUR = 60 * NS_PER_MINUTE


@dataclass(frozen=True, slots=True)
class ActivityRates:
    """Happenings a minute: a day ahead, from twelve hours to three, to one, after that, in-play."""

    day: float
    far: float
    near: float
    last_hour: float
    in_play: float

    def per_minute(self, ahead_ns: int) -> float:
        """Return the rate so long ahead of the start (negative after it)."""
        if ahead_ns <= 0:
            return self.in_play
        if ahead_ns <= NS_PER_HOUR:
            return self.last_hour
        if ahead_ns <= 3 * NS_PER_HOUR:
            return self.near
        return self.far if ahead_ns <= 12 * NS_PER_HOUR else self.day

    def pause_ns(self, ahead_ns: int) -> float:
        """Return the mean time between two, so long ahead of the start (negative after it)."""
        return NS_PER_MINUTE / self.per_minute(ahead_ns)
