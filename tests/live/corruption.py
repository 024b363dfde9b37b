"""Damage to the exchange's messages: in values, in encodings, in bytes."""

import json
from base64 import b64decode, b64encode
from typing import Any

from numpy.random import Generator

_NESTED: Any = 1
for _ in range(300):
    _NESTED = [_NESTED]

_JUNK: list[Any] = [
    None, "", "N/A", "<nil>", "NaN", "sNaN", "-Infinity", "1e999", "1e-999", "\ud800", "\x00",
    "é" * 50, "x" * 3_000, "../..", True, -1, 0, 1.5, 1e300, 2**63, 2**70, -(2**70), 10**400,
    float("nan"), float("inf"), [], {}, [None], [[]], {"": {}}, _NESTED,
]  # fmt: skip


def mangled(value: Any, rng: Generator) -> Any:
    """Return a value with something in it left out, exchanged, wrapped or of another type."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = list(value)[rng.integers(len(value))]
        if rng.random() < 0.15:
            return {name: part for name, part in value.items() if name != key}
        return value | {key: mangled(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = int(rng.integers(len(value)))
        return [*value[:at], mangled(value[at], rng), *value[at + 1 :]]
    others = [[value], {"x": value}, str(value), *_JUNK]
    return others[rng.integers(len(others))]


def garbled(raw: bytes, rng: Generator) -> bytes:
    """Return bytes with a few of them changed or inserted, or the end missing."""
    data = bytearray(raw)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(len(data) + 1))
        data[at : at + int(rng.integers(2))] = bytes([int(rng.integers(256))])
    return bytes(data[: rng.integers(len(data) + 1)] if rng.random() < 0.3 else data)


def text(value: Any) -> bytes:
    """Return a value as JSON."""
    return json.dumps(value).encode()


def mangled_body(raw: bytes, rng: Generator) -> bytes:
    """Return a body that was damaged in its values, its bytes or both."""
    damaged = text(mangled(json.loads(raw), rng))
    return garbled(damaged, rng) if rng.random() < 0.2 else damaged


def mangled_frame(raw: bytes, rng: Generator) -> bytes:
    """Return a frame of a channel that was damaged at one of the depths of its encoding."""
    frame = json.loads(raw)
    inner = json.loads(frame["data"])
    match int(rng.integers(6)):
        case 0:
            return garbled(raw, rng)
        case 1:
            return text(mangled(frame, rng))
        case 2:
            # Encoded once, as frames of some API versions are.
            return text(frame | {"data": mangled(inner, rng)})
        case 3:
            inner = mangled(inner, rng)
        case 4:
            coded = garbled(b64decode(inner["payload"]), rng)
            inner["payload"] = b64encode(coded).decode()
        case 5:
            payload = mangled(json.loads(b64decode(inner["payload"])), rng)
            inner["payload"] = b64encode(text(payload)).decode()
    return text(frame | {"data": json.dumps(inner)})


def framed(change: dict[str, Any]) -> bytes:
    """Return a change as the frame that brings it, encoded twice."""
    payload = b64encode(text(change.get("payload_decoded", {}))).decode()
    inner = {key: value for key, value in change.items() if key != "payload_decoded"}
    data = json.dumps(inner | {"payload": payload})
    return text({"event": "tournament_31", "channel": "private-x", "data": data})
