"""The Odds API from its stub to a backtest: recorded with a sandbox's game, and traded on."""

import asyncio
from pathlib import Path

import pytest

from conf.compose import build_session
from live.prophetx.connection import connected
from live.prophetx.tools.record import Recording
from live.reference.odds_api.odds_settings import API_KEY
from recordings.reader import Tape
from recordings.reference_text import reference_price
from recordings.tape import PROBABILITY_PARTS, Kind
from recordings.validator import validate
from strategies.trading.model.errors import CredentialsError
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import run_watching, until
from tests.fixture_types import Compose, RunIn
from tests.live.local_sandbox import Sandbox
from tests.live.reference.odds_stub import KEY, OddsStub, book, game, serving

pytestmark = pytest.mark.slow  # a session on the clock, recorded

SPEED = 40
POLLS = 8
BEFORE_START_MINUTES = 115


@pytest.fixture
def recorded(sandbox: Sandbox, compose_settings: Compose, small_tape: Path, tmp_path: Path) -> Path:
    """Return a recording of a sandbox's game with the odds of two bookmakers, polled meanwhile."""
    folder, stub = tmp_path / "made", OddsStub()
    (event,) = Tape(small_tape).info.events

    async def run() -> None:
        played = [
            f"recording.path={small_tape}",
            f"sandbox.begin_minutes_before_start={BEFORE_START_MINUTES}",
        ]
        async with serving(stub), sandbox(SPEED, *played) as here:
            words = (
                "mode=record",
                "reference.odds_api.sports=[nba]",
                f"reference.odds_api.url={stub.url}",
                "reference.odds_api.near_seconds=10",
            )
            session: Recording = build_session(compose_settings(*words, *here.settings))
            start_ns = session.clock.wall_ns() + BEFORE_START_MINUTES * 60 * NS_PER_SECOND

            def games(_: str) -> list[dict[str, object]]:
                now_ns = session.clock.wall_ns()
                books = [
                    book("one", event.home, event.away, now_ns, h2h=(-130, 120)),
                    book("two", event.home, event.away, now_ns, h2h=(-135, 125)),
                ]
                return [game(event.home, event.away, start_ns, *books)]

            stub.games = games
            stop, notes = asyncio.Event(), list[str]()
            environ = {API_KEY: KEY}
            async with connected(
                here.endpoint, session.clock, environ, folder.parent
            ) as connection:
                running = asyncio.create_task(session.run(folder, connection, stop, notes.append))
                await until(lambda: stub.served >= POLLS or running.done())
                stop.set()
                await running
            assert "odds api: nba: odds of 1 game, 0 without, 0 refused" in notes

    run_watching(run())
    return folder


def test_nothing_is_recorded_without_a_key(
    sandbox: Sandbox, compose_settings: Compose, small_tape: Path, tmp_path: Path
) -> None:
    """A recording that needs a key and has none does not begin, and leaves no tape."""
    folder = tmp_path / "made"

    async def run() -> None:
        async with sandbox(SPEED, f"recording.path={small_tape}") as here:
            words = ("mode=record", "reference.odds_api.sports=[nba]", *here.settings)
            session: Recording = build_session(compose_settings(*words))
            async with connected(here.endpoint, session.clock, {}, tmp_path) as connection:
                await session.run(folder, connection, asyncio.Event(), lambda _: None)

    with pytest.raises(CredentialsError, match="set ODDS_API_KEY"):
        run_watching(run())
    assert not folder.exists()


def test_a_backtest_trades_on_the_odds_of_bookmakers(
    recorded: Path, run_in: RunIn, tmp_path: Path
) -> None:
    """A recording holds each bookmaker's prices by its name, and its backtest quotes on them."""
    validate(Tape(recorded))
    rows = [row for chunk in Tape(recorded).chunks() for row in chunk.rows()]
    lines = Tape(recorded).info.lines
    prices = [
        reference_price(lines[row.line].line_id, row.state / PROBABILITY_PARTS, row.text)
        for row in rows
        if row.kind == Kind.REFERENCE
    ]
    assert {price.source for price in prices} == {"one", "two"}
    assert all(price.opposite is not None and price.at_ns for price in prices)
    words = ("pricing=books", "risk.max_price_deviation_percent=0")
    done = run_in(tmp_path, f"recording.path={recorded}", *words)
    fairs = done.table("prices")["fair"].drop_nulls().unique().to_list()
    assert fairs
    assert all(0.55 < fair < 0.57 for fair in fairs)
    assert done.table("wagers").to_dicts()
    saved = [file.read_bytes() for file in recorded.rglob("*") if file.is_file()]
    assert not [data for data in saved if KEY.encode() in data]
