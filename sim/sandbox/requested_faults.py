"""Faults that a test can inject into requests and sockets."""

from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sim.sandbox.api_errors import RefusedError
from sim.sandbox.api_request import whole


class FaultKind(StrEnum):
    """Kinds of faults.

    For the next `count` requests whose path contains `path`: SLOW executes them after `seconds`;
    LATE executes them and responds after `seconds`; REFUSED refuses them with `code`; TOO_MANY with
    429; TWICE executes them twice and returns the second response; RESET executes them and resets
    the connection instead of responding. PAGE responds with a page of HTML instead of executing
    them, with status `code`, 502 by default; CUT_BODY executes them and responds with the first
    half of the body. EXPIRED_TOKEN revokes every access token now, with code `refresh` the refresh
    tokens too.

    For every socket, now: FROZEN_SOCKET neither reads nor writes for `seconds`; SOCKET_RESET
    resets; SOCKET_CLOSE closes with `code`, 1000 by default; GARBAGE_FRAME sends `text`.
    LOST_MESSAGE, DOUBLED_MESSAGE and LATE_MESSAGE apply to the next `count` frames of the exchange
    whose event or change type contains `path`; those that are late by `seconds` are overtaken.
    REFUSED_CHANNEL applies to the next `count` subscriptions of channels whose name contains
    `path`, LOST_PONG to the next `count` pings of clients.
    """

    SLOW = "slow"
    LATE = "late"
    REFUSED = "refused"
    TOO_MANY = "too_many"
    TWICE = "twice"
    RESET = "reset"
    PAGE = "page"
    CUT_BODY = "cut_body"
    EXPIRED_TOKEN = "expired_token"
    FROZEN_SOCKET = "frozen_socket"
    SOCKET_RESET = "socket_reset"
    SOCKET_CLOSE = "socket_close"
    GARBAGE_FRAME = "garbage_frame"
    LOST_MESSAGE = "lost_message"
    DOUBLED_MESSAGE = "doubled_message"
    LATE_MESSAGE = "late_message"
    REFUSED_CHANNEL = "refused_channel"
    LOST_PONG = "lost_pong"


_GARBAGE = "{this is no frame"

REQUEST_FAULTS = (
    FaultKind.SLOW,
    FaultKind.LATE,
    FaultKind.REFUSED,
    FaultKind.TOO_MANY,
    FaultKind.TWICE,
    FaultKind.RESET,
    FaultKind.PAGE,
    FaultKind.CUT_BODY,
)
MESSAGE_FAULTS = (FaultKind.LOST_MESSAGE, FaultKind.DOUBLED_MESSAGE, FaultKind.LATE_MESSAGE)
PENDING_FAULTS = (
    *REQUEST_FAULTS,
    *MESSAGE_FAULTS,
    FaultKind.REFUSED_CHANNEL,
    FaultKind.LOST_PONG,
)


@dataclass(slots=True)
class Fault:
    """A requested fault; `seconds` are real ones, whatever the sandbox's speed."""

    kind: FaultKind
    path: str = ""
    count: int = 1
    seconds: float = 1
    code: str = ""
    text: str = _GARBAGE


def parse_fault(body: Any) -> Fault:
    """Parse the fault that a JSON object requests; raise RefusedError if it is invalid."""
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
    """The faults that are pending until a request or a message matches them."""

    def __init__(self) -> None:
        """Start without faults."""
        self._pending: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Add a pending fault."""
        self._pending.append(fault)

    def clear(self) -> None:
        """Remove every pending fault."""
        self._pending.clear()

    def consume_for_request(self, path: str) -> Fault | None:
        """Return the fault for a request, if one matches, and count it down."""
        return self._consume(REQUEST_FAULTS, path)

    def consume_for_message(self, event: str) -> Fault | None:
        """Return the fault for a message, if one matches, and count it down."""
        return self._consume(MESSAGE_FAULTS, event)

    def refuses_channel(self, channel: str) -> bool:
        """Return whether a subscription is to be refused, and count the fault down."""
        return self._consume((FaultKind.REFUSED_CHANNEL,), channel) is not None

    def loses_pong(self) -> bool:
        """Return whether a ping is not to be answered, and count the fault down."""
        return self._consume((FaultKind.LOST_PONG,), "") is not None

    def _consume(self, kinds: tuple[FaultKind, ...], target: str) -> Fault | None:
        for fault in self._pending:
            if fault.kind in kinds and fault.path in target:
                fault.count -= 1
                if fault.count <= 0:
                    self._pending.remove(fault)
                return fault
        return None
