"""Everything that the exchange says, put in order and written as it arrives."""

from collections.abc import Callable, Sequence

from numpy.random import Generator
from simpy import Environment

from recordings.writer import TapeWriter
from sim.crowd.tempo import NS_PER_MS

STAMP_NS = NS_PER_MS

LATENCY_MEDIAN_NS = 40 * NS_PER_MS
LATENCY_SIGMA = 0.7
LATENCY_NS_MOST = 500 * NS_PER_MS
LATENCY_GRAIN_NS = 100_000

Say = Callable[[TapeWriter], None]


class Ticker:
    """Gathers messages during a game; the exchange stamps them in whole milliseconds."""

    def __init__(self, environment: Environment) -> None:
        """Start with nothing said, in the time of a simulation."""
        self.environment = environment
        self._messages: list[tuple[int, Sequence[Say]]] = []

    def say(self, *rows: Say, later_ns: int = 0) -> None:
        """Say rows together, now or so much later; at one time, first said is first heard."""
        if rows:
            exchange_ns = int(self.environment.now) + later_ns
            self._messages.append((exchange_ns - exchange_ns % STAMP_NS, rows))

    def write(self, writer: TapeWriter, rng: Generator) -> None:
        """Write all that was said; a message never overtakes the one ahead of it."""
        received_ns = 0
        for exchange_ns, rows in sorted(self._messages, key=lambda message: message[0]):
            received_ns = max(received_ns, exchange_ns + _latency_ns(rng))
            writer.begin_message(received_ns, exchange_ns)
            for row in rows:
                row(writer)


def _latency_ns(rng: Generator) -> int:
    latency_ns = min(int(LATENCY_MEDIAN_NS * rng.lognormal(0, LATENCY_SIGMA)), LATENCY_NS_MOST)
    return latency_ns - latency_ns % LATENCY_GRAIN_NS
