"""The trial of a day of odds at a small size."""

from pathlib import Path

import pytest

from recordings.reader import Tape
from recordings.reference_text import reference_price
from recordings.tape import PROBABILITY_PARTS, Kind, Row
from recordings.validator import validate
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.generate import GamePlan, write_game
from strategies.trading.model.events import ReferencePrice
from tests.trials.odds_day import main


def rows_of(folder: Path) -> list[Row]:
    """Return the rows of a recording."""
    return [row for chunk in Tape(folder).chunks() for row in chunk.rows()]


def prices_of(folder: Path) -> list[tuple[int, ReferencePrice]]:
    """Return the prices from outside in a recording, with their times of arrival."""
    lines = Tape(folder).info.lines
    return [
        (
            row.received_ns,
            reference_price(lines[row.line].line_id, row.state / PROBABILITY_PARTS, row.text),
        )
        for row in rows_of(folder)
        if row.kind == Kind.REFERENCE
    ]


@pytest.mark.slow  # games are simulated, and polled at a server
def test_a_day_of_odds_is_polled_into_recordings(tmp_path: Path) -> None:
    """Each game has the odds of its books as polled, none from the future, and all else as was."""
    crowd = CrowdSettings(opens_before_s=600, makers=2, game_s=120, books=2)
    for number in (1, 2):
        folder = tmp_path / "source" / f"game-{number}"
        write_game(GamePlan(folder, "simulated: a test", "nba", number, crowd))
    for out in ("day", "again"):
        main([f"{tmp_path / 'source'}", "--out", f"{tmp_path / out}", "--failures", "0.1"])
    for name in ("game-1", "game-2"):
        source, day = (tmp_path / folder / name for folder in ("source", "day"))
        assert validate(Tape(day)).rows
        prices = prices_of(day)
        assert {price.source for _, price in prices} == {"simulated_sharp", "simulated_exchange"}
        offered = {(price.at_ns // 10**9, price.probability) for _, price in prices_of(source)}
        for received_ns, price in prices:
            assert price.at_ns <= received_ns
            assert (price.at_ns // 10**9, price.probability) in offered
        kept = [row[:2] + row[3:] for row in rows_of(day) if row.kind != Kind.REFERENCE]
        assert kept == [row[:2] + row[3:] for row in rows_of(source) if row.kind != Kind.REFERENCE]
        assert rows_of(day) == rows_of(tmp_path / "again" / name)
