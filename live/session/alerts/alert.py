"""An alert: something that a person who is elsewhere should know of a session."""

from enum import IntEnum
from typing import Literal

import msgspec

LevelName = Literal["info", "warning", "critical"]


class AlertLevel(IntEnum):
    """How much an alert matters: for the record, to be looked at, to be looked at now."""

    INFO = 1
    WARNING = 2
    CRITICAL = 3


def level_of(name: LevelName) -> AlertLevel:
    """Return the level of a name."""
    return AlertLevel[name.upper()]


class Alert(msgspec.Struct, frozen=True):
    """One alert: its kind in a word or two, its level, and a line that says what happened.

    Alerts of one kind and `subject` are repeats of each other; `at_ns` is when it happened, in
    nanoseconds since the epoch, by the session's clock; 0 for one that is not dispatched yet.
    """

    kind: str
    level: AlertLevel
    text: str
    subject: str = ""
    at_ns: int = 0
