"""The desk: when it decides, what it sees, what it sends and in which order."""

from collections.abc import Callable
from typing import Any

import pytest

from strategies.trading.model.commands import CancelAll, CancelWager, Intent, PlaceWager
from strategies.trading.model.errors import InvariantError
from strategies.trading.model.events import (
    CancelRefused,
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
    WagerRejected,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import Line, Market, MarketStatus, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.journal import AccountSnapshot
from tests.strategies.trading.conftest import DeskHarness

MakeHarness = Callable[..., DeskHarness]

G1 = EventId("g1")
MONEYLINE = MarketKey(G1, MarketId("219"))
MANY_ODDS = [*range(110, 130), *range(130, 180, 2)]


def rest_quotes(harness: DeskHarness, *quotes: Any) -> None:
    """Let the strategy's quotes be placed and opened, and clear the recorded commands."""
    harness.set_quotes(*quotes)
    harness.open_pending()
    harness.refresh()
    harness.exchange.forget()


def one_open(harness: DeskHarness) -> WagerRef:
    """Let one quote of $10 at +110 on the home team rest; return its wager."""
    rest_quotes(harness, harness.quote("home", 110, 1_000))
    (wager,) = harness.desk.wagers.live()
    return WagerRef(wager.ref)


def placed(harness: DeskHarness) -> list[tuple[str, int, int]]:
    """Return the wagers placed, as (line, odds, stake)."""
    return [(place.line_id, place.odds, place.stake_cents) for place in harness.exchange.places]


# From quote to wager -------------------------------------------------------------------------


def test_a_quote_is_placed_at_the_next_refresh(harness: DeskHarness) -> None:
    """The strategy's quotes are placed, with references of this session."""
    harness.set_quotes(harness.quote("home", 110, 1_000), harness.quote("away", 105, 700))
    assert placed(harness) == [("home", 110, 1_000), ("away", 105, 700)]
    assert [place.ref for place in harness.exchange.places] == ["test-1-1", "test-1-2"]
    assert {place.intent for place in harness.exchange.places} == {Intent.ADD_ONLY}


def test_cancels_are_sent_before_places(harness: DeskHarness) -> None:
    """When a quote moves, the old wager is cancelled first."""
    ref = one_open(harness)
    harness.set_quotes(harness.quote("home", 115, 1_000))
    assert harness.exchange.kinds == ["cancel", "place"]
    assert harness.exchange.cancels == [ref]


def test_batches_hold_at_most_twenty_wagers(harness: DeskHarness) -> None:
    """45 wagers are placed, and cancelled, in batches of 20, 20 and 5."""
    rest = [harness.quote("home", odds, 1_000) for odds in MANY_ODDS]
    harness.set_quotes(*rest)
    assert [len(batch) for _, batch in harness.exchange.batches] == [20, 20, 5]
    harness.open_pending()
    harness.exchange.forget()
    harness.set_quotes()
    assert [(kind, len(batch)) for kind, batch in harness.exchange.batches] == [
        ("cancel", 20),
        ("cancel", 20),
        ("cancel", 5),
    ]


def test_commands_are_journaled_before_they_are_sent(harness: DeskHarness) -> None:
    """Every command is journaled before it is sent: places, cancels and mass cancels."""
    one_open(harness)
    harness.set_quotes(harness.quote("home", 115, 1_000), harness.quote("over", 115, 1_000))
    harness.desk.stop("done")
    written: set[Any] = set()
    asked = 0
    for kind, what in harness.log:
        if kind == "sent":
            written.add(CancelAll if isinstance(what, CancelAll) else (type(what), what.ref))
        elif kind == "place":
            asked += len(what)
            assert {(PlaceWager, place.ref) for place in what} <= written
        elif kind == "cancel":
            asked += len(what)
            assert {(CancelWager, ref) for ref in what} <= written
        elif kind == "cancel_all":
            asked += 1
            assert CancelAll in written
    assert asked == len(harness.journal.commands) == 5


def test_a_wager_that_crosses_our_own_waits_only_for_the_cancel(make_harness: MakeHarness) -> None:
    """A crossing quote is placed when the cancel is confirmed, without waiting for a refresh."""
    harness = make_harness(refresh_ns=NS_PER_SECOND)
    ref = one_open(harness)
    harness.set_quotes(harness.quote("away", -110, 1_100))
    assert (harness.exchange.cancels, placed(harness)) == ([ref], [])
    harness.refresh()
    assert (harness.exchange.cancels, placed(harness)) == ([ref], [])
    harness.on_event(WagerCancelled(ref, 1_000))
    assert placed(harness) == [("away", -110, 1_100)]


def test_a_refused_cancel_is_retried_at_the_given_time(harness: DeskHarness) -> None:
    """The desk cancels again at the retry time of the exchange, and not before."""
    ref = one_open(harness)
    harness.set_quotes()
    harness.exchange.forget()
    harness.on_event(CancelRefused(ref, "too_soon", harness.clock.now_ns() + 7 * NS_PER_SECOND))
    harness.clock.advance(7 * NS_PER_SECOND - 1)
    assert harness.exchange.cancels == []
    harness.clock.advance(1)
    assert harness.exchange.cancels == [ref]


def test_a_denied_wager_is_tried_again_at_the_next_refresh(
    make_harness: MakeHarness,
) -> None:
    """A denied wager is not sent, its denial is journaled, and it is sent once the limit allows."""
    harness = make_harness(max_concurrent_wagers=1)
    harness.set_quotes(harness.quote("home", 110, 1_000), harness.quote("home2", 110, 1_000))
    harness.open_pending()
    assert placed(harness) == [("home", 110, 1_000)]
    assert [denial.control for denial in harness.journal.denials] == ["concurrent_wagers"]
    (wager,) = harness.desk.wagers.live()
    harness.strategy.quotes = harness.strategy.quotes[1:]
    harness.on_event(WagerCancelled(wager.ref, 1_000))
    harness.refresh()
    assert placed(harness)[1:] == [("home2", 110, 1_000)]


def test_a_lasting_denial_is_journaled_once(make_harness: MakeHarness) -> None:
    """A quote that stays too large is denied once, and again after it fitted in between."""
    harness = make_harness(max_stake_cents=500)
    for _ in range(3):
        harness.set_quotes(harness.quote("home", 110, 1_000))
    assert [denial.control for denial in harness.journal.denials] == ["stake"]
    assert placed(harness) == [("home", 110, 500)]
    harness.set_quotes(harness.quote("home", 110, 500))
    harness.set_quotes(harness.quote("home", 110, 1_000))
    assert len(harness.journal.denials) == 2


def test_a_trimmed_quote_is_topped_up_when_the_limit_allows(make_harness: MakeHarness) -> None:
    """A quote cut by another market's exposure gets the rest once that exposure is gone."""
    harness = make_harness(max_event_exposure_cents=1_000)
    ref = harness.rest("over", 110, 700)
    harness.set_quotes(harness.quote("over", 110, 700), harness.quote("home", 110, 1_000))
    harness.open_pending()
    harness.refresh()
    assert placed(harness) == [("home", 110, 300)]
    harness.strategy.quotes = harness.strategy.quotes[1:]
    harness.on_event(WagerCancelled(ref, 700))
    harness.refresh()
    assert placed(harness)[1:] == [("home", 110, 700)]


def test_places_count_against_the_command_rate(make_harness: MakeHarness) -> None:
    """With three commands a second, the fourth of four wagers is sent at the next refresh."""
    harness = make_harness(max_commands_per_second=3)
    harness.set_quotes(*(harness.quote("home", odds, 1_000) for odds in MANY_ODDS[:4]))
    assert len(placed(harness)) == 3
    assert [denial.control for denial in harness.journal.denials] == ["command_rate"]
    harness.open_pending()
    harness.refresh()
    assert [odds for _, odds, _ in placed(harness)] == MANY_ODDS[:4]


def test_cancels_pass_the_command_rate_and_count_against_it(make_harness: MakeHarness) -> None:
    """With four commands a second, moving three quotes cancels all three and places one."""
    harness = make_harness(max_commands_per_second=4)
    rest_quotes(harness, *(harness.quote("home", odds, 1_000) for odds in MANY_ODDS[:3]))
    harness.set_quotes(*(harness.quote("home", odds, 1_000) for odds in MANY_ODDS[3:6]))
    assert (len(harness.exchange.cancels), len(placed(harness))) == (3, 1)


def test_rejected_wagers_are_retried_once_per_refresh(
    harness: DeskHarness,
) -> None:
    """Rejected wagers are placed again once per refresh, not as fast as they are rejected."""
    harness.set_quotes(*(harness.quote("home", odds, 1_000) for odds in MANY_ODDS[:4]))
    harness.exchange.forget()
    for wager in list(harness.desk.wagers.live()):
        harness.on_event(WagerRejected(wager.ref, "insufficient_funds"))
    assert placed(harness) == []
    harness.refresh()
    assert len(placed(harness)) == 4


def test_a_take_is_sent_once_even_if_limits_shrink_it(make_harness: MakeHarness) -> None:
    """A lasting quote to take is sent once, even if its own fill leaves a smaller limit."""
    harness = make_harness(max_position_cents=1_000)
    take = harness.quote("home", 110, 800, Intent.TAKE)
    harness.set_quotes(take)
    (ref,) = [place.ref for place in harness.exchange.places]
    harness.take(WagerAccepted(ref))
    harness.take(harness.matched(ref, 500))
    harness.take(WagerCancelled(ref, 300))
    for _ in range(3):
        harness.set_quotes(take)
    assert placed(harness) == [("home", 110, 800)]


def test_a_denied_take_is_sent_later(make_harness: MakeHarness) -> None:
    """A quote to take that was denied is sent once the limit allows."""
    harness = make_harness(max_concurrent_wagers=1)
    blocking = harness.rest("home2", 110, 1_000)
    harness.set_quotes(
        harness.quote("home2", 110, 1_000), harness.quote("over", 110, 500, Intent.TAKE)
    )
    assert placed(harness) == []
    harness.fill(blocking, 1_000)
    harness.set_quotes(harness.quote("over", 110, 500, Intent.TAKE))
    assert placed(harness) == [("over", 110, 500)]


# When it decides -----------------------------------------------------------------------------


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


# What it sees --------------------------------------------------------------------------------


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


# Its own books -------------------------------------------------------------------------------


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


# Its journal ---------------------------------------------------------------------------------


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


# Markets added later -------------------------------------------------------------------------


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
