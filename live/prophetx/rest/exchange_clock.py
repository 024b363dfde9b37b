"""The exchange's own time, by the dates of its responses."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from live.prophetx.rest.endpoint import Endpoint
from live.wall_clock import WallClock
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.units import NS_PER_SECOND

# Header in which our own sandbox reports the speed of its clock.
SPEED_HEADER = "X-Sandbox-Speed"

# Real seconds by which the two clocks may differ: a date has whole seconds, and a response may have
# been long on its way.
_TOLERANCE_SECONDS = 30


class ExchangeClock:
    """Compares our clock with the exchange's.

    What depends on the exchange's time asks here: a wrong local clock would hide open wagers from a
    query of the last week.
    """

    def __init__(self, endpoint: Endpoint, clock: WallClock) -> None:
        """Start without a response; until there is one, our own clock is believed."""
        self._endpoint = endpoint
        self._clock = clock
        self._ahead_ns = 0
        self._speed: str | None = None
        self.was_noted = False

    def note(self, headers: Mapping[str, str]) -> None:
        """Take the date of a response; one without a valid date is passed over."""
        self.was_noted = True
        try:
            date = parsedate_to_datetime(headers.get("Date", ""))
            date_ns = int(date.timestamp()) * NS_PER_SECOND
        except (ValueError, OverflowError):
            # Also a date that is written as one, in a year that no clock shows.
            return
        self._speed = headers.get(SPEED_HEADER)
        self._ahead_ns = date_ns - self._clock.wall_ns()

    def seconds(self) -> int:
        """Return the exchange's time, in seconds since the epoch."""
        return (self._clock.wall_ns() + self._ahead_ns) // NS_PER_SECOND

    def require_same(self) -> None:
        """Raise ConfigError if the clocks differ by more than 30 seconds of wall time."""
        endpoint = self._endpoint
        if abs(self._ahead_ns) <= _TOLERANCE_SECONDS * endpoint.speed * NS_PER_SECOND:
            return
        if self._speed is not None:
            message = (
                f"sandbox.speed: {endpoint.speed:g} is not that of {endpoint.name} at "
                f"{endpoint.root}; use sandbox.speed={self._speed}"
            )
            raise ConfigError(message)
        ours = datetime.fromtimestamp(self._clock.wall_ns() // NS_PER_SECOND, UTC)
        theirs = datetime.fromtimestamp(self.seconds(), UTC)
        message = (
            f"the clock of this machine shows {ours:%Y-%m-%d %H:%M:%S} UTC, that of "
            f"{endpoint.name} {theirs:%Y-%m-%d %H:%M:%S}; set ours (timedatectl set-ntp true)"
        )
        raise ConfigError(message)
