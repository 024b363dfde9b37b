"""The record of a run's wagers counts what happened once, whatever the order of updates."""

from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import polars as pl
import pytest

from sim.results.run_tables import RunTables
from sim.results.wager_recorder import WagerRecorder
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import (
    Event,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerRejected,
)
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.odds import Odds
from tests.strategies.trading.conftest import DeskHarness

REF, EARLIER = WagerRef("w"), WagerRef("earlier")
HOME, AWAY = LineId("home"), LineId("away")
ODDS = Odds(100)

Record = Callable[..., tuple[WagerRecorder, pl.DataFrame, pl.DataFrame]]


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Return what records a wager of $10 and updates of it: the recorder, fills, wagers."""

    def record_updates(*updates: Event) -> tuple[WagerRecorder, pl.DataFrame, pl.DataFrame]:
        desk, tables = DeskHarness().desk, RunTables(tmp_path)
        recorder = WagerRecorder(desk, DeskHarness().clock, tables)
        desk.wagers.register(PlaceWager(REF, HOME, ODDS, 1_000, Intent.ADD_ONLY), 0)
        for at_ns, event in enumerate(updates):
            recorder.take(event, at_ns)
        recorder.close()
        tables.close()
        fills, wagers = (pl.read_parquet(tmp_path / f"{n}.parquet") for n in ("fills", "wagers"))
        return recorder, fills, wagers

    return record_updates


def matched(cents: int, total_cents: int) -> WagerMatched:
    """Return a fill."""
    return WagerMatched(REF, ODDS, cents, cents, total_cents)


PART_THEN_CANCEL = (matched(300, 300), matched(400, 700), WagerCancelled(REF, 300))


@pytest.mark.slow
@pytest.mark.parametrize("updates", sorted(set(permutations(PART_THEN_CANCEL * 2)), key=repr))
def test_a_wager_is_recorded_once_in_any_order_of_updates(
    record: Record, updates: tuple[Event, ...]
) -> None:
    """Two fills and a cancel, each sent twice, in any order, are two fills and one cancel."""
    recorder, fills, wagers = record(*updates)
    assert (len(recorder.fills), dict(recorder.ended)) == (2, {"cancelled": 1})
    assert sorted(fills["stake_cents"]) == [300, 400]
    assert wagers.select("matched_cents", "reason").rows() == [(700, "cancelled")]


def test_a_wager_matched_in_full_is_recorded_as_matched(record: Record) -> None:
    """The last of its fills ends a wager, and a repeat adds nothing."""
    recorder, _, wagers = record(matched(700, 1_000), matched(300, 300), matched(300, 300))
    assert (len(recorder.fills), dict(recorder.ended)) == (2, {"matched": 1})
    assert wagers.select("ended_ns", "matched_cents").rows() == [(1, 1_000)]


@pytest.mark.parametrize("refusal", [WagerRejected(REF, "no"), WagerInvalid(REF, "no")])
def test_a_repeated_refusal_is_counted_once(record: Record, refusal: Event) -> None:
    """Two reports of one refusal are one refusal in the summary."""
    recorder, _, wagers = record(refusal, refusal)
    assert dict(recorder.rejections) == {"no": 1}
    assert len(wagers) == 1


def test_a_wager_with_a_missing_fill_is_recorded_at_the_close(record: Record) -> None:
    """At the end of a run a cancelled wager that lacks a fill is written as far as it is known."""
    recorder, _, wagers = record(WagerCancelled(REF, 300))
    assert dict(recorder.ended) == {"cancelled": 1}
    assert wagers["matched_cents"].to_list() == [0]


def test_the_first_response_is_recorded_with_its_wager(record: Record) -> None:
    """The time of the first response, accepted or rejected, is recorded with the wager."""
    _, _, wagers = record(WagerAccepted(REF), WagerAccepted(REF), WagerCancelled(REF, 1_000))
    assert wagers.select("placed_ns", "answered_ns", "ended_ns").rows() == [(0, 0, 2)]


def test_a_wager_of_an_earlier_run_counts_from_its_position(tmp_path: Path) -> None:
    """A fill of a wager placed earlier is a fill of this run, on top of the earlier position."""
    desk, tables = DeskHarness().desk, RunTables(tmp_path)
    desk.wagers.register(PlaceWager(EARLIER, AWAY, ODDS, 200, Intent.ADD_ONLY), 0)
    desk.take(WagerMatched(EARLIER, ODDS, 200, 300, 200), 0)
    desk.wagers.register(PlaceWager(REF, HOME, ODDS, 1_000, Intent.ADD_ONLY), 0)
    recorder = WagerRecorder(desk, DeskHarness().clock, tables)
    for event in (matched(700, 700), WagerCancelled(REF, 300)):
        recorder.take(event, 1)
    recorder.close()
    tables.close()
    assert len(recorder.fills) == 1
    fills = pl.read_parquet(tmp_path / "fills.parquet")
    after = fills.select("profit_if_first_cents", "profit_if_second_cents")
    assert after.rows() == [(700 - 200, 300 - 700)]
