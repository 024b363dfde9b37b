"""Random and constant latency models.

Settings are in milliseconds, delays in whole nanoseconds. Every model takes a random stream as
`rng`, so that a configuration can exchange one for another; constant models ignore it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from statistics import median
from typing import Protocol

import numpy as np
from numpy.random import Generator

from sim.engine.random_streams import RandomStreams
from strategies.trading.model.errors import ConfigError

_NANOSECONDS_PER_MILLISECOND = 1_000_000
_BATCH_SIZE = 4096


class Delay(Protocol):
    """The latency of messages in one direction."""

    def sample_ns(self) -> int:
        """Return the delay of the next message in nanoseconds, zero or more."""


DelayFactory = Callable[..., Delay]


class NoDelay:
    """No latency."""

    def __init__(self, *, rng: Generator | None = None) -> None:
        """Ignore `rng`."""

    def __str__(self) -> str:
        """Return the model's name and settings for reports."""
        return "none"

    def sample_ns(self) -> int:
        """Return zero."""
        return 0


class Constant:
    """The same latency for every message."""

    def __init__(
        self,
        ms: float,
        *,
        rng: Generator | None = None,  # noqa: ARG002 - all models are built alike
    ) -> None:
        """Set the delay in milliseconds; raise ConfigError if it is not a finite number >= 0."""
        self._delay_ns = _nanoseconds("ms", ms)
        self._description = f"{ms:g} ms"

    def __str__(self) -> str:
        """Return the model's name and settings for reports."""
        return self._description

    def sample_ns(self) -> int:
        """Return the delay."""
        return self._delay_ns


class Lognormal:
    """Log-normal latency: mostly near the median, with a long tail.

    `sigma` is the standard deviation of the logarithm. Delays are clipped to `floor_ms` and
    `cap_ms`.
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
        """Set the parameters; raise ConfigError, naming the setting, for an invalid one."""
        median_ns = _nanoseconds("median_ms", median_ms)
        if not median_ns:
            message = "median_ms: a log-normal median must be above zero"
            raise ConfigError(message)
        self._log_median = float(np.log(median_ns))
        self._sigma = _finite("sigma", sigma)
        self._floor_ns = _nanoseconds("floor_ms", floor_ms)
        self._cap_ns = None if cap_ms is None else _nanoseconds("cap_ms", cap_ms)
        if self._cap_ns is not None and self._cap_ns < self._floor_ns:
            message = f"cap_ms: {cap_ms!r} is below floor_ms {floor_ms!r}"
            raise ConfigError(message)
        self._rng = rng
        self._drawn: list[int] = []
        self._description = f"log-normal, median {median_ms:g} ms, sigma {sigma:g}"

    def __str__(self) -> str:
        """Return the model's name and settings for reports."""
        return self._description

    def sample_ns(self) -> int:
        """Return the delay of the next message."""
        if not self._drawn:
            self._draw()
        return self._drawn.pop()

    def _draw(self) -> None:
        """Draw a batch, which numpy does far faster than one by one."""
        delays = self._rng.lognormal(self._log_median, self._sigma, _BATCH_SIZE)
        rounded = np.rint(np.clip(delays, self._floor_ns, self._cap_ns)).astype(np.int64)
        self._drawn = rounded[::-1].tolist()


class Measured:
    """Measured latency: each delay is drawn, with replacement, from a table of recorded ones.

    The table is a text file with a number of milliseconds on each line and nothing else. Draws are
    independent: the autocorrelation of the recorded delays is not kept.
    """

    def __init__(self, path: str | None, *, rng: Generator) -> None:
        """Read the table; raise ConfigError, naming file and line, if it is not valid."""
        if not isinstance(path, str) or not path:
            message = (
                "path: measured delays need a text file of recorded milliseconds, one a line; "
                f"got {path!r}"
            )
            raise ConfigError(message)
        self._table_ns = _table_ns(Path(path))
        self._rng = rng
        self._drawn: list[int] = []
        median_ms = median(self._table_ns) / _NANOSECONDS_PER_MILLISECOND
        self._description = (
            f"measured, {len(self._table_ns):,} times in {Path(path).name}, median {median_ms:g} ms"
        )

    def __str__(self) -> str:
        """Return the model's name and settings for reports."""
        return self._description

    def sample_ns(self) -> int:
        """Return the delay of the next message."""
        if not self._drawn:
            indices = self._rng.integers(len(self._table_ns), size=_BATCH_SIZE)
            self._drawn = [self._table_ns[index] for index in indices[::-1].tolist()]
        return self._drawn.pop()


@dataclass(frozen=True, slots=True)
class Latency:
    """The delays between a desk and the exchange.

    `feed`: market data to the desk; `compute`: the desk's own work before it sends a command;
    `entry`: a command to the exchange; `activation`: from a wager's acceptance into the book;
    `response`: responses and private updates to the desk.
    """

    feed: Delay
    compute: Delay
    entry: Delay
    activation: Delay
    response: Delay


def build_latency(
    streams: RandomStreams,
    *,
    feed: DelayFactory,
    compute: DelayFactory,
    entry: DelayFactory,
    activation: DelayFactory,
    response: DelayFactory,
) -> Latency:
    """Build the five delays, each from its factory with a random stream of its own.

    Raise ConfigError, naming the delay and its setting, where one cannot be built.
    """
    return Latency(
        feed=_built(streams, "latency.feed", feed),
        compute=_built(streams, "latency.compute", compute),
        entry=_built(streams, "latency.entry", entry),
        activation=_built(streams, "latency.activation", activation),
        response=_built(streams, "latency.response", response),
    )


def _built(streams: RandomStreams, name: str, factory: DelayFactory) -> Delay:
    """Build a delay; prefix its errors, which begin with the model's own setting."""
    try:
        return factory(rng=streams.named(name))
    except ConfigError as error:
        message = f"{name}.{error}"
        raise ConfigError(message) from error


def _table_ns(path: Path) -> list[int]:
    """Return the times in a file, in nanoseconds."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        message = f"path: {path} cannot be read: {reason}"
        raise ConfigError(message) from error
    if not lines:
        message = f"path: {path} is empty"
        raise ConfigError(message)
    return [_time_ns(f"path: {path}, line {n}", line) for n, line in enumerate(lines, 1)]


def _time_ns(location: str, line: str) -> int:
    try:
        ms = float(line)
    except ValueError as error:
        message = f"{location}: {line!r} is not a number of milliseconds"
        raise ConfigError(message) from error
    return _nanoseconds(location, ms)


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
