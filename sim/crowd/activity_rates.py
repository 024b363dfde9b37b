"""Rates at which makers and takers act; they rise towards the start and jump in-play."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeAlias

from simpy import Event

from strategies.trading.model.units import NS_PER_SECOND

# What SimPy runs as a process: a generator of the events that it waits for.
ProcessGenerator: TypeAlias = Generator[Event, Any, None]

NS_PER_MS = 1_000_000
NS_PER_MINUTE = 60 * NS_PER_SECOND
NS_PER_HOUR = 60 * NS_PER_MINUTE


@dataclass(frozen=True, slots=True)
class ActivityRates:
    """Actions a minute by the time to the start: beyond twelve hours, within twelve, and so on."""

    beyond_12h: float
    within_12h: float
    within_3h: float
    last_hour: float
    in_play: float

    def per_minute(self, ns_to_start: int) -> float:
        """Return the rate at a time before the start, negative after it."""
        if ns_to_start <= 0:
            return self.in_play
        if ns_to_start <= NS_PER_HOUR:
            return self.last_hour
        if ns_to_start <= 3 * NS_PER_HOUR:
            return self.within_3h
        return self.within_12h if ns_to_start <= 12 * NS_PER_HOUR else self.beyond_12h

    def mean_gap_ns(self, ns_to_start: int) -> float:
        """Return the mean time between two actions at a time before the start."""
        return NS_PER_MINUTE / self.per_minute(ns_to_start)
