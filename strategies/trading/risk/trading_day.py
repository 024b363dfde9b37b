"""Trading days: a day turns at a local time, so that one evening's games belong to one day."""

import re
from calendar import timegm
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from strategies.trading.model.setting_reader import SettingError
from strategies.trading.model.units import NS_PER_SECOND

# Days of runs that were recorded before the setting existed.
UTC_MIDNIGHT = "00:00 UTC"

_FORMAT = re.compile(r"([01]\d|2[0-3]):([0-5]\d) (\S+)")


@dataclass(frozen=True, slots=True)
class TradingDays:
    """Days that begin at a local time of a zone; one is an hour shorter or longer at a DST change.

    A time that a change skips counts as that much later; of one that a change repeats, the first
    counts.
    """

    time: time
    zone: ZoneInfo

    def start_ns(self, now_ns: int) -> int:
        """Return when the day of a moment began, in nanoseconds since the epoch."""
        today = datetime.fromtimestamp(now_ns // NS_PER_SECOND, self.zone).date()
        # In the hours before the day turns, and around a change, the date is not that of the day.
        starts = (self._start_ns(today + timedelta(days)) for days in (1, 0, -1))
        return next(start_ns for start_ns in starts if start_ns <= now_ns)

    def end_ns(self, now_ns: int) -> int:
        """Return when the day of a moment ends, which is when the next one begins."""
        today = datetime.fromtimestamp(now_ns // NS_PER_SECOND, self.zone).date()
        starts = (self._start_ns(today + timedelta(days)) for days in (0, 1))
        return next(start_ns for start_ns in starts if start_ns > now_ns)

    def _start_ns(self, day: date) -> int:
        local = datetime.combine(day, self.time, self.zone)
        return timegm(local.astimezone(UTC).utctimetuple()) * NS_PER_SECOND


def read_trading_days(text: str) -> TradingDays:
    """Return the days that a text such as `06:00 America/New_York` sets; raise SettingError."""
    found = _FORMAT.fullmatch(text)
    if found is None:
        message = f"{text!r} is no time with a zone; write it as 06:00 America/New_York"
        raise SettingError("day_starts", message)
    hour, minute, name = found.groups()
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"{name!r} is no time zone of the IANA database, such as America/New_York"
        raise SettingError("day_starts", message) from None
    return TradingDays(time(int(hour), int(minute)), zone)
