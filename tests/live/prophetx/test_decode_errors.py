"""Messages that could not be read: counted by kind, logged once each, in bounded memory."""

import logging

import pytest

from live.decode import read
from live.decode_errors import DecodeErrors
from live.prophetx.wire.frames import Frame
from strategies.trading.model.errors import ProtocolError


def note(decode_errors: DecodeErrors, raw: bytes) -> None:
    """Record an error of a frame."""
    try:
        read(Frame, raw, "frame")
    except ProtocolError as error:
        decode_errors.note(error)


def test_a_kind_is_logged_once_with_its_text(caplog: pytest.LogCaptureFixture) -> None:
    """The same error at another place of another text is counted, and not logged again."""
    caplog.set_level(logging.WARNING, "live")
    decode_errors = DecodeErrors()
    for raw in (b'{"event": nope}', b'{"channel": "x", "event": nope}', b'{"channel": "x"}'):
        note(decode_errors, raw)
    assert decode_errors.total == 3
    assert sorted(decode_errors.counts.values()) == [1, 2]
    first, second = (record.getMessage() for record in caplog.records)
    assert first.endswith('{"event": nope}')
    assert second.endswith('{"channel": "x"}')


def test_a_misbehaving_server_does_not_exhaust_memory() -> None:
    """Beyond a few hundred kinds all others are counted as one, and the total is still right."""
    decode_errors = DecodeErrors()
    for number in range(5_000):
        decode_errors.note(ProtocolError(f"novelty {number}", "x"))
    assert decode_errors.total == 5_000
    assert len(decode_errors.counts) < 500
