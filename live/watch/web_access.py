"""Who may read the page and who may operate: two tokens, and what a browser says of a request.

Browsers name the host that a page led them to and the origin of a request. A page of somebody else
that the same browser shows can therefore neither read nor post here.
"""

import hmac
import secrets
from enum import StrEnum
from http import HTTPStatus

from aiohttp import web

from strategies.trading.model.settings import LOOPBACK

_HOSTS = (LOOPBACK, "localhost")
_FETCH_HEADER = "Sec-Fetch-Site"
_TOKEN_BYTES = 24


class WebRole(StrEnum):
    """What a token permits: to look, or also to operate."""

    VIEWER = "viewer"
    OPERATOR = "operator"


class WebAccess:
    """The tokens of one server, new at each start, and the check of a request.

    A browser gets its token in an address once, and a cookie in return. Cookies do not know ports,
    so the name of this one has the port of the server.
    """

    def __init__(self) -> None:
        """Draw the tokens."""
        self.tokens = {role: secrets.token_urlsafe(_TOKEN_BYTES) for role in WebRole}

    def role_of(self, request: web.Request) -> WebRole | None:
        """Return what a request may do, None without a valid token or from another page."""
        if not _is_ours(request):
            return None
        given = request.query.get("token") or request.cookies.get(_cookie(request), "")
        return self._role(given)

    def admit(self, request: web.Request, role: WebRole) -> web.StreamResponse:
        """Return the redirection to the same page without a token, which a cookie then holds."""
        headers = {"Location": request.path, "Cache-Control": "no-store"}
        response = web.Response(status=HTTPStatus.SEE_OTHER, headers=headers)
        response.set_cookie(
            _cookie(request), self.tokens[role], httponly=True, samesite="Strict", path="/"
        )
        return response

    def _role(self, given: str) -> WebRole | None:
        found = None
        for role, token in self.tokens.items():
            # Both are compared, so that the time says nothing.
            if hmac.compare_digest(given.encode("utf-8", "replace"), token.encode()):
                found = role
        return found


def _is_ours(request: web.Request) -> bool:
    """Return whether a request is for this server, and from a page of it if from any."""
    if request.host.rpartition(":")[0] not in _HOSTS:
        return False
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{request.host}":
        return False
    # Browsers say where a request began. Another page may open this one, and no more.
    origin_kind = request.headers.get(_FETCH_HEADER, "none")
    return origin_kind in ("none", "same-origin") or (
        request.method == "GET" and "token" in request.query
    )


def _cookie(request: web.Request) -> str:
    return f"watch_{request.host.rpartition(':')[2]}"
