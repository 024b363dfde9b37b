"""How much of each limit of `risk` a desk uses, as its controls compare them."""

from collections.abc import Iterator
from math import isfinite

from strategies.trading.desk.desk import Desk
from strategies.trading.model.money import dollars_text
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.risk.market_plan import held_cents
from strategies.trading.snapshot.snapshot_types import LimitUse


def limit_uses(desk: Desk, now_ns: int) -> Iterator[LimitUse]:
    """Yield each limit of a session; of those on one event, market or line the largest use."""
    yield from _money_limits(desk)
    yield from _number_limits(desk, now_ns)


def event_limit_uses(desk: Desk) -> Iterator[tuple[str, LimitUse]]:
    """Yield the use of the limit on each event, with the name of the event."""
    limit_cents = desk.risk.limits.max_event_exposure_cents
    for event_id, state in desk.market_states.events.items():
        used_cents = desk.exposure.joint_of_event(event_id)
        yield state.event.name, _money("risk.max_event_exposure", used_cents, limit_cents)


def used_text(use: LimitUse) -> str:
    """Return what is used of a limit, for a person."""
    if use.used is None:
        return "unbounded"
    if use.is_money:
        return dollars_text(int(use.used))
    return f"{use.used:.2f}" if isinstance(use.used, float) else f"{use.used:,}"


def limit_text(use: LimitUse) -> str:
    """Return a limit, for a person."""
    if use.limit is None:
        return "no limit"
    if use.is_money:
        return dollars_text(int(use.limit))
    return f"{use.limit:g}" if isinstance(use.limit, float) else f"{use.limit:,}"


def _money_limits(desk: Desk) -> Iterator[LimitUse]:
    limits, losses = desk.risk.limits, desk.losses
    total_cents = desk.exposure.joint_total_cents()
    yield _money("risk.max_total_exposure", total_cents, limits.max_total_exposure_cents)
    yield from _largest(desk)
    lost_cents = max(0, losses.lost_today_cents)
    yield _money("risk.max_daily_loss", lost_cents, limits.max_daily_loss_cents or None)
    yield _money("risk.stop_loss_percentage", losses.fall_cents, losses.stop_cents or None)
    times = desk.risk.open_times_cash()
    yield LimitUse(
        "risk.max_open_stake_times_cash",
        times if isfinite(times) else None,
        float(limits.max_open_stake_times_cash) or None,
        is_money=False,
    )
    largest_cents = max((wager.stake_cents for wager in desk.wagers.live()), default=0)
    yield _money("risk.max_stake_per_wager", largest_cents, limits.max_stake_cents)


def _largest(desk: Desk) -> Iterator[LimitUse]:
    """Yield the limits on one event, market and line, with the largest that is used of each."""
    limits, exposure, states = desk.risk.limits, desk.exposure, desk.market_states
    event_cents = max(map(exposure.joint_of_event, states.events), default=0)
    market_cents = max(map(exposure.of_market, states.markets), default=0)
    line_cents = max(
        (
            held_cents(limits, position, side) + position.open_cents[side]
            for position in exposure.positions.values()
            for side in (0, 1)
        ),
        default=0,
    )
    yield _money("risk.max_event_exposure", event_cents, limits.max_event_exposure_cents)
    yield _money("risk.max_market_exposure", market_cents, limits.max_market_exposure_cents)
    yield _money("risk.max_position_size", line_cents, limits.max_position_cents)


def _number_limits(desk: Desk, now_ns: int) -> Iterator[LimitUse]:
    limits = desk.risk.limits
    yield _number(
        "risk.max_concurrent_wagers", desk.wagers.live_count, limits.max_concurrent_wagers
    )
    commands = desk.risk.commands_since(now_ns - NS_PER_SECOND)
    yield _number("risk.max_commands_per_second", commands, limits.max_commands_per_second)
    rejections = desk.rejections.count(now_ns)
    yield _number("risk.max_rejections_in_row", rejections, limits.max_rejections_in_row or None)


def _money(name: str, used_cents: int, limit_cents: int | None) -> LimitUse:
    return LimitUse(name, used_cents, limit_cents, is_money=True)


def _number(name: str, used: int, limit: int | None) -> LimitUse:
    return LimitUse(name, used, limit, is_money=False)
