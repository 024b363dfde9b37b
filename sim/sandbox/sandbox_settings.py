"""The settings of the sandbox: its address, its clock, and the exchange's limits."""

import ssl
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from strategies.trading.model.errors import ConfigError
from strategies.trading.model.settings import (
    LOOPBACK,
    LoopbackHost,
    Minutes,
    Port,
    PositiveSeconds,
    PositiveWhole,
    Unit,
)
from strategies.trading.model.units import NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Settings of the sandbox, as a configuration states them.

    `port` 0 lets the system choose. `speed` is the number of simulated seconds per real second. A
    recording begins `begin_minutes_before_start` before the first scheduled start. Token lifetimes,
    health checks and rate limits follow the sandbox's clock; `activity_timeout_seconds` and the
    sockets' other timeouts are real time. With a `certificate` it serves TLS only.
    Raise ConfigError, naming the setting, for an invalid one.
    """

    host: Annotated[
        LoopbackHost,
        Meta(description="The address that the sandbox listens on; loopback only."),
    ] = LOOPBACK
    port: Annotated[
        Port, Meta(description="The port that it listens on; 0 lets the system choose.")
    ] = 8765
    speed: Annotated[
        float,
        Meta(gt=0, description="How many seconds pass in the sandbox in one second of the wall."),
    ] = 1
    begin_minutes_before_start: Annotated[
        Minutes, Meta(description="How long before the first scheduled start it begins to play.")
    ] = 30
    access_seconds: Annotated[
        PositiveWhole, Meta(description="How long an access token is valid."), Unit("seconds")
    ] = 1_200
    refresh_seconds: Annotated[
        PositiveWhole, Meta(description="How long a refresh token is valid."), Unit("seconds")
    ] = 259_200
    most_sessions: Annotated[
        PositiveWhole, Meta(description="How many logins one account may have at a time.")
    ] = 20
    most_accounts: Annotated[PositiveWhole, Meta(description="How many accounts there may be.")] = (
        20
    )
    health_check_seconds: Annotated[
        PositiveSeconds, Meta(description="Time between two health checks on a socket.")
    ] = 5
    activity_timeout_seconds: Annotated[
        PositiveWhole,
        Meta(description="Silence of the wall after which a socket must be pinged."),
        Unit("seconds"),
    ] = 120
    channel_limit: Annotated[
        PositiveWhole, Meta(description="How many channels of events one socket may have.")
    ] = 400
    certificate: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(description="A file (PEM) with a certificate and its key: it serves TLS only then."),
    ] = None

    def tls_context(self) -> ssl.SSLContext | None:
        """Return how the server shows who it is, None without TLS; raise ConfigError."""
        if self.certificate is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.certificate)
        except OSError as error:
            message = (
                f"sandbox.certificate: {self.certificate} has no certificate with its key ({error})"
            )
            raise ConfigError(message) from None
        return context

    @property
    def begin_before_start_ns(self) -> int:
        """Return how long before the first scheduled start the sandbox begins, in nanoseconds."""
        return int(self.begin_minutes_before_start * 60 * NS_PER_SECOND)

    @property
    def health_check_ns(self) -> int:
        """Return the interval between health checks in nanoseconds."""
        return int(self.health_check_seconds * NS_PER_SECOND)
