"""Times in texts: ISO dates and times, in UTC unless they say otherwise."""

from datetime import UTC, datetime

from strategies.trading.model.units import NS_PER_SECOND


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
