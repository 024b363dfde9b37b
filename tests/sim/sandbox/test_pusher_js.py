"""The official JavaScript Pusher client works with the sandbox."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sim.sandbox.running_sandbox import RunningSandbox

SCRIPT = Path(__file__).with_name("acceptance.cjs")
INSTALL = ("npm", "install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund")
PACKAGE = "pusher-js@8"
INSTALL_SECONDS = 120


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the official client in it; skip where it cannot be installed."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("node")
    try:
        subprocess.run(
            [*INSTALL, PACKAGE],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=INSTALL_SECONDS,
        )
    except (subprocess.SubprocessError, OSError):
        pytest.skip(f"{PACKAGE} could not be installed")
    return folder / "node_modules"


@pytest.mark.slow
def test_the_official_client_connects_subscribes_and_reconnects(
    sandbox: Callable[..., None], packages: Path
) -> None:
    """It signs in and receives its wagers, also after a reset and after a close."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        process = await asyncio.create_subprocess_exec(
            *("node", str(SCRIPT), sandbox_run.server.address, sandbox_run.server.channels.key),
            env={**os.environ, "NODE_PATH": str(packages)},
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        printed = []
        try:
            while process.returncode is None and not process.stdout.at_eof():
                reading = asyncio.ensure_future(process.stdout.readline())
                while not (await asyncio.wait({reading}, timeout=0.1))[0]:
                    sandbox_run.advance(0.1)
                if reading.result():
                    printed.append(json.loads(reading.result()))
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
        steps = [step["step"] for step in printed]
        assert steps[-1] == "done", printed
        assert steps.count("connected") == 3
        assert "signed in" in steps
        assert "refused" not in steps
        kinds = [step["kind"] for step in printed if step["step"] == "subscribed"]
        assert sorted(kinds) == ["event"] * 3 + ["private"] * 3 + ["shared"] * 3
        opened = [step["ref"] for step in printed if step.get("status") == "open"]
        assert opened == ["n-1", "n-2", "n-3"]
        assert {"step": "market", "kind": "market_selections"} in printed

    sandbox(scenario)
