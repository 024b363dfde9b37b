"""When takers of a crowd come."""

from collections.abc import Callable

from sim.crowd.crowd_settings import CrowdSettings
from strategies.trading.model.market_types import MarketType
from tests.sim.crowd.conftest import CrowdHarness

SETTINGS = CrowdSettings(
    opens_before_s=60.0, game_s=2_400.0, interest=3.0, types=(MarketType.MONEYLINE,)
)
# The in-play delay is over, and most who follow a score have come.
FOLLOWED_S = (5, 25)


def test_a_score_brings_takers(new_crowd: Callable[..., CrowdHarness]) -> None:
    """In the twenty seconds after a goal became official there are more trades than at others."""
    harness = new_crowd("nhl", 5, SETTINGS)
    scored: list[int] = []
    trades: list[int] = []
    for second in range(60, 60 + 2_400):
        before = len(set(harness.listener.scores)), len(harness.listener.trades)
        harness.run_to_s(second)
        trades.append(len(harness.listener.trades) - before[1])
        if len(set(harness.listener.scores)) > max(1, before[0]):
            scored.append(len(trades))
    after = {at + s for at in scored for s in range(*FOLLOWED_S) if at + s < len(trades)}
    following = sum(trades[at] for at in after) / len(after)
    others = (sum(trades) - following * len(after)) / (len(trades) - len(after))
    assert len(scored) >= 3
    assert following > 2 * others, (following, others, scored)
