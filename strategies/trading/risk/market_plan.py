"""Plans the quotes of one market: how much each line may be staked within the limits."""

from strategies.trading.model.event_exposure import PairOutcomes, worst_if_lost_cents
from strategies.trading.model.ids import LineId, MarketKey
from strategies.trading.model.market import Pair
from strategies.trading.model.position import Exposure, Position
from strategies.trading.risk.limits import Limits


def held_cents(limits: Limits, position: Position, side: int) -> int:
    """Return what is matched on a line as `max_position_cents` counts it."""
    if limits.nets_positions:
        return position.line_loss_cents(side)
    return position.matched_cents[side]


class _PlannedPair:
    """A pair's matched position with the stakes planned on its two lines."""

    __slots__ = ("planned_cents", "position")

    def __init__(self, position: Position) -> None:
        self.position = position
        self.planned_cents = [0, 0]

    def outcomes(self) -> PairOutcomes:
        first, second = self.position.profit_if
        planned_first, planned_second = self.planned_cents
        return PairOutcomes(self.position.pair, first - planned_second, second - planned_first)

    def exposure_cents(self) -> int:
        return -self.outcomes().worst_cents


class MarketPlan:
    """The quotes planned so far for a market, and how much more may be staked on each line."""

    def __init__(self, exposure: Exposure, limits: Limits, key: MarketKey) -> None:
        """Start from the matched stakes, as if nothing were open in this market."""
        self._limits = limits
        self._by_line: dict[LineId, tuple[_PlannedPair, int]] = {}
        self._pairs: list[_PlannedPair] = []
        now_cents = exposure.of_market(key)
        self._event_others_cents = exposure.of_event(key.event_id) - now_cents
        self._total_others_cents = exposure.total_cents - now_cents
        self._exposure = exposure
        self._key = key

    def include(self, pair: Pair) -> None:
        """Add a pair of the market to the plan."""
        planned = _PlannedPair(self._exposure.position_or_flat(pair))
        self._pairs.append(planned)
        self._by_line[pair.first.line_id] = (planned, 0)
        self._by_line[pair.second.line_id] = (planned, 1)

    def add(self, line_id: LineId, stake_cents: int) -> None:
        """Plan a stake on a line."""
        planned, side = self._by_line[line_id]
        planned.planned_cents[side] += stake_cents

    def most_by_position(self, line_id: LineId) -> int:
        """Return how much more may be staked on a line by the position limit, in cents."""
        planned, side = self._by_line[line_id]
        matched_cents = held_cents(self._limits, planned.position, side)
        return self._limits.max_position_cents - matched_cents - planned.planned_cents[side]

    def most_by_exposure(self, line_id: LineId, wanted_cents: int, *, reducing: bool) -> int:
        """Return how much more may be staked on a line by the exposure limits, in cents.

        A stake that does not worsen a worst case is within its limit; when reducing, nothing else
        is, of the market and of the event. Beyond `wanted_cents`, at least that much is returned,
        but not all that fits.
        """
        planned, side = self._by_line[line_id]
        limits = self._limits
        spare_cents = planned.position.profit_if[1 - side] - planned.planned_cents[side]
        others_cents = sum(other.exposure_cents() for other in self._pairs if other is not planned)
        market_cents = 0 if reducing else limits.max_market_exposure_cents - others_cents
        most_cents = max(market_cents, planned.exposure_cents()) + spare_cents
        if reducing:
            by_scores_cents = self._most_by_scores(planned.position.pair, side, 0)
            return min(most_cents, by_scores_cents)
        by_sums_cents = spare_cents - others_cents
        by_sums_cents += min(
            limits.max_event_exposure_cents - self._event_others_cents,
            limits.max_total_exposure_cents - self._total_others_cents,
        )
        # The sums over pairs are never below the joint figure, and cost nothing.
        if by_sums_cents >= min(most_cents, wanted_cents):
            return min(most_cents, by_sums_cents)
        event_cents = min(
            limits.max_event_exposure_cents,
            limits.max_total_exposure_cents - self._joint_of_other_events_cents(),
        )
        by_scores_cents = self._most_by_scores(planned.position.pair, side, event_cents)
        return min(most_cents, max(by_sums_cents, by_scores_cents))

    def _joint_of_other_events_cents(self) -> int:
        exposure = self._exposure
        return exposure.joint_total_cents() - exposure.joint_of_event(self._key.event_id)

    def _most_by_scores(self, pair: Pair, side: int, allowed_cents: int) -> int:
        """Return how much more may be staked by what the event can lose at one score, in cents.

        It may lose `allowed_cents`, or what it can lose already.
        """
        exposure, event_id = self._exposure, self._key.event_id
        outcomes = [
            position.outcomes()
            for position in exposure.positions_of(event_id)
            if position.pair.market_key != self._key
        ]
        outcomes += [planned.outcomes() for planned in self._pairs]
        allowed_cents = max(allowed_cents, exposure.joint_cents(event_id, outcomes))
        one_score = exposure.one_score(event_id)
        return allowed_cents + worst_if_lost_cents(outcomes, pair, side, one_score=one_score)
