"""The settings of the sandbox: its address, its clock, and the exchange's limits."""

from dataclasses import dataclass
from math import isfinite

from strategies.trading.model.errors import ConfigError
from strategies.trading.model.units import NS_PER_SECOND

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_WHOLE = (
    "access_seconds",
    "refresh_seconds",
    "most_sessions",
    "most_accounts",
    "activity_timeout_seconds",
    "channel_limit",
)


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Settings of the sandbox, as a configuration states them.

    `port` 0 lets the system choose. `speed` is the number of simulated seconds per real second. A
    recording begins `begin_minutes_before_start` before the first scheduled start. Token lifetimes,
    health checks and rate limits follow the sandbox's clock; `activity_timeout_seconds` and the
    sockets' other timeouts are real time. Raise ConfigError, naming the setting, for an invalid
    one.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    speed: float = 1
    begin_minutes_before_start: float = 30
    access_seconds: int = 1_200
    refresh_seconds: int = 259_200
    most_sessions: int = 20
    most_accounts: int = 20
    health_check_seconds: float = 5
    activity_timeout_seconds: int = 120
    channel_limit: int = 400

    def __post_init__(self) -> None:
        """Raise ConfigError, naming the setting, for an invalid one."""
        if self.host not in _LOOPBACK:
            message = f"sandbox.host: {self.host!r} is not loopback ({', '.join(_LOOPBACK)})"
            raise ConfigError(message)
        if not _is_whole(self.port) or not 0 <= self.port <= 65_535:
            message = f"sandbox.port: {self.port!r} is not a port, 0 to 65535"
            raise ConfigError(message)
        begin = self.begin_minutes_before_start
        if not _is_number(begin) or begin < 0:
            message = f"sandbox.begin_minutes_before_start: {begin!r} is not minutes, zero or more"
            raise ConfigError(message)
        for name in _WHOLE:
            if not _is_whole(getattr(self, name)) or getattr(self, name) < 1:
                message = f"sandbox.{name}: {getattr(self, name)!r} is not whole, one or more"
                raise ConfigError(message)
        for name in ("speed", "health_check_seconds"):
            if not _is_number(getattr(self, name)) or getattr(self, name) <= 0:
                message = f"sandbox.{name}: {getattr(self, name)!r} is not a number above zero"
                raise ConfigError(message)

    @property
    def begin_before_start_ns(self) -> int:
        """Return how long before the first scheduled start the sandbox begins, in nanoseconds."""
        return int(self.begin_minutes_before_start * 60 * NS_PER_SECOND)

    @property
    def health_check_ns(self) -> int:
        """Return the interval between health checks in nanoseconds."""
        return int(self.health_check_seconds * NS_PER_SECOND)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
