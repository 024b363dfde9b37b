"""Typed identifiers, and the factory of our own wager references."""

import re
from typing import NamedTuple, NewType

from strategies.trading.model.errors import ConfigError

EventId = NewType("EventId", str)
MarketId = NewType("MarketId", str)
LineId = NewType("LineId", str)
PairId = NewType("PairId", str)
WagerRef = NewType("WagerRef", str)

_SESSION_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")


class MarketKey(NamedTuple):
    """A market of one event; ProphetX market ids are templates shared by all events."""

    event_id: EventId
    market_id: MarketId


class WagerRefFactory:
    """Makes wager references that are never used twice.

    A reference reads `<session name>-<start number>-<counter>`. ProphetX takes it as
    `external_id`: letters, digits, `_` and `-`, at most 100 long, unique for ever
    (partner API, submit_order).
    """

    def __init__(self, session_name: str, start_number: int) -> None:
        """Make references for one start of a session; raise ConfigError for an invalid name."""
        if not _SESSION_NAME.fullmatch(session_name):
            message = (
                f"session.name {session_name!r}: use 1 to 60 letters, digits, '_' or '-', "
                "as the exchange takes them in its external_id"
            )
            raise ConfigError(message)
        self._prefix = f"{session_name}-{start_number}-"
        self._count = 0

    def next_ref(self) -> WagerRef:
        """Return the next reference."""
        self._count += 1
        return WagerRef(f"{self._prefix}{self._count}")
