"""What has no end is not read to its end: bodies, compressed ones, headers, frames, handshakes."""

import gzip
import struct
import zlib
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from hashlib import sha1
from itertools import chain, repeat
from pathlib import Path

import pytest

from live.prophetx.rest.transport import BODY_BYTES_MAX, Transport
from live.prophetx.socket.pusher_socket import (
    HANDSHAKE_BYTES_MAX,
    MESSAGE_BYTES_MAX,
    PusherSocket,
)
from live.prophetx.wire.login import ConnectionConfig
from live.wall_clock import WallClock
from strategies.trading.model.errors import UnreachableError
from tests.event_loops import run_watching, until
from tests.live.endless_responses import CHUNKED, OK, PART, chunk, sending
from tests.live.endpoints import LOCAL

pytestmark = pytest.mark.slow  # tens of megabytes each

# What the rest of the process takes meanwhile.
ASIDE_BYTES = 8 << 20


def compressed() -> Iterator[bytes]:
    """Return parts of a compressed text of blanks that never ends."""
    packer = zlib.compressobj(wbits=31)
    blocks = [packer.compress(PART * 64) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2)]
    # A block after a full flush refers to none before it, so that it may be repeated. Many at once
    # fill what is read at once.
    return chain(blocks, repeat(blocks[1] * 16))


def plain_body() -> Iterator[bytes]:
    """Yield a response whose body has no end."""
    return chain([OK + CHUNKED + b"\r\n"], map(chunk, repeat(PART)))


def announced_body() -> Iterator[bytes]:
    """Yield a response that announces a terabyte, and sends it."""
    return chain([OK + b"Content-Length: 1099511627776\r\n\r\n"], repeat(PART))


def compressed_body() -> Iterator[bytes]:
    """Yield a response whose compressed body becomes a thousand times as long."""
    head = OK + CHUNKED + b"Content-Encoding: gzip\r\n\r\n"
    return chain([head], map(chunk, compressed()))


def twice_compressed_body() -> Iterator[bytes]:
    """Yield a response that says that it is compressed twice."""
    head = OK + CHUNKED + b"Content-Encoding: gzip, gzip\r\n\r\n"
    return chain([head], map(chunk, compressed()))


def followed_compressed_body() -> Iterator[bytes]:
    """Yield a response that goes on for ever after the end of what is compressed."""
    head = OK + CHUNKED + b"Content-Encoding: gzip\r\n\r\n" + chunk(gzip.compress(b"{}"))
    return chain([head], map(chunk, repeat(PART)))


def endless_headers() -> Iterator[bytes]:
    """Yield a response whose headers have no end."""
    return chain([OK], repeat(b"X-More: " + b"a" * 1_000 + b"\r\n"))


def endless_header() -> Iterator[bytes]:
    """Yield a response of which one header has no end."""
    return chain([OK + b"X-More: "], repeat(PART))


def peak_bytes(scenario: Callable[[], Awaitable[None]]) -> int:
    """Return the most memory of the process during a scenario, beyond that before."""

    async def run() -> None:
        await scenario()

    # Linux: 5 resets the peak.
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = memory("VmRSS")
    run_watching(run())
    return memory("VmHWM") - before


def memory(name: str) -> int:
    """Return a figure of this process in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition(f"{name}:")[2].split()[0]) * 1024


@pytest.mark.parametrize(
    "parts",
    [
        plain_body,
        announced_body,
        compressed_body,
        twice_compressed_body,
        followed_compressed_body,
        endless_headers,
        endless_header,
    ],
)
def test_a_response_without_end_is_no_response(parts: Callable[[], Iterator[bytes]]) -> None:
    """The outcome is unknown at once, and memory is bounded by the longest body, in two copies."""

    async def ask() -> None:
        async with sending(lambda _: parts()) as port:
            endpoint = replace(LOCAL, root=f"http://127.0.0.1:{port}", answer_seconds=60)
            async with Transport(endpoint, WallClock()) as transport:
                with pytest.raises(UnreachableError) as no_response:
                    await transport.ask("GET", "anything")

                assert "no response within" not in str(no_response.value)

    assert peak_bytes(ask) < 2 * BODY_BYTES_MAX + ASIDE_BYTES


def upgraded(head: bytes) -> bytes:
    """Return the response that opens a socket."""
    key = next(
        line.partition(b":")[2].strip()
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"sec-websocket-key:")
    )
    accepted = b64encode(sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accepted + b"\r\n\r\n"
    )


def endless_frame(head: bytes) -> Iterator[bytes]:
    """Yield a frame that announces a terabyte, and sends it."""
    return chain([upgraded(head), b"\x81\x7f" + struct.pack("!Q", 1 << 40)], repeat(PART))


def endless_fragments(head: bytes) -> Iterator[bytes]:
    """Yield fragments of a message that never ends."""
    size = b"\x7f" + struct.pack("!Q", len(PART))
    return chain([upgraded(head), b"\x01" + size + PART], repeat(b"\x00" + size + PART))


def endless_handshake(_: bytes) -> Iterator[bytes]:
    """Yield a handshake whose headers have no end."""
    return chain([b"HTTP/1.1 101 Switching Protocols\r\n"], repeat(b"X-More: " + PART))


def endless_refusal(_: bytes) -> Iterator[bytes]:
    """Yield a refused handshake whose body has no end."""
    head = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 1099511627776\r\n\r\n"
    return chain([head], repeat(PART))


@pytest.mark.parametrize(
    ("parts", "most"),
    [
        (endless_frame, MESSAGE_BYTES_MAX),
        (endless_fragments, MESSAGE_BYTES_MAX),
        (endless_handshake, HANDSHAKE_BYTES_MAX),
        (endless_refusal, HANDSHAKE_BYTES_MAX),
    ],
)
def test_a_message_without_end_ends_the_socket(
    parts: Callable[[bytes], Iterator[bytes]], most: int
) -> None:
    """It ends with the reason before memory holds more than a few of the longest messages."""
    reasons: list[str | None] = []

    async def listen() -> None:
        async with sending(parts) as port:
            config = ConnectionConfig(key="key", cluster="mt1", ws_host="127.0.0.1")
            socket = PusherSocket(
                config, secure=False, port=port, stamp_ns=lambda: 0, wake=lambda: None
            )
            socket.open()
            await until(lambda: socket.ended is not None)
            reasons.append(socket.ended)
            socket.cut()

    assert peak_bytes(listen) < 12 * MESSAGE_BYTES_MAX
    assert reasons == [f"more than {most} bytes without the end of a message"]
