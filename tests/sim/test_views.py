"""What a strategy's view looks up in the desk, through real backtests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from recordings.tape import Clocks, Side
from recordings.writer import TapeWriter
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import EventStatus, Line, Market, MarketStatus, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.units import NS_PER_SECOND
from tests.conftest import FinishedRun, finished_run
from tests.sim.view_strategies import ABSENT

GAME = EventId("game")
START_NS = 1_790_000_000 * NS_PER_SECOND
NOTER = "strategy._target_=tests.sim.view_strategies.Noter"
EXACT = ("latency=none", "strategy.quote_refresh_seconds=0", "risk.in_play=true")

Run = Callable[..., FinishedRun]


def after(seconds: float) -> int:
    """Return a time after the beginning of the tape."""
    return START_NS + round(seconds * NS_PER_SECOND)


def write_tape(folder: Path) -> Path:
    """Write a game with a moneyline and a total, of which every change is at a round second."""
    with TapeWriter(folder, source="test", simulated=True, clocks=Clocks.ONE) as tape:
        game = tape.add_event(
            SportEvent(GAME, "Away at Home", "Home", "Away", "NBA", "basketball", after(600))
        )
        moneyline = tape.add_market(Market(GAME, MarketId("1"), MarketType.MONEYLINE, "Moneyline"))
        total = tape.add_market(Market(GAME, MarketId("2"), MarketType.TOTAL, "Total"))
        home, away, over, under = (
            tape.add_line(Line(LineId(name), GAME, MarketId(market), Selection(name), point))
            for name, market, point in (
                ("home", "1", 0.0),
                ("away", "1", 0.0),
                ("over", "2", 210.5),
                ("under", "2", 210.5),
            )
        )

        def message(seconds: float) -> None:
            tape.begin_message(after(seconds), after(seconds))

        message(0)
        tape.schedule(game, after(600))
        tape.market_status(moneyline, MarketStatus.OPEN)
        tape.market_status(total, MarketStatus.OPEN)
        message(1)
        for line, odds in ((home, 102), (away, -108), (over, 100), (under, -106)):
            tape.offer(line, odds, 50_000)
        message(20)
        tape.trade(home, 102, 3_000, Side.TAKER)
        message(30)
        tape.offer(home, 102, 60_000)
        message(35)
        tape.schedule(game, after(660))
        message(40)
        tape.event_status(game, EventStatus.LIVE)
        message(50)
        tape.score(game, 2, 0, 15 * NS_PER_SECOND)
        message(60)
        tape.offer(over, 100, 70_000)
        message(70)
    return folder


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Return what was noted on the small tape, a row for each pair and decision."""
    folder = tmp_path_factory.mktemp("small")
    tape = write_tape(folder / "tape")
    run = finished_run(folder, f"recording.path={tape}", *EXACT, NOTER)
    return run.table("notes").pivot(
        "name", index=["ns", "pair_id"], values="value", aggregate_function="last"
    )


def at(noted: pl.DataFrame, pair: str, seconds: float) -> dict[str, Any]:
    """Return what was noted about a pair at a time."""
    rows = noted.filter(pl.col("ns") == after(seconds), pl.col("pair_id").str.contains(pair))
    return rows.row(-1, named=True)


def test_the_age_of_a_price_is_since_others_changed_the_line(noted: pl.DataFrame) -> None:
    """An offer of others sets it to zero on its line; our own wagers, and trades, do not."""
    before = at(noted, "game:1:", 30)
    assert (before["first_age_ns"], before["second_age_ns"]) == (0, 29 * NS_PER_SECOND)
    assert at(noted, "game:1:", 40)["first_age_ns"] == 10 * NS_PER_SECOND
    assert at(noted, "game:2:", 60)["first_age_ns"] == 0


def test_a_price_that_never_was_has_no_age(noted: pl.DataFrame) -> None:
    """Before the first offer there is no age, nor an outside price, nor a trade."""
    first = at(noted, "game:1:", 0)
    absent = ("first_age_ns", "second_age_ns", "trade_age_ns", "reference", "clock_ns")
    assert {name: first[name] for name in absent} == dict.fromkeys(absent, ABSENT)


def test_recent_trades_are_those_of_the_pair(noted: pl.DataFrame) -> None:
    """The trade of the moneyline is seen there from its arrival on, with stake and age."""
    assert at(noted, "game:1:", 1)["trades"] == 0
    traded = at(noted, "game:1:", 30)
    assert (traded["trades"], traded["traded_cents"]) == (1, 3_000)
    assert traded["trade_age_ns"] == 10 * NS_PER_SECOND
    assert at(noted, "game:2:", 60)["trades"] == 0


def test_the_clock_and_the_start_are_as_last_announced(noted: pl.DataFrame) -> None:
    """The start moves with the schedule, play begins with its status, the clock with a score."""
    assert at(noted, "game:1:", 30)["scheduled_ns"] == after(600)
    assert at(noted, "game:1:", 35)["scheduled_ns"] == after(660)
    assert at(noted, "game:1:", 35)["live_since_ns"] == ABSENT
    assert at(noted, "game:1:", 40)["live_since_ns"] == after(40)
    assert at(noted, "game:1:", 40)["clock_ns"] == ABSENT
    assert at(noted, "game:1:", 50)["clock_ns"] == 15 * NS_PER_SECOND


