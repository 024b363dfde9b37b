"""A trial: hostile response bodies, statuses and headers at every endpoint that the client reads.

Each caller gets what was readable, or an error of a named kind in one line. Run it as

    python -m tests.trials.hostile_bodies --size 20000 --seed 1
"""

import gzip
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import chain, repeat

import httpx
from numpy.random import Generator, default_rng

from live.prophetx.rest.transport import Transport
from live.wall_clock import WallClock
from tests.event_loops import JumpingLoop, run_jumping, run_watching
from tests.live.corruption import garbled, mangled, mangled_body, text
from tests.live.endless_responses import OK, PART, chunk, sending
from tests.live.endpoints import LOCAL
from tests.live.local_sandbox import serve_sandbox
from tests.live.sandbox_messages import (
    SandboxMessages,
    captured_messages,
    client_of,
    endpoint,
    read_through,
)
from tests.trials.hostile import Tally, run_script

_NUMBERS = (b"1e999", b"-1e999", b"9" * 5_000, b"1" + b"0" * 400, b"NaN", b"-Infinity", b"0x1F")
_PAGES = (
    b"<!DOCTYPE html><html><body>Just a moment...</body></html>",
    b"",
    b"null",
    b'"text"',
    b"[]",
    b"\xef\xbb\xbf{}",
    '{"data": {}}'.encode("utf-16"),
    b'{"data":' * 20_000,
    b"[" * 200_000,
    b'{"data": "' + b"x" * 300_000,
    b'{"error": "a\\nb\\u001b[31m\\u202e", "message": "c\\r\\nd\\u0000\\u2028e"}',
    b'{"error": 5, "message": []}',
    b'{"error": null, "message": "\\ud800"}',
    b"\x1f\x8b\x08\x00garbage",
)
_STATUSES = (100, 204, 206, 301, 304, 400, 401, 403, 404, 409, 418, 429, 500, 502, 503, 599, 600)
_HEADERS = (
    ("Retry-After", ("nan", "-5", "1e999", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "9" * 500)),
    (
        "Date",
        (
            "",
            "never",
            "Mon, 01 Jan 0001 00:00:00 -0000",
            "Fri, 31 Dec 9999 23:59:59 -2359",
            "Mon, 99 Jan 2026 00:00:00 GMT",
            "Mon, 01 Jan 2026 00:00:00 +999999999",
            "Mon, 01 Jan 99999999999 00:00:00 GMT",
        ),
    ),
    ("Content-Type", ("text/html", "application/json; charset=utf-16", "image/png")),
    ("Content-Encoding", ("gzip", "br", "gzip, gzip", "identity", "x" * 2_000)),
    ("Location", ("http://elsewhere.example", "\x7f", "//")),
    ("X-Sandbox-Speed", ("nan", "-1", "x" * 5_000)),
)


