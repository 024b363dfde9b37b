"""Faults on demand: what goes wrong with requests and sockets when a test asks for it."""

from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sim.sandbox.api_errors import RefusedError
from sim.sandbox.api_request import whole


class FaultKind(StrEnum):
    """What can go wrong.

    With requests, the next `count` whose path holds `path`: SLOW carries them out so many seconds
    late; LATE carries them out and answers so late; REFUSED refuses them with `code`; TOO_MANY with
    429; TWICE carries them out twice and gives the second answer; RESET carries them out and resets
    the connection in place of an answer. EXPIRED_TOKEN makes every access token expire now, with
    code `refresh` the refresh tokens too.

    With every socket, now: FROZEN_SOCKET neither reads nor writes for so many seconds; SOCKET_RESET
    resets; SOCKET_CLOSE closes with the `code`, 1000 unless given; GARBAGE_FRAME sends `text`.
    LOST_MESSAGE and DOUBLED_MESSAGE concern the next `count` frames of the exchange whose event or
    change type holds `path`.
    """

    SLOW = "slow"
    LATE = "late"
    REFUSED = "refused"
    TOO_MANY = "too_many"
    TWICE = "twice"
    RESET = "reset"
    EXPIRED_TOKEN = "expired_token"
    FROZEN_SOCKET = "frozen_socket"
    SOCKET_RESET = "socket_reset"
    SOCKET_CLOSE = "socket_close"
    GARBAGE_FRAME = "garbage_frame"
    LOST_MESSAGE = "lost_message"
    DOUBLED_MESSAGE = "doubled_message"


_GARBAGE = "{this is no frame"

OF_REQUESTS = (
    FaultKind.SLOW,
    FaultKind.LATE,
    FaultKind.REFUSED,
    FaultKind.TOO_MANY,
    FaultKind.TWICE,
    FaultKind.RESET,
)
OF_MESSAGES = (FaultKind.LOST_MESSAGE, FaultKind.DOUBLED_MESSAGE)


@dataclass(slots=True)
class Fault:
    """A fault that was asked for; `seconds` are the wall's."""

    kind: FaultKind
    path: str = ""
    count: int = 1
    seconds: float = 1
    code: str = ""
    text: str = _GARBAGE


def fault_of(body: Any) -> Fault:
    """Return the fault that a JSON object asks for; raise RefusedError if it makes no sense."""
    known = {field.name for field in fields(Fault)}
    if not isinstance(body, dict) or set(body) - known:
        raise RefusedError("invalid_request", f"an object with {', '.join(sorted(known))}")
    if body.get("kind") not in tuple(FaultKind):
        raise RefusedError("invalid_param", f"kind must be one of {', '.join(FaultKind)}")
    seconds = body.get("seconds", 1)
    if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal) or seconds < 0:
        raise RefusedError("invalid_param", "seconds must be a number, zero or more")
    return Fault(
        kind=FaultKind(body["kind"]),
        path=str(body.get("path", "")),
        count=whole(body.get("count", 1), "invalid_param"),
        seconds=float(seconds),
        code=str(body.get("code", "")),
        text=str(body.get("text", _GARBAGE)),
    )


class RequestedFaults:
    """The faults that wait for a request or a message to strike."""

    def __init__(self) -> None:
        """Start with nothing wrong."""
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let a fault wait for what it concerns."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Call off every fault that waits."""
        self._waiting.clear()

    def of_request(self, path: str) -> Fault | None:
        """Return the fault that strikes a request, if one does."""
        return self._strike(OF_REQUESTS, path)

    def of_message(self, event: str) -> Fault | None:
        """Return the fault that strikes a message, if one does."""
        return self._strike(OF_MESSAGES, event)

    def _strike(self, kinds: tuple[FaultKind, ...], named: str) -> Fault | None:
        for fault in self._waiting:
            if fault.kind in kinds and fault.path in named:
                fault.count -= 1
                if fault.count <= 0:
                    self._waiting.remove(fault)
                return fault
        return None
