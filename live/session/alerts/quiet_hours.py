"""Hours of the night in a zone, in which only what cannot wait wakes a person."""

import re
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from strategies.trading.model.setting_reader import SettingError
from strategies.trading.model.units import NS_PER_SECOND

_TIME = r"([01]\d|2[0-3]):([0-5]\d)"
_FORMAT = re.compile(rf"{_TIME}-{_TIME} (\S+)")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The hours from one local time of a zone to another, which may be on the next day."""

    begin: time
    end: time
    zone: ZoneInfo

    def contain(self, now_ns: int) -> bool:
        """Return whether a moment, in nanoseconds since the epoch, is in these hours."""
        local = datetime.fromtimestamp(now_ns // NS_PER_SECOND, self.zone).time()
        if self.begin <= self.end:
            return self.begin <= local < self.end
        return local >= self.begin or local < self.end


def read_quiet_hours(text: str) -> QuietHours:
    """Return the hours of a text such as `23:00-07:00 America/New_York`; raise SettingError."""
    found = _FORMAT.fullmatch(text)
    if found is None:
        message = f"{text!r} is no span with a zone; write it as 23:00-07:00 America/New_York"
        raise SettingError("quiet", message)
    begin_hour, begin_minute, end_hour, end_minute, name = found.groups()
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"{name!r} is no time zone of the IANA database, such as America/New_York"
        raise SettingError("quiet", message) from None
    begin, end = time(int(begin_hour), int(begin_minute)), time(int(end_hour), int(end_minute))
    if begin == end:
        message = f"{text!r} begins when it ends; leave it null for no quiet hours"
        raise SettingError("quiet", message)
    return QuietHours(begin, end, zone)
