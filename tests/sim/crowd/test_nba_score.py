"""Who scores next in a simulated NBA game."""

from sim.crowd.sports.nba_score import SCORER_CORRELATION, draw_scores
from sim.engine.random_streams import RandomStreams

GAMES = 400
FIRST_HALF_S = 1_440.0
STEP_S = 5


def test_whoever_has_the_ball_is_the_likelier_next_scorer_after_a_failed_attempt_too() -> None:
    """A price takes who has the ball into account, and does not know how he got it."""
    rng = RandomStreams(4).named("ball")
    after_score: list[bool] = []
    after_miss: list[bool] = []
    for _ in range(GAMES):
        played = draw_scores(rng, 0.0, 215.0)
        at = 1
        for clock_s in range(STEP_S, int(FIRST_HALF_S), STEP_S):
            while played.scores[at][0] <= clock_s:
                at += 1
            scored_s, before = played.scores[at - 1]
            scorer = 1 if played.scores[at][1].home > before.home else -1
            since = [each for when_s, each in played.situations if scored_s <= when_s <= clock_s]
            if len(since) in (1, 2):
                (after_score if len(since) == 1 else after_miss).append(since[-1].ball == scorer)
    expected = (1 - SCORER_CORRELATION) / 2
    assert abs(sum(after_score) / len(after_score) - expected) < 0.1
    assert 0.52 < sum(after_miss) / len(after_miss) < expected
