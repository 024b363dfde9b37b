"""The limits that exposure, positions and losses of a run are compared with, in words."""

from typing import NamedTuple

from sim.report.number_text import count, dollars, percent
from sim.report.run_folder import Run

# A limit is drawn where at least this share of it was reached; else it would flatten the figure.
_DRAWN_FROM = 0.3


class ReachedLimit(NamedTuple):
    """A limit, how much of it was reached, and its name, all in cents."""

    name: str
    limit_cents: int
    reached_cents: int

    @property
    def is_drawn(self) -> bool:
        """Return whether the limit is near enough to what was reached to be drawn."""
        return self.reached_cents >= _DRAWN_FROM * self.limit_cents

    def share_text(self) -> str:
        """Return which share of the limit was reached."""
        share = percent(self.reached_cents / self.limit_cents)
        return f"{share} of {self.name} of {dollars(self.limit_cents)}"


def exposure_limit(run: Run) -> ReachedLimit | None:
    """Return the limit of the whole account, None where it is unknown or there are several."""
    limits = run.summary.risk_limits
    if limits is None or run.summary.accounts > 1:
        return None
    reached_cents = run.summary.max_exposure_cents
    limit_cents = limits.max_total_exposure_cents
    if len(run.summary.events) == 1 and limits.max_event_exposure_cents < limit_cents:
        return _reached("the limit of an event", limits.max_event_exposure_cents, reached_cents)
    return _reached("the limit of all events", limit_cents, reached_cents)


def loss_limit(run: Run, worst_cents: int) -> ReachedLimit | None:
    """Return the limit of a day's loss beside a loss, None without one or with several."""
    limits = run.summary.risk_limits
    if limits is None or run.summary.accounts > 1:
        return None
    return _reached("the daily loss limit", limits.max_daily_loss_cents, max(0, -worst_cents))


def position_limit(run: Run, worst_cents: int) -> ReachedLimit | None:
    """Return the limit of one line's loss beside the worst one, None where it is unknown."""
    limits = run.summary.risk_limits
    if limits is None:
        return None
    return _reached("the limit of a position", limits.max_position_cents, max(0, -worst_cents))


def _reached(name: str, limit_cents: int, reached_cents: int) -> ReachedLimit | None:
    return ReachedLimit(name, limit_cents, reached_cents) if limit_cents else None


def denials_text(run: Run) -> str:
    """Return how often limits refused a wager, the most frequent one by name, or ""."""
    denials = run.summary.denials_by_control
    if not denials:
        return " No limit refused a wager."
    most = max(denials, key=lambda name: denials[name])
    return (
        f" Limits refused a wager {count(sum(denials.values()))} times, most often {most} "
        f"({count(denials[most])})."
    )
