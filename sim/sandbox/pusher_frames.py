"""Frames of the Pusher protocol: `data` is JSON text, with a base64 payload inside (10.4)."""

import base64
import json
from typing import Any


def compact(value: Any) -> str:
    """Return a value as JSON text without spaces."""
    return json.dumps(value, separators=(",", ":"))


def system_frame(event: str, data: Any, channel: str | None = None) -> str:
    """Return a frame of the protocol itself, with `data` as JSON text."""
    frame: dict[str, Any] = {"event": event}
    if channel is not None:
        frame["channel"] = channel
    return compact({**frame, "data": data if isinstance(data, str) else compact(data)})


def exchange_frame(
    event: str, channel: str, change_type: str, op: str, timestamp_ns: int, payload: Any
) -> str:
    """Return a frame of the exchange; `op` is c (create), u (update) or d (delete)."""
    encoded = base64.b64encode(compact(payload).encode()).decode()
    data = {"change_type": change_type, "op": op, "timestamp": timestamp_ns, "payload": encoded}
    return system_frame(event, data, channel)
