"""Times in texts: ISO dates and times, in UTC unless they say otherwise."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from strategies.trading.model.units import NS_PER_SECOND

# The exchange's bulletins and files are in this time, so a month is taken to turn in it.
_EXCHANGE_ZONE = ZoneInfo("America/New_York")


def utc_ns(text: str) -> int:
    """Return a date, or a date with a time, as nanoseconds since the epoch; raise ValueError."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    seconds = int(time.replace(microsecond=0).timestamp())
    return seconds * NS_PER_SECOND + time.microsecond * 1_000


def possible_ns(ns: int) -> int:
    """Return a time if it fits in 64 bits and is none before 1970; raise ValueError otherwise."""
    if not 0 <= ns < 1 << 63:
        message = "a time is from 1970 to 2262"
        raise ValueError(message)
    return ns


def utc_text(ns: int) -> str:
    """Return a time in nanoseconds since the epoch as date and clock, to the second."""
    return f"{datetime.fromtimestamp(ns // NS_PER_SECOND, UTC):%Y-%m-%d %H:%M:%S} UTC"


def month_of(ns: int) -> str:
    """Return the exchange's month of a time, such as 2026-07: that of New York."""
    return f"{datetime.fromtimestamp(ns // NS_PER_SECOND, _EXCHANGE_ZONE):%Y-%m}"


def month_end_ns(month: str) -> int:
    """Return the last nanosecond of an exchange's month, given as 2026-07."""
    year, number = map(int, month.split("-"))
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=_EXCHANGE_ZONE)
    return int(end.timestamp()) * NS_PER_SECOND - 1
