"""Fixtures of the sandbox: a small game, a stepped clock, and clients over real sockets."""

import json

import pytest

from tests.paths import SHARED
from tests.sim.sandbox.json_shapes import same_shape
from tests.sim.sandbox.running_sandbox import (
    Differences,
    Play,
    RowBuilder,
    Sample,
    play,
)

SAMPLES = SHARED / "prophet" / "samples"


@pytest.fixture(scope="session")
def sandbox() -> Play:
    """Return the function that runs a scenario in a sandbox."""
    return play


@pytest.fixture
def rows() -> RowBuilder:
    """Return the rows of a recording that a test may add to."""
    return RowBuilder()


@pytest.fixture(scope="session")
def sample() -> Sample:
    """Return the reader of a recorded or documented payload; skip if it is missing."""
    if not SAMPLES.is_dir():
        pytest.skip("needs ../shared/prophet/samples")
    return lambda name: json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def differences() -> Differences:
    """Return the comparison of two JSON values by fields and kinds."""
    return same_shape
