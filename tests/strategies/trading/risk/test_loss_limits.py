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


def test_the_loss_of_the_day_is_hit_at_its_limit(make_limits: MakeLimits) -> None:
    """A cent short of the limit the desk trades on; at the limit it is told so, with the figure."""
    watch = LossLimits(make_limits(max_daily_loss_cents=1_000), 100_000)
    assert watch.limit_hit(NOON_NS, 99_001) is None
    assert watch.limit_hit(NOON_NS, 99_000) == "max_daily_loss: $10.00 lost today"
    assert watch.hit == "max_daily_loss: $10.00 lost today"


def test_what_was_won_today_may_be_lost_today(make_limits: MakeLimits) -> None:
    """The day's loss counts from the equity at its start, not from its best moment."""
    watch = LossLimits(make_limits(max_daily_loss_cents=1_000), 100_000)
    assert watch.limit_hit(NOON_NS, 105_000) is None
    assert watch.limit_hit(NOON_NS, 99_500) is None


def test_each_day_starts_with_the_equity_of_the_day_before(make_limits: MakeLimits) -> None:
    """Losses of yesterday are not counted today; days are those of UTC."""
    watch = LossLimits(make_limits(max_daily_loss_cents=1_000), 100_000)
    assert watch.limit_hit(NOON_NS, 99_200) is None
    midnight_ns = NOON_NS + DAY_NS // 2
    assert watch.limit_hit(midnight_ns - 1, 99_100) is None
    assert watch.limit_hit(midnight_ns, 98_200) is None
    assert watch.limit_hit(midnight_ns, 98_100) is not None


def test_the_stop_loss_follows_the_highest_equity(make_limits: MakeLimits) -> None:
    """A fall of 10 % of the starting balance from the top stops, though money was made in all."""
    watch = LossLimits(make_limits(stop_loss_percent=Decimal(10)), 100_000)
    assert watch.limit_hit(NOON_NS, 130_000) is None
    assert watch.limit_hit(NOON_NS + DAY_NS, 120_001) is None
    reason = watch.limit_hit(NOON_NS + DAY_NS, 120_000)
    assert reason == "stop_loss_percentage: $100.00 below the highest equity"


def test_a_limit_of_zero_is_no_limit(make_limits: MakeLimits) -> None:
    """With both loss limits at zero any loss passes, but the drawdown is kept."""
    watch = LossLimits(make_limits(), 100_000)
    assert watch.limit_hit(NOON_NS, 0) is None
    assert (watch.hit, watch.max_drawdown_cents) == (None, 100_000)


def test_a_person_who_accepts_a_loss_starts_the_count_anew(make_limits: MakeLimits) -> None:
    """After a person lets the desk go on, the limits count from the equity of that moment."""
    limits = make_limits(max_daily_loss_cents=1_000, stop_loss_percent=Decimal(1))
    watch = LossLimits(limits, 100_000)
    assert watch.limit_hit(NOON_NS, 98_000) is not None
    watch.accept(98_000)
    assert watch.hit is None
    assert watch.limit_hit(NOON_NS, 97_001) is None
    assert watch.limit_hit(NOON_NS, 97_000) is not None


@given(st.lists(st.tuples(st.integers(0, 100_000), st.booleans()), max_size=12))
def test_the_drawdown_is_the_greatest_fall_from_the_highest_equity_so_far(
    make_limits: MakeLimits, course: list[tuple[int, bool]]
) -> None:
    """Whatever a person accepts on the way, the drawdown reported is that of the whole session."""
    watch = LossLimits(make_limits(), 50_000)
    highest, deepest = 50_000, 0
    for equity, accepted in course:
        watch.limit_hit(NOON_NS, equity)
        if accepted:
            watch.accept(equity)
        highest = max(highest, equity)
        deepest = max(deepest, highest - equity)
    assert watch.max_drawdown_cents == deepest
