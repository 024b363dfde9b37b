"""Many games together look like the NBA's, and every one of them keeps its own clock."""

import numpy as np
import pytest

from sim.crowd.game import Game, Score, play

LINE = 4.0
TOTAL = 212.0


@pytest.fixture(scope="module")
def games() -> list[Game]:
    """Return 400 games of the same two teams."""
    rng = np.random.Generator(np.random.PCG64(3))
    return [play(rng, line=LINE, total=TOTAL) for _ in range(400)]


def lead(game: Game, clock_s: float) -> int:
    """Return the home team's lead at a time on the game clock."""
    score = Score(0, 0)
    for wall_s, later in game.scores:
        if game.clock_at(wall_s) > clock_s:
            break
        score = later
    return score.home - score.away


def test_margins_and_totals_spread_around_what_was_expected(games: list[Game]) -> None:
    """Final margin and total have the mean that was asked for and the s.d. of real games."""
    margins = np.array([game.final.home - game.final.away for game in games])
    totals = np.array([sum(game.final) for game in games])
    assert LINE - 2 < margins.mean() < LINE + 2
    assert 11 < margins.std() < 13.6
    assert TOTAL - 4 < totals.mean() < TOTAL + 4
    assert 15.5 < totals.std() < 19.5


def test_leads_are_given_back(games: list[Game]) -> None:
    """Margins revert: the second half gives back a part of the residual of the first."""
    residuals = np.array([lead(game, 1440) for game in games]) - LINE / 2
    rest = np.array([game.final.home - game.final.away for game in games]) - LINE - residuals
    slope = float(np.polyfit(residuals, rest, 1)[0])
    assert -0.5 < slope < -0.1


def test_nobody_draws(games: list[Game]) -> None:
    """No game ends level: overtimes of five minutes go on until it is decided."""
    assert all(game.final.home != game.final.away for game in games)
    longer = [game for game in games if game.clock_s[-1] > 2880]
    assert 0 < len(longer) < 40
    assert all((game.clock_s[-1] - 2880) % 300 == 0 for game in longer)
    assert all(lead(game, 2880) == 0 for game in longer)


def test_a_game_takes_two_hours_and_some(games: list[Game]) -> None:
    """Games without overtime last as long as real ones, with about 97 scores."""
    regular = [game for game in games if game.clock_s[-1] == 2880]
    minutes = np.array([game.length_s / 60 for game in regular])
    assert 128 < minutes.mean() < 138
    assert minutes.min() > 100
    assert minutes.max() < 170
    assert 94 < np.mean([len(game.scores) for game in regular]) < 101


def test_clock_runs_with_the_wall_or_stands_still(games: list[Game]) -> None:
    """Between any two looks the game clock advances by no more than the wall clock, never back."""
    game = games[0]
    walls_s = np.arange(0.0, game.length_s + 60, 5.0)
    clocks_s = np.array([game.clock_at(float(wall_s)) for wall_s in walls_s])
    steps_s = np.diff(clocks_s)
    assert steps_s.min() == 0.0
    assert steps_s.max() == pytest.approx(5.0)
    assert clocks_s[-1] == game.clock_s[-1]
    assert game.share_left(float(clocks_s[-1])) == 0.0


def test_half_time_is_a_quarter_of_an_hour(games: list[Game]) -> None:
    """The game clock stands still for 15 to 16.5 minutes after two quarters."""
    for game in games[:20]:
        at_half = [w for w, c in zip(game.wall_s, game.clock_s, strict=True) if c == 1440]
        assert 15 <= (max(at_half) - min(at_half)) / 60 <= 16.5
