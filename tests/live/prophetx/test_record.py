"""Recording our own sandbox: the recorded tape equals the played one."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from live.prophetx.connection import Connection, connected
from live.prophetx.rest.client import EVENTS_PER_SOCKET
from live.prophetx.socket.stream import StreamSettings
from live.prophetx.tools.record import Recording, RecordingSummary
from live.reference.reference_source import ReferenceSettings
from live.wall_clock import WallClock
from recordings.reader import Tape
from recordings.tape import Clocks, Kind, Row, Side
from recordings.validator import validate
from recordings.writer import TapeWriter
from sim.sandbox.requested_faults import Fault, FaultKind
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.ids import EventId, LineId
from strategies.trading.model.market import Line, Market, MarketStatus, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import opposite
from strategies.trading.model.units import NS_PER_SECOND
from tests.contract.moneyline import MONEYLINE, START_NS
from tests.event_loops import run_watching, until
from tests.live.local_sandbox import LocalSandbox, Sandbox
from tests.paths import PROJECT

SPEED = 150
COMPARISONS = 4
FEED = StreamSettings(5, 1, 3, 6, 60, 5, 0.05, 1)
ALL = (MarketType.MONEYLINE, MarketType.SPREAD, MarketType.TOTAL)

Meanwhile = Callable[[LocalSandbox, Connection], Awaitable[None]]


def recording(here: LocalSandbox, **settings: Any) -> Recording:
    """Return a recording session of a sandbox."""
    given: dict[str, Any] = {
        "segment_seconds": 60,
        "compare_seconds": 600,
        "markets": MarketFilter(ALL, ()),
        "reference": ReferenceSettings(),
    }

    def clock() -> WallClock:
        return WallClock(speed=here.endpoint.speed)

    return Recording(feed=FEED, clock=clock, prophet=here.endpoint, seed=1, **(given | settings))


def record(
    sandbox: Sandbox, folder: Path, played: Sequence[str], meanwhile: Meanwhile, **settings: Any
) -> RecordingSummary:
    """Record a sandbox during a scenario, then stop."""

    async def run() -> RecordingSummary:
        async with sandbox(SPEED, *played) as here:
            session, stop = recording(here, **settings), asyncio.Event()
            lines: list[str] = []
            async with connected(here.endpoint, session.clock, {}, folder.parent) as connection:
                running = asyncio.create_task(session.run(folder, connection, stop, lines.append))
                await until(lambda: lines or running.done())
                await meanwhile(here, connection)
                stop.set()
                return await running

    return run_watching(run())


async def to_the_end(here: LocalSandbox, connection: Connection) -> None:
    """Wait until the played recording has ended, and its last messages have arrived."""
    await until(lambda: here.server.shifted_exchange.env.rows_ended.triggered)
    # A socket keeps the order: once this is counted, all earlier messages have arrived.
    here.server.inject_fault({"kind": "garbage_frame"})
    await until(lambda: connection.decode_errors.total)


def rows_of(folder: Path) -> list[Row]:
    """Return the rows of a tape."""
    return [row for chunk in Tape(folder).chunks() for row in chunk.rows()]


def facts(folder: Path, since_ns: int = 0) -> list[tuple[object, ...]]:
    """Return a tape's offers, trades and states, with trades from the taker's side."""
    info = Tape(folder).info
    catalogue = info.catalogue()
    facts_: list[tuple[object, ...]] = []
    for row in rows_of(folder):
        line = info.lines[row.line].line_id if row.line >= 0 else ""
        odds, cents = row.odds, row.amount_cents
        if row.received_ns < since_ns or row.kind in (Kind.RESULT, Kind.IN_PLAY_DELAY, Kind.SCORE):
            continue
        if row.kind == Kind.TRADE and row.side == Side.MAKER:
            line = catalogue.opposite(info.lines[row.line].line_id).line_id
            odds, cents = opposite(odds), profit_cents(cents, odds)
        state = 0 if row.kind == Kind.SCHEDULE else row.state
        facts_.append((row.kind, str(line), odds, cents, state))
    return facts_


@pytest.mark.slow
def test_the_recorded_tape_equals_the_played_one(
    sandbox: Sandbox, small_tape: Path, tmp_path: Path
) -> None:
    """Every change of offers, every trade and state is on the new tape, which is private."""
    folder = tmp_path / "made"
    played = [f"recording.path={small_tape}", "sandbox.begin_minutes_before_start=109"]
    recorded = record(sandbox, folder, played, to_the_end)
    assert (recorded.events, recorded.gaps, recorded.decode_errors) == (1, 0, 1)
    validate(Tape(folder))
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    made, original = facts(folder), facts(small_tape)
    ids = {line.selection: line.line_id for line in Tape(folder).info.lines}
    names = {str(ids[line.selection]): str(line.line_id) for line in Tape(small_tape).info.lines}
    made = [(kind, names.get(str(line), ""), *rest) for kind, line, *rest in made]
    for kind in (Kind.OFFER, Kind.TRADE, Kind.MARKET_STATUS):
        of_kind = [fact for fact in made if fact[0] == kind]
        played_ones = [fact for fact in original if fact[0] == kind]
        assert of_kind == played_ones[len(played_ones) - len(of_kind) :], kind.name
        assert len(of_kind) >= len(played_ones) * 0.3


@pytest.mark.slow
def test_a_lost_socket_leaves_a_gap_and_a_correct_book(
    sandbox: Sandbox, small_tape: Path, tmp_path: Path
) -> None:
    """After a socket reset, the tape's last book is the exchange's."""

    async def break_off(here: LocalSandbox, connection: Connection) -> None:
        env = here.server.shifted_exchange.env
        played = env.rows_taken
        await until(lambda: here.server.hub.subscribed_channels() and env.rows_taken > played + 4)
        here.server.inject_fault({"kind": "socket_reset"})
        await to_the_end(here, connection)

    folder = tmp_path / "made"
    played = [f"recording.path={small_tape}", "sandbox.begin_minutes_before_start=109"]
    recorded = record(sandbox, folder, played, break_off)
    assert recorded.gaps == 1
    tape = Tape(folder)
    assert any("lost 1 time " in note for note in tape.info.notes)
    last: dict[tuple[object, ...], object] = {}
    for kind, line, odds, cents, _ in facts(folder):
        if kind == Kind.OFFER:
            last[line, odds] = cents
    assert sorted(str(cents) for cents in last.values()) == ["50019", "50019"]


def test_segments_are_complete_during_a_recording(
    sandbox: Sandbox, small_tape: Path, tmp_path: Path
) -> None:
    """Long before the end, received data can be read, from segments and from raw text."""
    folder = tmp_path / "made"
    seen: list[int] = []

    async def look(here: LocalSandbox, connection: Connection) -> None:
        await until(lambda: [*folder.glob("segment-*")] and [*folder.glob("raw-*.jsonl.gz")])
        seen.append(len(rows_of(folder)))

    played = [f"recording.path={small_tape}", "sandbox.begin_minutes_before_start=109"]
    recorded = record(sandbox, folder, played, look, segment_seconds=1)
    assert 0 < seen[0] <= recorded.rows == len(rows_of(folder))


@pytest.mark.slow
def test_the_periodic_comparison_changes_nothing(
    sandbox: Sandbox, small_tape: Path, tmp_path: Path
) -> None:
    """Repeated comparison with the exchange's responses adds no row to a correct tape."""
    folder = tmp_path / "made"
    played = [f"recording.path={small_tape}", "sandbox.begin_minutes_before_start=99"]

    async def compare(here: LocalSandbox, connection: Connection) -> None:
        # A fault that delays nothing is gone once it was met by as many requests.
        faults = here.server.faults
        faults.add(Fault(FaultKind.SLOW, "get_multiple_markets", count=COMPARISONS, seconds=0))
        await until(lambda: not faults._pending)

    recorded = record(sandbox, folder, played, compare, compare_seconds=0.2)
    offers = [row for row in rows_of(folder) if row.kind == Kind.OFFER]
    assert recorded.gaps == 0
    assert len(offers) == len({(row.line, row.odds) for row in offers})


