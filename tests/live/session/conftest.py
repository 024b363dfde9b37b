"""Shared by the tests of whole sessions: a runner of them."""

from pathlib import Path

import pytest

from tests.fixture_types import Compose
from tests.live.local_sandbox import Sandbox
from tests.live.session.session_runner import SessionRunner


@pytest.fixture
def runner(sandbox: Sandbox, compose_settings: Compose, tmp_path: Path) -> SessionRunner:
    """Return a runner in a folder of its own."""
    return SessionRunner(sandbox, compose_settings, tmp_path)
