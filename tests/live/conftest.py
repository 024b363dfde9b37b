"""What tests of the bridge share: the exchange's payloads, read where they lie."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from hydra import compose, initialize_config_dir

from conf.compose import CONFIG_FOLDER, build_session
from live.prophetx.rest.endpoint import Endpoint
from sim.sandbox.server import Server
from tests.live.endpoints import LOCAL
from tests.paths import SHARED

SAMPLES = SHARED / "prophet" / "samples"


def sample(name: str) -> Any:
    """Return a sample of the exchange's payloads; skip where they are not there."""
    path = SAMPLES / f"{name}.json"
    if not path.exists():
        pytest.skip("the samples of payloads are not there (../shared/prophet/samples)")
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def read_sample() -> Callable[[str], Any]:
    """Return the function from a sample's name to what it holds."""
    return sample


@dataclass(frozen=True)
class Here:
    """A sandbox that runs in this process, and where it is."""

    server: Server
    site: Endpoint

    @property
    def settings(self) -> list[str]:
        """Return the settings by which a command line finds it."""
        return [f"sandbox.port={self.site.socket_port}", f"sandbox.speed={self.site.speed:g}"]


@asynccontextmanager
async def sandbox_here(speed: float, *settings: str) -> AsyncIterator[Here]:
    """Serve a recording as the exchange would, on a port that the system chooses."""
    words = ["mode=serve", "sandbox.port=0", f"sandbox.speed={speed:g}", *settings]
    with initialize_config_dir(str(CONFIG_FOLDER), version_base="1.3"):
        session = build_session(compose("config", words))
    async with session.opened() as server:
        port = urlsplit(server.address).port
        assert port is not None
        yield Here(server, replace(LOCAL, root=server.address, socket_port=port, speed=speed))


@pytest.fixture(scope="session")
def sandbox() -> Callable[..., AbstractAsyncContextManager[Here]]:
    """Return the context in which a sandbox serves."""
    return sandbox_here