def test_an_unknown_tournament_is_refused(
    sandbox: Sandbox, small_tape: Path, tmp_path: Path
) -> None:
    """The error for an unknown name lists the known ones, and no file is left."""
    folder = tmp_path / "made"

    async def nothing(here: LocalSandbox, connection: Connection) -> None:
        return None

    with pytest.raises(ConfigError, match=r"NHL.*NBA"):
        record(
            sandbox,
            folder,
            [f"recording.path={small_tape}"],
            nothing,
            markets=MarketFilter(ALL, ["NHL"]),
        )
    assert not folder.exists()


@pytest.mark.slow
@pytest.mark.parametrize("word", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_recorder_leaves_a_tape(
    sandbox: Sandbox, small_tape: Path, tmp_path: Path, word: signal.Signals
) -> None:
    """A kill loses only the open segment; a regular end loses nothing."""

    async def run() -> tuple[int, str]:
        played = [f"recording.path={small_tape}", "sandbox.begin_minutes_before_start=119"]
        async with sandbox(SPEED, *played) as here:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "live", "record", "run.segment_seconds=1", *here.settings,
                cwd=tmp_path,
                env=os.environ | {"PYTHONPATH": str(PROJECT)},
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            try:
                await until(lambda: [*tmp_path.glob("runs/record/*/*/segment-00000.parquet")])
                process.send_signal(word)
                out, _ = await process.communicate()
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
            return process.returncode or 0, out.decode()

    status, out = run_watching(run())
    (segment,) = tmp_path.glob("runs/record/*/*/segment-00000.parquet")
    assert validate(Tape(segment.parent)).rows > 0
    if word is signal.SIGINT:
        assert status == 0
        assert out.splitlines()[-1] == str(segment.parent)


def test_events_beyond_the_channel_limit_are_reported(sandbox: Sandbox, tmp_path: Path) -> None:
    """A socket has a limited number of channels: the games that start first are recorded."""
    games, lines = EVENTS_PER_SOCKET + 30, list[str]()
    played = [f"recording.path={write_games(tmp_path / 'games', games)}"]

    async def run() -> None:
        async with sandbox(SPEED, *played) as here:
            session, stop = recording(here, segment_seconds=1), asyncio.Event()
            async with connected(here.endpoint, session.clock, {}, tmp_path) as connection:
                carried = session.run(tmp_path / "made", connection, stop, lines.append)
                running = asyncio.create_task(carried)
                # The first segment has the snapshot, whose rows come as one.
                await until(lambda: running.done() or [*(tmp_path / "made").glob("segment-*")])
                stop.set()
                assert (await running).events == EVENTS_PER_SOCKET

    run_watching(run())
    assert [line for line in lines if "left out" in line] == [
        f"30 events left out: a socket carries {EVENTS_PER_SOCKET}"
    ]
    info = Tape(tmp_path / "made").info
    assert {event.name for event in info.events} == {
        f"game {number}" for number in range(EVENTS_PER_SOCKET)
    }


def write_games(folder: Path, games: int) -> Path:
    """Write a recording of many games in reverse order, each a minute after the previous."""
    with TapeWriter(folder, source="test", simulated=True, clocks=Clocks.ONE) as tape:
        tape.begin_message(START_NS, START_NS)
        for number in reversed(range(games)):
            game = EventId(str(10_000 + number))
            start_ns = START_NS + (60 + number) * 60 * NS_PER_SECOND
            names = (f"game {number}", f"H{number}", f"A{number}", "NBA", "basketball")
            event = tape.add_event(SportEvent(game, *names, start_ns))
            market = tape.add_market(Market(game, MONEYLINE, MarketType.MONEYLINE, "Moneyline"))
            for selection in (Selection.HOME, Selection.AWAY):
                line_id = LineId(f"{number:031d}{selection.value[0]}")
                tape.add_line(Line(line_id, game, MONEYLINE, selection, 0.0))
            tape.schedule(event, start_ns)
            tape.market_status(market, MarketStatus.OPEN)
    return folder


def test_a_session_follows_the_sandboxs_speed(sandbox: Sandbox, small_tape: Path) -> None:
    """A session at the sandbox's speed has its time, within the duration of a start."""

    async def run() -> None:
        async with sandbox(SPEED, f"recording.path={small_tape}") as here:
            session = recording(here)
            apart_ns = abs(session.clock.wall_ns() - here.server.shifted_exchange.clock.now_ns())
            assert apart_ns < SPEED * NS_PER_SECOND

    run_watching(run())