class Hostile(httpx.AsyncBaseTransport):
    """Responds at one endpoint with hostile responses, at the others as the sandbox did."""

    def __init__(self, bodies: dict[str, bytes], of: str, chance: Generator) -> None:
        """Draw the responses by chance."""
        self._bodies, self._of, self._chance = bodies, of, chance
        self._sent: object = None

    def __repr__(self) -> str:
        """Return the endpoint and the last hostile response."""
        return f"{self._of}: {self._sent}"

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Respond to a request."""
        body = self._bodies[endpoint(request)]
        if endpoint(request) != self._of:
            return httpx.Response(200, content=body)
        status, headers, content = hostile_response(body, self._chance)
        self._sent = status, headers, content
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))


def hostile_response(body: bytes, chance: Generator) -> tuple[int, dict[str, str], bytes]:
    """Return a status, headers and a body made of a valid one."""
    content = _hostile_content(body, chance)
    status = 200 if chance.random() < 0.7 else int(chance.choice(_STATUSES))
    headers: dict[str, str] = {}
    while chance.random() < 0.3 or (status == httpx.codes.TOO_MANY_REQUESTS and not headers):
        name, values = _HEADERS[0 if status == 429 else int(chance.integers(len(_HEADERS)))]
        headers[name] = values[int(chance.integers(len(values)))]
    if headers.get("Content-Encoding") == "gzip" and chance.random() < 0.7:
        content = gzip.compress(content, 1)
        content = content if chance.random() < 0.5 else garbled(content, chance)
    return status, headers, content


def _hostile_content(body: bytes, chance: Generator) -> bytes:
    kind = chance.random()
    if kind < 0.5:
        return mangled_body(body, chance)
    if kind < 0.6:
        return garbled(body, chance)
    if kind < 0.65:
        return chance.bytes(int(chance.integers(0, 3_000)))
    if kind < 0.75:
        return _PAGES[int(chance.integers(len(_PAGES)))]
    if kind < 0.85:
        return _with_number(body, chance)
    if kind < 0.9:
        # A key twice: readers differ in which counts.
        return body.replace(b'{"', b'{"data": 5, "', 1)
    several = [mangled(json.loads(body), chance) for _ in range(int(chance.integers(1, 4)))]
    return text(several if kind < 0.95 else {"data": several})


def _with_number(body: bytes, chance: Generator) -> bytes:
    """Return a body with a number of it replaced by one that no field can hold."""
    places = [at for at, byte in enumerate(body) if chr(byte).isdigit()]
    if not places:
        return body
    at = places[int(chance.integers(len(places)))]
    return body[:at] + _NUMBERS[int(chance.integers(len(_NUMBERS)))] + body[at + 1 :]


def try_bodies(messages: SandboxMessages, size: int, chance: Generator, tally: Tally) -> None:
    """Read this many hostile responses, in turn at each endpoint, without a network."""
    names = list(messages.ways)

    async def ask(loop: JumpingLoop) -> None:
        clock = WallClock(monotonic_ns=loop.monotonic_ns)
        for number in range(size):
            of = names[number % len(names)]
            carrier = Hostile(messages.bodies, of, chance)
            async with Transport(LOCAL, clock, carrier) as transport:
                with tally.attempt("bodies", carrier):
                    read_through(await messages.ways[of](client_of(transport)))

    with tally.measured("bodies"):
        run_jumping(ask)


def wire_responses(body: bytes, chance: Generator) -> Iterator[bytes]:
    """Yield the parts of a response that is wrong as HTTP, or endless."""
    length = b"Content-Length: %d\r\n\r\n"
    match int(chance.integers(9)):
        case 0:
            return iter([OK + length % (len(body) + 5) + body])
        case 1:
            return iter([OK + length % max(0, len(body) - 5) + body])
        case 2:
            return iter([OK + b"Content-Length: -1\r\n\r\n" + body])
        case 3:
            return iter([OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"zz\r\n" + body])
        case 4:
            return iter([OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(body)])
        case 5:
            return chain([OK + b"Transfer-Encoding: chunked\r\n\r\n"], map(chunk, repeat(PART)))
        case 6:
            return iter([chance.bytes(int(chance.integers(1, 400)))])
        case 7:
            return iter([garbled(OK + length % len(body) + body, chance)])
        case _:
            return iter([(OK + length % len(body) + body)[: int(chance.integers(200))]])


def _responses_to(body: bytes, chance: Generator, _: bytes) -> Iterator[bytes]:
    return wire_responses(body, chance)


def try_connections(messages: SandboxMessages, size: int, chance: Generator, tally: Tally) -> None:
    """Send this many responses that are wrong as HTTP over real connections."""

    async def ask() -> None:
        clock = WallClock()
        for number in range(size):
            of, body = list(messages.bodies.items())[number % len(messages.bodies)]
            async with sending(partial(_responses_to, body, chance)) as port:
                here = replace(LOCAL, root=f"http://127.0.0.1:{port}", answer_seconds=2)
                async with Transport(here, clock) as transport:
                    with tally.attempt("connections", of):
                        (await transport.ask("POST", of, body=b"{}")).data(of)

    with tally.measured("connections"):
        run_watching(ask(), 60 + 3 * size)


def run_trial(size: int, seed: int, tally: Tally) -> None:
    """Try hostile bodies, one in a hundred of them over real connections."""
    chance = default_rng(seed)
    messages = captured_messages(serve_sandbox)
    try_bodies(messages, size, chance, tally)
    try_connections(messages, max(1, size // 100), chance, tally)


if __name__ == "__main__":
    sys.exit(run_script("hostile_bodies", run_trial, sys.argv[1:]))
