"""The record of a run counts what happened once, however it was told."""

from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import polars as pl
import pytest

from sim.results.run_journal import RunJournal
from sim.results.run_tables import RunTables
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import (
    Event,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerRejected,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, WagerRef
from strategies.trading.model.market import Catalogue, Line, Market, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds
from strategies.trading.model.position import Position
from strategies.trading.wagers.wager import Wager

REF = WagerRef("w")
ODDS = Odds(100)


@pytest.fixture
def catalogue() -> Catalogue:
    """Return one moneyline."""
    event_id, market_id = EventId("g"), MarketId("219")
    return Catalogue(
        [SportEvent(event_id, "g", "Home", "Away", "NBA", "basketball", 0)],
        [Market(event_id, market_id, MarketType.MONEYLINE, "moneyline")],
        [
            Line(LineId("home"), event_id, market_id, Selection.HOME, 0.0),
            Line(LineId("away"), event_id, market_id, Selection.AWAY, 0.0),
        ],
    )


Record = Callable[..., tuple[RunJournal, pl.DataFrame, pl.DataFrame]]


@pytest.fixture
def record(catalogue: Catalogue, tmp_path: Path) -> Record:
    """Return what records a wager of $10 and what is told of it: the record, fills, wagers."""

    def told_of_it(*told: Event) -> tuple[RunJournal, pl.DataFrame, pl.DataFrame]:
        tables = RunTables(tmp_path)
        journal = RunJournal(catalogue, tables)
        journal.sent(0, PlaceWager(REF, LineId("home"), ODDS, 1_000, Intent.ADD_ONLY))
        for seq, event in enumerate(told):
            journal.received(seq, seq, event)
        journal.close()
        tables.close()
        fills, wagers = (pl.read_parquet(tmp_path / f"{n}.parquet") for n in ("fills", "wagers"))
        return journal, fills, wagers

    return told_of_it


def matched(cents: int, total_cents: int) -> WagerMatched:
    """Return a fill."""
    return WagerMatched(REF, ODDS, cents, cents, total_cents)


PART_THEN_CANCEL = (matched(300, 300), matched(400, 700), WagerCancelled(REF, 300))


@pytest.mark.parametrize("told", sorted(set(permutations(PART_THEN_CANCEL * 2)), key=repr))
def test_a_wager_is_recorded_once_however_it_is_told(
    record: Record, told: tuple[Event, ...]
) -> None:
    """Two fills and a cancel, each told twice, in any order, are two fills and one cancel."""
    journal, fills, wagers = record(*told)
    assert (journal.counts.fills, dict(journal.counts.ended)) == (2, {"cancelled": 1})
    assert sorted(fills["stake_cents"]) == [300, 400]
    assert wagers.select("matched_cents", "reason").rows() == [(700, "cancelled")]


def test_a_wager_matched_in_full_is_recorded_as_that(record: Record) -> None:
    """The last of its fills to be told ends a wager, and a repeat adds nothing."""
    journal, _, wagers = record(matched(700, 1_000), matched(300, 300), matched(300, 300))
    assert (journal.counts.fills, dict(journal.counts.ended)) == (2, {"matched": 1})
    assert wagers.select("ended_ns", "matched_cents").rows() == [(1, 1_000)]


@pytest.mark.parametrize("no", [WagerRejected(REF, "no"), WagerInvalid(REF, "no")])
def test_a_refusal_told_twice_is_counted_once(record: Record, no: Event) -> None:
    """What the exchange refused once is one refusal in the report."""
    journal, _, wagers = record(no, no)
    assert dict(journal.counts.rejections) == {"no": 1}
    assert len(wagers) == 1


def test_a_wager_whose_fill_was_never_told_is_recorded_at_the_close(record: Record) -> None:
    """At the end of a run a cancelled wager that lacks a fill is written as far as it is known."""
    journal, _, wagers = record(WagerCancelled(REF, 300))
    assert dict(journal.counts.ended) == {"cancelled": 1}
    assert wagers["matched_cents"].to_list() == [0]


def test_an_answer_is_kept_with_its_wager(record: Record) -> None:
    """When a placing was first answered, yes or no, stands beside when it was placed."""
    _, _, wagers = record(WagerAccepted(REF), WagerAccepted(REF), WagerCancelled(REF, 1_000))
    assert wagers.select("placed_ns", "answered_ns", "ended_ns").rows() == [(0, 0, 2)]


def test_what_was_taken_over_is_told_of_and_not_counted_as_placed(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    """A fill of a wager of before is a fill of this run, on top of the position of before."""
    home = LineId("home")
    pair = catalogue.pair_of(home)
    position = Position(pair)
    position.book_fill(1, 200, 300)
    wager = Wager(PlaceWager(REF, home, ODDS, 1_000, Intent.ADD_ONLY), pair, 0)
    tables = RunTables(tmp_path)
    journal = RunJournal(catalogue, tables)
    journal.take_over([wager], [position])
    for event in (matched(700, 700), WagerCancelled(REF, 300)):
        journal.received(1, 1, event)
    journal.close()
    tables.close()
    assert (journal.counts.wagers_placed, journal.counts.fills) == (0, 1)
    fills = pl.read_parquet(tmp_path / "fills.parquet")
    after = fills.select("profit_if_first_cents", "profit_if_second_cents")
    assert after.rows() == [(700 - 200, 300 - 700)]
