"""Times as people write them: in UTC, or before and after a start."""

import re
from datetime import timedelta

from recordings.utc_time import utc_ns, utc_text
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.units import NS_PER_SECOND

_RELATIVE = re.compile(r"([+-])(\d{1,4}):([0-5]\d):([0-5]\d)")


def span_text(ns: int) -> str:
    """Return a span, which is not negative, in hours, minutes and seconds: "1:30:00"."""
    return str(timedelta(seconds=ns // NS_PER_SECOND))


def start_text(at_ns: int, start_ns: int) -> str:
    """Return how far a time is from a start: "0:30:00 before the start"."""
    when = "before" if at_ns < start_ns else "after"
    return f"{span_text(abs(start_ns - at_ns))} {when} the start"


def require_within(at_ns: int, first_ns: int, last_ns: int) -> None:
    """Raise ConfigError for a time that is not within a recording."""
    if not first_ns <= at_ns <= last_ns:
        message = (
            f"{utc_text(at_ns)} is not within the recording, which is from "
            f"{utc_text(first_ns)} to {utc_text(last_ns)}"
        )
        raise ConfigError(message)


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
        return utc_ns(text)
    except ValueError as error:
        message = (
            f"time {text!r}: neither one in UTC, such as 2026-01-15T00:30:00, nor one relative to "
            "the start, such as -01:30:00"
        )
        raise ConfigError(message) from error
