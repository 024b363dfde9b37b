"""Shared by the tests of the simulator: scenarios, requests, delays, the shipped recording."""

from collections.abc import Callable

import pytest

from recordings.reader import open_recording
from recordings.tape import Kind, Row
from sim.engine.latency import Constant, Delay
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.market import EventStatus
from strategies.trading.model.units import NS_PER_SECOND
from tests.sim.shipped_rows import copy_of
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


@pytest.fixture(scope="session")
def quoted_rows(nba_rows: list[Row]) -> list[Row]:
    """Return the rows that matter to who quotes before the game only: those until it, and results.

    Most rows are of the game itself.
    """
    live = (Kind.EVENT_STATUS, EventStatus.LIVE)
    live_ns = next(row.exchange_ns for row in nba_rows if (row.kind, row.state) == live)
    end_ns = live_ns + 60 * NS_PER_SECOND
    return [row for row in nba_rows if row.exchange_ns < end_ns or row.kind == Kind.RESULT]


@pytest.fixture(scope="session")
def quoted_tape(quoted_rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the setting of a recording with those rows alone."""
    folder = tmp_path_factory.mktemp("quoted") / "copy"
    return f"recording.path={copy_of(open_recording('nba'), quoted_rows, folder)}"