# Of the shipped game the half hour before it and its first half, a third of the rows.
SHIPPED = (
    "+experiment=nba_in_play",
    "recording.from=2026-01-15T00:00:00Z",
    "recording.until=2026-01-15T01:20:00Z",
)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """Return a run on the shipped game that notes everything it reads."""
    return finished_run(tmp_path_factory.mktemp("shipped"), *SHIPPED, NOTER)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """Return the same run of the strategy that reads and notes nothing more."""
    return finished_run(tmp_path_factory.mktemp("plain"), *SHIPPED)


@pytest.mark.slow
def test_reading_and_noting_changes_no_command(
    shipped: FinishedRun, plain: FinishedRun, tmp_path: Path
) -> None:
    """Every command is the same, whatever of a view is read and noted."""
    reader = finished_run(tmp_path, *SHIPPED, "strategy._target_=tests.sim.view_strategies.Reader")
    assert reader.summary["digest"] == shipped.summary["digest"] == plain.summary["digest"]
    assert reader.table("notes").is_empty()


@pytest.mark.slow
def test_own_wagers_are_those_that_are_live(shipped: FinishedRun) -> None:
    """At each decision they are the wagers sent before it that the desk does not know to be over.

    A decision sends after its view was made; those of the same moment are left out here.
    """
    notes = shipped.table("notes").filter(pl.col("name") == "own_wagers")
    wagers = shipped.table("wagers").select("pair_id", "placed_ns", "ended_ns")
    live = (
        notes.with_row_index()
        .join(wagers, on="pair_id", how="left")
        .with_columns(
            is_live=(pl.col("placed_ns") < pl.col("ns"))
            & (pl.col("ended_ns").is_null() | (pl.col("ended_ns") > pl.col("ns"))),
            is_close=(pl.col("placed_ns") == pl.col("ns")) | (pl.col("ended_ns") == pl.col("ns")),
        )
        .group_by("index", maintain_order=True)
        .agg(
            pl.col("value").first(),
            pl.col("is_live").sum().alias("live"),
            pl.col("is_close").fill_null(value=False).any(),
        )
        .filter(~pl.col("is_close"))
    )
    assert len(live) > 1_000
    assert set(live["live"]) >= {0, 1, 2}
    assert live.filter(pl.col("value") != pl.col("live")).is_empty()


@pytest.mark.slow
def test_other_markets_have_the_fair_price_that_they_are_quoted_by(shipped: FinishedRun) -> None:
    """What a spread sees of the moneyline is what that was decided by, at the same time."""
    notes, quotes = shipped.table("notes"), shipped.table("quotes")
    seen = notes.filter(pl.col("name").str.ends_with("_moneyline_0"), pl.col("value") >= 0)
    # A second decision at the same time may have another price, and so has one after a fill of the
    # moneyline that arrived at that very time, behind what the spread was decided for.
    is_moneyline = pl.col("pair_id").str.contains(":219:")
    filled = shipped.table("fills").filter(is_moneyline)
    decided = (
        quotes.filter(is_moneyline).unique("ns", keep="none").join(filled, on="ns", how="anti")
    )
    once = seen.unique(["ns", "pair_id"], keep="none")
    both = once.join(decided.select("ns", "fair"), on="ns")
    assert len(both) > 100
    assert both.filter((pl.col("value") - pl.col("fair")).abs() > 1e-12).is_empty()


FILLER = "strategy._target_=tests.sim.view_strategies.Filler"
OVERFILLER = "strategy._target_=tests.sim.view_strategies.Overfiller"


@pytest.mark.parametrize(
    ("words", "first_cents"),
    [
        ((), 25_000),
        (("risk.max_position_size=120",), 12_000),
        (("risk.max_market_exposure=30",), 3_000),
        (("risk.max_event_exposure=31",), 3_100),
        (("risk.max_total_exposure=32",), 3_200),
        (("starting_balance=40",), 4_000),
        (("starting_balance=40", "risk.max_open_stake_times_cash=0.5"), 2_000),
        (("starting_balance=4", "risk.min_stake=5"), 0),
    ],
)
def test_the_headroom_is_what_the_tightest_limit_leaves(
    run_in: Run, tmp_path: Path, words: tuple[str, ...], first_cents: int
) -> None:
    """With nothing held or open it is that limit, or the balance; 0 below the least stake."""
    tape = write_tape(tmp_path / "tape")
    notes = run_in(tmp_path, f"recording.path={tape}", *EXACT, FILLER, *words).table("notes")
    assert notes["value"][0] == first_cents


@pytest.mark.slow
def test_a_stake_within_the_headroom_is_not_reduced(run_in: Run, tmp_path: Path) -> None:
    """Quotes of all that the limits leave stay whole through a game; a dollar more is cut."""
    filled = run_in(tmp_path, *SHIPPED, FILLER)
    assert filled.summary["wagers_placed"] > 10
    assert filled.table("notes")["value"].n_unique() > 3
    reduced = pl.col("reason").str.contains("fits")
    assert filled.table("denials").filter(reduced).is_empty()
    overfilled = run_in(tmp_path, *SHIPPED, OVERFILLER)
    assert overfilled.table("denials").filter(reduced).height > 10
