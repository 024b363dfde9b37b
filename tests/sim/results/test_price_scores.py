"""How good a pricing was in play, over several runs."""

import pytest

from sim.results.price_scores import added_scores
from sim.results.run_summary import PriceScore


def test_scores_of_games_are_weighted_by_their_samples() -> None:
    """A game with three times the samples counts three times; phases stay apart and in order."""
    scores = [
        PriceScore("quarter 2", 10, 0.5, 0.4),
        PriceScore("quarter 1", 10, 0.8, 0.6),
        PriceScore("quarter 1", 30, 0.4, 0.2),
    ]
    first, second = added_scores(scores)
    assert (first.phase, first.samples) == ("quarter 1", 40)
    assert (first.pricing, first.market) == pytest.approx((0.5, 0.3))
    assert second == scores[0]
