"""How much of each limit of `risk` a desk uses, for a person: as its controls compare them."""

from collections.abc import Iterator

from strategies.trading.desk.desk import Desk
from strategies.trading.model.market import Pair
from strategies.trading.model.money import dollars_text
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.risk.market_plan import held_cents


def session_limits(desk: Desk, now_ns: int) -> Iterator[tuple[str, str, str]]:
    """Yield each limit on a whole session: its setting, what is used of it, and the limit."""
    yield from _money_limits(desk)
    yield from _number_limits(desk, now_ns)


def _money_limits(desk: Desk) -> Iterator[tuple[str, str, str]]:
    limits, losses = desk.risk.limits, desk.losses
    total_cents = desk.exposure.joint_total_cents()
    yield "risk.max_total_exposure", *_dollars(total_cents, limits.max_total_exposure_cents)
    lost_cents = max(0, losses.lost_today_cents)
    yield "risk.max_daily_loss", *_dollars(lost_cents, limits.max_daily_loss_cents, unset=0)
    yield "risk.stop_loss_percentage", *_dollars(losses.fall_cents, losses.stop_cents, unset=0)
    times = limits.max_open_stake_times_cash
    used = f"{desk.risk.open_times_cash():.2f}"
    yield "risk.max_open_stake_times_cash", used, f"{times:g}" if times else "no limit"
    largest_cents = max((wager.stake_cents for wager in desk.wagers.live()), default=0)
    yield "risk.max_stake_per_wager", *_dollars(largest_cents, limits.max_stake_cents)


def _number_limits(desk: Desk, now_ns: int) -> Iterator[tuple[str, str, str]]:
    limits = desk.risk.limits
    live, most = desk.wagers.live_count, limits.max_concurrent_wagers
    yield "risk.max_concurrent_wagers", f"{live:,}", f"{most:,}"
    commands = desk.risk.commands_since(now_ns - NS_PER_SECOND)
    yield "risk.max_commands_per_second", f"{commands:,}", f"{limits.max_commands_per_second:,}"
    most = limits.max_rejections_in_row
    rejections = f"{desk.rejections.count(now_ns):,}"
    yield "risk.max_rejections_in_row", rejections, f"{most:,}" if most else "no limit"


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


def _dollars(cents: int, limit_cents: int, unset: int | None = None) -> tuple[str, str]:
    limit = "no limit" if limit_cents == unset else dollars_text(limit_cents)
    return dollars_text(cents), limit
