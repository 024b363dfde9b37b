"""The loss limits: a day's loss, and a fall from the highest equity."""

from collections.abc import Callable
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.risk.limits import Limits
from strategies.trading.risk.loss_limits import LossLimits

DAY_NS = 86_400 * NS_PER_SECOND
NOON_NS = 20_000 * DAY_NS + DAY_NS // 2

MakeLimits = Callable[..., Limits]


def test_the_daily_loss_limit_binds_at_its_figure(make_limits: MakeLimits) -> None:
    """A cent below the limit passes; at the limit the reason is returned, with the figure."""
    watch = LossLimits(make_limits(max_daily_loss_cents=1_000), 100_000)
    assert watch.update(NOON_NS, 99_001) is None
    assert watch.update(NOON_NS, 99_000) == "max_daily_loss: $10.00 lost today"
    assert watch.hit == "max_daily_loss: $10.00 lost today"


def test_the_daily_loss_counts_from_the_start_of_the_day(make_limits: MakeLimits) -> None:
    """The day's loss counts from the equity at its start, not from its highest point."""
    watch = LossLimits(make_limits(max_daily_loss_cents=1_000), 100_000)
    assert watch.update(NOON_NS, 105_000) is None
    assert watch.update(NOON_NS, 99_500) is None


def test_each_day_starts_with_the_last_equity(make_limits: MakeLimits) -> None:
    """Yesterday's losses do not count today; days are UTC days."""
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
    assert (watch.hit, watch.max_drawdown_cents) == (None, 100_000)


def test_accepting_a_loss_restarts_the_count(make_limits: MakeLimits) -> None:
    """After an operator reactivates the desk, the limits count from the equity of that moment."""
    limits = make_limits(max_daily_loss_cents=1_000, stop_loss_percent=Decimal(1))
    watch = LossLimits(limits, 100_000)
    assert watch.update(NOON_NS, 98_000) is not None
    watch.accept(98_000)
    assert watch.hit is None
    assert watch.update(NOON_NS, 97_001) is None
    assert watch.update(NOON_NS, 97_000) is not None


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
