"""Whole backtests on prices that a recording carries beside its book."""

from collections.abc import Callable
from math import log
from pathlib import Path
from typing import Any

import pytest

from recordings.reader import open_recording
from recordings.tape import Clocks
from recordings.validator import validate
from recordings.writer import TapeWriter
from sim.backtest import Backtest
from sim.report.document import write_report
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import (
    EventStatus,
    Line,
    Market,
    MarketStatus,
    Result,
    SportEvent,
)
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.units import NS_PER_SECOND

MINUTE_NS = 60 * NS_PER_SECOND
START_NS = 1_790_000_000 * NS_PER_SECOND
TIP_OFF_NS = START_NS + 20 * MINUTE_NS
GAME, MONEYLINE = EventId("game"), MarketId("219")
# In play too, and on prices that the book does not follow, which price sanity would deny.
ON_ITS_OWN = ("risk.in_play=true", "risk.max_price_deviation_percent=0")
# The minutes for which outside prices come, every ten seconds.
REFERENCED_MINUTES = 6


def at(tape: TapeWriter, ns: int) -> None:
    """Start a message at a time."""
    tape.begin_message(ns, ns)


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """Return a recording of twenty minutes before a game and ten in it.

    The middle of its touch is even; outside prices give home 52 %, and stop after a while. In
    play home leads by ten.
    """
    folder = tmp_path / "tape"
    with TapeWriter(folder, source="test", simulated=True, clocks=Clocks.ONE) as writer:
        game = writer.add_event(
            SportEvent(GAME, "A at H", "H", "A", "NBA", "basketball", TIP_OFF_NS)
        )
        market = writer.add_market(Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline"))
        home, away = (
            writer.add_line(Line(LineId(name), GAME, MONEYLINE, Selection(name), 0.0))
            for name in ("home", "away")
        )
        at(writer, START_NS)
        writer.market_status(market, MarketStatus.OPEN)
        for step in range(180):
            at(writer, START_NS + step * 10 * NS_PER_SECOND)
            if step == 120:
                writer.event_status(game, EventStatus.LIVE)
            writer.offer(home, -115, 50_000 + step)
            writer.offer(away, -115, 50_000 + step)
            if step < REFERENCED_MINUTES * 6:
                writer.reference(home, 0.52)
            if step >= 120:
                writer.score(game, 10, 0, (step - 119) * 5 * NS_PER_SECOND)
        at(writer, START_NS + 30 * MINUTE_NS)
        for line, result in ((home, Result.WON), (away, Result.LOST)):
            writer.result(line, result)
    return folder


@pytest.fixture
def run(run_in: Callable[..., Any], tmp_path: Path, tape: Path) -> Callable[..., Any]:
    """Return the function from a pricing to a finished run of the recording."""

    def finished(pricing: str) -> Any:
        return run_in(tmp_path, f"recording.path={tape}", f"pricing={pricing}", *ON_ITS_OWN)

    return finished


@pytest.mark.slow
def test_quotes_follow_outside_prices_and_are_pulled_when_they_stop(
    run: Callable[..., Any],
) -> None:
    """Quotes are around the outside price, and are gone soon after its last row."""
    done = run("reference")
    wagers = done.table("wagers").to_dicts()
    last_ns = START_NS + REFERENCED_MINUTES * MINUTE_NS - 10 * NS_PER_SECOND
    assert {wager["line_id"] for wager in wagers} == {"home", "away"}
    assert {wager["reason"] for wager in wagers} == {"cancelled"}
    for wager in wagers:
        assert wager["placed_ns"] <= last_ns + 30 * NS_PER_SECOND
        assert wager["ended_ns"] < last_ns + 40 * NS_PER_SECOND
    fairs = done.table("prices")["fair"].drop_nulls().unique().to_list()
    assert fairs == [0.52]
    assert "Reference(max_age_seconds=30)" in done.summary["models"].values()


@pytest.mark.slow
def test_a_recording_is_priced_by_its_score_in_play(run: Callable[..., Any]) -> None:
    """Before the game its book is even; in it, up by ten, home is quoted as the favourite."""
    done = run("in_game")
    fairs = {row["ns"] < TIP_OFF_NS: row["fair"] for row in done.table("prices").to_dicts()}
    assert fairs[True] == pytest.approx(0.5)
    assert fairs[False] > 0.65
    in_play = [row for row in done.table("wagers").to_dicts() if row["placed_ns"] > TIP_OFF_NS]
    assert {row["line_id"] for row in in_play} == {"home", "away"}


@pytest.mark.slow
def test_a_pricing_is_judged_by_the_results_beside_the_market(run: Callable[..., Any]) -> None:
    """The book stays even while home leads, and home wins: the score was the better price."""
    done = run("in_game")
    (score,) = done.summary["price_scores"]
    assert score["phase"] == "quarter 1"
    assert score["samples"] == 2
    assert score["market"] == pytest.approx(log(2))
    assert score["pricing"] < log(1 / 0.65)
    report = write_report(done.folder).read_text(encoding="utf-8")
    assert "The pricing and the market" in report


@pytest.mark.slow
def test_the_price_of_the_market_is_not_judged_beside_itself(run: Callable[..., Any]) -> None:
    """With consensus pricing both would be the same figure."""
    assert "price_scores" not in run("consensus").summary


@pytest.mark.slow
@pytest.mark.parametrize("pricing", ["reference", "in_game"])
@pytest.mark.parametrize("refresh", ["0", "5"])
def test_recording_does_not_change_decisions_on_outside_prices(
    build_backtest: Callable[..., Backtest],
    run_in: Callable[..., Any],
    tmp_path: Path,
    tape: Path,
    pricing: str,
    refresh: str,
) -> None:
    """Sampling prices for the tables changes no decision, however often the desk decides."""
    settings = (
        f"recording.path={tape}",
        f"pricing={pricing}",
        *ON_ITS_OWN,
        f"strategy.quote_refresh_seconds={refresh}",
    )
    backtest = build_backtest(*settings)
    plain = backtest.run_pass(backtest.queue())
    recorded = run_in(tmp_path, *settings)
    assert recorded.summary["digest"] == plain.journal.digest.hexdigest()
    assert recorded.summary["decisions"] == plain.desk.decisions


def test_the_summary_of_a_recording_counts_outside_prices(tape: Path) -> None:
    """`validate` prints whether a recording carries outside prices, and how many."""
    counted = validate(open_recording(str(tape))).rows_by_kind
    assert counted["reference"] == REFERENCED_MINUTES * 6
