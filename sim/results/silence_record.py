"""Why markets were not quoted, and how much was traded there meanwhile."""

from collections import defaultdict

from sim.results.run_summary import SilenceTotal
from sim.results.run_tables import RunTables
from strategies.trading.markets.market_states import MarketStates
from strategies.trading.markets.silences import Silence, Silences
from strategies.trading.model.ids import MarketKey
from strategies.trading.ports.journal import Decision


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
        self._by_reason: dict[str, list[tuple[MarketKey, int, int]]] = defaultdict(list)

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
                reason=reason,
                markets=len({key for key, _, _ in silences}),
                seconds=round(sum(lasted_ns for _, lasted_ns, _ in silences) / 1_000_000_000),
                traded_cents=sum(traded_cents for _, _, traded_cents in silences),
            )
            for reason, silences in self._by_reason.items()
        ]
        return sorted(totals, key=lambda total: (-total.traded_cents, -total.seconds, total.reason))

    def _write(self, silence: Silence, now_ns: int) -> None:
        key = silence.market_key
        traded_cents = self._traded_cents(key) - self._traded_before[key]
        self._tables.silences.append((key.event_id, key.market_id, *silence[1:], traded_cents))
        reason, _, _ = silence.reason.partition(":")
        self._by_reason[reason].append((key, now_ns - silence.since_ns, traded_cents))

    def _traded_cents(self, key: MarketKey) -> int:
        states = self._market_states
        assert states is not None, "the markets are observed before the first decision"
        return sum(book.traded_cents for book in states.markets[key].books)
