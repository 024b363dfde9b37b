"""A game maps the wall clock to its game clock, whatever the sport."""

from dataclasses import replace

import pytest

from sim.crowd.game import Game, GameTimes, Points, Score, Span

# Ten minutes of play with a break of five in the middle, and a sudden death of two.
CLOCK = GameTimes(600.0, 120.0, sudden_death=True)
POINTS = Points((-0.5,), (2.5,))
SCORES = [(100.0, Score(1, 0)), (700.0, Score(1, 1)), (960.0, Score(1, 2))]
WALL_S, CLOCK_S = [0.0, 300.0, 600.0, 900.0, 960.0], [0.0, 300.0, 300.0, 600.0, 660.0]
GAME = Game(0.0, 2.0, POINTS, CLOCK, SCORES, WALL_S, CLOCK_S, [Span(300.0, 600.0)])


def test_clock_runs_between_knots_and_stops_in_a_break() -> None:
    """The game clock is interpolated between knots, and does not move in a break."""
    assert [GAME.clock_at(wall_s) for wall_s in (0, 150, 300, 450, 600, 750)] == [
        0, 150, 300, 300, 300, 450
    ]  # fmt: skip
    assert GAME.clock_at(10_000) == 660


def test_the_final_score_is_the_last_one_or_zero() -> None:
    """Everything settles on the last score; a game without a score ends at zero to zero."""
    assert GAME.final == Score(1, 2)
    assert replace(GAME, scores=[]).final == Score(0, 0)


def test_play_is_on_between_start_and_end_except_in_breaks() -> None:
    """Play lasts from the start to the end, except in breaks."""
    playing = [GAME.is_running(wall_s) for wall_s in (-1, 0, 299, 300, 599, 600, 959, 960)]
    assert playing == [False, True, True, False, False, True, True, False]


def test_share_left_falls_to_zero() -> None:
    """The share left falls evenly to zero, and is zero in a sudden-death overtime."""
    assert GAME.share_left(0) == 1
    assert GAME.share_left(450) == pytest.approx(0.25)
    assert GAME.share_left(630) == 0
    assert GAME.share_left(660) == 0


def test_a_timed_overtime_counts_down() -> None:
    """In an overtime that is played in full, the share left is relative to regulation."""
    clock = GameTimes(600.0, 120.0)
    longer = Game(0.0, 2.0, POINTS, clock, SCORES, [0.0, 840.0], [0.0, 840.0], [])
    assert longer.overtimes == 2
    assert longer.share_left(600) == pytest.approx(0.2)
    assert longer.share_left(690) == pytest.approx(0.05)
    assert longer.share_left(780) == pytest.approx(0.1)


def test_the_clock_stands_still_in_a_shoot_out() -> None:
    """It shows the end of the overtime, however long the shoot-out takes."""
    hockey = replace(GAME, clock=GameTimes(600.0, 120.0, sudden_death=True, shoot_out_s=90.0))
    assert [hockey.shown_clock_at(wall_s) for wall_s in (750, 920, 930, 960)] == [
        450, 620, 630, 630
    ]  # fmt: skip
    assert GAME.shown_clock_at(960) == 660
