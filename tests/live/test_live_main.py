"""The command line of the bridge: what it explains, what it finds, what it refuses."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from omegaconf import DictConfig

from conf.compose import build_session
from live.__main__ import VERBS, main
from live.prophetx.connection import connected
from live.prophetx.market_data.tape_rows import levels_of
from live.wall_clock import WallClock
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.odds import Odds
from tests.conftest import Outcome
from tests.event_loops import run_watching
from tests.fixture_types import Compose, RunMain
from tests.live.local_sandbox import LocalSandbox, Sandbox

KEYS = ("PROPHETX_ACCESS_KEY", "PROPHETX_SECRET_KEY", "PROPHETX_USER_INFO")
LINE = "Cinder Falls Comets at Harbor City Herons (simulated), moneyline, Harbor City Herons"

Live = Callable[..., Outcome]
T = TypeVar("T")


@pytest.fixture
def live(tmp_path: Path, run_main: RunMain, monkeypatch: pytest.MonkeyPatch) -> Live:
    """Return `python -m live`, in this process, in a folder of its own and without keys."""
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    return lambda *words: run_main(main, tmp_path, *words)


def with_sandbox(sandbox: Sandbox, *calls: Callable[[LocalSandbox], T]) -> list[T]:
    """Make calls in order, each in a thread, while a sandbox serves the shipped game."""

    async def run() -> list[T]:
        async with sandbox(20, "+experiment=nba") as here:
            return [await asyncio.to_thread(call, here) for call in calls]

    return run_watching(run())


def refused(outcome: Outcome, verb: str, status: int, *named: str) -> None:
    """Assert one line of error, that names these, and no traceback."""
    assert (outcome.status, outcome.out, len(outcome.err)) == (status, [], 1), outcome
    assert outcome.err[0].startswith(f"python -m live {verb}: ")
    assert [name for name in named if name not in outcome.err[0]] == []


def test_help_names_every_verb(live: Live) -> None:
    """Without arguments every verb is printed, the sources of keys, and the exit statuses."""
    for words in ((), ("--help",)):
        outcome = live(*words)
        printed = "\n".join(outcome.out)
        assert (outcome.status, outcome.err) == (0, [])
        assert [verb for verb in VERBS if f"\n  {verb} " not in printed] == []
        assert "PROPHETX_ACCESS_KEY" in printed
    for verb in VERBS:
        outcome = live(verb, "--help")
        assert outcome.out[0].startswith(f"usage: python -m live {verb}")
        assert (outcome.status, outcome.err) == (0, [])


def test_check_passes_against_the_sandbox(sandbox: Sandbox, live: Live) -> None:
    """Against the sandbox, check prints every item that it checked, in order."""
    (outcome,) = with_sandbox(sandbox, lambda here: live("check", *here.settings))
    assert (outcome.status, outcome.err) == (0, [])
    names = [line[:12].strip() for line in outcome.out]
    assert names == [
        "log in", "balance", "tournaments", "events", "ladder", "channels", "trading",
    ]  # fmt: skip
    printed = "\n".join(outcome.out)
    assert [word for word in ("$10,000.00", "NBA", "555 odds") if word not in printed] == []


@pytest.mark.slow
def test_a_failed_check_gives_a_one_line_error(sandbox: Sandbox, live: Live) -> None:
    """An unknown tournament and a wrong path give one line each."""
    outcomes = with_sandbox(
        sandbox,
        lambda here: live("check", *here.settings, "markets.tournaments=[NHL]"),
        lambda here: live("check", *here.settings, "prophet.path_prefix=/nowhere"),
    )
    for outcome, status, named in zip(outcomes, (2, 1), ("NHL", "prophet.root"), strict=True):
        assert (outcome.status, len(outcome.err)) == (status, 1), outcome
        assert named in outcome.err[0]


def test_an_unreachable_exchange_is_named_with_its_address(live: Live) -> None:
    """The error has the address, and for our own sandbox the remedy: one line, status 1."""
    outcome = live("check", "sandbox.port=9")
    refused(outcome, "check", 1, "http://127.0.0.1:9")
    refused(outcome, "check", 1, "is python -m sim serve running?")


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["check", "record"])
@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["prophet=sandbox"], "PROPHETX_ACCESS_KEY"),
        (["prophet=production"], "PROPHETX_ACCESS_KEY"),
        (["mode=backtest"], "mode"),
        (["prophet=nowhere"], "prophet/nowhere"),
        (["feed.nobody=1"], "nobody"),
        (["--no-such-flag"], "--no-such-flag"),
    ],
)
def test_invalid_words_are_refused(
    live: Live, tmp_path: Path, verb: str, words: list[str], named: str
) -> None:
    """Missing keys, or a word that no setting fits: one line, status 2, and no files left."""
    refused(live(verb, *words), verb, 2, named)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("mode", ["check", "record"])
@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("prophet.real_money=true", "is a drill of real money and needs https://"),
        ("prophet.root=http://example.com", "unencrypted"),
        ("feed=recording", "feed"),
        ("feed.silent_seconds=-1", "feed.silent_seconds"),
        ("feed.backoff_seconds=soon", "feed.backoff_seconds"),
        ("sandbox.speed=0", "speed"),
    ],
)
def test_invalid_settings_are_refused(
    compose_settings: Compose, mode: str, word: str, named: str
) -> None:
    """A wrong exchange or a wrong setting of a mode is refused by name, in one line."""
    is_refused(compose_settings(f"mode={mode}", word), named)


@pytest.mark.parametrize(
    ("mode", "words", "named"),
    [
        ("record", ["run.segment_seconds=-1"], "run.segment_seconds"),
        ("record", ["seed=x"], "seed"),
        ("live", ["session.name=a", "exchange.balance_mode=mine"], "exchange.balance_mode"),
        ("paper", ["session.name=a", "seed=-1"], "seed"),
        ("live", ["session.name=a", "run.compare_seconds=0"], "run.compare_seconds"),
        ("live", ["session.name=a", "strategy.spread_margin=-1"], "strategy.spread_margin"),
    ],
)
def test_invalid_sessions_are_refused(
    compose_settings: Compose, mode: str, words: list[str], named: str
) -> None:
    """A session that cannot be is refused as it is built, by name, in one line."""
    is_refused(compose_settings(f"mode={mode}", *words), named)


def is_refused(config: DictConfig, named: str) -> None:
    """Assert that no session is built of a configuration, with one line that names the reason."""
    with pytest.raises(ConfigError) as refusal:
        build_session(config)
    assert named in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("verb", "words", "named"),
    [
        ("paper", [], "session.name"),
        ("trade", [], "session.name"),
        ("paper", ["session.name=a", "exchange=prophetx"], "exchange=simulated"),
        ("trade", ["session.name=a", "exchange=simulated"], "exchange=prophetx"),
        ("trade", ["session.name=a", "strategy.spread_margin=-1"], "strategy.spread_margin"),
    ],
)
def test_invalid_sessions_are_refused_before_any_request(
    live: Live, tmp_path: Path, verb: str, words: list[str], named: str
) -> None:
    """Nothing is requested at this unused port: one line, status 2, no files left."""
    refused(live(verb, "sandbox.port=9", *words), verb, 2, named)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_keys_that_others_can_read_are_refused(live: Live, tmp_path: Path) -> None:
    """A key file that is open to others is named, with the remedy."""
    path = tmp_path / "user_info.json"
    path.write_text(json.dumps({"access_key": "a", "secret_key": "b"}), encoding="utf-8")
    path.chmod(0o644)
    refused(live("status", "prophet=sandbox"), "status", 2, "user_info.json", "chmod 600")


def place_one(here: LocalSandbox) -> None:
    """Place a wager with the account that needs no keys."""

    async def place() -> None:
        clock = WallClock(speed=here.endpoint.speed)
        async with connected(here.endpoint, clock, {}, Path("nowhere")) as connection:
            client = connection.client
            (tournament,) = await client.tournaments()
            (event,) = await client.events(tournament.id)
            market = (await client.markets([event.event_id]))[event.event_id][0]
            line = LineId(levels_of(market.strikes[0])[0].strike_id)
            wager = PlaceWager(WagerRef("mine-1"), line, Odds(1_000), 1_250, Intent.REST)
            number = (await client.place(wager)).number
            while (await client.order(number)).status != "open":
                pass

    asyncio.run(place())


@pytest.mark.slow
def test_status_lists_open_wagers_and_cancel_all_ends_them(sandbox: Sandbox, live: Live) -> None:
    """An open wager is shown by game and selection; after cancel-all nothing is open."""

    def placed(here: LocalSandbox) -> Outcome:
        place_one(here)
        return live("status", *here.settings)

    before, cancelled, after = with_sandbox(
        sandbox,
        placed,
        lambda here: live("cancel-all", *here.settings),
        lambda here: live("status", *here.settings),
    )
    assert before.out[1] == "open wagers 1"
    assert before.out[2].strip() == f"mine-1: $12.50 at +1000 on {LINE} (open)"
    assert (cancelled.status, cancelled.out) == (0, ["nothing is open at sandbox_local"])
    assert after.out[1] == "open wagers 0"


def test_a_recording_that_never_began_leaves_no_files(live: Live, tmp_path: Path) -> None:
    """Recording at an unreachable exchange gives one line, and no folder is left."""
    refused(live("record", "sandbox.port=9"), "record", 1, "http://127.0.0.1:9")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(("verb", "choice"), [("paper", "feed=recording"), ("trade", "feed=crowd")])
def test_a_session_needs_the_stream_of_the_exchange(
    run_main: RunMain, tmp_path: Path, verb: str, choice: str
) -> None:
    """A feed of a simulation is refused in one line before anything is sent or written."""
    outcome = run_main(main, tmp_path, verb, choice, "session.name=one")
    assert (outcome.status, len(outcome.err)) == (2, 1)
    assert outcome.err[0].startswith(f"python -m live {verb}: feed: ")
    assert not (tmp_path / "sessions").exists()
