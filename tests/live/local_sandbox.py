"""The sandbox in the process of a test."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from conf.compose import build_session
from live.prophetx.rest.endpoint import Endpoint
from sim.exchange.participant import Participant
from sim.sandbox.server import Server
from tests.conftest import composed
from tests.live.endpoints import LOCAL


@dataclass(frozen=True)
class LocalSandbox:
    """A sandbox that runs in this process, and where it is."""

    server: Server
    endpoint: Endpoint

    @property
    def settings(self) -> list[str]:
        """Return the settings by which a command line finds it."""
        port, speed = self.endpoint.socket_port, self.endpoint.speed
        return [f"sandbox.port={port}", f"sandbox.speed={speed:g}"]

    @property
    def participants(self) -> list[Participant]:
        """Return those who trade there through the API."""
        return [account.participant for account in self.server.accounts.values()]

    @property
    def live_wagers(self) -> int:
        """Return how many wagers are live there."""
        return sum(len(participant.live) for participant in self.participants)

    def has_traded(self, wagers: int, fills: int) -> bool:
        """Return whether one of the accounts placed this many wagers, and had this many fills."""
        return any(
            len(each.live) + len(each.ended) >= wagers and each.counters.fills >= fills
            for each in self.participants
        )


# Takes the speed, and settings as on the command line.
Sandbox = Callable[..., AbstractAsyncContextManager[LocalSandbox]]


@asynccontextmanager
async def serve_sandbox(speed: float, *settings: str) -> AsyncIterator[LocalSandbox]:
    """Serve a recording as the exchange would, on a port that the system chooses."""
    words = ["mode=serve", "sandbox.port=0", f"sandbox.speed={speed:g}", *settings]
    session = build_session(composed(*words))
    async with session.opened() as server:
        port = urlsplit(server.address).port
        assert port is not None
        endpoint = replace(LOCAL, root=server.address, socket_port=port, speed=speed)
        yield LocalSandbox(server, endpoint)
