"""Authentication: key pairs, their sessions, and access and refresh tokens (partner API, 2)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sim.sandbox.api_errors import RefusedError
from sim.sandbox.sandbox_settings import SandboxSettings
from sim.sandbox.serializers import Json
from strategies.trading.model.units import NS_PER_SECOND

_HEADER = {"alg": "HS256", "typ": "JWT"}
_KEY = "access_key"
_SECRET = "secret_key"


@dataclass(slots=True)
class _KeyPair:
    """A key pair that logged in: its account, and when each session's latest token expires."""

    secret_key: str
    account_id: str
    sessions: dict[int, int] = field(default_factory=dict)


class Sessions:
    """Opens sessions, issues tokens and authenticates requests.

    Any key pair is accepted, up to `most_accounts`; the first login with an access key sets its
    secret. Each access key has its own account. A session counts while its latest access token is
    valid. `now_ns` is the sandbox's clock.
    """

    def __init__(self, now_ns: Callable[[], int], settings: SandboxSettings, secret: str) -> None:
        """Start without key pairs; `secret` signs the tokens."""
        self._now_ns = now_ns
        self._settings = settings
        self._secret = secret.encode()
        self._pairs: dict[str, _KeyPair] = {}
        self._issued = 0
        self._revoked = 0

    def login(self, body: dict[str, Any]) -> Json:
        """Open a session for a key pair and return its tokens; raise RefusedError if refused."""
        pair = self._pair(body.get(_KEY), body.get(_SECRET))
        now = self._now_seconds()
        alive = [number for number, expires in pair.sessions.items() if expires > now]
        if len(alive) >= self._settings.most_sessions:
            raise RefusedError("session_num_exceed")
        session = self._issued + 1
        refresh = self._token("refresh", body[_KEY], session, self._settings.refresh_seconds)
        return self._access(body[_KEY], session) | {
            "refresh_token": refresh,
            "refresh_expire_time": now + self._settings.refresh_seconds,
        }

    def refresh(self, body: dict[str, Any]) -> Json:
        """Return a new access token for the session of a refresh token."""
        claims = self._claims(body.get("refresh_token"), "refresh")
        return self._access(claims["key"], claims["session"])

    def account_id_of(self, authorization: str) -> str:
        """Return the account id of an Authorization header; raise RefusedError if invalid."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise RefusedError("unauthorized", "a Bearer token is missing")
        return self._pairs[self._claims(token, "access")["key"]].account_id

    def expire_all(self, refresh_too: bool) -> None:
        """Revoke every access token issued so far, and with `refresh_too` every refresh token."""
        self._revoked = self._issued
        for pair in self._pairs.values():
            pair.sessions.clear()
        if refresh_too:
            self._secret = hashlib.sha256(self._secret).digest()

    def _pair(self, access_key: object, secret_key: object) -> _KeyPair:
        if not isinstance(access_key, str) or not isinstance(secret_key, str) or not access_key:
            raise RefusedError("invalid_request", f"{_KEY} and {_SECRET} must be text")
        pair = self._pairs.get(access_key)
        if pair is None:
            if len(self._pairs) >= self._settings.most_accounts:
                raise RefusedError("keypair_num_exceed")
            pair = self._pairs[access_key] = _KeyPair(secret_key, account_id_for(access_key))
        if not hmac.compare_digest(pair.secret_key.encode(), secret_key.encode()):
            raise RefusedError("unauthorized", "the secret does not belong to the access key")
        return pair

    def _access(self, access_key: str, session: int) -> Json:
        lifetime = self._settings.access_seconds
        expires = self._now_seconds() + lifetime
        self._pairs[access_key].sessions[session] = expires
        token = self._token("access", access_key, session, lifetime)
        return {"access_token": token, "access_expire_time": expires}

    def _token(self, use: str, access_key: str, session: int, lifetime: int) -> str:
        self._issued += 1
        claims = {
            "sub": account_id_for(access_key),
            "key": access_key,
            "session": session,
            "use": use,
            "number": self._issued,
            "exp": self._now_seconds() + lifetime,
        }
        signed = f"{_encoded(_HEADER)}.{_encoded(claims)}"
        return f"{signed}.{self._signature(signed)}"

    def _claims(self, token: object, use: str) -> dict[str, Any]:
        signed, _, signature = str(token).rpartition(".")
        if not hmac.compare_digest(self._signature(signed).encode(), signature.encode()):
            raise RefusedError("unauthorized", "the token's signature is invalid")
        claims: dict[str, Any] = json.loads(_decoded(signed.partition(".")[2]))
        if claims["key"] not in self._pairs:
            # Every sandbox signs with the same secret: clients keep tokens over its restarts.
            raise RefusedError("unauthorized", "the token is of an earlier sandbox")
        revoked = use == "access" and claims["number"] <= self._revoked
        if claims["use"] != use or revoked or claims["exp"] <= self._now_seconds():
            raise RefusedError("unauthorized", "the token has expired or has the wrong type")
        return claims

    def _signature(self, signed: str) -> str:
        digest = hmac.new(self._secret, signed.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def _now_seconds(self) -> int:
        return self._now_ns() // NS_PER_SECOND


def account_id_for(access_key: str) -> str:
    """Return the account id for an access key, in the exchange's format."""
    digits = hashlib.sha256(access_key.encode()).hexdigest()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))


def _encoded(claims: dict[str, Any]) -> str:
    text = json.dumps(claims, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
