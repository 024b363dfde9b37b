"""The address of an exchange, checked against whether its money is real."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from msgspec import Meta

from live.session.gateway import Venue
from strategies.trading.model.setting_reader import SettingError
from strategies.trading.model.settings import (
    LOOPBACK_HOSTS,
    Port,
    PositiveNumber,
    PositiveSeconds,
    PositiveWhole,
)

# Endings of the hosts with real money (partner API, 1).
_REAL_MONEY = (".prophetx.co", ".betprophet.co")
_PLAY_MONEY = ("sandbox", "staging", "-qa")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One exchange: its address, whether its money is real, and its rate limit.

    `real_money` of an exchange on this machine makes a drill of it: all checks of real money apply.
    `speed` is that of its clock relative to wall time: 1 for any exchange but our own sandbox.
    Raise SettingError if `real_money` contradicts the address.
    """

    name: Annotated[str, Meta(description="What the exchange is called in messages.")]
    root: Annotated[str, Meta(description="Scheme and host of the exchange.")]
    path_prefix: Annotated[str, Meta(description="The path that every endpoint begins with.")]
    socket_secure: Annotated[bool, Meta(description="Whether the socket is encrypted.")]
    socket_port: Annotated[Port, Meta(description="The port of the socket.")]
    real_money: Annotated[
        bool, Meta(description="Whether its money is real; must agree with the host.")
    ]
    speed: Annotated[
        PositiveNumber,
        Meta(description="How fast its clock runs; 1 for all but the local sandbox."),
    ]
    requests_per_second: Annotated[
        PositiveWhole, Meta(description="How many requests are sent in any second.")
    ]
    answer_seconds: Annotated[
        PositiveSeconds,
        Meta(description="Time without a response after which the outcome is unknown."),
    ]

    def __post_init__(self) -> None:
        """Raise SettingError for an impossible address, or one that contradicts the settings."""
        parts = self._parts()
        self._require(parts.scheme in ("http", "https"), "must begin with http:// or https://")
        self._require(bool(parts.hostname), "names no host")
        self._require(parts.path in ("", "/"), "is a host without a path; see prophet.path_prefix")
        self._require(
            parts.scheme == "https" or self.is_local, "keys would cross the network unencrypted"
        )
        self._require(
            self.is_drill or self.real_money is _is_real_money(self.host),
            f"does not go with prophet.real_money {str(self.real_money).lower()}",
        )
        # Real money is never traded without TLS, so neither is a drill of it.
        self._require(
            parts.scheme == "https" or not self.is_drill,
            "is a drill of real money and needs https://, and a sandbox with sandbox.certificate",
        )
        self._require(
            self.speed == 1 or self.is_local, "keeps wall time; sandbox.speed is for our own"
        )

    @property
    def host(self) -> str:
        """Return the host to which requests are sent."""
        return urlsplit(self.root).hostname or ""

    @property
    def venue(self) -> Venue:
        """Return the exchange's name, host and kind of money for a session."""
        return Venue(self.name, self.host, self.real_money, self.is_drill)

    @property
    def is_drill(self) -> bool:
        """Return whether it is a drill: `real_money` at an exchange on this machine.

        Every check of real money applies there, but nothing real can be lost.
        """
        return self.real_money and self.is_local

    @property
    def is_local(self) -> bool:
        """Return whether the exchange is on this machine."""
        return self.host in LOOPBACK_HOSTS

    def url(self, path: str) -> str:
        """Return the address of one of its endpoints."""
        return f"{self.root.rstrip('/')}{self.path_prefix.rstrip('/')}/{path}"

    def _parts(self) -> SplitResult:
        try:
            parts = urlsplit(self.root)
            _ = parts.port
        except ValueError as error:
            problem = f"{self.root} is no address ({error}); ours is of sandbox.port"
            raise SettingError("root", problem) from None
        return parts

    def _require(self, true: bool, why: str) -> None:
        if not true:
            raise SettingError("root", f"{self.root} {why}")


def _is_real_money(host: str) -> bool:
    play = any(word in host for word in _PLAY_MONEY)
    return f".{host}".endswith(_REAL_MONEY) and not play
