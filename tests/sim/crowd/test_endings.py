"""Games that end otherwise than by a winner: how often, and what their recordings hold."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from numpy.random import default_rng

from recordings.reader import Tape
from recordings.tape import Kind, Row
from sim.crowd.crowd import Crowd
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.endings import DAY_NS, drawn_ending, end_of_day_ns
from sim.crowd.generate import generate_game
from sim.crowd.sports.mlb import MLB
from sim.crowd.sports.nfl import NFL
from sim.exchange.settlement_rules import Ending
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.units import NS_PER_SECOND

SHORT = CrowdSettings(opens_before_s=300.0, game_s=600.0, makers=2)
VOIDED = Result.VOIDED


def generated(folder: Path, sport: str, seed: int) -> tuple[Tape, list[Row]]:
    """Return a short game as recorded."""
    generate_game(folder, seed=seed, sport=sport, settings=SHORT)
    tape = Tape(folder)
    return tape, [row for chunk in tape.chunks() for row in chunk.rows()]


def results(tape: Tape, rows: list[Row]) -> dict[MarketType, set[int]]:
    """Return the results of the lines of each market."""
    found: dict[MarketType, set[int]] = {}
    for row in rows:
        if row.kind == Kind.RESULT:
            found.setdefault(tape.info.markets[row.market].type, set()).add(row.state)
    return found


def seed_of(ending: Ending) -> int:
    """Return the first seed with which a game of baseball ends so."""
    return next(seed for seed in range(3_000) if Crowd("mlb", seed, SHORT).ending.kind is ending)


def test_games_of_baseball_are_postponed_as_often_as_real_ones() -> None:
    """1.4 % of them, 0.9 to 2.1 % by season; one or two of a season are broken off."""
    rng, game = default_rng(5), MLB.draw_game(default_rng(5))
    drawn = Counter(
        drawn_ending(rng, MLB.name, MLB.endings, game, 86_400.0, 0).kind for _ in range(24_300)
    )
    assert 10 * 2_430 * 0.009 < drawn[Ending.POSTPONED] < 10 * 2_430 * 0.021
    assert 5 <= drawn[Ending.SUSPENDED] <= 25


@pytest.mark.slow
def test_games_of_the_nfl_are_tied_as_often_as_real_ones() -> None:
    """Five of 1,602 real ones were: 0.10 to 0.73 % with nineteen chances of twenty."""
    games = [NFL.draw_game(default_rng([5, number])) for number in range(8_000)]
    ties = sum(game.final.home == game.final.away for game in games)
    assert 0.0010 * len(games) < ties < 0.0073 * len(games)


def test_a_postponed_game_gets_another_start_and_is_void_at_midnight(tmp_path: Path) -> None:
    """It never goes in play, and nothing is traded after it was announced."""
    tape, rows = generated(tmp_path / "game", "mlb", seed_of(Ending.POSTPONED))
    scheduled_ns = tape.info.events[0].scheduled_ns
    schedules = [(row.exchange_ns, row.state) for row in rows if row.kind == Kind.SCHEDULE]
    assert [at_ns for _, at_ns in schedules] == [scheduled_ns, scheduled_ns + DAY_NS]
    announced_ns = schedules[1][0]
    assert scheduled_ns - 300 * NS_PER_SECOND < announced_ns < scheduled_ns
    statuses = [row.state for row in rows if row.kind == Kind.EVENT_STATUS]
    assert statuses == [EventStatus.NOT_STARTED, EventStatus.ENDED]
    assert max(row.exchange_ns for row in rows if row.kind == Kind.TRADE) <= announced_ns
    assert [row.state for row in rows if row.kind == Kind.MARKET_STATUS][-3:] == [
        MarketStatus.CLOSED
    ] * 3
    assert results(tape, rows) == {
        type_: {VOIDED} for type_ in (MarketType.MONEYLINE, MarketType.SPREAD, MarketType.TOTAL)
    }
    settled = datetime.fromtimestamp(rows[-1].exchange_ns // NS_PER_SECOND, UTC)
    assert f"{settled.astimezone(ZoneInfo('America/New_York')):%H:%M}" == "00:00"


@pytest.mark.slow
def test_a_game_that_is_broken_off_is_settled_after_36_hours(tmp_path: Path) -> None:
    """By its score and innings then; its markets stay suspended meanwhile."""
    seed = seed_of(Ending.SUSPENDED)
    end = Crowd("mlb", seed, SHORT).ending.end
    tape, rows = generated(tmp_path / "game", "mlb", seed)
    scores = [row for row in rows if row.kind == Kind.SCORE]
    assert scores[-1].text == f"{end.home}-{end.away}"
    assert rows[-1].exchange_ns - scores[-1].exchange_ns > 36 * 3600 * NS_PER_SECOND
    assert end.half_innings < 9
    assert VOIDED in results(tape, rows)[MarketType.MONEYLINE]
    assert max(row.exchange_ns for row in rows if row.kind == Kind.TRADE) < (
        rows[-1].exchange_ns - 35 * 3600 * NS_PER_SECOND
    )


@pytest.mark.slow
def test_the_moneyline_of_a_tied_game_is_void(tmp_path: Path) -> None:
    """Its spreads and totals are decided by the score."""
    seed = next(
        seed for seed in range(3_000) if len(set(Crowd("nfl", seed, SHORT).game.final)) == 1
    )
    tape, rows = generated(tmp_path / "game", "nfl", seed)
    found = results(tape, rows)
    assert found[MarketType.MONEYLINE] == {VOIDED}
    assert found[MarketType.TOTAL] == {Result.WON, Result.LOST}


@pytest.mark.parametrize(
    ("zone", "at", "midnight"),
    [
        ("America/New_York", "2026-06-12T23:05+00:00", "2026-06-13T04:00+00:00"),
        ("America/Los_Angeles", "2026-06-13T02:10+00:00", "2026-06-13T07:00+00:00"),
        ("America/New_York", "2026-11-01T05:30+00:00", "2026-11-02T05:00+00:00"),
    ],
)
def test_a_day_ends_at_the_midnight_of_its_zone(zone: str, at: str, midnight: str) -> None:
    """A late game in the west is played on its day; days of a changed clock are longer."""
    at_ns, ends_ns = (
        int(datetime.fromisoformat(text).timestamp() * 10**9) for text in (at, midnight)
    )
    assert end_of_day_ns(at_ns, ZoneInfo(zone)) == ends_ns
