"""What counts as a print, and what it traded."""

from pathlib import Path

import pytest

from recordings.tape import Side
from sim.crowd.calibration.print_figures import count_of_prints, prints_of
from sim.crowd.calibration.tape_view import TapeView
from tests.sim.crowd.calibration.game_tape import GameTape


def test_what_one_taker_traded_at_one_moment_is_one_print(tmp_path: Path) -> None:
    """At two prices on the winner, then on the loser; a contract pays a dollar."""
    game = GameTape(tmp_path / "tape")
    game.start_play()
    game.at(610)
    game.writer.trade(game.home, 100, 1_000, Side.TAKER)
    game.writer.trade(game.home, -110, 1_100, Side.TAKER)
    game.at(620)
    game.writer.trade(game.away, 200, 300, Side.TAKER)
    view = TapeView(game.finish())
    prints = prints_of(view)
    assert count_of_prints(view) == 2
    assert prints.contracts.tolist() == pytest.approx([41, 9])
    assert prints.paid.tolist() == pytest.approx([1 / 2, 1 / 3])
    assert prints.home_price.tolist() == pytest.approx([1 / 2, 2 / 3])
    assert prints.won.tolist() == [1, 0]
