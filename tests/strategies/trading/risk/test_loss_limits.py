"""The loss limits: a day's loss, and a fall from the highest equity."""

from calendar import timegm
from collections.abc import Callable
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from strategies.trading.model.earlier_runs import HeldPosition, LossRecord
from strategies.trading.model.ids import PairId
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.risk.limits import Limits
from strategies.trading.risk.loss_limits import LossLimits

DAY_NS = 86_400 * NS_PER_SECOND
NOON_NS = 20_000 * DAY_NS + DAY_NS // 2


def utc_ns(*moment: int) -> int:
    """Return a time of UTC, in nanoseconds since the epoch."""
    return timegm((*moment, 0, 0, 0)[:6]) * NS_PER_SECOND


MakeLimits = Callable[..., Limits]


def test_the_daily_loss_limit_binds_at_its_figure(make_limits: MakeLimits) -> None:
    """A cent below the limit passes; at the limit the reason is returned, with the figure."""
    watch = LossLimits(make_limits(max_daily_loss_cents=1_000), 100_000)
    assert watch.update(NOON_NS, 99_001) is None
    assert watch.update(NOON_NS, 99_000) == "max_daily_loss: $10.00 lost today"


def test_the_daily_loss_counts_from_the_start_of_the_day(make_limits: MakeLimits) -> None:
    """The day's loss counts from the equity at its start, not from its highest point."""
    watch = LossLimits(make_limits(max_daily_loss_cents=1_000), 100_000)
    assert watch.update(NOON_NS, 105_000) is None
    assert watch.update(NOON_NS, 99_500) is None


def test_each_day_starts_with_the_last_equity(make_limits: MakeLimits) -> None:
    """Yesterday's losses do not count today; without the setting days are those of UTC."""
    watch = LossLimits(make_limits(max_daily_loss_cents=1_000), 100_000)
    assert watch.update(NOON_NS, 99_200) is None
    midnight_ns = NOON_NS + DAY_NS // 2
    assert watch.update(midnight_ns - 1, 99_100) is None
    assert watch.update(midnight_ns, 98_200) is None
    assert watch.update(midnight_ns, 98_100) is not None


def test_the_stop_loss_follows_the_highest_equity(make_limits: MakeLimits) -> None:
    """A fall of 10 % of the starting balance from the highest equity stops the desk."""
    watch = LossLimits(make_limits(stop_loss_percent=Decimal(10)), 100_000)
    assert watch.update(NOON_NS, 130_000) is None
    assert watch.update(NOON_NS + DAY_NS, 120_001) is None
    reason = watch.update(NOON_NS + DAY_NS, 120_000)
    assert reason == "stop_loss_percentage: $100.00 below the highest equity"


def test_a_limit_of_zero_is_off(make_limits: MakeLimits) -> None:
    """With both loss limits at zero any loss passes, and the drawdown is still measured."""
    watch = LossLimits(make_limits(), 100_000)
    assert watch.update(NOON_NS, 0) is None
    assert watch.max_drawdown_cents == 100_000


def test_accepting_a_loss_restarts_the_count(make_limits: MakeLimits) -> None:
    """After an operator reactivates the desk, the limits count from the equity of that moment."""
    limits = make_limits(max_daily_loss_cents=1_000, stop_loss_percent=Decimal(1))
    watch = LossLimits(limits, 100_000)
    assert watch.update(NOON_NS, 98_000) is not None
    watch.accept(98_000)
    assert watch.update(NOON_NS, 97_001) is None
    assert watch.update(NOON_NS, 97_000) is not None


def test_a_day_turns_at_its_setting(make_limits: MakeLimits) -> None:
    """The evening's games of New York belong to one day, though UTC's midnight is among them."""
    limits = make_limits(max_daily_loss_cents=1_000, day_starts="06:00 America/New_York")
    watch = LossLimits(limits, 100_000)
    assert watch.update(utc_ns(2026, 1, 10, 23), 99_500) is None
    assert watch.update(utc_ns(2026, 1, 11, 10, 59), 99_001) is None
    assert watch.update(utc_ns(2026, 1, 11, 10, 59), 99_000) == "max_daily_loss: $10.00 lost today"
    assert watch.update(utc_ns(2026, 1, 11, 11), 98_001) is None


def test_a_restart_forgets_neither_the_days_loss_nor_the_peak(make_limits: MakeLimits) -> None:
    """A start on the same day goes on from the loss and the peak that the last one recorded."""
    limits = make_limits(max_daily_loss_cents=1_000, stop_loss_percent=Decimal(2))
    first = LossLimits(limits, 100_000)
    first.update(NOON_NS, 101_500)
    first.update(NOON_NS, 99_600)
    again = LossLimits(limits, 100_000)
    again.take_over(first.record(-400, ()), (), 100_000)
    assert again.update(NOON_NS, 99_901) is None
    reason = again.update(NOON_NS, 99_900)
    assert reason == "stop_loss_percentage: $20.00 below the highest equity"
    assert again.update(NOON_NS, 99_400) == "max_daily_loss: $10.00 lost today"
    assert again.max_drawdown_cents == 600


def test_a_start_on_another_day_counts_that_day_alone(make_limits: MakeLimits) -> None:
    """The loss of an earlier day does not count on the day of a later start."""
    limits = make_limits(max_daily_loss_cents=1_000)
    first = LossLimits(limits, 100_000)
    first.update(NOON_NS, 99_100)
    again = LossLimits(limits, 99_100)
    again.take_over(first.record(-900, ()), (), 99_100)
    assert again.update(NOON_NS + DAY_NS, 98_101) is None
    assert again.update(NOON_NS + DAY_NS, 98_100) is not None


def test_positions_that_a_start_does_not_hold_count_until_the_day_turns(
    make_limits: MakeLimits,
) -> None:
    """They are recorded again with their value, and become a part of the profit a day later."""
    limits = make_limits(max_daily_loss_cents=1_000)
    lost = HeldPosition(PairId("p"), None, -900, -900)
    again = LossLimits(limits, 100_000)
    again.take_over(LossRecord(day_from_ns=NOON_NS), (lost,), 100_000)
    assert again.update(NOON_NS, 99_900) is not None
    assert again.record(-100, ()).positions == (lost,)
    again.update(NOON_NS + DAY_NS, 99_900)
    assert again.record(-100, ()) == LossRecord(-1_000, NOON_NS + DAY_NS // 2, -1_000, 0, ())


@given(st.lists(st.tuples(st.integers(0, 100_000), st.booleans()), max_size=12))
def test_the_drawdown_is_the_largest_fall_from_the_highest_equity(
    make_limits: MakeLimits, figures: list[tuple[int, bool]]
) -> None:
    """Whatever losses were accepted, the reported drawdown is that of the whole session."""
    watch = LossLimits(make_limits(), 50_000)
    highest, deepest = 50_000, 0
    for equity, accepted in figures:
        watch.update(NOON_NS, equity)
        if accepted:
            watch.accept(equity)
        highest = max(highest, equity)
        deepest = max(deepest, highest - equity)
    assert watch.max_drawdown_cents == deepest
