"""HTTP requests and what their replies mean.

The only module that imports httpx, so that it can be replaced.
"""

import asyncio
import math
import os
import ssl
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from live.decode import WireStruct, read
from live.prophetx.rest.eager import eagerly
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.rest.exchange_clock import ExchangeClock
from live.prophetx.rest.rate_limit import RateLimiter
from live.prophetx.rest.request_counts import RequestCounts
from live.wall_clock import WallClock
from strategies.trading.model.errors import (
    ConfigError,
    ProtocolError,
    RefusalError,
    UnreachableError,
)

_HELD_SECONDS_MAX = 60.0
# A new connection costs two or three round trips before a request is written; httpx keeps one
# without requests for 5 s only. It looks at each that it keeps with every request, so few are kept:
# two markets that move at once make four requests. One that the exchange closed is noticed.
_CONNECTIONS = httpx.Limits(max_connections=100, max_keepalive_connections=4, keepalive_expiry=30.0)
# What the exchange asks for in its engineering review, of each route.
_QUERIES_PER_SECOND = 1
# The parameter of a further page.
_CURSOR = "next_cursor"
# Its own id of a wager ends this route.
_ORDER = "v4/mm/get_order/"

# Far above the largest snapshot; a longer body is not read to its end.
BODY_BYTES_MAX = 32 << 20
# The one encoding that we offer, with the window that makes zlib read its header.
_GZIP, _GZIP_WINDOW = "gzip", 31
_CODE_CHARACTERS = 100
# The variable that names the authorities to trust, which OpenSSL reads.
CERTIFICATES = "SSL_CERT_FILE"
# What OpenSSL says of a certificate that nobody vouches for; one that has expired is another thing.
_UNTRUSTED = ("self-signed certificate", "unable to get local issuer certificate")
_MESSAGE_CHARACTERS = 1_000

# Codes of HTTP 500 that are definite refusals nevertheless (partner API, 3.2).
_DEFINITE = ("order_not_belongs_to_user", "opened_retry")


class _Envelope(WireStruct, frozen=True):
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Error(WireStruct, frozen=True):
    error: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A response: its HTTP status and its raw body."""

    status: int
    body: bytes

    def data(self, what: str) -> bytes:
        """Return the JSON text of the requested data; errors name `what` was requested.

        Raise RefusalError for a definite refusal, UnreachableError if the exchange failed and the
        outcome is unknown, and ProtocolError if the reply cannot be decoded.
        """
        return bytes(read(_Envelope, self.successful_body(what), what).data)

    def successful_body(self, what: str) -> bytes:
        """Return the whole body of a reply that is a success; raise as `data` does."""
        if 200 <= self.status < 300:
            return self.body
        error = self._error()
        code = (error.error or f"http_{self.status}")[:_CODE_CHARACTERS]
        if self.status >= 500 and code not in _DEFINITE:
            message = f"{what}: the exchange failed ({code}); what it did is unknown"
            raise UnreachableError(message)
        raise RefusalError(code, (error.message or what)[:_MESSAGE_CHARACTERS])

    def _error(self) -> _Error:
        try:
            return read(_Error, self.body, "error")
        except ProtocolError:
            return _Error()


def trusted_context() -> ssl.SSLContext:
    """Return the trusted authorities, for requests and sockets: SSL_CERT_FILE, or certifi's list.

    Raise ConfigError if there are no certificates in that file.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        message = f"{CERTIFICATES}: {os.environ.get(CERTIFICATES)} has no certificates ({error})"
        raise ConfigError(message) from error


