"""Shared by the tests of the simulator: scenarios, requests, delays, the shipped recording."""

from collections.abc import Callable

import pytest

from recordings.reader import open_recording
from recordings.tape import Row
from sim.engine.latency import Constant, Delay
from strategies.trading.model.commands import PlaceWager
from tests.sim.small_exchange import ExchangeScenario, request


@pytest.fixture(scope="session")
def make_scenario() -> type[ExchangeScenario]:
    """Return the class of scenarios, to be built with what a test needs."""
    return ExchangeScenario


@pytest.fixture
def scenario() -> ExchangeScenario:
    """Return a scenario with no delays, under the most pessimistic queue model."""
    return ExchangeScenario()


@pytest.fixture(scope="session")
def make_request() -> Callable[..., PlaceWager]:
    """Return the function that builds requests."""
    return request


@pytest.fixture(scope="session")
def constant_ms() -> Callable[[float], Delay]:
    """Return the class of constant delays."""
    return Constant


@pytest.fixture(scope="session")
def nba_rows() -> list[Row]:
    """Return every row of the shipped recording."""
    return [row for chunk in open_recording("nba").chunks() for row in chunk.rows()]
