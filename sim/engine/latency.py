"""Latency models, and the lines that delay messages by them.

Settings are in milliseconds, delays in whole nanoseconds. Every model takes a random stream as
`rng`, so that a configuration can exchange one for another; constant models ignore it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, nan
from pathlib import Path
from statistics import median
from typing import Annotated, Protocol

import numpy as np
from msgspec import Meta
from numpy.random import Generator

from sim.engine.random_streams import RandomStreams
from strategies.trading.model.counted import counted
from strategies.trading.model.setting_reader import SettingError
from strategies.trading.model.settings import Milliseconds, PositiveMilliseconds

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
        ms: Annotated[Milliseconds, Meta(description="The delay of every message.")],
        *,
        rng: Generator | None = None,  # noqa: ARG002 - all models are built alike
    ) -> None:
        """Set the delay in milliseconds; `rng` is ignored."""
        self._delay_ns = _nanoseconds(ms)
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
        median_ms: Annotated[
            PositiveMilliseconds, Meta(description="The delay that half of the messages exceed.")
        ],
        sigma: Annotated[
            float, Meta(ge=0, description="The standard deviation of the delay's logarithm.")
        ],
        floor_ms: Annotated[
            Milliseconds, Meta(description="Shorter delays are lengthened to it.")
        ] = 0,
        cap_ms: Annotated[
            Milliseconds | None, Meta(description="Longer delays are shortened to it; null: none.")
        ] = None,
        *,
        rng: Generator,
    ) -> None:
        """Set the parameters; raise SettingError where they contradict each other."""
        self._log_median = float(np.log(_nanoseconds(median_ms)))
        self._sigma = float(sigma)
        self._floor_ns = _nanoseconds(floor_ms)
        self._cap_ns = None if cap_ms is None else _nanoseconds(cap_ms)
        if cap_ms is not None and cap_ms < floor_ms:
            raise SettingError("cap_ms", f"{cap_ms!r} is below floor_ms, {floor_ms!r}")
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


class Drawn:
    """Latency drawn, with replacement, from recorded delays in nanoseconds.

    Draws are independent: the autocorrelation of the recorded delays is not kept.
    """

    def __init__(self, table_ns: Sequence[int], origin: str, *, rng: Generator) -> None:
        """Draw from the delays of a table; `origin` is its name in reports."""
        self._table_ns = table_ns
        self._rng = rng
        self._drawn: list[int] = []
        median_ms = median(table_ns) / _NANOSECONDS_PER_MILLISECOND
        self._description = (
            f"measured, {counted(len(table_ns), 'time')} in {origin}, median {median_ms:g} ms"
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


class Measured(Drawn):
    """Latency drawn from a text file: a number of milliseconds on each line and nothing else."""

    def __init__(
        self,
        path: Annotated[
            str | None,
            Meta(description="A text file of recorded delays in milliseconds, one a line."),
        ],
        *,
        rng: Generator,
    ) -> None:
        """Read the table; raise SettingError, naming the file and the line, if it is not one."""
        if not path:
            problem = f"{path!r} is not the path of a text file of milliseconds, one a line"
            raise SettingError("path", problem)
        lines = table_lines(Path(path))
        table_ns = [milliseconds_ns(f"{path}, line {n}", line) for n, line in enumerate(lines, 1)]
        super().__init__(table_ns, Path(path).name, rng=rng)


@dataclass(frozen=True, slots=True)
class Latency:
    """The delays between a desk and the exchange.

    `feed`: market data to the desk; `compute`: the desk's own work before it sends a command;
    `entry`: a placement, a mass cancel or a request of the account to the exchange, until it is
    done there; `activation`: from a wager's acceptance into the book; `response`: responses and
    private updates to the desk; `cancel`: a cancel to the exchange, until it is done there.
    """

    feed: Delay
    compute: Delay
    entry: Delay
    activation: Delay
    response: Delay
    cancel: Delay


def build_latency(
    streams: RandomStreams,
    *,
    feed: DelayFactory,
    compute: DelayFactory,
    entry: DelayFactory,
    activation: DelayFactory,
    response: DelayFactory,
    cancel: DelayFactory | None = None,
) -> Latency:
    """Build the delays, each from its factory with a random stream of its own.

    Without `cancel`, as in configurations of earlier versions, cancels take as long as placements.
    Raise ConfigError, naming the delay and its setting, if one cannot be built.
    """
    return Latency(
        feed=feed(rng=streams.named("latency.feed")),
        compute=compute(rng=streams.named("latency.compute")),
        entry=entry(rng=streams.named("latency.entry")),
        activation=activation(rng=streams.named("latency.activation")),
        response=response(rng=streams.named("latency.response")),
        cancel=(cancel or entry)(rng=streams.named("latency.cancel")),
    )


def table_lines(path: Path) -> list[str]:
    """Return the lines of a file of measured times, at least one; raise SettingError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise SettingError("path", f"{path} cannot be read: {reason}") from error
    if not lines:
        raise SettingError("path", f"{path} is empty")
    return lines


def milliseconds_ns(place: str, text: str) -> int:
    """Return a written number of milliseconds in nanoseconds; raise SettingError at its place."""
    try:
        ms = float(text)
    except ValueError:
        ms = nan
    if not 0 <= ms < inf:
        raise SettingError("path", f"{place}: {text!r} is not a number of milliseconds, 0 or more")
    return _nanoseconds(ms)


def _nanoseconds(ms: float) -> int:
    return round(ms * _NANOSECONDS_PER_MILLISECOND)
