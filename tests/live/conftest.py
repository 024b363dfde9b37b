"""Shared by the tests of the bridge: the exchange's payloads, read where they are stored."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.live.local_sandbox import Sandbox, serve_sandbox
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


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """Return the context in which a sandbox serves."""
    return serve_sandbox
