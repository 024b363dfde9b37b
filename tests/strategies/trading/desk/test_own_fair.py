"""A strategy's own fair price: how long it holds, and what it does not change."""

from collections.abc import Callable

import pytest

from strategies.trading.model.events import MarketStatusChanged
from strategies.trading.model.market import MarketStatus
from strategies.trading.ports.strategy import Quote
from strategies.trading.ports.view import View
from tests.strategies.trading.conftest import DeskHarness

MARKET_FAIR = 0.5


class Believer:
    """A strategy that notes the test's `belief` about every pair, if there is one."""

    def __init__(self, quote_refresh_ns: int) -> None:
        """Start without a belief."""
        self.quote_refresh_ns = quote_refresh_ns
        self.belief: float | None = None

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Note the belief, and quote nothing."""
        if self.belief is not None:
            for pair in view.pairs:
                pair.note(fair=self.belief)
        return ()


@pytest.fixture
def harness(make_harness: Callable[..., DeskHarness]) -> DeskHarness:
    """Return a desk whose strategy believes in 60 % where the market has 50 %."""
    harness = make_harness(make_strategy=Believer)
    harness.offer("home", -110, 10_000)
    harness.offer("away", -110, 10_000)
    decide(harness, 0.6)
    return harness


def decide(harness: DeskHarness, belief: float | None) -> None:
    """Let the desk decide on every market, with this belief."""
    harness.strategy.belief = belief
    harness.set_quotes()


def own_fair(harness: DeskHarness) -> float | None:
    """Return the strategy's price by which the moneyline is judged now, None for the market's."""
    return harness.desk.views.own_fairs.get(harness.pair().pair_id)


def test_it_holds_until_the_next_decision(harness: DeskHarness) -> None:
    """The next decision has another, or none, and then the market's price counts again."""
    assert own_fair(harness) == 0.6
    decide(harness, 0.7)
    assert own_fair(harness) == 0.7
    decide(harness, None)
    assert own_fair(harness) is None


def test_it_ends_when_the_market_may_not_be_quoted(harness: DeskHarness) -> None:
    """A strategy that is not asked has no opinion of the moment."""
    harness.on_event(MarketStatusChanged(harness.key(), MarketStatus.SUSPENDED))
    assert own_fair(harness) is None
    harness.on_event(MarketStatusChanged(harness.key(), MarketStatus.OPEN))
    assert own_fair(harness) == 0.6


def test_positions_are_marked_at_the_price_of_the_market(harness: DeskHarness) -> None:
    """Marks and with them equity and loss limits do not follow an opinion."""
    assert harness.desk.exposure.fair_of(harness.pair().pair_id) == pytest.approx(MARKET_FAIR)
    now_ns = harness.clock.now_ns()
    market_fair = harness.desk.market_fair(harness.pair().pair_id, now_ns)
    assert market_fair == pytest.approx(MARKET_FAIR)


def test_every_decision_is_noted_once(harness: DeskHarness) -> None:
    """Also one whose quotes are the same: what was noted is not lost with it."""
    before = len(harness.journal.notes)
    decide(harness, 0.6)
    decide(harness, 0.6)
    markets = len(harness.desk.market_states.markets)
    assert len(harness.journal.notes) == before + 2 * markets
