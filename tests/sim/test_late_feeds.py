"""Case 40 of ../shared/cases: a feed that is late and not silent, on a tape with two clocks.

The tape is written here: ten minutes on time, ten in which each message is late, ten on time.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from recordings.reader import Tape
from recordings.tape import Clocks, Side
from recordings.tape_columns import tape_columns
from recordings.writer import TapeWriter
from sim.engine.exchange_rows import exchange_rows
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import Line, Market, MarketStatus, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.units import NS_PER_SECOND
from tests.conftest import GAME, MONEYLINE, START_NS

MESSAGES = 180
APART_S = 10
LATE = range(60, 120)


def write_late_tape(folder: Path, late_s: float) -> Path:
    """Write a message each ten seconds: new offers and, by turns, a taker of either line."""
    with TapeWriter(folder, source="test", simulated=True, clocks=Clocks.TWO) as tape:
        start_ns = START_NS + 7200 * NS_PER_SECOND
        game = tape.add_event(
            SportEvent(GAME, "Away at Home", "Home", "Away", "NBA", "basketball", start_ns)
        )
        market = tape.add_market(Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline"))
        lines = [
            tape.add_line(Line(LineId(name), GAME, MONEYLINE, Selection(name), 0.0))
            for name in ("home", "away")
        ]
        received_ns = 0
        for number in range(MESSAGES):
            happened_ns = START_NS + number * APART_S * NS_PER_SECOND
            delay_ns = int((late_s if number in LATE else 0.05) * NS_PER_SECOND)
            received_ns = max(received_ns, happened_ns + delay_ns)
            tape.begin_message(received_ns, happened_ns)
            if number == 0:
                tape.schedule(game, start_ns)
                tape.market_status(market, MarketStatus.OPEN)
            for line in lines:
                tape.offer(line, -108, 50_000 + number)
            tape.trade(lines[number % 2], -108, 5_000, Side.TAKER)
    return folder


@pytest.fixture
def run_late(tmp_path: Path, run_in: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that runs the market maker on a tape that is late by some seconds."""

    def run(late_s: float, *words: str) -> Any:
        tape = write_late_tape(tmp_path / "tape", late_s)
        settings = (
            "strategy=simple_market_maker",
            "latency=none",
            "risk.max_feed_delay_seconds=10",
        )
        return run_in(tmp_path, f"recording.path={tape}", *settings, *words)

    return run


def late_until_ns(late_s: float) -> tuple[int, int]:
    """Return when the first late message arrives, and when the first on time after them."""
    first = START_NS + (LATE.start * APART_S + int(late_s)) * NS_PER_SECOND
    after = START_NS + ((LATE.stop - 1) * APART_S + int(late_s)) * NS_PER_SECOND
    return first, after


@pytest.mark.parametrize("late_s", [20, 120])
def test_case_40_a_late_feed_pulls_the_quotes(run_late: Callable[..., Any], late_s: int) -> None:
    """From the first late message to the next on time nothing rests, and the run says why."""
    run = run_late(late_s)
    began_ns, ended_ns = late_until_ns(late_s)
    silences = run.table("silences").filter(pl.col("reason") == "feed late")
    assert silences["since_ns"].to_list() == [began_ns]
    assert silences["until_ns"][0] >= ended_ns
    inside = pl.col("placed_ns").is_between(began_ns + 1, ended_ns - 1)
    assert run.table("wagers").filter(inside).is_empty()
    assert run.table("wagers").filter(pl.col("placed_ns") >= ended_ns).height
    assert run.summary["feed"]["longest_delay_seconds"] == late_s


def test_case_40_without_a_limit_quotes_stay_and_the_delay_is_said(
    run_late: Callable[..., Any],
) -> None:
    """At 0 the limit is off; the summary still has the delay."""
    run = run_late(20, "risk.max_feed_delay_seconds=0")
    assert run.table("silences").filter(pl.col("reason") == "feed late").is_empty()
    assert run.summary["feed"]["longest_delay_seconds"] == 20


def test_case_40_a_modelled_delay_pulls_as_a_recorded_one_does(
    small_tape: Path, run_in: Callable[..., Any], tmp_path: Path
) -> None:
    """A tape with one clock, and a feed latency of 20 s: nothing is quoted."""
    words = ("latency=constant", "latency.feed.ms=20000", "strategy=simple_market_maker")
    run = run_in(tmp_path, f"recording.path={small_tape}", *words)
    assert run.summary["wagers_placed"] == 0
    assert [each["reason"] for each in run.summary["silences"]][-1:] == ["feed late"]


@pytest.mark.parametrize("late_s", [20, 120])
def test_case_40_what_is_late_happened_when_the_exchange_says(tmp_path: Path, late_s: int) -> None:
    """No event is moved: each row has the exchange's time of it, and they are in its order."""
    tape = Tape(write_late_tape(tmp_path / "tape", late_s))
    recorded = sorted({row.exchange_ns for chunk in tape.chunks() for row in chunk.rows()})
    replayed = [row[0] for row in exchange_rows(tape_columns(tape))]
    assert sorted(set(replayed)) == recorded
    assert replayed == sorted(replayed)


def test_case_40_a_fill_is_not_moved(run_late: Callable[..., Any]) -> None:
    """With the limit off a wager is filled at the exchange's time of the trade, late or not."""
    run = run_late(120, "risk.max_feed_delay_seconds=0")
    fills = [(ns - START_NS) % (APART_S * NS_PER_SECOND) for ns in run.table("fills")["ns"]]
    assert len(fills) > 100
    assert set(fills) == {0}


def rows_of(folder: Path) -> Iterator[Any]:
    """Yield the rows of a recording."""
    return (row for chunk in Tape(folder).chunks() for row in chunk.rows())


def test_stamps_that_cannot_be_are_counted(tmp_path: Path, run_in: Callable[..., Any]) -> None:
    """A message dated hours before its arrival counts as of then, and the summary says so."""
    tape = write_late_tape(tmp_path / "tape", 2 * 3600)
    undated = sum(row.received_ns - row.exchange_ns > 3600 * NS_PER_SECOND for row in rows_of(tape))
    run = run_in(tmp_path, f"recording.path={tape}", "strategy=simple_market_maker")
    assert run.summary["feed"]["rows_undated"] == undated > 0
