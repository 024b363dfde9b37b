"""The tokens of a session: requested with the keys, renewed before they expire or when refused."""

import asyncio
from collections import deque
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
# The exchange's review before production keys asks for a refresh by then, however long tokens live.
_RENEWED_BY_NS = 600 * NS_PER_SECOND

# Between two attempts to renew a token that is still valid, and the life of one received expired.
_AGAIN_NS = 10 * NS_PER_SECOND
_SHORTEST_LIFE_NS = 60 * NS_PER_SECOND
# A login opens a session for as long as its token lives, which is usually 20 minutes, and a key may
# have 20 of them. With these pauses one process opens at most 15 within that time.
_LOGIN_WINDOW_NS = 1_200 * NS_PER_SECOND
_LOGINS_AT_ONCE = 3
_LONGEST_LOGIN_PAUSE_NS = 240 * NS_PER_SECOND

T = TypeVar("T")


class _Refusals:
    """Refusals in a row, and the pause that follows the last of them."""

    def __init__(self) -> None:
        self.number = 0
        self._until_ns = 0

    def add(self, now_ns: int) -> None:
        self._until_ns = now_ns + int(retry_seconds(self.number) * NS_PER_SECOND)
        self.number += 1

    def is_pause(self, now_ns: int) -> bool:
        return now_ns < self._until_ns


class _LoginTimes:
    """The times of the last logins: the more there were, the longer the pause before another."""

    def __init__(self) -> None:
        self._times_ns: deque[int] = deque()

    def add(self, now_ns: int) -> None:
        self._times_ns.append(now_ns)

    def is_pause(self, now_ns: int) -> bool:
        while self._times_ns and now_ns - self._times_ns[0] > _LOGIN_WINDOW_NS:
            self._times_ns.popleft()
        more = len(self._times_ns) - _LOGINS_AT_ONCE
        if more < 0:
            return False
        pause_ns = min(NS_PER_SECOND << min(more, 30), _LONGEST_LOGIN_PAUSE_NS)
        return now_ns - self._times_ns[-1] < pause_ns


class Tokens:
    """Keeps one session open at the exchange, shared with the other processes of the account.

    A refresh keeps the session, a login makes a new one; so the token of another process is used if
    there is one, a token is refreshed while that works, and login comes last.

    A refusal before any request was accepted is an error of the keys. Later it is an outage: it is
    raised as UnauthorizedError, and login is tried again after longer and longer pauses. A route
    that refuses a token of a new login is left alone for such pauses too; the other routes are not.
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
        self._was_accepted = self._is_stale = self._is_refused = False
        self._login_refusals = _Refusals()
        self._route_refusals: dict[str, _Refusals] = {}
        self._login_times = _LoginTimes()
        self._on_lost: Callable[[str], None] = _ignore

    def __repr__(self) -> str:
        """Return a text without the tokens."""
        return "Tokens(...)"

    @property
    def is_refused(self) -> bool:
        """Return whether the exchange refuses our login, after it had accepted us."""
        return self._is_refused

    def on_lost(self, callback: Callable[[str], None]) -> None:
        """Call back with the reason when the exchange begins to refuse our login."""
        self._on_lost = callback

    def accepted(self, route: str) -> None:
        """Note that a request with a token was accepted."""
        self._was_accepted = True
        self._is_refused = False
        self._login_refusals = _Refusals()
        self._route_refusals.pop(route, None)

    def require_route(self, route: str) -> None:
        """Raise UnauthorizedError while it is too early to ask a route that refused new tokens."""
        refusals = self._route_refusals.get(route)
        if refusals is not None and refusals.is_pause(self._clock.wall_ns()):
            raise UnauthorizedError(self._short_time_ago(f"a new token ({route})"))

    def refused_by(self, route: str) -> ExchangeError | CredentialsError:
        """Return the error to raise for a route that refuses a new token."""
        message = (
            f"{self._transport.endpoint.name} refuses a token that it has just given ({route})"
        )
        if not self._was_accepted:
            return CredentialsError(message)
        self._route_refusals.setdefault(route, _Refusals()).add(self._clock.wall_ns())
        return self._outage(message)

    def _login_refused(
        self, error: ExchangeError | CredentialsError
    ) -> ExchangeError | CredentialsError:
        """Return the error to raise for a refusal of our keys."""
        if not self._was_accepted or isinstance(error, UnreachableError):
            return error
        self._is_stale = True
        self._login_refusals.add(self._clock.wall_ns())
        return self._outage(str(error))

    def _outage(self, message: str) -> UnauthorizedError:
        if not self._is_refused:
            self._is_refused = True
            self._on_lost(message)
        return UnauthorizedError(message)

    def _short_time_ago(self, what: str) -> str:
        return f"{self._transport.endpoint.name} refused {what} a short time ago"

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

    async def replace(self, refused: str, route: str) -> str:
        """Return a token in place of one that a route refused: refreshed first, then by a login.

        Raise CredentialsError if the keys themselves are refused, as `current` does.
        """
        async with self._renewing:
            if self._access not in (None, refused) and not self._is_stale:
                return self._access
            return await self._renew(refused, route)

    async def _renew(self, refused: str | None = None, route: str = "") -> str:
        """Return a new token: that of another process, or one that we request."""
        async with self._locked():
            if self._adopt():
                assert self._access is not None
                return self._access
            if refused is not None and self._refreshed:
                if self._login_times.is_pause(self._clock.wall_ns()):
                    raise self.refused_by(route)
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
        """Raise UnauthorizedError while it is too early for another attempt."""
        if self._login_refusals.is_pause(self._clock.wall_ns()):
            raise UnauthorizedError(self._short_time_ago("our login"))

    async def _log_in(self) -> str:
        self._require_pause()
        if self._login_times.is_pause(self._clock.wall_ns()):
            name = self._transport.endpoint.name
            message = f"{name} let us log in often; the next login is made after a pause"
            raise UnauthorizedError(message)
        keys = self._credentials
        body = msgspec.json.encode({"access_key": keys.access_key, "secret_key": keys.secret_key})
        reply = await self._transport.ask("POST", "auth/login", body=body)
        try:
            response = _read_secret(LoginResponse, reply.data("login"))
        except RefusalError as refusal:
            error = _refusal_error(self._transport.endpoint.name, refusal)
            raise self._login_refused(error) from refusal
        self._login_times.add(self._clock.wall_ns())
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
        due_ns = min(life_ns * _RENEWED_AFTER_PERCENT // 100, _RENEWED_BY_NS)
        self._renew_at_ns = now_ns + due_ns
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
