"""Plans the quotes of one market: how much each line may be staked within the limits."""

from strategies.trading.model.ids import LineId, MarketKey
from strategies.trading.model.market import Pair
from strategies.trading.model.position import Exposure, Position, worst_case_cents
from strategies.trading.risk.limits import Limits


class _PlannedPair:
    """A pair's matched position with the stakes planned on its two lines."""

    __slots__ = ("planned_cents", "position")

    def __init__(self, position: Position) -> None:
        self.position = position
        self.planned_cents = [0, 0]

    def exposure_cents(self) -> int:
        first, second = self.position.profit_if
        planned_first, planned_second = self.planned_cents
        return -worst_case_cents((first, second), (planned_first, planned_second))


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

    def include(self, pair: Pair) -> None:
        """Add a pair of the market to the plan."""
        planned = _PlannedPair(self._exposure.position(pair))
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
        held_cents = planned.position.line_loss_cents(side) + planned.planned_cents[side]
        return self._limits.max_position_cents - held_cents

    def most_by_exposure(self, line_id: LineId, *, reducing: bool) -> int:
        """Return how much more may be staked on a line by the exposure limits, in cents.

        A stake that does not worsen the worst case of its pair is always allowed; when reducing,
        nothing else is.
        """
        planned, side = self._by_line[line_id]
        limit_cents = 0 if reducing else self._exposure_limit_cents(planned)
        limit_cents = max(limit_cents, planned.exposure_cents())
        return limit_cents + planned.position.profit_if[1 - side] - planned.planned_cents[side]

    def _exposure_limit_cents(self, planned: _PlannedPair) -> int:
        """Return the most that a pair may lose, given what everything else may lose, in cents."""
        others_cents = sum(other.exposure_cents() for other in self._pairs if other is not planned)
        return min(
            self._limits.max_market_exposure_cents - others_cents,
            self._limits.max_event_exposure_cents - self._event_others_cents - others_cents,
            self._limits.max_total_exposure_cents - self._total_others_cents - others_cents,
        )
