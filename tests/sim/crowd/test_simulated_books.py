"""Simulated outside books beside a crowd: what they publish, and that nothing else changes."""

from pathlib import Path
from typing import Any

import pytest

from recordings.reader import Tape
from recordings.reference_text import reference_price
from recordings.tape import PROBABILITY_PARTS, Kind, Row
from sim.__main__ import main
from sim.crowd.book_profiles import BOOK_PROFILES
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.generate import generate_game
from sim.crowd.simulated_books import with_vig
from sim.results.summary_file import read_summary
from strategies.trading.pricing.vig import without_vig

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def games(tmp_path_factory: Any) -> dict[int, Path]:
    """Return one short game without books and with four, by their number."""
    folder = tmp_path_factory.mktemp("games")
    for books in (0, 4):
        settings = CrowdSettings(opens_before_s=1800.0, game_s=600.0, books=books)
        generate_game(folder / str(books), seed=3, settings=settings)
    return {books: folder / str(books) for books in (0, 4)}


def rows_of(folder: Path) -> list[Row]:
    """Return the rows of a recording."""
    return [row for chunk in Tape(folder).chunks() for row in chunk.rows()]


def test_books_publish_their_vig_their_time_and_points_of_their_own(
    games: dict[int, Path],
) -> None:
    """Each is on the tape by a name that says that it is simulated, with an age above zero."""
    lines = Tape(games[4]).info.lines
    found: dict[str, list[Any]] = {}
    for row in rows_of(games[4]):
        if row.kind == Kind.REFERENCE:
            price = reference_price(
                lines[row.line].line_id, row.state / PROBABILITY_PARTS, row.text
            )
            assert 0 < row.received_ns - price.at_ns < 5_000_000_000
            assert price.opposite is not None
            found.setdefault(price.source, []).append(price)
    assert sorted(found) == sorted(profile.name for profile in BOOK_PROFILES)
    assert all(name.startswith("simulated-") for name in found)
    for profile in BOOK_PROFILES:
        sums = [price.probability + price.opposite - 1 for price in found[profile.name]]
        assert sum(sums) / len(sums) == pytest.approx(profile.vig, abs=0.01)
        assert any(price.point is not None for price in found[profile.name]) == bool(
            profile.point_shift
        )


def test_the_game_and_its_market_are_the_same_without_books(games: dict[int, Path]) -> None:
    """Books have chance of their own: what the exchange shows is the same, row by row."""
    ours = [
        [row[3:] for row in rows_of(games[books]) if row.kind != Kind.REFERENCE] for books in (0, 4)
    ]
    assert ours[0] == ours[1]


def test_a_run_trades_on_them_and_says_how_right_they_were(
    games: dict[int, Path], tmp_path: Path
) -> None:
    """The whole way: recording, pricing=books, summary and report."""
    words = ["run", "+experiment=nba", f"recording.path={games[4]}", "pricing=books"]
    words += [f"hydra.run.dir={tmp_path / 'run'}", "risk.stop_before_start_seconds=0"]
    main(words)
    summary = read_summary(tmp_path / "run")
    assert summary.wagers_placed > 0
    assert {score.source for score in summary.source_scores} == {
        profile.name for profile in BOOK_PROFILES
    }
    report = (tmp_path / "run" / "report.html").read_text()
    assert "<h2>Outside sources</h2>" in report
    assert any("SIMULATED outside books" in note for note in summary.notes)


def test_power_takes_off_exactly_the_vig_that_a_book_puts_on() -> None:
    """A book's vig is of the power method, before its odds are rounded."""
    prices = with_vig((0.7, 0.3), 0.05)
    assert sum(prices) == pytest.approx(1.05)
    assert without_vig(prices, "power") == pytest.approx((0.7, 0.3))
