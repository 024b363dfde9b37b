"""The implementations of the port `Exchange` that the contract is tested on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.exchange_harness import (
    ExchangeHarness,
)
from tests.contract.prophet_harness import ProphetHarness
from tests.contract.simulated_harness import SimulatedHarness
from tests.fixture_types import Compose

HARNESSES: dict[str, Callable[..., ExchangeHarness]] = {
    "simulated": SimulatedHarness,
    "prophetx": ProphetHarness,
}


@pytest.fixture(params=HARNESSES)
def harness(
    request: pytest.FixtureRequest, tmp_path: Path, compose_settings: Compose
) -> Iterator[ExchangeHarness]:
    """Yield each implementation in turn, its market open and its account untouched."""
    harness = HARNESSES[request.param](tmp_path, compose_settings)
    yield harness
    harness.close()


@pytest.fixture(params=HARNESSES)
def played(
    request: pytest.FixtureRequest, tmp_path: Path, compose_settings: Compose
) -> Iterator[ExchangeHarness]:
    """Yield each implementation in turn, with a game that is postponed, and begins."""
    harness = HARNESSES[request.param](tmp_path, compose_settings, is_played=True)
    yield harness
    harness.close()


@pytest.fixture(params=HARNESSES)
def strict(
    request: pytest.FixtureRequest, tmp_path: Path, compose_settings: Compose
) -> Iterator[ExchangeHarness]:
    """Yield each implementation in turn; beyond ten balances of open stake it backs off."""
    rules = ("exchange.settings.back_off_multiple=10",)
    harness = HARNESSES[request.param](tmp_path, compose_settings, rules=rules)
    yield harness
    harness.close()
