"""Markets on periods and on teams through the sandbox: recorded, on paper and live."""

import asyncio
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from conf.compose import build_session
from live.prophetx.market_data.market_names import market_kind
from recordings.journal.journal_reader import JournalReader
from recordings.reader import Tape
from recordings.validator import validate
from sim.sandbox.wire_markets import wire_market
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.market_types import MarketKind, MarketType, Period, market_kinds
from tests.derived_markets import OFFERED, SETTINGS, write_derived_tape
from tests.event_loops import run_watching, until
from tests.fixture_types import Compose
from tests.live.local_sandbox import Sandbox

SPEED = 20
ACCEPTED = re.compile(r" open, \d+ placed, (\d+) accepted")


@pytest.mark.parametrize("kind", list(market_kinds()), ids=str)
def test_every_kind_of_market_is_read_from_its_names(kind: MarketKind) -> None:
    """The bridge reads the sandbox's type, sub type and template as the original kind."""
    wire = wire_market(kind)
    assert market_kind(wire.template or 0, wire.type, wire.sub_type) == kind


@pytest.mark.parametrize(
    ("period", "category"),
    [
        (Period.GAME, "Game Lines"),
        (Period.FIRST_HALF, "First Half"),
        (Period.FIRST_FIVE_INNINGS, "First Five Innings"),
    ],
)
def test_the_category_of_a_market_names_its_period(period: Period, category: str) -> None:
    """The sandbox lists the markets of a period under its name."""
    assert {wire_market(MarketKind(type_, period)).category for type_ in MarketType} == {category}


def accepted(lines: Iterable[str]) -> int:
    """Return how many wagers were accepted, by a session's last report."""
    return max((int(found[1]) for found in map(ACCEPTED.search, lines) if found), default=0)


async def trade(sandbox: Sandbox, compose: Compose, home: Path, mode: str) -> None:
    """Trade the recording in a folder, until wagers on all lines were opened."""
    game = ["recording.path=" + str(write_derived_tape(home / "played")), "latency=none"]
    async with sandbox(SPEED, *game, "sandbox.begin_minutes_before_start=118") as here:
        words = [*game, f"mode={mode}", "session.name=first", *here.settings, *SETTINGS]
        words += ["run.report_seconds=0.2", "strategy.default_stake=10"]
        stop, lines = asyncio.Event(), list[str]()
        session = build_session(compose(*words))
        trading = asyncio.ensure_future(session.run(home, {}, stop, lines.append))
        wanted = 2 * len(OFFERED)
        await until(lambda: trading.done() or accepted(lines) >= wanted)
        stop.set()
        await trading


@pytest.mark.parametrize("mode", ["live", "paper"])
def test_a_session_trades_and_records_every_market(
    sandbox: Sandbox, compose_settings: Compose, tmp_path: Path, mode: str
) -> None:
    """Wagers are placed on both lines of every market, and the tape has the kind of each."""
    playing = trade(sandbox, compose_settings, tmp_path, mode)
    run_watching(playing)
    folder = tmp_path / "sessions" / "first"
    recorded = Tape(folder / "tape-00001")
    validate(recorded)
    info = recorded.info
    assert {market.kind for market in info.markets} == {each.kind for each in OFFERED}
    pairs, events = info.catalogue().pairs.values(), info.catalogue().events
    labels = {pair.label(events[pair.market.event_id]) for pair in pairs}
    assert labels == {each.label for each in OFFERED}
    with JournalReader(folder / "journal.sqlite") as journal:
        placed = {e.payload.line_id for e in journal.entries() if isinstance(e.payload, PlaceWager)}
    assert placed == {line.line_id for line in info.lines}
