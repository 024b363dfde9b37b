"""A game keeps its own two clocks, whatever the sport."""

import pytest

from sim.crowd.game import Game, GameTimes, Points, Score, Span

# Ten minutes of play with a break of five in the middle, and a sudden death of two.
CLOCK = GameTimes(600.0, 120.0, sudden_death=True)
POINTS = Points((-0.5,), (2.5,))
SCORES = [(100.0, Score(1, 0)), (700.0, Score(1, 1)), (960.0, Score(1, 2))]
WALL_S, CLOCK_S = [0.0, 300.0, 600.0, 900.0, 960.0], [0.0, 300.0, 300.0, 600.0, 660.0]
GAME = Game(0.0, 2.0, POINTS, CLOCK, SCORES, WALL_S, CLOCK_S, [Span(300.0, 600.0)])


def test_clock_runs_between_knots_and_stands_in_a_break() -> None:
    """The game clock runs evenly from knot to knot, and not at all while it stands."""
    assert [GAME.clock_at(wall_s) for wall_s in (0, 150, 300, 450, 600, 750)] == [
        0, 150, 300, 300, 300, 450
    ]  # fmt: skip
    assert GAME.clock_at(10_000) == 660


def test_score_counts_from_its_moment_on() -> None:
    """Before the first score it is nil all, and each later one holds from its own second."""
    assert GAME.score_at(99.9) == Score(0, 0)
    assert GAME.score_at(100.0) == Score(1, 0)
    assert GAME.score_at(5_000.0) == GAME.final == Score(1, 2)


def test_nobody_plays_before_the_game_in_its_breaks_or_after_it() -> None:
    """The teams are on the field from the start to the end, but for the breaks."""
    playing = [GAME.is_running(wall_s) for wall_s in (-1, 0, 299, 300, 599, 600, 959, 960)]
    assert playing == [False, True, True, False, False, True, True, False]


def test_what_is_left_falls_to_nothing() -> None:
    """The share left falls evenly, says nothing of a sudden death, and is nil when all is over."""
    assert GAME.share_left(0) == 1
    assert GAME.share_left(450) == pytest.approx(0.25)
    assert GAME.share_left(630) == 0
    assert GAME.share_left(660) == 0


def test_an_overtime_that_is_not_sudden_death_counts_down() -> None:
    """Where an overtime is played in full, what is left of it is told as a share of regulation."""
    clock = GameTimes(600.0, 120.0)
    longer = Game(0.0, 2.0, POINTS, clock, SCORES, [0.0, 840.0], [0.0, 840.0], [])
    assert longer.overtimes == 2
    assert longer.share_left(600) == pytest.approx(0.2)
    assert longer.share_left(690) == pytest.approx(0.05)
    assert longer.share_left(780) == pytest.approx(0.1)
