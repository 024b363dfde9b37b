"""The faults of a rehearsal: which, when, and how they are caused."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from numpy.random import Generator

from live.prophetx.market_data.prophet_market import ProphetMarket
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.rest.transport import Transport

_FAULTS_PATH = "_sandbox/faults"
_PLACE, _CANCEL = "submit_multiple_orders", "cancel_multiple_orders"
_HISTORY = "get_order_history"
# The first and the last part of a rehearsal are without faults: the desk begins, and must be whole
# again before it ends.
_CALM_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class RehearsalFault:
    """A fault in words, and how to cause it: what our own sandbox is sent, or on our side."""

    name: str
    body: dict[str, Any]
    too_many: int = 0


def _fault(name: str, kind: str, **others: Any) -> RehearsalFault:
    too_many = others.get("count", 1) if kind == "too_many" else 0
    return RehearsalFault(name, {"kind": kind, **others}, too_many)


DROP_SOCKET = RehearsalFault("we drop the socket", {})
RENEW_TOKEN = RehearsalFault("we throw the token away", {})
_OURS = (DROP_SOCKET, RENEW_TOKEN)


def _sandbox_faults(answer_seconds: float) -> tuple[RehearsalFault, ...]:
    """Return every fault of our own sandbox; late ones come after we have ceased to wait."""
    late = answer_seconds + 1
    return (
        *_OURS,
        _fault("the socket is closed", "socket_close"),
        _fault("the socket is reset", "socket_reset"),
        _fault("the socket is silent", "frozen_socket", seconds=6 * answer_seconds),
        _fault("a frame that is none", "garbage_frame"),
        _fault("three messages are lost", "lost_message", count=3),
        _fault("three messages come twice", "doubled_message", count=3),
        _fault("all tokens are revoked", "expired_token"),
        _fault("all sessions are revoked", "expired_token", code="refresh"),
        _fault("429 for a placement", "too_many", path=_PLACE),
        _fault("429 for two cancels", "too_many", path=_CANCEL, count=2),
        _fault("429 for the history", "too_many", path=_HISTORY),
        _fault("a placement's response is late", "late", path=_PLACE, seconds=late),
        _fault("a placement is executed late", "slow", path=_PLACE, seconds=late),
        _fault("a placement is reset after it was executed", "reset", path=_PLACE),
        _fault("a placement fails", "refused", path=_PLACE, code="internal_error"),
        _fault("a placement is executed twice", "twice", path=_PLACE),
        _fault("a cancel's response is late", "late", path=_CANCEL, seconds=late),
        _fault("a cancel fails", "refused", path=_CANCEL, code="internal_error"),
        _fault("the history is late", "slow", path=_HISTORY, seconds=late),
    )


def schedule(
    rng: Generator, endpoint: Endpoint, hours: float
) -> Iterator[tuple[float, RehearsalFault]]:
    """Yield faults with the share of the rehearsal at which each is due, in order.

    Every fault comes once an hour, at least once in all, in an order drawn from `rng`, evenly
    spread. At an exchange that is not ours they are those that can be caused from our side.
    """
    known = _sandbox_faults(endpoint.answer_seconds) if endpoint.is_local else _OURS
    rounds = max(1, round(hours))
    faults = [known[place] for _ in range(rounds) for place in rng.permutation(len(known))]
    step = (1 - 2 * _CALM_SHARE) / len(faults)
    for number, fault in enumerate(faults):
        yield _CALM_SHARE + step * (number + rng.uniform(0, 0.5)), fault


class FaultInjector:
    """Causes faults at the exchange of a rehearsal. Used as a context manager of its transport."""

    def __init__(self, market: ProphetMarket, endpoint: Endpoint) -> None:
        """Cause faults on the connection of a market, and in our own sandbox at its address."""
        self._market = market
        self._sandbox = Transport(replace(endpoint, path_prefix=""), market.connection.clock)

    async def inject(self, fault: RehearsalFault) -> None:
        """Cause a fault; raise ExchangeError if our sandbox does not take it."""
        if fault is DROP_SOCKET:
            self._market.renew_stream(fault.name)
        elif fault is RENEW_TOKEN:
            self._market.connection.client.forget_token()
        else:
            await self._ask("POST", msgspec.json.encode(fault.body))

    async def clear(self) -> None:
        """Remove the faults that are still pending in our own sandbox."""
        if self._sandbox.endpoint.is_local:
            await self._ask("DELETE", None)

    async def close(self) -> None:
        """Close the connection to our sandbox."""
        await self._sandbox.__aexit__(None, None, None)

    async def _ask(self, method: str, body: bytes | None) -> None:
        reply = await self._sandbox.ask(method, _FAULTS_PATH, body=body)
        reply.data(_FAULTS_PATH)
