"""Samples of the market as a desk received it, for the report."""

from sim.results.run_tables import RunTables
from strategies.trading.desk.desk import Desk
from strategies.trading.model.book import Touch
from strategies.trading.model.ids import PairId
from strategies.trading.ports.clock import Clock


class PriceSampler:
    """Writes the touch of each pair to the table `prices`, at intervals, where it changed."""

    def __init__(self, desk: Desk, clock: Clock, tables: RunTables, period_ns: int) -> None:
        """Sample `desk` every `period_ns` of `clock` once started."""
        self._desk = desk
        self._clock = clock
        self._tables = tables
        self._period_ns = period_ns
        self._touches: dict[PairId, tuple[Touch, Touch]] = {}

    def start(self) -> None:
        """Start; the first sample is one period from now."""
        self._clock.call_at(self._clock.now_ns() + self._period_ns, self._sample)

    def _sample(self) -> None:
        """Write a row for each pair whose touch changed since its last row."""
        now_ns = self._clock.now_ns()
        for pair_id, book in self._desk.market_states.books.items():
            touches = first, second = book.touches()
            if self._touches.get(pair_id) == touches:
                continue
            self._touches[pair_id] = touches
            row = (
                now_ns,
                pair_id,
                self._desk.market_fair(pair_id, now_ns),
                None if first is None else first[0],
                None if second is None else second[0],
            )
            self._tables.prices.append(row)
        self._clock.call_at(now_ns + self._period_ns, self._sample)
