"""Positions in pairs: profit by outcome, open stake and worst case; and sums over all pairs."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from strategies.trading.model.event_exposure import PairOutcomes, worst_of_event_cents
from strategies.trading.model.ids import EventId, MarketKey, PairId
from strategies.trading.model.market import Pair, Result, SportEvent
from strategies.trading.model.market_types import is_decided_by_score

_NO_EVENTS: Mapping[EventId, SportEvent] = MappingProxyType({})


def worst_case_cents(first: int, second: int, open_first: int, open_second: int) -> int:
    """Return the least that a pair can bring in, over every outcome and every subset of fills.

    `first` and `second` are the matched profit if that line wins, the others the unmatched stakes
    on each. An open wager can only lower an outcome by losing its stake there, so the worst subset
    for an outcome is every open wager on the other line. A push or a void returns all stakes and
    brings zero.
    """
    return min(first - open_second, second - open_first, 0)


class Position:
    """The matched and the open stakes on the two lines of one pair, in cents.

    `profit_if[0]` is the profit if the first line wins, `profit_if[1]` if the second does;
    `matched_cents` and `open_cents` are stakes on the first and second line; `mark_cents` is the
    expected profit of what is matched at the last fair price, 0 before there was one.
    """

    __slots__ = ("mark_cents", "matched_cents", "open_cents", "pair", "profit_if")

    def __init__(self, pair: Pair) -> None:
        """Start flat."""
        self.pair = pair
        self.profit_if = [0, 0]
        self.matched_cents = [0, 0]
        self.open_cents = [0, 0]
        self.mark_cents = 0

    @property
    def flat(self) -> bool:
        """Return whether it pays nothing whatever the result.

        A profit that was corrected after its stake was settled is a position without a stake.
        """
        return self.matched_cents == [0, 0] and self.profit_if == [0, 0]

    def change_open(self, side: int, change_cents: int) -> int:
        """Change the open stake on a side; return by how much that worsens the worst case."""
        before_cents = self.worst_case_cents()
        self.open_cents[side] += change_cents
        return before_cents - self.worst_case_cents()

    def book_fill(
        self, side: int, stake_cents: int, profit_cents: int, from_open_cents: int = 0
    ) -> tuple[int, int]:
        """Book a fill on the first (0) or second (1) line; `from_open_cents` of it were open.

        Return by how much that worsens the worst case, and by how much it raises the credit.
        """
        worst_cents, credit_cents = self.worst_case_cents(), self.credit_cents()
        self.open_cents[side] -= from_open_cents
        self.profit_if[side] += profit_cents
        self.profit_if[1 - side] -= stake_cents
        self.matched_cents[side] += stake_cents
        return worst_cents - self.worst_case_cents(), self.credit_cents() - credit_cents

    def add_matched_of(self, other: "Position") -> None:
        """Add what is matched of another position in the same pair."""
        for side in (0, 1):
            self.profit_if[side] += other.profit_if[side]
            self.matched_cents[side] += other.matched_cents[side]

    def line_loss_cents(self, side: int) -> int:
        """Return what is lost of the matched stakes if the line loses; never below zero.

        What the other line then wins is counted: stakes that it offsets are not at risk.
        """
        return max(0, -self.profit_if[1 - side])

    def worst_case_cents(self) -> int:
        """Return the least this pair can bring in, open wagers included; never above zero."""
        first, second = self.profit_if
        open_first, open_second = self.open_cents
        return worst_case_cents(first, second, open_first, open_second)

    def outcomes(self, extra_cents: tuple[int, int] = (0, 0)) -> PairOutcomes:
        """Return the least that the pair brings in by winner, with open and `extra_cents` stakes.

        An open wager may fill or not: it counts where it loses, and not where it wins.
        """
        first, second = self.profit_if
        open_first, open_second = self.open_cents
        extra_first, extra_second = extra_cents
        return PairOutcomes(
            self.pair, first - open_second - extra_second, second - open_first - extra_first
        )

    def credit_cents(self) -> int:
        """Return the stake set free as what is matched on both lines covers each other.

        With profits p and stakes s of lines 1 and 2: min(0, p1 - s2, p2 - s1) + s1 + s2, which is
        never below zero. Commission is left out, as the exchange does.
        """
        return min(0, *self.profit_if) + sum(self.matched_cents)

    def added_worst_case_cents(self, side: int, stake_cents: int) -> int:
        """Return by how much one more open wager on a side would worsen the worst case."""
        open_cents = [*self.open_cents]
        open_cents[side] += stake_cents
        first, second = self.profit_if
        worse = worst_case_cents(first, second, open_cents[0], open_cents[1])
        return self.worst_case_cents() - worse

    def profit_under(self, first_result: Result) -> int:
        """Return the gross profit of what is matched, given the result of the first line."""
        if first_result is Result.WON:
            return self.profit_if[0]
        if first_result is Result.LOST:
            return self.profit_if[1]
        return 0

    def marked_cents(self, fair_first: float) -> int:
        """Return the expected profit of what is matched at a fair probability of the first."""
        return round(fair_first * self.profit_if[0] + (1.0 - fair_first) * self.profit_if[1])


class Exposure:
    """The positions of a session in cents, with running sums by market, by event and in total.

    The sums are kept rather than computed, so that a limit check costs the same with any number
    of positions. Worst cases of different pairs are added up, as if all happened at once, which
    never understates the risk; `joint_of_event` is the closer figure, over the scores of the game,
    and costs more. Open and in-flight wagers count in full, and so does stake that the exchange is
    known to have matched before its fill is received.

    `matched_cents` and `open_cents` are stakes, `turnover_cents` all stake that was ever matched,
    `credit_cents` is the stake set free because matched wagers on both lines of a pair cover each
    other, `marked_cents` the expected profit of what is matched, at the last fair prices.
    """

    def __init__(self, events: Mapping[EventId, SportEvent] = _NO_EVENTS) -> None:
        """Start without positions; the pairs of an event not in `events` are added up."""
        self._events = events
        self.positions: dict[PairId, Position] = {}
        self.total_cents = 0
        self.max_total_cents = 0
        self.open_cents = 0
        self.matched_cents = 0
        self.turnover_cents = 0
        self.credit_cents = 0
        self.marked_cents = 0
        self._positions_by_event: dict[EventId, list[Position]] = {}
        self._by_market: dict[MarketKey, int] = {}
        self._by_event: dict[EventId, int] = {}
        self._joint_by_event: dict[EventId, int] = {}
        self._fairs: dict[PairId, float] = {}

    def cash_cents(self, available_cents: int, *, with_credit: bool) -> int:
        """Return what can pay for open stake: the balance less matched stakes, plus the credit.

        `available_cents` is the balance less every stake.
        """
        credit_cents = self.credit_cents if with_credit else 0
        return available_cents + self.open_cents + credit_cents

    def position(self, pair: Pair) -> Position:
        """Return the position in a pair; a flat one is added if there was none."""
        position = self.positions.get(pair.pair_id)
        if position is None:
            position = self.positions[pair.pair_id] = Position(pair)
            self._positions_by_event.setdefault(pair.first.event_id, []).append(position)
        return position

    def position_or_flat(self, pair: Pair) -> Position:
        """Return the position in a pair; a flat one, which is not added, if there was none."""
        return self.positions.get(pair.pair_id) or Position(pair)

    def positions_of(self, event_id: EventId) -> Sequence[Position]:
        """Return the positions in the pairs of an event."""
        return self._positions_by_event.get(event_id, ())

    def of_market(self, market_key: MarketKey) -> int:
        """Return the most that the pairs of a market can lose, in cents."""
        return self._by_market.get(market_key, 0)

    def of_event(self, event_id: EventId) -> int:
        """Return the sum of what each pair of an event can lose, in cents."""
        return self._by_event.get(event_id, 0)

    def joint_of_event(self, event_id: EventId) -> int:
        """Return the most that the pairs of an event can lose at one final score, in cents."""
        cents = self._joint_by_event.get(event_id)
        if cents is None:
            outcomes = [position.outcomes() for position in self.positions_of(event_id)]
            cents = self._joint_by_event[event_id] = self.joint_cents(event_id, outcomes)
        return cents

    def joint_if_added(self, pair: Pair, side: int, stake_cents: int) -> int:
        """Return `joint_of_event` as it would be with one more open wager on a side of a pair."""
        event_id = pair.first.event_id
        mine = self.position(pair)
        outcomes = [each.outcomes() for each in self.positions_of(event_id) if each is not mine]
        added = mine.outcomes((0, stake_cents) if side else (stake_cents, 0))
        return self.joint_cents(event_id, [*outcomes, added])

    def joint_total_cents(self) -> int:
        """Return the sum over all events of the most that each can lose, in cents."""
        return sum(
            self.joint_of_event(event_id) for event_id, cents in self._by_event.items() if cents
        )

    def joint_cents(self, event_id: EventId, outcomes: Sequence[PairOutcomes]) -> int:
        """Return the most that pairs of an event with these outcomes can lose at one score."""
        return -worst_of_event_cents(outcomes, one_score=self.one_score(event_id))

    def one_score(self, event_id: EventId) -> bool:
        """Return whether the markets of an event are known to be decided by one score."""
        event = self._events.get(event_id)
        return event is not None and is_decided_by_score(event.sport)

    def change_open(self, pair: Pair, side: int, change_cents: int) -> None:
        """Change the open stake on the first (0) or second (1) line of a pair."""
        self._joint_by_event.pop(pair.first.event_id, None)
        self.open_cents += change_cents
        self._shift(pair, self.position(pair).change_open(side, change_cents))

    def book_fill(
        self, pair: Pair, side: int, stake_cents: int, profit_cents: int, from_open_cents: int
    ) -> None:
        """Book a fill, of which `from_open_cents` had counted as open until now."""
        self._joint_by_event.pop(pair.first.event_id, None)
        position = self.position(pair)
        worsened_cents, credit_cents = position.book_fill(
            side, stake_cents, profit_cents, from_open_cents
        )
        self.open_cents -= from_open_cents
        self.matched_cents += stake_cents
        self.turnover_cents += stake_cents
        self.credit_cents += credit_cents
        self._revalue(position)
        self._shift(pair, worsened_cents)

    def mark(self, pair: Pair, fair_first: float) -> None:
        """Value what is matched of a pair at a fair probability of its first line."""
        self._fairs[pair.pair_id] = fair_first
        position = self.positions.get(pair.pair_id)
        if position is not None:
            self._revalue(position)

    def fair_of(self, pair_id: PairId) -> float | None:
        """Return the last fair probability of a pair's first line, None before there was one."""
        return self._fairs.get(pair_id)

    def release(self, pair: Pair) -> None:
        """Remove what is matched, as the pair was settled."""
        self._joint_by_event.pop(pair.first.event_id, None)
        position = self.position(pair)
        before = position.worst_case_cents()
        self.credit_cents -= position.credit_cents()
        self.matched_cents -= sum(position.matched_cents)
        position.matched_cents = [0, 0]
        position.profit_if = [0, 0]
        self.marked_cents -= position.mark_cents
        position.mark_cents = 0
        self._shift(pair, before - position.worst_case_cents())

    def _revalue(self, position: Position) -> None:
        fair_first = self._fairs.get(position.pair.pair_id)
        # A position becomes flat again when its trades are broken.
        if fair_first is not None and (position.mark_cents or not position.flat):
            mark_cents = position.marked_cents(fair_first)
            self.marked_cents += mark_cents - position.mark_cents
            position.mark_cents = mark_cents

    def _shift(self, pair: Pair, change_cents: int) -> None:
        if change_cents:
            key = pair.market_key
            self._by_market[key] = self._by_market.get(key, 0) + change_cents
            self._by_event[key.event_id] = self._by_event.get(key.event_id, 0) + change_cents
            self.total_cents += change_cents
            self.max_total_cents = max(self.max_total_cents, self.total_cents)
