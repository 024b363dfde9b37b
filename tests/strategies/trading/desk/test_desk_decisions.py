"""When a desk decides, what it sees and journals, and markets that are added to it."""

from collections.abc import Callable

import pytest

from strategies.trading.model.errors import InvariantError
from strategies.trading.model.events import (
    Event,
    EventPaused,
    MarketsAdded,
    MarketStatusChanged,
    OfferChanged,
    TimerFired,
    TradeSeen,
    WagerAccepted,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import Line, Market, MarketStatus, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds
from strategies.trading.ports.journal import AccountSnapshot
from tests.strategies.trading.conftest import DeskHarness
from tests.strategies.trading.desk.resting_quotes import one_open, placed, rest_quotes

MakeHarness = Callable[..., DeskHarness]
G1 = EventId("g1")
MONEYLINE = MarketKey(G1, MarketId("219"))


def test_without_changes_nothing_is_decided(harness: DeskHarness) -> None:
    """Without events the strategy is not asked and nothing is sent."""
    one_open(harness)
    decisions, asked = harness.desk.decisions, len(harness.strategy.views)
    for _ in range(10):
        harness.refresh()
    assert (harness.desk.decisions, len(harness.strategy.views)) == (decisions, asked)
    assert harness.exchange.batches == []


def test_unchanged_quotes_send_nothing(harness: DeskHarness) -> None:
    """A changed market with unchanged quotes journals no decision and sends nothing."""
    one_open(harness)
    decided = len(harness.journal.decisions)
    harness.offer("home", 150, 100)
    harness.refresh()
    assert len(harness.journal.decisions) == decided
    assert harness.exchange.batches == []


def test_offers_wait_for_the_refresh(harness: DeskHarness) -> None:
    """However many offers change, the strategy is asked once per refresh and changed market."""
    harness.refresh()
    harness.strategy.views.clear()
    for cents in range(100, 110):
        harness.offer("home", 110, cents)
        harness.on_event(TradeSeen(LineId("home"), Odds(110), 5))
    assert harness.strategy.views == []
    harness.refresh()
    assert [view.market.key for view in harness.strategy.views] == [MONEYLINE]
    assert harness.strategy.views[0].now_ns == harness.clock.now_ns()
    harness.refresh()
    assert len(harness.strategy.views) == 1


def test_a_fill_is_acted_on_at_once(harness: DeskHarness) -> None:
    """After a fill the missing stake is placed immediately."""
    ref = one_open(harness)
    harness.on_event(harness.matched(ref, 400))
    assert placed(harness) == [("home", 110, 400)]


def test_a_refresh_of_zero_decides_at_once(make_harness: MakeHarness) -> None:
    """With a refresh of zero, a new touch, a status and a wager's update are decided on at once."""
    harness = make_harness(refresh_ns=0)
    harness.strategy.quotes = (harness.quote("home", 110, 1_000),)
    harness.offer("home", 120, 500)
    assert placed(harness) == [("home", 110, 1_000)]
    asked = len(harness.strategy.views)
    harness.offer("home", 115, 500)
    assert len(harness.strategy.views) == asked
    harness.offer("home", 120, 400)
    assert len(harness.strategy.views) == asked + 1
    harness.on_event(WagerAccepted(harness.exchange.places[0].ref))
    assert len(harness.strategy.views) == asked + 2


def test_our_own_wagers_make_no_price(harness: DeskHarness) -> None:
    """Where only our own wagers are in the book there is no fair price and no touch."""
    rest_quotes(harness, harness.quote("home", 110, 1_000), harness.quote("away", 105, 1_000))
    harness.offer("away", -110, 1_100)
    harness.offer("home", -105, 1_050)
    harness.strategy.seen.clear()
    harness.refresh()
    assert harness.strategy.seen == [(None, None, None)]


def test_the_price_excludes_our_own_wagers(harness: DeskHarness) -> None:
    """Our own wagers, longer than the others', change neither the fair price nor the touch."""
    harness.offer("home", -110, 5_000)
    harness.offer("away", -110, 5_000)
    rest_quotes(harness, harness.quote("home", 102, 1_000))
    harness.offer("away", -102, 1_020)
    harness.strategy.seen.clear()
    harness.refresh()
    assert harness.strategy.seen == [(pytest.approx(0.5), (-110, 5_000), (-110, 5_000))]


def test_a_view_holds_the_positions_of_the_whole_event(harness: DeskHarness) -> None:
    """A strategy that quotes the moneyline is shown its position in the total."""
    harness.fill_new("over", 100, 1_000)
    harness.offer("home", 110, 100)
    harness.strategy.views.clear()
    harness.refresh()
    of_moneyline = next(view for view in harness.strategy.views if view.market.key == MONEYLINE)
    profits = {p.pair.first.line_id: p.profit_if for p in of_moneyline.positions}
    assert profits[LineId("over")] == [1_000, -1_000]
    assert LineId("home2") not in profits


@pytest.mark.parametrize(
    "event",
    [
        WagerOpened(WagerRef("whose")),
        WagerMatched(WagerRef("whose"), Odds(110), 100, 110),
        WagerCancelled(WagerRef("whose"), 100),
    ],
)
def test_an_update_of_an_unknown_wager_stops_the_desk(harness: DeskHarness, event: Event) -> None:
    """An update of a wager that we did not place means that our books are wrong."""
    with pytest.raises(
        InvariantError, match="update of wager whose, which this session did not place"
    ):
        harness.on_event(event)


def test_inputs_are_numbered_and_market_data_is_not_journaled(harness: DeskHarness) -> None:
    """Inputs are numbered in order; offers and trades take a number but are not journaled."""
    harness.journal.inputs.clear()
    start = harness.clock.now_ns()
    harness.on_event(EventPaused(G1, True))
    harness.on_event(OfferChanged(LineId("home"), Odds(110), 100))
    harness.on_event(TradeSeen(LineId("home"), Odds(110), 100))
    harness.on_event(EventPaused(G1, False))
    harness.refresh()
    (first, *_), (second, *_), (third, at_ns, timer) = harness.journal.inputs
    assert (second - first, third - first) == (3, 4)
    assert (at_ns, timer) == (start + harness.strategy.quote_refresh_ns, TimerFired())


def test_accounts_are_journaled_only_when_they_change(harness: DeskHarness) -> None:
    """A fill that changes no figure is not journaled; a result is."""
    ref = one_open(harness)
    harness.strategy.quotes = ()
    harness.journal.accounts.clear()
    harness.on_event(harness.matched(ref, 1_000))
    harness.settle(MONEYLINE, {"home": Result.WON})
    assert harness.journal.accounts == [AccountSnapshot(100_001_078, 1_078, 0, 0)]
    count = len(harness.journal.accounts)
    harness.settle(MONEYLINE, {"home": Result.WON})
    assert len(harness.journal.accounts) == count


def test_a_decision_holds_prices_and_quotes(harness: DeskHarness) -> None:
    """A decision is journaled with its fair prices and the quotes that risk left."""
    harness.offer("home", -110, 5_000)
    harness.offer("away", -110, 5_000)
    harness.journal.decisions.clear()
    quote = harness.quote("home", 110, 1_000)
    harness.set_quotes(quote)
    decision = next(d for d in harness.journal.decisions if d.market_key == MONEYLINE)
    ((pair_id, fair),) = decision.fairs
    assert pair_id == harness.pair().pair_id
    assert fair == pytest.approx(0.5)
    assert decision.quotes == (quote,)


def test_a_market_added_later_is_quoted_and_settled(harness: DeskHarness) -> None:
    """An added market is like any other: quoted once open, counted, and paid out."""
    key = MarketKey(EventId("g3"), MarketId("219"))
    added = MarketsAdded(
        (SportEvent(key.event_id, "A at H", "H", "A", "NBA", "basketball", 2**62),),
        (Market(*key, MarketType.MONEYLINE, "Moneyline"),),
        (
            Line(LineId("home3"), *key, Selection.HOME, 0.0),
            Line(LineId("away3"), *key, Selection.AWAY, 0.0),
        ),
        (key,),
    )
    quote = harness.quote("home3", 110, 1_000)
    harness.on_event(added)
    assert harness.journal.inputs[-1] == (
        len(harness.journal.inputs),
        harness.clock.now_ns(),
        added,
    )
    harness.set_quotes(quote)
    assert placed(harness) == []
    harness.on_event(MarketStatusChanged(key, MarketStatus.OPEN))
    assert placed(harness) == [("home3", 110, 1_000)]
    harness.open_pending()
    (wager,) = harness.desk.wagers.live()
    harness.fill(wager.ref, 1_000)
    assert harness.desk.exposure.of_event(key.event_id) == 1_000
    harness.strategy.quotes = ()
    harness.settle(key, {"home3": Result.WON})
    assert harness.desk.ledger.profit_cents == 1_078
    assert harness.desk.exposure.total_cents == 0


def test_a_point_added_later_shares_the_limits_of_its_market(
    make_harness: MakeHarness,
) -> None:
    """Of $15 that the market may lose, the old point's wager leaves $5 for the new point."""
    harness = make_harness(max_market_exposure_cents=1_500)
    rest_quotes(harness, harness.quote("home-3", 110, 1_000))
    point = (
        Line(LineId("home-2"), G1, MarketId("223"), Selection.HOME, -2.0),
        Line(LineId("away+2"), G1, MarketId("223"), Selection.AWAY, 2.0),
    )
    harness.on_event(MarketsAdded((), (), point, ()))
    harness.set_quotes(harness.quote("home-3", 110, 1_000), harness.quote("home-2", 110, 1_000))
    assert placed(harness) == [("home-2", 110, 500)]
