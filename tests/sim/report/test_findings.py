"""What a report finds: its verdict, the queue, prices against results, limits, single games."""

import re
from pathlib import Path
from typing import Any

import pytest

from sim.report.number_text import NONE
from sim.report.page_size import within_size
from tests.sim.report.reported_runs import (
    SUMMARY,
    Row,
    Rows,
    at,
    games,
    report_on,
    rows_of_a_game,
    rows_of_queued_wagers,
    twenty_priced_games,
    visible_text,
)
from tests.sim.report.shown_reports import two_games


def seen(folder: Path, rows: Rows | None = None, **changes: Any) -> str:
    """Return the visible text of a report."""
    return visible_text(report_on(folder, rows, **changes))


def test_one_game_is_no_verdict(tmp_path: Path) -> None:
    """The first thing read is that one game shows nothing, then what it came to, computed."""
    document = report_on(tmp_path)
    text = visible_text(document)
    assert "One game is no verdict on a strategy; this one won $1,234.56." in text
    assert "came to +$0.40, 1.00 % of the $40.00 that was matched in 4 fills." in text
    assert "was +$1,259.25, 63.0 times one standard deviation of chance ($20.00), more than" in text
    assert "With other queue models the profit is +$1,500.00 under front, of the same sign." in text
    assert document.index('class="verdict"') < document.index("<section>")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (games(9), "9 games are too few for a verdict; it needs 10."),
        (games(12), "The prices earned: edge and adverse moves are above zero over 12 games."),
        (
            games(12, adverse_cents=-300),
            "The prices lost: edge and adverse moves are below zero over 12 games.",
        ),
        ({"wagers_placed": 0}, "No wager was placed."),
    ],
)
def test_a_verdict_is_of_games(tmp_path: Path, changes: Row, found: str) -> None:
    """Ten games give an interval of edge and adverse moves, which decides."""
    assert found in seen(tmp_path, {}, **changes)


def test_the_queue_ahead_is_shown_beside_how_wagers_ended(tmp_path: Path) -> None:
    """By what was ahead at the opening: how much was matched, and what these fills kept."""
    text = seen(tmp_path, rows_of_queued_wagers())
    assert "100.0 % of the $10.00 that had nothing ahead" in text
    assert "60.0 % of the $50.00 that had $100 to $1,000 ahead" in text
    assert f"nothing 1 1 0 $10.00 100.0 % {NONE} {NONE} 5.0 min" in text
    assert f"$100 to $1,000 1 0 1 $50.00 60.0 % {NONE} +2.00 c" in text


def test_a_run_of_an_earlier_version_has_no_queue(tmp_path: Path) -> None:
    """Without the column the section says so, and the rest of the report is there."""
    assert "Nothing is known of the queue" in seen(tmp_path)


def test_prices_of_one_game_are_scored_and_not_drawn(tmp_path: Path) -> None:
    """One game is a single draw: the log score stands there, a picture of calibration does not."""
    pair = SUMMARY["pairs"][0] | {"first_won": True}
    document = report_on(tmp_path, pairs=[pair])
    text = visible_text(document)
    assert 'id="calibration"' not in document
    assert "each game is a single draw" in text
    # A price of one half, whatever happened.
    assert "at the close 1 1 0.6931" in text


@pytest.mark.slow
def test_prices_of_many_games_are_drawn_with_intervals(tmp_path: Path) -> None:
    """Of selections at 70 % that won in fourteen of twenty games the interval holds the price."""
    rows, changes = twenty_priced_games()
    document = report_on(tmp_path, rows, **changes)
    assert 'id="calibration"' in document
    text = visible_text(document)
    assert "At the close: 20 prices of 20 games; 1 of 1 intervals hold the mean price" in text


def test_exposure_and_positions_stand_beside_their_limits(tmp_path: Path) -> None:
    """How much of each limit was reached, and a line for it where it was near."""
    limits = {
        "max_position_cents": 5_000,
        "max_market_exposure_cents": 50_000,
        "max_event_exposure_cents": 40_000,
        "max_total_exposure_cents": 90_000,
        "max_daily_loss_cents": 10_000,
    }
    text = seen(tmp_path, risk_limits=limits)
    assert "Exposure reached $300.00, 75.0 % of the limit of an event of $400.00." in text
    assert "one pair could lose was $20.00 (moneyline), 40.0 % of the limit of a position" in text
    assert "Limits refused a wager 1 times, most often max_event_loss (1)." in text
    several = seen(tmp_path, risk_limits=limits, accounts=3)
    assert "the curves add up 3 accounts, each with limits of its own" in several


def test_every_game_has_a_row_that_leads_to_its_part(tmp_path: Path) -> None:
    """The worst game comes first; its part has the terms, its markets and its busiest pair."""
    document = report_on(tmp_path, **two_games())
    targets = re.findall(r'<a href="#([^"]+)">([^<]+)</a>', document)
    assert targets == [("game-9002", "Badgers at Foxes"), ("game-9001", "Herons at Lanterns")]
    for target, _ in targets:
        assert f'id="{target}"' in document
    part = document.partition('id="game-9001"')[2].partition("</details>")[0]
    assert 'id="pair-of-9001"' in part
    assert "moneyline" in visible_text(part)


@pytest.mark.slow
def test_a_season_stays_within_three_megabytes(tmp_path: Path) -> None:
    """A thousand games have a row each; parts are thinned, and the page says how."""
    number, rows = 1_000, rows_of_a_game()
    of_many = games(number)
    rows["quotes"] = []
    for place in range(number):
        for minute in range(60):
            odds = {"first_odds": 100 + minute, "second_odds": 160 - minute}
            rows["quotes"].append({"ns": at(minute), "pair_id": f"e{place}:1:0"} | odds)
    document = report_on(tmp_path, rows, **of_many)
    assert len(document.encode()) < 3_000_000
    text = visible_text(document)
    assert "1,000 games" in text
    assert re.search(r"with at most about \d+ points of a line", text)
    assert re.search(r"[\d,]+ games that moved the profit least have no part", text)


def test_a_page_that_would_be_too_large_keeps_its_pictures(tmp_path: Path) -> None:
    """Only what is needed to zoom goes, the largest first, and the page says for how many."""
    document = report_on(tmp_path)
    least = within_size(document, len(document.encode()) - 1)
    assert least.count("<svg") == document.count("<svg")
    zooming = document.count('class="chart-data"')
    assert least.count('class="chart-data"') == zooming - 1
    assert f"1 figure of {zooming} do not zoom" in visible_text(least)
    assert within_size(document) == document
