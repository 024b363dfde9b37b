"""Latency models: how long a message takes, as chance would have it.

Settings are in milliseconds, what is drawn in whole nanoseconds. Every model takes its random
stream as `rng`, so that configuration may exchange one for another; those without chance ignore it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Protocol

import numpy as np
from numpy.random import Generator

from sim.streams import Streams
from strategies.trading.errors import ConfigError

_NANOSECONDS_PER_MILLISECOND = 1_000_000
_DRAWS_AT_ONCE = 4096


class Delay(Protocol):
    """How long one message takes."""

    def sample_ns(self) -> int:
        """Return the delay of the next message in nanoseconds, zero or more."""


DelayFactory = Callable[..., Delay]


class NoDelay:
    """Messages that take no time."""

    def __init__(self, *, rng: Generator | None = None) -> None:
        """Need nothing; `rng` is ignored."""

    def __str__(self) -> str:
        """Return the model as people read it."""
        return "none"

    def sample_ns(self) -> int:
        """Return zero."""
        return 0


class Constant:
    """Messages that all take the same time."""

    def __init__(
        self,
        ms: float,
        *,
        rng: Generator | None = None,  # noqa: ARG002 - all models are built alike
    ) -> None:
        """Take the delay in milliseconds; `rng` is ignored; raise ConfigError if it is none."""
        self._delay_ns = _nanoseconds("latency ms", ms)
        self._told = f"{ms:g} ms"

    def __str__(self) -> str:
        """Return the model as people read it."""
        return self._told

    def sample_ns(self) -> int:
        """Return the delay."""
        return self._delay_ns


class Lognormal:
    """Messages whose delay is log-normal: mostly near the median, with a long tail.

    `sigma` is the standard deviation of the logarithm. Delays below `floor_ms` or above `cap_ms`
    are moved there.
    """

    def __init__(
        self,
        median_ms: float,
        sigma: float,
        floor_ms: float = 0,
        cap_ms: float | None = None,
        *,
        rng: Generator,
    ) -> None:
        """Take settings and a random stream; raise ConfigError, naming a setting that is wrong."""
        median_ns = _nanoseconds("latency median_ms", median_ms)
        if not median_ns:
            message = "latency median_ms: a log-normal median must be above zero"
            raise ConfigError(message)
        self._log_median = float(np.log(median_ns))
        self._sigma = _finite("latency sigma", sigma)
        self._floor_ns = _nanoseconds("latency floor_ms", floor_ms)
        self._cap_ns = None if cap_ms is None else _nanoseconds("latency cap_ms", cap_ms)
        if self._cap_ns is not None and self._cap_ns < self._floor_ns:
            message = f"latency cap_ms: {cap_ms!r} is below floor_ms {floor_ms!r}"
            raise ConfigError(message)
        self._rng = rng
        self._drawn: list[int] = []
        self._told = f"log-normal, median {median_ms:g} ms, sigma {sigma:g}"

    def __str__(self) -> str:
        """Return the model as people read it."""
        return self._told

    def sample_ns(self) -> int:
        """Return the delay of the next message."""
        if not self._drawn:
            self._draw()
        return self._drawn.pop()

    def _draw(self) -> None:
        """Draw many at once, which numpy does far faster than one by one."""
        delays = self._rng.lognormal(self._log_median, self._sigma, _DRAWS_AT_ONCE)
        rounded = np.rint(np.clip(delays, self._floor_ns, self._cap_ns)).astype(np.int64)
        self._drawn = rounded[::-1].tolist()


@dataclass(frozen=True, slots=True)
class Latency:
    """The delays between a desk and the exchange.

    `feed`: market data to the desk; `compute`: the desk's own work before a command leaves;
    `entry`: a command to the exchange; `activation`: from its acceptance into the book;
    `response`: answers and private updates to the desk.
    """

    feed: Delay
    compute: Delay
    entry: Delay
    activation: Delay
    response: Delay


def build_latency(
    streams: Streams,
    *,
    feed: DelayFactory,
    compute: DelayFactory,
    entry: DelayFactory,
    activation: DelayFactory,
    response: DelayFactory,
) -> Latency:
    """Build the five delays, each from its factory with a random stream of its own."""
    return Latency(
        feed=feed(rng=streams.named("latency.feed")),
        compute=compute(rng=streams.named("latency.compute")),
        entry=entry(rng=streams.named("latency.entry")),
        activation=activation(rng=streams.named("latency.activation")),
        response=response(rng=streams.named("latency.response")),
    )


def _nanoseconds(name: str, ms: object) -> int:
    return round(_finite(name, ms) * _NANOSECONDS_PER_MILLISECOND)


def _finite(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        message = f"{name}: {value!r} is not a number"
        raise ConfigError(message)
    if not isfinite(value) or value < 0:
        message = f"{name}: {value!r} must be finite, zero or more"
        raise ConfigError(message)
    return float(value)
