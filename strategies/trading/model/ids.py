"""Typed identifiers, and the factory of our own wager references."""

import re
from typing import NamedTuple, NewType

from strategies.trading.model.errors import ConfigError

EventId = NewType("EventId", str)
MarketId = NewType("MarketId", str)
LineId = NewType("LineId", str)
PairId = NewType("PairId", str)
WagerRef = NewType("WagerRef", str)

# Hexadecimal digits of the token in the references of a session.
REF_TOKEN_DIGITS = 8

_SESSION_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")


class MarketKey(NamedTuple):
    """A market of one event; ProphetX market ids are templates shared by all events."""

    event_id: EventId
    market_id: MarketId


class WagerRefFactory:
    """Makes wager references that are never used twice.

    A reference reads `<session name>-<token>-<start number>-<counter>`, without the token in a
    backtest. The token is drawn once for the session's journal, so that no other folder or machine
    makes the same references under the same name. ProphetX takes a reference as `external_id`:
    letters, digits, `_` and `-`, at most 100 long, unique for ever (partner API, submit_order).
    """

    def __init__(self, session_name: str, start_number: int, token: str = "") -> None:
        """Make references for one start of a session; raise ConfigError for an invalid name."""
        if not _SESSION_NAME.fullmatch(session_name):
            message = (
                f"session.name {session_name!r}: use 1 to 60 letters, digits, '_' or '-', "
                "as the exchange takes them in its external_id"
            )
            raise ConfigError(message)
        beginning = f"{session_name}-{token}" if token else session_name
        self._prefix = f"{beginning}-{start_number}-"
        self._count = 0

    def next_ref(self) -> WagerRef:
        """Return the next reference."""
        self._count += 1
        return WagerRef(f"{self._prefix}{self._count}")


def is_ref_of(session_name: str, ref: WagerRef) -> bool:
    """Return whether a reference was made by a session of this name, in whatever folder."""
    pattern = rf"{re.escape(session_name)}(-[0-9a-f]{{{REF_TOKEN_DIGITS}}})?-\d+-\d+"
    return re.fullmatch(pattern, ref) is not None
