"""Times as people write them: in UTC, or before and after a start."""

import re
from datetime import UTC, datetime, timedelta

from strategies.trading.model.errors import ConfigError
from strategies.trading.model.units import NS_PER_SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RELATIVE = re.compile(r"([+-])(\d{1,4}):([0-5]\d):([0-5]\d)")


def utc_text(ns: int) -> str:
    """Return a time in UTC, to the second: "2026-01-15 00:30:00 UTC"."""
    return datetime.fromtimestamp(ns // NS_PER_SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def span_text(ns: int) -> str:
    """Return a span, which is not negative, in hours, minutes and seconds: "1:30:00"."""
    return str(timedelta(seconds=ns // NS_PER_SECOND))


def parse_time(text: str, start_ns: int | None) -> int:
    """Return the nanoseconds since the epoch of a time in UTC, or of one relative to a start.

    Raise ConfigError for another form, or for a relative one if there are several starts.
    """
    relative = _RELATIVE.fullmatch(text)
    if relative is None:
        return _parse_utc(text)
    if start_ns is None:
        message = f"time {text!r}: the events start at different times; give one in UTC"
        raise ConfigError(message)
    sign, *parts = relative.groups()
    hours, minutes, seconds = map(int, parts)
    span_ns = (hours * 3600 + minutes * 60 + seconds) * NS_PER_SECOND
    return start_ns - span_ns if sign == "-" else start_ns + span_ns


def _parse_utc(text: str) -> int:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        message = (
            f"time {text!r}: neither one in UTC, such as 2026-01-15T00:30:00, nor one relative to "
            "the start, such as -01:30:00"
        )
        raise ConfigError(message) from error
    since = (time if time.tzinfo else time.replace(tzinfo=UTC)) - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000
