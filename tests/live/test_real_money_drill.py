"""A drill of production: our own sandbox over TLS, with every condition of real money."""

import asyncio
from pathlib import Path

import pytest
import trustme
from omegaconf import OmegaConf

from conf.compose import build_session
from live.session.admission.real_money import Ask
from live.session.admission.rehearsal_record import digests_of, write_record
from live.session.watchdog.watchdog_start import running_watchdogs
from live.wall_clock import WallClock
from strategies.trading.model.errors import ConfigError
from tests.event_loops import run_watching, until
from tests.fixture_types import Compose
from tests.live.local_sandbox import LocalSandbox, Sandbox

GAME = "+experiment=nba"
KEYS = {"PROPHETX_ACCESS_KEY": "ours", "PROPHETX_SECRET_KEY": "secret"}
OPERATOR = {
    "PROPHETX_ARMED": "real money",
    "PROPHETX_MAX_STAKE_PER_WAGER": "100",
    "PROPHETX_MAX_TOTAL_EXPOSURE": "2000",
    "PROPHETX_MAX_DAILY_LOSS": "500",
}


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the certificate with its key of a server that this process trusts."""
    authority, path = trustme.CA(), tmp_path / "sandbox.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(path))
    authority.cert_pem.write_to_path(str(tmp_path / "trusted.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    return path


class Drill:
    """Starts of one session in a drill, in a folder of a test."""

    def __init__(self, compose_settings: Compose, home: Path) -> None:
        """Start with the keys and the operator's variables, and no rehearsal on record."""
        self._compose = compose_settings
        self._home = home
        self.environ = KEYS | OPERATOR | {"XDG_STATE_HOME": str(home / "state")}
        self.lines: list[str] = []

    async def start(self, here: LocalSandbox, typed: str) -> None:
        """Trade, if the operator's answer lets it, until wagers rest."""
        words = [GAME, "mode=live", "session.name=first", "prophet=production_drill"]
        config = self._compose(*words, "run.watchdog_seconds=5", *here.settings)
        self.configuration = OmegaConf.to_yaml(config, resolve=True)
        session, stop = build_session(config), asyncio.Event()
        running = asyncio.ensure_future(
            session.run(self._home, self.environ, stop, self.lines.append, ask=answering(typed))
        )
        await until(lambda: running.done() or here.live_wagers >= 4)
        stop.set()
        await running

    def rehearse(self) -> None:
        """Put a passed rehearsal of the session on record."""
        page, now_ns = self._home / "page.md", WallClock().wall_ns()
        write_record(digests_of(self.configuration), now_ns, page, self.environ)


def answering(typed: str) -> Ask:
    """Return an operator who types this, whatever is asked."""

    async def ask(question: str) -> str:
        assert "a drill of real money" in question
        return typed

    return ask


@pytest.mark.slow
def test_a_drill_trades_under_every_condition_of_real_money(
    sandbox: Sandbox, compose_settings: Compose, tmp_path: Path, certificate: Path
) -> None:
    """Without a rehearsal or the right balance nothing begins; then it trades under a tenth.

    Nothing being open at its end, its watchdog ends as well.
    """
    drill = Drill(compose_settings, tmp_path)
    of_other_tests = set(running_watchdogs())

    async def run() -> None:
        async with sandbox(20, GAME, f"sandbox.certificate={certificate}") as here:
            with pytest.raises(ConfigError, match="rehearsal: none"):
                await drill.start(here, "10000")
            drill.rehearse()
            with pytest.raises(ConfigError, match="balance: '9999' is not what"):
                await drill.start(here, "9999")
            assert not any(account.records for account in here.server.accounts.values())
            await drill.start(here, "10000")
            assert here.live_wagers == 0
            stakes = {
                record.stake_cents
                for account in here.server.accounts.values()
                for record in account.records.values()
            }
            assert stakes
            assert max(stakes) <= 1_000
            assert "nothing is open at production_drill" in drill.lines
            assert any(line.startswith("limits: stake $10.00") for line in drill.lines)
            await until(lambda: of_other_tests.issuperset(running_watchdogs()))

    run_watching(run())
    (first,) = (tmp_path / "state").rglob("first-session.json")
    assert first.stat().st_mode & 0o077 == 0
