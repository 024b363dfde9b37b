"""How much of each limit of `risk` a desk uses, for a person: as its controls compare them."""

from collections.abc import Iterator

from strategies.trading.desk.desk import Desk
from strategies.trading.model.market import Pair
from strategies.trading.model.money import dollars_text
from strategies.trading.risk.market_plan import held_cents
from strategies.trading.snapshot.limit_uses import limit_text, limit_uses, used_text


def session_limits(desk: Desk, now_ns: int) -> Iterator[tuple[str, str, str]]:
    """Yield each limit on a whole session: its setting, what is used of it, and the limit."""
    for use in limit_uses(desk, now_ns):
        yield use.name, used_text(use), limit_text(use)


def used_of(cents: int, name: str, limit_cents: int) -> str:
    """Return an amount, the limit on it and its setting."""
    return f"{dollars_text(cents)} of {dollars_text(limit_cents)} ({name})"


def line_limit(desk: Desk, pair: Pair, side: int) -> str | None:
    """Return what the first (0) or second (1) line may lose and its limit, None if nothing."""
    limits, position = desk.risk.limits, desk.exposure.positions.get(pair.pair_id)
    if position is None:
        return None
    cents = held_cents(limits, position, side) + position.open_cents[side]
    return used_of(cents, "risk.max_position_size", limits.max_position_cents) if cents else None
