"""How much of its limits a desk uses, as shares."""

from collections.abc import Iterator
from typing import NamedTuple

from strategies.trading.desk.desk import Desk
from strategies.trading.model.money import dollars_text


class LimitShare(NamedTuple):
    """The use of one limit: its setting, where it holds if not everywhere, the share, in words."""

    setting: str
    where: str
    share: float
    text: str


def limit_shares(desk: Desk) -> Iterator[LimitShare]:
    """Yield the use of the limits that are set on a whole session and on its events.

    Limits of a market, a line or a wager are left out: quotes are sized to use them.
    """
    limits, losses, exposure = desk.risk.limits, desk.losses, desk.exposure
    amounts = [
        ("risk.max_daily_loss", losses.lost_today_cents, limits.max_daily_loss_cents),
        ("risk.stop_loss_percentage", losses.fall_cents, losses.stop_cents),
        (
            "risk.max_total_exposure",
            exposure.joint_total_cents(),
            limits.max_total_exposure_cents,
        ),
    ]
    for setting, cents, limit_cents in amounts:
        if limit_cents:
            yield _share(setting, "", cents, limit_cents)
    most = limits.max_concurrent_wagers
    if most:
        live = desk.wagers.live_count
        text = f"{live:,} of {most:,} (risk.max_concurrent_wagers)"
        yield LimitShare("risk.max_concurrent_wagers", "", live / most, text)
    for event_id, event in desk.market_states.events.items():
        cents = exposure.joint_of_event(event_id)
        if cents and limits.max_event_exposure_cents:
            name, limit_cents = event.event.name, limits.max_event_exposure_cents
            yield _share("risk.max_event_exposure", name, cents, limit_cents)


def _share(setting: str, where: str, cents: int, limit_cents: int) -> LimitShare:
    used = f"{dollars_text(cents)} of {dollars_text(limit_cents)} ({setting})"
    text = f"{where}: {used}" if where else used
    return LimitShare(setting, where, cents / limit_cents, text)
