"""What a desk takes over from the earlier runs of its session, beside their wagers."""

from msgspec import Struct

from strategies.trading.model.events import TradingState
from strategies.trading.model.ids import PairId


class HeldPosition(Struct, frozen=True):
    """A position without a result: its last mark, and its worst outcome, both in cents.

    `fair` is the last fair probability of the pair's first line, None if there was none yet.
    """

    pair_id: PairId
    fair: float | None
    mark_cents: int
    worst_cents: int


class LossRecord(Struct, frozen=True):
    """What the loss limits know at a moment: cents of profit, from the session's first run on.

    `profit_cents` is settled. The day that began at `day_from_ns` is measured from
    `day_from_cents`, and the stop-loss from `peak_cents`; both count `positions` at their marks.
    """

    profit_cents: int = 0
    day_from_ns: int = 0
    day_from_cents: int = 0
    peak_cents: int = 0
    positions: tuple[HeldPosition, ...] = ()


class EarlierRuns(Struct, frozen=True):
    """The trading state that earlier runs left, with its reason, and their losses.

    A halt stays until a person lifts it, whatever ended the process meanwhile.
    """

    state: TradingState = TradingState.ACTIVE
    reason: str = ""
    losses: LossRecord = LossRecord()


NO_EARLIER_RUNS = EarlierRuns()
