"""What tests of the simulated exchange share: rooms, and the requests and delays in them."""

from collections.abc import Callable

import pytest

from sim.engine.latency import Constant, Delay
from strategies.trading.model.commands import PlaceWager
from tests.sim.small_exchange import ExchangeScenario, request


@pytest.fixture(scope="session")
def make_scenario() -> type[ExchangeScenario]:
    """Return the class of rooms, to be built with what a test needs."""
    return ExchangeScenario


@pytest.fixture
def scenario() -> ExchangeScenario:
    """Return a scenario with no delays, under the fearful queue model."""
    return ExchangeScenario()


@pytest.fixture(scope="session")
def make_request() -> Callable[..., PlaceWager]:
    """Return the builder of requests."""
    return request


@pytest.fixture(scope="session")
def constant_ms() -> Callable[[float], Delay]:
    """Return the builder of constant delays."""
    return Constant
