"""`python -m sim latency`: the round trips of a session, measured from its journal."""

from pathlib import Path

import pytest

from recordings.journal.entries import Entry, Payload
from recordings.journal.session_journal import SessionJournal
from sim.__main__ import main
from sim.compare.round_trips import round_trips
from sim.engine.measured_latency import read_round_trips
from sim.exchange.queue_models import Back
from strategies.trading.model.commands import CancelAll, CancelWager, Intent, PlaceWager
from strategies.trading.model.events import (
    CancelRefused,
    WagerAccepted,
    WagerCancelled,
    WagerRejected,
)
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.odds import Odds
from tests.fixture_types import Compose, RunMain
from tests.sim.compare.virtual_session import play_virtual_session

MS = 1_000_000
A, B = WagerRef("first-1-1"), WagerRef("first-1-2")


def place(ref: WagerRef) -> PlaceWager:
    """Return the request of a wager."""
    return PlaceWager(ref, LineId("h"), Odds(100), 1_000, Intent.REST)


def trips_of(*payloads: tuple[int, Payload]) -> list[tuple[str, float]]:
    """Return the round trips, in milliseconds, of a journal with these entries at these times."""
    entries = [Entry(1, 0, ms * MS, payload) for ms, payload in payloads]
    return [(verb, ns / MS) for verb, ns in round_trips(entries)]


def test_each_verb_is_measured_from_its_command_to_its_confirmation() -> None:
    """Wagers and verbs are kept apart, whatever arrives between."""
    assert trips_of(
        (0, place(A)),
        (10, place(B)),
        (97, WagerAccepted(A)),
        (100, CancelWager(A)),
        (130, WagerAccepted(B)),
        (213, WagerCancelled(A, 1_000)),
    ) == [("place", 97), ("place", 120), ("cancel", 113)]


def test_what_may_have_another_cause_is_no_round_trip() -> None:
    """Refusals, a wager that the exchange cancelled, a cancel sent twice, and a mass cancel."""
    assert not trips_of((0, place(A)), (3, WagerRejected(A, "external_id_used")))
    assert not trips_of((5, WagerCancelled(A, 1_000)))
    assert not trips_of((0, CancelWager(A)), (9, CancelRefused(A, "order_opened_retry", 300 * MS)))
    again = ((0, CancelWager(A)), (5_000, CancelWager(A)), (5_100, WagerCancelled(A, 1_000)))
    assert not trips_of(*again)
    assert not trips_of((0, CancelWager(A)), (50, CancelAll()), (99, WagerCancelled(A, 1_000)))


def test_a_cancel_after_a_refused_one_is_measured_on_its_own() -> None:
    """The time until it was allowed to be sent again is no latency."""
    assert trips_of(
        (0, CancelWager(A)),
        (90, CancelRefused(A, "order_opened_retry", 300 * MS)),
        (300, CancelWager(A)),
        (410, WagerCancelled(A, 1_000)),
    ) == [("cancel", 110)]


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Return the folder of a live session with two placements and one cancel."""
    with SessionJournal(tmp_path / "journal.sqlite") as journal:
        journal.begin_run(0)
        for ref, sent_ms, answered_ms in ((A, 0, 97), (B, 1_000, 1_120)):
            journal.sent(sent_ms * MS, place(ref))
            journal.received(1, answered_ms * MS, WagerAccepted(ref))
        journal.sent(2_000 * MS, CancelWager(A))
        journal.received(2, 2_113 * MS, WagerCancelled(A, 1_000))
    (tmp_path / "start-00001.yaml").write_text("mode_name: live\n", encoding="utf-8")
    return tmp_path


def test_the_verb_writes_a_table_that_latency_measured_reads(
    session: Path, run_main: RunMain, tmp_path: Path
) -> None:
    """The table lies beside the journal; the verb says how to use it and how little it is."""
    outcome = run_main(main, tmp_path, "latency", str(session))
    assert (outcome.status, outcome.err) == (0, [])
    table = session / "round-trips.csv"
    assert read_round_trips(table) == {"place": [97 * MS, 120 * MS], "cancel": [113 * MS]}
    assert outcome.out == [
        "place: 2 round trips, median 108.5 ms, nine in ten 98.2 to 118.8",
        "  with fewer than 50, its slow ones are hardly known",
        "cancel: 1 round trip, median 113.0 ms, nine in ten 113.0 to 113.0",
        "  with fewer than 50, its slow ones are hardly known",
        f"use them with latency=measured latency.path={table}",
        str(table),
    ]


def test_a_session_without_round_trips_is_refused(
    session: Path, run_main: RunMain, tmp_path: Path
) -> None:
    """Paper has those of the latency model; a folder without a session is named."""
    (session / "start-00001.yaml").write_text("mode_name: paper\n", encoding="utf-8")
    paper = run_main(main, tmp_path, "latency", str(session))
    assert paper.status == 2
    (message,) = paper.err
    assert "it was on paper, so its round trips are those of a latency model" in message
    absent = run_main(main, tmp_path, "latency", str(tmp_path / "absent"))
    assert absent.status == 2
    assert absent.err[0].endswith(f"{tmp_path / 'absent'}: there is no session")
    assert not (session / "round-trips.csv").exists()


@pytest.mark.slow
def test_the_round_trips_of_a_whole_session_are_those_of_its_exchange(
    compose_settings: Compose, run_main: RunMain, tmp_path: Path
) -> None:
    """A session in virtual time with constant delays: 97 ms a placement, 113.5 ms a cancel."""
    words = ("+experiment=nba_in_play", "strategy=at_the_touch", "latency=constant")
    folder = play_virtual_session(tmp_path, compose_settings, Back(), (-30, -20), *words)
    outcome = run_main(main, tmp_path, "latency", str(folder))
    assert (outcome.status, outcome.err) == (0, [])
    table = read_round_trips(folder / "round-trips.csv")
    assert set(table["place"]) == {97 * MS}
    assert set(table["cancel"]) == {113_500_000}
    assert len(table["cancel"]) >= 3
