"""Exposure: the worst case of every pair, and its sums by market, event and in all.

Worst cases of different pairs are added up, as if the worst of each came together; that is never
less than the truth. Open and in-flight wagers count in full, and so does what the exchange is known
to have matched before its fill is told.
"""

from collections.abc import Sequence

from strategies.trading.model.ids import EventId, MarketKey, PairId
from strategies.trading.model.market import Pair
from strategies.trading.model.position import Position


class Exposure:
    """The positions of a session, with running sums, so that asking costs the same at any size."""

    def __init__(self) -> None:
        """Start flat."""
        self.positions: dict[PairId, Position] = {}
        self.total_cents = 0
        self.max_total_cents = 0
        self.open_cents = 0
        self.matched_cents = 0
        self.credit_cents = 0
        self._positions_by_event: dict[EventId, list[Position]] = {}
        self._by_market: dict[MarketKey, int] = {}
        self._by_event: dict[EventId, int] = {}

    def position(self, pair: Pair) -> Position:
        """Return the position in a pair, flat if there was none."""
        position = self.positions.get(pair.pair_id)
        if position is None:
            position = self.positions[pair.pair_id] = Position(pair)
            self._positions_by_event.setdefault(pair.first.event_id, []).append(position)
        return position

    def positions_of(self, event_id: EventId) -> Sequence[Position]:
        """Return the positions in all pairs of an event that were ever asked for."""
        return self._positions_by_event.get(event_id, ())

    def of_market(self, market_key: MarketKey) -> int:
        """Return the most that the pairs of a market can lose, in cents."""
        return self._by_market.get(market_key, 0)

    def of_event(self, event_id: EventId) -> int:
        """Return the most that the pairs of an event can lose, in cents."""
        return self._by_event.get(event_id, 0)

    def change_open(self, pair: Pair, side: int, change_cents: int) -> None:
        """Note that so much more (or less) is open on the first (0) or second (1) line."""
        position = self.position(pair)
        before = position.worst_case_cents()
        position.open_cents[side] += change_cents
        self.open_cents += change_cents
        self._shift(pair, before - position.worst_case_cents())

    def match(
        self, pair: Pair, side: int, stake_cents: int, profit_cents: int, from_open_cents: int
    ) -> None:
        """Book a fill, of which `from_open_cents` had counted as open until now."""
        position = self.position(pair)
        before = position.worst_case_cents()
        self.credit_cents -= position.credit_cents()
        position.open_cents[side] -= from_open_cents
        position.book_fill(side, stake_cents, profit_cents)
        self.open_cents -= from_open_cents
        self.matched_cents += stake_cents
        self.credit_cents += position.credit_cents()
        self._shift(pair, before - position.worst_case_cents())

    def release(self, pair: Pair) -> None:
        """Take what is matched out, as the pair was settled."""
        position = self.position(pair)
        before = position.worst_case_cents()
        self.credit_cents -= position.credit_cents()
        self.matched_cents -= sum(position.matched_cents)
        position.matched_cents = [0, 0]
        position.profit_if = [0, 0]
        self._shift(pair, before - position.worst_case_cents())

    def _shift(self, pair: Pair, change_cents: int) -> None:
        if change_cents:
            key = pair.market_key
            self._by_market[key] = self._by_market.get(key, 0) + change_cents
            self._by_event[key.event_id] = self._by_event.get(key.event_id, 0) + change_cents
            self.total_cents += change_cents
            self.max_total_cents = max(self.max_total_cents, self.total_cents)
