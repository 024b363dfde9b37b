"""Which alerts go out, and when: levels, repeats, quiet hours."""

from datetime import UTC, datetime

import pytest

from live.session.alerts.alert import Alert, AlertLevel
from live.session.alerts.alert_filter import AlertFilter
from live.session.alerts.alert_settings import AlertSettings
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.setting_reader import read_settings
from strategies.trading.model.units import NS_PER_SECOND

MINUTE_NS = 60 * NS_PER_SECOND


def at(text: str) -> int:
    """Return a moment of UTC, in nanoseconds."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return int(moment.timestamp()) * NS_PER_SECOND


def limit(
    at_ns: int, text: str = "limit", subject: str = "", level: AlertLevel = AlertLevel.WARNING
) -> Alert:
    """Return an alert that happened at a moment."""
    return Alert("limit", level, text, subject, at_ns)


def test_what_is_below_the_level_is_not_sent() -> None:
    """A person who wants only what is critical gets nothing else."""
    filtering = AlertFilter(AlertSettings(level="critical"))
    assert filtering.admit(limit(0)) == []
    assert filtering.admit(limit(0, level=AlertLevel.CRITICAL)) == [
        limit(0, level=AlertLevel.CRITICAL)
    ]


def test_repeats_are_counted_and_go_out_as_one() -> None:
    """A thousand alerts in a quarter of an hour are two messages; another subject is another."""
    filtering = AlertFilter(AlertSettings(repeat_minutes=15))
    start_ns = at("2026-01-15T00:00:00")
    assert filtering.admit(limit(start_ns, "first")) == [limit(start_ns, "first")]
    for number in range(1, 1_000):
        assert filtering.admit(limit(start_ns + number, f"{number}")) == []
        assert filtering.due(start_ns + number) == []
    assert filtering.admit(limit(start_ns, "other", "event")) == [limit(start_ns, "other", "event")]
    (sent,) = filtering.due(start_ns + 15 * MINUTE_NS)
    assert sent.text == "999 more within 15 min, the last: 999"
    # They go on: again one message for each such time, and none when they have ceased.
    assert filtering.admit(limit(start_ns + 16 * MINUTE_NS, "again")) == []
    (later,) = filtering.due(start_ns + 30 * MINUTE_NS)
    assert later.text == "1 more within 15 min, the last: again"
    assert filtering.due(start_ns + 45 * MINUTE_NS) == []
    fresh = limit(start_ns + 46 * MINUTE_NS, "fresh")
    assert filtering.admit(fresh) == [fresh]


def test_quiet_hours_hold_what_can_wait_until_they_end() -> None:
    """In New York's night a halt goes out; the rest is one message in the morning."""
    settings = AlertSettings(quiet="23:00-07:00 America/New_York", repeat_minutes=1)
    filtering = AlertFilter(settings)
    evening_ns, night_ns = at("2026-01-15T03:59:59"), at("2026-01-15T04:00:00")
    morning_ns = at("2026-01-15T12:00:00")
    assert filtering.admit(limit(evening_ns, subject="a")) == [limit(evening_ns, subject="a")]
    assert filtering.admit(limit(night_ns, "used 81 %", "b")) == []
    assert filtering.admit(limit(night_ns + 2 * MINUTE_NS, "used 85 %", "b")) == []
    assert filtering.admit(limit(night_ns, "used 90 %", "c")) == []
    halt = Alert("halt", AlertLevel.CRITICAL, "halted: disk", "disk", night_ns)
    assert filtering.admit(halt) == [halt]
    assert filtering.due(morning_ns - 1) == []
    (held,) = filtering.due(morning_ns)
    assert held.level is AlertLevel.WARNING
    assert held.text == "used 85 % (the last of 2)\nused 90 %"
    assert filtering.due(morning_ns + MINUTE_NS) == []


def test_what_is_held_is_bounded_and_counted() -> None:
    """A night of a thousand subjects is one message that a telephone can show."""
    filtering = AlertFilter(AlertSettings(quiet="00:00-23:59 UTC"))
    now_ns = at("2026-01-15T12:00:00")
    for number in range(1_000):
        filtering.admit(limit(now_ns, subject=str(number)))
    (held,) = filtering.close(now_ns)
    assert held.text.endswith("\n950 more alerts")
    assert len(held.text.splitlines()) == 51


@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        ("quiet", "23:00-07:00", "is no span with a zone; write it as 23:00-07:00 America"),
        ("quiet", "23:00-07:00 Amerika/New_York", "is no time zone of the IANA database"),
        ("quiet", "24:00-07:00 UTC", "is no span with a zone"),
        ("quiet", "07:00-07:00 UTC", "begins when it ends; leave it null"),
        ("quiet_level", "loud", "'loud' is not one of info, warning, critical"),
        ("summary_at", "6 am", "is no time with a zone; write it as 06:00 America/New_York"),
        ("repeat_minutes", 0, "0 is not a number of minutes, above 0"),
        ("fill_distance", 5, "5 is not a probability"),
        ("urls", ["hunter2"], "is no URL of apprise; write SERVICE://..."),
        ("urls", "json://hunter2", "its value is not a list"),
        ("urls", [7], "its value is not a list"),
    ],
)
def test_a_wrong_setting_is_named(setting: str, value: object, problem: str) -> None:
    """One line, with its name and what is allowed; a URL is not repeated."""
    with pytest.raises(ConfigError) as refusal:
        read_settings("alert", AlertSettings, {setting: value})
    assert str(refusal.value).startswith(f"alert.{setting}")
    assert problem in str(refusal.value)
    assert "hunter2" not in str(refusal.value)
