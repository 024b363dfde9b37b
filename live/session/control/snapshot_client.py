"""Reads snapshots of a running session through its control socket."""

from pathlib import Path
from typing import TypeVar

import msgspec

from live.session.control.control_socket import ask_session
from strategies.trading.model.errors import TradingError
from strategies.trading.snapshot.snapshot_types import EventDetail, SessionView

_View = TypeVar("_View", SessionView, EventDetail)


def read_session(folder: Path, version: str = "") -> SessionView | None:
    """Return the state of the session in a folder, None if none is running there.

    With the version of an earlier answer, only the events that changed since are in it. Raise
    ConfigError if the session has no desk yet, TradingError if it does not answer.
    """
    lines = ask_session(folder, ["snapshot", f"since={version}"] if version else ["snapshot"])
    return None if lines is None else _decoded(lines, SessionView, folder)


def read_event(folder: Path, event_id: str) -> EventDetail | None:
    """Return one event of the session in a folder, None if none is running there.

    Raise ConfigError for an event that the session does not know.
    """
    lines = ask_session(folder, ["snapshot", event_id])
    return None if lines is None else _decoded(lines, EventDetail, folder)


def _decoded(lines: list[str], kind: type[_View], folder: Path) -> _View:
    try:
        return msgspec.json.decode(lines[0], type=kind)
    except (IndexError, msgspec.MsgspecError) as error:
        message = f"session {folder.name} answers in another version's form: {error}"
        raise TradingError(message) from error
