"""Exposure: the worst case of every pair, and its sums by market, by event and in total.

Worst cases of different pairs are added up, as if all happened at once, which never understates the
risk. Open and in-flight wagers count in full, and so does stake that the exchange is known to have
matched before its fill is received.
"""

from collections.abc import Sequence

from strategies.trading.model.ids import EventId, MarketKey, PairId
from strategies.trading.model.market import Pair
from strategies.trading.model.position import Position


class Exposure:
    """The positions of a session in cents, with running sums by market, by event and in total.

    The sums are kept rather than computed, so that a limit check costs the same with any number
    of positions. `matched_cents` and `open_cents` are stakes, `credit_cents` is the stake set free
    because matched wagers on both lines of a pair cover each other.
    """

    def __init__(self) -> None:
        """Start without positions."""
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
        """Return the position in a pair; a flat one is added if there was none."""
        position = self.positions.get(pair.pair_id)
        if position is None:
            position = self.positions[pair.pair_id] = Position(pair)
            self._positions_by_event.setdefault(pair.first.event_id, []).append(position)
        return position

    def positions_of(self, event_id: EventId) -> Sequence[Position]:
        """Return the positions in the pairs of an event."""
        return self._positions_by_event.get(event_id, ())

    def of_market(self, market_key: MarketKey) -> int:
        """Return the most that the pairs of a market can lose, in cents."""
        return self._by_market.get(market_key, 0)

    def of_event(self, event_id: EventId) -> int:
        """Return the most that the pairs of an event can lose, in cents."""
        return self._by_event.get(event_id, 0)

    def change_open(self, pair: Pair, side: int, change_cents: int) -> None:
        """Change the open stake on the first (0) or second (1) line of a pair."""
        self.open_cents += change_cents
        self._shift(pair, self.position(pair).change_open(side, change_cents))

    def match(
        self, pair: Pair, side: int, stake_cents: int, profit_cents: int, from_open_cents: int
    ) -> None:
        """Book a fill, of which `from_open_cents` had counted as open until now."""
        worsened_cents, credit_cents = self.position(pair).match(
            side, stake_cents, profit_cents, from_open_cents
        )
        self.open_cents -= from_open_cents
        self.matched_cents += stake_cents
        self.credit_cents += credit_cents
        self._shift(pair, worsened_cents)

    def release(self, pair: Pair) -> None:
        """Remove what is matched, as the pair was settled."""
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
