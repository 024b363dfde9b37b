"""Interprets a reply: the requested data, a refusal, or an unknown outcome."""

import msgspec

from live.decode import WireStruct, read
from live.prophetx.rest.transport import Reply
from strategies.trading.model.errors import ProtocolError, RefusalError, UnreachableError

# Codes of HTTP 500 that are definite refusals nevertheless (partner API, 3.2).
_DEFINITE = ("order_not_belongs_to_user", "opened_retry")


class _Envelope(WireStruct, frozen=True):
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Error(WireStruct, frozen=True):
    error: str | None = None
    message: str | None = None


def data_of(reply: Reply, what: str) -> bytes:
    """Return the JSON text of the requested data.

    Raise RefusalError for a definite refusal, UnreachableError if the exchange failed and the
    outcome is unknown, and ProtocolError if the reply cannot be decoded.
    """
    return bytes(read(_Envelope, body_of(reply, what), what).data)


def body_of(reply: Reply, what: str) -> bytes:
    """Return the whole body of a reply that is a success; raise as `data_of` does."""
    if 200 <= reply.status < 300:
        return reply.body
    error = _error(reply)
    code = error.error or f"http_{reply.status}"
    if reply.status >= 500 and code not in _DEFINITE:
        message = f"{what}: the exchange failed ({code}); what it did is unknown"
        raise UnreachableError(message)
    raise RefusalError(code, error.message or what)


def _error(reply: Reply) -> _Error:
    try:
        return read(_Error, reply.body, "error")
    except ProtocolError:
        return _Error()
