"""Requests to The Odds API, and what its answers mean.

The key is part of the address of every request, as the source wants it. So no address, and no error
of the library, which may quote one, is ever shown: every message is made here.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit

import aiohttp
from msgspec import Meta

from live.decode import WireStruct, read
from live.reference.odds_api.odds_settings import OddsApiSettings
from live.reference.odds_api.quota import Quota
from strategies.trading.model.errors import ProtocolError
from strategies.trading.model.settings import LOOPBACK_HOSTS

# Far above the odds of a day of all games at all bookmakers; a longer body is not read to its end.
BODY_BYTES_MAX = 16 << 20
_PART_BYTES = 1 << 16
_HELD_SECONDS_MAX = 3_600.0
_HELD_SECONDS = 60.0
_CODE_CHARACTERS = 60
# The reasons of status 401 that a later request may not have.
_SPENT = "OUT_OF_USAGE_CREDITS"


class OddsApiError(Exception):
    """A request failed; the text is for people, and never holds the key.

    `retry_seconds` is the least pause before another request that the source asked for, 0 if it
    asked for none. Where `is_final`, no later request of this start can succeed.
    """

    def __init__(self, text: str, *, retry_seconds: float = 0, is_final: bool = False) -> None:
        """Take what happened, and when another request makes sense."""
        super().__init__(text)
        self.retry_seconds = retry_seconds
        self.is_final = is_final


class QuotaSpentError(OddsApiError):
    """The source refused a request because its quota is used up."""


class _WireError(WireStruct, frozen=True):
    error_code: Annotated[str, Meta(pattern=r"^[A-Z0-9_]*$")] = ""


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    headers: Mapping[str, str]
    body: bytes


class OddsClient:
    """Asks The Odds API, one request at a time, and notes what is left of its quota."""

    def __init__(
        self, session: aiohttp.ClientSession, settings: OddsApiSettings, key: str, quota: Quota
    ) -> None:
        """Use an open session of the library; see `odds_client`."""
        self._session = session
        self._settings = settings
        self._key = key
        self._quota = quota

    async def odds(self, sport_key: str) -> bytes:
        """Return the body with the odds of all games of a sport; raise OddsApiError."""
        chosen = (
            {"bookmakers": ",".join(self._settings.bookmakers)}
            if self._settings.bookmakers
            else {"regions": ",".join(self._settings.regions)}
        )
        query = {"markets": ",".join(dict.fromkeys(self._settings.markets)), **chosen}
        query |= {"oddsFormat": "american", "dateFormat": "iso"}
        return await self._body(f"/v4/sports/{sport_key}/odds", query, self._settings.cost)

    async def sports(self) -> None:
        """Ask which sports there are, which is free, for the quota alone; raise OddsApiError."""
        await self._body("/v4/sports", {}, 0)

    async def _body(self, path: str, query: Mapping[str, str], cost: int) -> bytes:
        try:
            response = await self._response(path, query)
        except OddsApiError:
            # The source may have counted it.
            self._quota.note({}, cost=cost)
            raise
        self._quota.note(response.headers, cost=cost)
        if response.status == HTTPStatus.OK:
            return response.body
        raise _error_of(response)

    async def _response(self, path: str, query: Mapping[str, str]) -> _Response:
        """Return a whole response, whatever its status; raise OddsApiError without one."""
        seconds = self._settings.answer_seconds
        url = f"{self._settings.url.rstrip('/')}{path}"
        try:
            async with (
                asyncio.timeout(seconds),
                self._session.get(
                    url, params={"apiKey": self._key, **query}, allow_redirects=False
                ) as response,
            ):
                return _Response(response.status, response.headers, await _bounded(response))
        except TimeoutError:
            text = f"no whole answer within {seconds:g} s"
        except aiohttp.ClientPayloadError:
            text = "the answer was cut off"
        except aiohttp.ClientConnectorCertificateError:
            text = "its certificate is not trusted; see SSL_CERT_FILE"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Only the kind: the text may hold the address, and with it the key.
            text = f"cannot be reached ({type(error).__name__})"
        raise OddsApiError(text) from None


@asynccontextmanager
async def odds_client(
    settings: OddsApiSettings, key: str, quota: Quota
) -> AsyncIterator[OddsClient]:
    """Open a client for as long as the context lasts."""
    is_local = urlsplit(settings.url).hostname in LOOPBACK_HOSTS
    # Requests to this machine do not go through a proxy. Cookies are not kept.
    # Nothing is unpacked, as a small body could become a very long one.
    async with aiohttp.ClientSession(
        trust_env=not is_local,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept-Encoding": "identity"},
        auto_decompress=False,
    ) as session:
        yield OddsClient(session, settings, key, quota)


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    """Return the body; raise OddsApiError if it is too long."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        message = "the answer is compressed, which was not asked for"
        raise OddsApiError(message)
    body = bytearray()
    async for part in response.content.iter_chunked(_PART_BYTES):
        body += part
        if len(body) > BODY_BYTES_MAX:
            message = f"the answer is longer than {BODY_BYTES_MAX >> 20} MiB"
            raise OddsApiError(message)
    return bytes(body)


def _error_of(response: _Response) -> OddsApiError:
    """Return what a status other than success means."""
    code = _code(response.body)
    shown = f"{response.status}{f', {code}' if code else ''}"
    match response.status:
        case HTTPStatus.UNAUTHORIZED if code == _SPENT:
            return QuotaSpentError(f"its quota is used up ({shown})")
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return OddsApiError(f"the key is refused ({shown}); check ODDS_API_KEY", is_final=True)
        case HTTPStatus.TOO_MANY_REQUESTS:
            seconds = _held_seconds(response.headers.get("Retry-After"))
            text = f"asks for fewer requests ({shown}); waiting {seconds:g} s"
            return OddsApiError(text, retry_seconds=seconds)
        case HTTPStatus.NOT_FOUND | HTTPStatus.UNPROCESSABLE_ENTITY | HTTPStatus.BAD_REQUEST:
            return OddsApiError(f"does not know what is asked for ({shown})")
        case status if status >= 500:
            return OddsApiError(f"failed ({shown})")
    return OddsApiError(f"answers with status {shown}")


def _code(body: bytes) -> str:
    """Return the source's code of an error; its message is not shown, as it may quote the key."""
    try:
        return read(_WireError, body, "error").error_code[:_CODE_CHARACTERS]
    except ProtocolError:
        return ""


def _held_seconds(retry_after: str | None) -> float:
    """Return the seconds of a Retry-After header; a minute without a valid one."""
    try:
        seconds = float(retry_after or _HELD_SECONDS)
    except ValueError:
        return _HELD_SECONDS
    return _HELD_SECONDS if math.isnan(seconds) else min(max(seconds, 1.0), _HELD_SECONDS_MAX)