class Transport:
    """Sends requests to one exchange, within its rate limit. Used as a context manager.

    A response longer than BODY_BYTES_MAX, once decompressed, counts as none: it is not read to its
    end, and its connection is closed.
    Redirects are not followed, so that keys are sent to the configured host only.
    """

    def __init__(
        self, endpoint: Endpoint, clock: WallClock, carrier: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Prepare; requests go over the network unless another transport is given as `carrier`."""
        self.endpoint = endpoint
        self.counts = RequestCounts()
        self.exchange_clock = ExchangeClock(endpoint, clock)
        self._clock = clock
        self._query_limiters: dict[str, RateLimiter] = {}
        self._answer_seconds = endpoint.answer_seconds
        self._rate_limiter = RateLimiter(clock, endpoint.requests_per_second)
        self._http = httpx.AsyncClient(
            transport=carrier,
            timeout=endpoint.answer_seconds,
            follow_redirects=False,
            limits=_CONNECTIONS,
            verify=trusted_context() if carrier is None else True,
            # Requests to this machine do not go through a proxy.
            trust_env=not endpoint.is_local,
        )

    async def __aenter__(self) -> Self:
        """Return the transport."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        token: str | None = None,
    ) -> Reply:
        """Send a request once, and return the reply, whatever its status.

        Raise UnreachableError if none came in time: then what the exchange did is unknown.
        """
        if method == "GET" and _CURSOR not in (query or {}):
            await self._acquire_query(route_of(path))
        await self._rate_limiter.acquire()
        headers = {"Accept-Encoding": _GZIP}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            async with asyncio.timeout(self._answer_seconds):
                request = self._exchange(method, path, params=query, content=body, headers=headers)
                response, content = await eagerly(request)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            raise self._unreachable(method, path, error) from error
        self.counts.replied(path, response.status_code)
        self.exchange_clock.note(response.headers)
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            self._rate_limiter.back_off(_seconds(response.headers.get("Retry-After")))
        return Reply(response.status_code, content)

    async def _exchange(self, method: str, path: str, **parts: Any) -> tuple[httpx.Response, bytes]:
        """Send a request; return the response, and its decoded body."""
        url = _url(self.endpoint.url(path))
        async with self._http.stream(method, url, **parts) as response:
            return response, await _bounded_body(response)

    async def _acquire_query(self, route: str) -> None:
        """Return when a query of a route may be sent: the exchange asks for one a second.

        Every page of one query but the first is sent at once.
        """
        limiter = self._query_limiters.get(route)
        if limiter is None:
            limiter = self._query_limiters[route] = RateLimiter(self._clock, _QUERIES_PER_SECOND)
        # By the time that was permitted: under load a fast clock is further by now.
        self.counts.queried(route, await limiter.acquire())

    def _unreachable(self, method: str, path: str, error: Exception) -> UnreachableError:
        if isinstance(error, TimeoutError | httpx.TimeoutException):
            why = f"no response within {self._answer_seconds:g} s"
        else:
            why = str(error) or type(error).__name__
        remedy = self._remedy(error)
        if remedy:
            why += f"; {remedy}"
        return UnreachableError(f"{self.endpoint.root}: {method} {path}: {why}")

    def _remedy(self, error: Exception) -> str:
        """Return what a person can do about an error of the connection, empty if not known."""
        endpoint, text = self.endpoint, str(error)
        secure = endpoint.root.startswith("https:")
        if any(words in text for words in _UNTRUSTED):
            return f"{CERTIFICATES} must name a file with the certificate to trust"
        if not endpoint.is_local or "CERTIFICATE_VERIFY_FAILED" in text:
            return ""
        if "[SSL: " in text:
            return "is python -m sim serve running with sandbox.certificate, as https needs?"
        if isinstance(error, httpx.ConnectError):
            return "is python -m sim serve running?"
        if isinstance(error, httpx.ReadError | httpx.RemoteProtocolError) and not secure:
            return "is python -m sim serve running without sandbox.certificate, as http needs?"
        return ""


async def _bounded_body(response: httpx.Response) -> bytes:
    """Return the decoded body; raise OSError if it is too long, or cannot be decoded.

    The library would decompress a part without a limit, and keep all that follows the end of what
    is compressed.
    """
    unpack = _unpacker(response.headers.get("Content-Encoding", "").strip().lower())
    body, received = bytearray(), 0
    assert isinstance(response.stream, httpx.AsyncByteStream), "its client is asynchronous"
    async for part in response.stream:
        received += len(part)
        body += unpack(part, BODY_BYTES_MAX + 1 - len(body))
        if max(received, len(body)) > BODY_BYTES_MAX:
            message = f"the body is longer than {BODY_BYTES_MAX} bytes"
            raise OSError(message)
    return bytes(body)


def _unpacker(encoding: str) -> Callable[[bytes, int], bytes]:
    """Return what decodes a part of a body to a greatest length; raise OSError if nothing does."""
    if encoding in ("", "identity"):
        return lambda part, _: part
    if encoding != _GZIP:
        message = f"the body is encoded as {encoding[:_CODE_CHARACTERS]!r}"
        raise OSError(message)
    unpacking = zlib.decompressobj(_GZIP_WINDOW)

    def unpack(part: bytes, most: int) -> bytes:
        try:
            return b"" if unpacking.eof else unpacking.decompress(part, most)
        except zlib.error as error:
            message = f"the body is not {_GZIP}: {error}"
            raise OSError(message) from error

    return unpack


# Parsing an address takes a good part of the time of a request.
_url = lru_cache(maxsize=256)(httpx.URL)


def route_of(path: str) -> str:
    """Return the route of a path: the path itself, without the id of a wager."""
    return _ORDER if path.startswith(_ORDER) else path


def _seconds(retry_after: str | None) -> float:
    """Return the seconds of a Retry-After header, one without a valid header."""
    try:
        seconds = float(retry_after or 1)
    except ValueError:
        seconds = 1.0
    # NaN is a number to Python, and would compare as neither.
    return 1.0 if math.isnan(seconds) else min(max(seconds, 0.0), _HELD_SECONDS_MAX)
