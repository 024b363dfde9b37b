"""The tokens of a session: requested with the keys, renewed before they expire or when refused."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from live.decode import read
from live.prophetx.rest.credentials import Credentials
from live.prophetx.rest.token_file import SavedTokens, TokenFile
from live.prophetx.rest.transport import Transport
from live.prophetx.wire.login import LoginResponse, RefreshResponse
from live.retry_pauses import retry_seconds
from live.wall_clock import WallClock
from strategies.trading.model.errors import (
    CredentialsError,
    ExchangeError,
    ProtocolError,
    RefusalError,
    UnauthorizedError,
    UnreachableError,
)
from strategies.trading.model.units import NS_PER_SECOND

# Share of a token's life, from its arrival on, after which it is renewed (partner API, 2).
_RENEWED_AFTER_PERCENT = 60

# Between two attempts to renew a token that is still valid, and the life of one received expired.
_AGAIN_NS = 10 * NS_PER_SECOND
_SHORTEST_LIFE_NS = 60 * NS_PER_SECOND


T = TypeVar("T")


class Tokens:
    """Keeps one session open at the exchange, shared with the other processes of the account.

    A refresh keeps the session, a login makes a new one; so the token of another process is used if
    there is one, a token is refreshed while that works, and login comes last.

    A refusal before any request was accepted is an error of the keys. Later it is an outage: it is
    raised as UnauthorizedError, and login is tried again after longer and longer pauses.
    """

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials,
        clock: WallClock,
        shared: TokenFile | None = None,
    ) -> None:
        """Start without a token; the first is requested when it is needed.

        Without `shared`, tokens are not shared with other processes.
        """
        self._shared = shared
        self._transport = transport
        self._credentials = credentials
        self._clock = clock
        self._renewing = asyncio.Lock()
        self._access: str | None = None
        self._refresh = ""
        self._refreshed = False
        self._renew_at_ns = 0
        self._ends_ns = 0
        self._was_accepted = self._is_stale = False
        self._refusals = 0
        self._again_ns = 0
        self._on_lost: Callable[[str], None] = _ignore

    def __repr__(self) -> str:
        """Return a text without the tokens."""
        return "Tokens(...)"

    @property
    def is_refused(self) -> bool:
        """Return whether the exchange refuses our login, after it had accepted us."""
        return self._refusals > 0

    def on_lost(self, callback: Callable[[str], None]) -> None:
        """Call back with the reason when the exchange begins to refuse our login."""
        self._on_lost = callback

    def accepted(self) -> None:
        """Note that a request with a token was accepted."""
        self._was_accepted = True
        self._refusals = 0

    def refused(self, error: ExchangeError | CredentialsError) -> ExchangeError | CredentialsError:
        """Return the error to raise for a refusal of our keys, or of a new token."""
        if not self._was_accepted or isinstance(error, UnreachableError):
            return error
        self._is_stale = True
        pause_ns = int(retry_seconds(self._refusals) * NS_PER_SECOND)
        self._again_ns = self._clock.wall_ns() + pause_ns
        self._refusals += 1
        if self._refusals == 1:
            self._on_lost(str(error))
        return UnauthorizedError(str(error))

    async def current(self) -> str:
        """Return a token that has not ended.

        Raise CredentialsError if the keys are refused, UnauthorizedError if they were accepted.
        """
        async with self._renewing:
            if self._access is None or self._is_stale:
                return await self._renew()
            if self._clock.wall_ns() >= self._renew_at_ns:
                await self._renew_early()
            return self._access

    def forget(self) -> None:
        """Renew the token when it is needed next."""
        self._renew_at_ns = 0

    async def replace(self, refused: str) -> str:
        """Return a token in place of one that was refused: refreshed first, then by a login.

        Raise CredentialsError if the keys themselves are refused, as `current` does.
        """
        async with self._renewing:
            if self._access not in (None, refused) and not self._is_stale:
                return self._access
            return await self._renew(refused)

    async def _renew(self, refused: str | None = None) -> str:
        """Return a new token: that of another process, or one that we request."""
        async with self._locked():
            if self._adopt():
                assert self._access is not None
                return self._access
            if refused is not None and self._refreshed:
                return await self._log_in()
            return await self._refresh_or_log_in()

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        """Keep other processes from renewing meanwhile: two refreshes would be one too many."""
        if self._shared is None:
            yield
            return
        async with self._shared.locked():
            yield

    def _adopt(self) -> bool:
        """Take over what another process saved; return whether its token can be used."""
        saved = None if self._shared is None else self._shared.read()
        if saved is None or saved.access_token == self._access:
            return False
        if self._access is None:
            # It may continue a session whose last token has ended.
            self._refresh = saved.refresh_token
        life_ns = saved.access_expire_time * NS_PER_SECOND - self._clock.wall_ns()
        if life_ns <= _SHORTEST_LIFE_NS:
            return False
        self._refresh = saved.refresh_token
        self._keep(saved.access_token, saved.access_expire_time, refreshed=False)
        self._transport.counts.token_adopted()
        return True

    async def _renew_early(self) -> None:
        """Renew a token that is still valid; keep it while the exchange cannot be reached."""
        try:
            await self._renew()
        except UnreachableError:
            if self._clock.wall_ns() >= self._ends_ns:
                raise
            self._renew_at_ns = self._clock.wall_ns() + _AGAIN_NS

    async def _refresh_or_log_in(self) -> str:
        self._require_pause()
        if not self._refresh:
            return await self._log_in()
        body = msgspec.json.encode({"refresh_token": self._refresh})
        reply = await self._transport.ask("POST", "auth/refresh", body=body, token=self._access)
        try:
            response = _read_secret(RefreshResponse, reply.data("refresh"))
        except (RefusalError, ProtocolError):
            return await self._log_in()
        self._keep(response.access_token, response.access_expire_time, refreshed=True)
        self._share(response.access_expire_time)
        return response.access_token

    def _require_pause(self) -> None:
        """Raise UnauthorizedError while it is too early for another login."""
        if self._refusals and self._clock.wall_ns() < self._again_ns:
            message = f"{self._transport.endpoint.name} refused our login a short time ago"
            raise UnauthorizedError(message)

    async def _log_in(self) -> str:
        self._require_pause()
        keys = self._credentials
        body = msgspec.json.encode({"access_key": keys.access_key, "secret_key": keys.secret_key})
        reply = await self._transport.ask("POST", "auth/login", body=body)
        try:
            response = _read_secret(LoginResponse, reply.data("login"))
        except RefusalError as refusal:
            error = _refusal_error(self._transport.endpoint.name, refusal)
            raise self.refused(error) from refusal
        self._refresh = response.refresh_token
        self._keep(response.access_token, response.access_expire_time, refreshed=False)
        self._share(response.access_expire_time)
        return response.access_token

    def _share(self, ends_seconds: int) -> None:
        if self._shared is not None and self._access is not None:
            self._shared.write(SavedTokens(self._access, ends_seconds, self._refresh))

    def _keep(self, access: str, ends_seconds: int, *, refreshed: bool) -> None:
        now_ns = self._clock.wall_ns()
        life_ns = ends_seconds * NS_PER_SECOND - now_ns
        # With clocks far apart, a new token may seem expired: it is used all the same.
        life_ns = max(life_ns, _SHORTEST_LIFE_NS)
        self._access, self._refreshed, self._is_stale = access, refreshed, False
        self._renew_at_ns = now_ns + life_ns * _RENEWED_AFTER_PERCENT // 100
        self._ends_ns = now_ns + life_ns


def _ignore(_: str) -> None:
    """Ignore a lost login if nobody asked to be called."""


def _refusal_error(name: str, refusal: RefusalError) -> ExchangeError | CredentialsError:
    """Return the error for a refused login: a wrong key, too many sessions, or a wrong address."""
    code = refusal.code
    if code in ("rate_limit_reached", "http_429"):
        return UnreachableError(f"{name} accepts no login for now ({refusal})")
    if code in ("session_num_exceed", "keypair_num_exceed"):
        message = f"{name} has too many sessions or key pairs of ours ({code}); one ends when its "
        return CredentialsError(f"{message}token expires: wait, or end what else uses the keys")
    if code in ("http_404", "http_405", "data_not_found") or code.startswith("http_3"):
        return RefusalError(code, f"{name} has no login there; is prophet.root right?")
    return CredentialsError(f"{name} refuses the keys ({refusal})")


def _read_secret(type_: type[T], data: bytes) -> T:
    """Read a response with tokens in it: an error must not contain its text."""
    try:
        return read(type_, data, "token")
    except ProtocolError as error:
        raise ProtocolError(str(error)) from None
