"""The messages between a session and the process that sends its alerts: lines of JSON.

The session begins with the URLs, which go through the socket and not through a command line, where
every user of the machine could read them. The process answers that it is ready, or which URL is
wrong. From then on each alert is answered by its number.
"""

import msgspec


class AlertTargets(msgspec.Struct, frozen=True, tag=True):
    """The URLs to which alerts are sent; others refer to them by their place."""

    urls: tuple[str, ...]


class Send(msgspec.Struct, frozen=True, tag=True):
    """An alert for one target, as it is shown there."""

    target: int
    number: int
    level: int
    title: str
    body: str


class TargetsReady(msgspec.Struct, frozen=True, tag=True):
    """All URLs are of services that the process knows."""


class TargetRefused(msgspec.Struct, frozen=True, tag=True):
    """A URL is of no service, or lacks a part; -1 is all of them."""

    target: int
    reason: str


class SendResult(msgspec.Struct, frozen=True, tag=True):
    """The outcome of an alert: sent, or the problem in words."""

    target: int
    number: int
    problem: str = ""


ToProcess = AlertTargets | Send
FromProcess = TargetsReady | TargetRefused | SendResult

_to_process: msgspec.json.Decoder[ToProcess] = msgspec.json.Decoder(ToProcess)
_from_process: msgspec.json.Decoder[FromProcess] = msgspec.json.Decoder(FromProcess)


def line_of(message: ToProcess | FromProcess) -> bytes:
    """Return a message as it is sent."""
    return msgspec.json.encode(message) + b"\n"


def to_process(line: bytes) -> ToProcess | None:
    """Return the message of a line, None at the end of the stream or for what is none."""
    try:
        return _to_process.decode(line)
    except msgspec.DecodeError:
        return None


def from_process(line: bytes) -> FromProcess | None:
    """Return the message of a line, None at the end of the stream or for what is none."""
    try:
        return _from_process.decode(line)
    except msgspec.DecodeError:
        return None
