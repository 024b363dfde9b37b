"""Positions without a result, as one run records them and the next run takes them over."""

from collections.abc import Container

from msgspec.structs import replace

from strategies.trading.model.earlier_runs import HeldPosition
from strategies.trading.model.ids import PairId
from strategies.trading.model.position import Exposure, Position


def held_positions(exposure: Exposure) -> tuple[HeldPosition, ...]:
    """Return the positions without a result, with their values at this moment."""
    return tuple(
        HeldPosition(
            pair_id, exposure.fair_of(pair_id), position.mark_cents, _worst_cents(position)
        )
        for pair_id, position in exposure.positions.items()
        if not position.flat
    )


def take_over_marks(
    exposure: Exposure, recorded: tuple[HeldPosition, ...], followed: Container[PairId]
) -> tuple[HeldPosition, ...]:
    """Mark restored positions at their recorded fair prices; return those that were not restored.

    Of a pair that is not followed any more no result will arrive, so its position counts at its
    worst outcome from here on; on paper, which restores none, the others keep their last mark.
    """
    missing = []
    for held in recorded:
        position = exposure.positions.get(held.pair_id)
        if position is None or position.flat:
            is_followed = held.pair_id in followed
            missing.append(held if is_followed else replace(held, mark_cents=held.worst_cents))
        elif held.fair is not None:
            exposure.mark(position.pair, held.fair)
    return tuple(missing)


def _worst_cents(position: Position) -> int:
    return min(0, *position.profit_if)
