"""Which scores count when the book after a score is measured."""

from pathlib import Path

from recordings.tape import Side
from sim.crowd.calibration.in_play_figures import in_play_figures_of
from sim.crowd.calibration.tape_view import TapeView
from tests.sim.crowd.calibration.game_tape import GameTape


def _offer_both_sides(game: GameTape, amount_cents: int) -> None:
    game.writer.offer(game.home, 100, amount_cents)
    game.writer.offer(game.away, -110, amount_cents)


def test_a_score_before_the_reopened_book_has_two_sides_does_not_count(tmp_path: Path) -> None:
    """Of scores eight and 33 s after the reopening, with offers from 13 s on, the later counts."""
    game = GameTape(tmp_path / "tape")
    game.at(1)
    _offer_both_sides(game, 10_000)
    game.at(599)
    _offer_both_sides(game, 0)
    game.start_play()
    game.at(610)
    game.writer.score(game.event, 2, 0, 0)
    game.at(615)
    _offer_both_sides(game, 10_000)
    for seconds in (616, 625, 626):
        game.at(seconds)
        game.writer.trade(game.home, 100, 1_000, Side.TAKER)
    game.at(635)
    game.writer.score(game.event, 4, 0, 0)
    two_sided = in_play_figures_of(TapeView(game.finish())).two_sided
    assert two_sided.tolist() == [[1.0] * two_sided.shape[1]]
