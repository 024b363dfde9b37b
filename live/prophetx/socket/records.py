"""What the stream passes on: messages, and where it was interrupted."""

from collections.abc import Callable

from msgspec import Struct

from live.prophetx.wire.frames import Change


class SocketUp(Struct, frozen=True):
    """An epoch began, subscribed to some events: every change is received from now on."""

    epoch: int
    at_ns: int
    events: int


class SocketDown(Struct, frozen=True):
    """An epoch ended, or could not begin: nothing is received until the next is up."""

    epoch: int
    at_ns: int
    reason: str


class Message(Struct, frozen=True):
    """A message on a channel, with its raw text; `change` is None if it cannot be read."""

    epoch: int
    received_ns: int
    channel: str | None
    change: Change | None
    raw: bytes


class UnreadableMessage(Struct, frozen=True):
    """What is no message at all; the socket is kept."""

    epoch: int
    received_ns: int
    raw: bytes


Record = SocketUp | SocketDown | Message | UnreadableMessage
OnRecord = Callable[[Record], None]
