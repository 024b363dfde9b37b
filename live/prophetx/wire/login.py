"""Messages of logging in and of subscribing sockets. They contain secrets and are never printed."""

from typing import Annotated

from msgspec import Meta

from live.decode import WireStruct

# A text that an HTTP header can hold.
Token = Annotated[str, Meta(pattern=r"^[\x21-\x7e]+$")]


class SecretStruct(WireStruct, frozen=True):
    """A message with a secret in it, which is not printed."""

    def __repr__(self) -> str:
        """Return the name of the type without its contents."""
        return f"{type(self).__name__}(...)"


class LoginResponse(SecretStruct, frozen=True):
    """The tokens of a new session; times are unix seconds."""

    access_token: Token
    access_expire_time: int
    refresh_token: str
    refresh_expire_time: int = 0


class RefreshResponse(SecretStruct, frozen=True):
    """A new access token of the same session."""

    access_token: Token
    access_expire_time: int


class ConnectionConfig(WireStruct, frozen=True):
    """The address of the socket."""

    key: str
    cluster: str | None = None
    ws_host: str | None = None


class WireChannel(SecretStruct, frozen=True):
    """A channel that we may subscribe to, with its signature for one socket."""

    channel_name: str
    auth: str


class SignIn(SecretStruct, frozen=True):
    """The signature with which a socket signs in to our account."""

    auth: str
    user_data: str


class RejectedSubscription(WireStruct, frozen=True):
    """A subscription that was not granted."""

    reason: str | None = None


class Registration(SecretStruct, frozen=True):
    """The channels that one socket may subscribe to."""

    authorized_channel: list[WireChannel] | None = None
    authenticated: SignIn | None = None
    rejected: list[RejectedSubscription | str] | None = None
