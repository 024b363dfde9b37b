"""Trading days: when they turn, also where a clock is changed."""

from calendar import timegm

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.trading.model.setting_reader import SettingError
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.risk.trading_day import UTC_MIDNIGHT, read_trading_days

HOUR_NS = 3_600 * NS_PER_SECOND
NEW_YORK = "06:00 America/New_York"


def utc_ns(*moment: int) -> int:
    """Return a time of UTC, in nanoseconds since the epoch."""
    return timegm((*moment, 0, 0, 0)[:6]) * NS_PER_SECOND


def day_of(text: str, now_ns: int) -> tuple[int, int]:
    """Return when the day of a moment begins and ends."""
    days = read_trading_days(text)
    return days.start_ns(now_ns), days.end_ns(now_ns)


@pytest.mark.parametrize(
    ("text", "now", "start", "hours"),
    [
        (UTC_MIDNIGHT, (2026, 7, 1, 23, 59), (2026, 7, 1, 0), 24),
        (NEW_YORK, (2026, 1, 11, 3), (2026, 1, 10, 11), 24),
        (NEW_YORK, (2026, 7, 1, 10), (2026, 7, 1, 10), 24),
        (NEW_YORK, (2026, 7, 1, 9, 59), (2026, 6, 30, 10), 24),
        # The clocks go forward on 8 March and back on 1 November, at two in the morning.
        (NEW_YORK, (2026, 3, 8, 9), (2026, 3, 7, 11), 23),
        (NEW_YORK, (2026, 11, 1, 9), (2026, 10, 31, 10), 25),
        # Two thirty does not exist that morning: the day turns at three thirty.
        ("02:30 America/New_York", (2026, 3, 8, 7, 29), (2026, 3, 7, 7, 30), 24),
        ("02:30 America/New_York", (2026, 3, 8, 8), (2026, 3, 8, 7, 30), 23),
        # One thirty comes twice: the first counts.
        ("01:30 America/New_York", (2026, 11, 1, 6, 40), (2026, 11, 1, 5, 30), 25),
    ],
)
def test_a_day_begins_at_a_local_time(
    text: str, now: tuple[int, ...], start: tuple[int, ...], hours: int
) -> None:
    """A moment belongs to the day whose local beginning is the last before it."""
    start_ns, end_ns = day_of(text, utc_ns(*now))
    assert start_ns == utc_ns(*start)
    assert end_ns - start_ns == hours * HOUR_NS


@given(st.integers(utc_ns(2020, 1, 1), utc_ns(2030, 1, 1)))
def test_days_follow_each_other_without_gap(now_ns: int) -> None:
    """Every moment is in exactly one day, and each day begins where the last one ends."""
    for text in (NEW_YORK, "02:30 Europe/Berlin", "23:59 Pacific/Auckland"):
        start_ns, end_ns = day_of(text, now_ns)
        assert start_ns <= now_ns < end_ns
        assert day_of(text, end_ns)[0] == end_ns
        assert day_of(text, start_ns - 1)[1] == start_ns


@pytest.mark.parametrize(
    "text", ["", "6:00 UTC", "24:00 UTC", "06:00", "06:00 New_York", "06:00 ../UTC", "06:00 UTC x"]
)
def test_a_time_without_a_zone_is_refused(text: str) -> None:
    """What is no time with a zone of the IANA database is a wrong setting, with the remedy."""
    with pytest.raises(SettingError, match=r"day_starts: .*America/New_York"):
        read_trading_days(text)
