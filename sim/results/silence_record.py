"""Why markets were not quoted, and how much was traded there meanwhile."""

from collections import defaultdict
from typing import NamedTuple

from sim.results.run_summary import SilenceTotal
from sim.results.run_tables import RunTables
from strategies.trading.markets.market_states import MarketStates
from strategies.trading.markets.silences import Silence, Silences
from strategies.trading.model.ids import MarketKey
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.journal import Decision


class _EndedSilence(NamedTuple):
    market_key: MarketKey
    reason: str
    lasted_ns: int
    traded_cents: int


class SilenceRecord:
    """Writes the silences of a run to its tables, and adds them up by reason.

    A market that is never quoted is silent from its first decision on.
    """

    def __init__(self, tables: RunTables) -> None:
        """Start before the first decision; `observe` must come before that."""
        self._tables = tables
        self._silences = Silences(from_first=True)
        self._market_states: MarketStates | None = None
        # What had been traded in a market when its silence began.
        self._traded_before: dict[MarketKey, int] = {}
        self._ended: dict[str, list[_EndedSilence]] = defaultdict(list)

    def observe(self, market_states: MarketStates) -> None:
        """Take what is traded from the state of the markets."""
        self._market_states = market_states

    def decided(self, now_ns: int, decision: Decision) -> None:
        """Follow a decision."""
        key = decision.market_key
        before = self._silences.of(key)
        ended = self._silences.apply(now_ns, key, decision.silence)
        if ended is not None:
            self._write(ended, now_ns)
        if self._silences.of(key) is not before:
            self._traded_before[key] = self._traded_cents(key)

    def close(self, now_ns: int) -> None:
        """Write the silences that last to the end."""
        for silence in self._silences.current():
            self._write(silence, now_ns)

    def totals(self) -> list[SilenceTotal]:
        """Return the silences by reason, the one with the most traded meanwhile first."""
        totals = [
            SilenceTotal(
                reason=name,
                longest=max(silences, key=lambda silence: silence.lasted_ns).reason,
                markets=len({silence.market_key for silence in silences}),
                seconds=sum(silence.lasted_ns for silence in silences) // NS_PER_SECOND,
                traded_cents=sum(silence.traded_cents for silence in silences),
            )
            for name, silences in self._ended.items()
        ]
        return sorted(totals, key=lambda total: (-total.traded_cents, -total.seconds, total.reason))

    def _write(self, silence: Silence, now_ns: int) -> None:
        key = silence.market_key
        traded_cents = self._traded_cents(key) - self._traded_before[key]
        self._tables.silences.append((key.event_id, key.market_id, *silence[1:], traded_cents))
        name, _, _ = silence.reason.partition(":")
        lasted_ns = now_ns - silence.since_ns
        self._ended[name].append(_EndedSilence(key, silence.reason, lasted_ns, traded_cents))

    def _traded_cents(self, key: MarketKey) -> int:
        states = self._market_states
        assert states is not None, "the markets are observed before the first decision"
        return sum(book.traded_cents for book in states.markets[key].books)
