"""When the desk stops quoting: pulled markets, loss limits, a halt, an operator's decision."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from strategies.trading.model.events import (
    CancelRefused,
    Event,
    EventPaused,
    EventStatusChanged,
    FeedLost,
    FeedRestored,
    MarketPaused,
    MarketStatusChanged,
    TradingState,
    TradingStateSet,
    WagerAccepted,
    WagerCancelled,
    WagerOpened,
)
from strategies.trading.model.ids import EventId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.units import NS_PER_SECOND
from tests.strategies.trading.conftest import DeskHarness

MakeHarness = Callable[..., DeskHarness]

G1 = EventId("g1")
MONEYLINE = MarketKey(G1, MarketId("219"))


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


def set_trading_state(harness: DeskHarness, state: TradingState) -> None:
    """Set the trading state as an operator does."""
    harness.on_event(TradingStateSet(state, "set by an operator"))


# Pulling -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "back"),
    [
        (
            MarketStatusChanged(MONEYLINE, MarketStatus.SUSPENDED),
            MarketStatusChanged(MONEYLINE, MarketStatus.OPEN),
        ),
        (EventPaused(G1, True), EventPaused(G1, False)),
        (MarketPaused(MONEYLINE, True), MarketPaused(MONEYLINE, False)),
        (TradingStateSet(TradingState.PAUSED, ""), TradingStateSet(TradingState.ACTIVE, "")),
        (FeedLost(), FeedRestored()),
        (
            EventStatusChanged(G1, EventStatus.LIVE),
            EventStatusChanged(G1, EventStatus.NOT_STARTED),
        ),
    ],
)
def test_quotes_are_pulled_at_once_and_restored(
    harness: DeskHarness, event: Event, back: Event
) -> None:
    """A suspension, a pause, a lost feed and the start cancel quotes at once."""
    ref = one_open(harness)
    harness.on_event(event)
    assert (harness.exchange.cancels, placed(harness)) == ([ref], [])
    harness.on_event(WagerCancelled(ref, 1_000))
    harness.refresh()
    assert placed(harness) == []
    harness.on_event(back)
    assert placed(harness) == [("home", 110, 1_000)]


@pytest.mark.parametrize("event", [FeedLost(), TradingStateSet(TradingState.HALTED, "enough")])
def test_a_wager_that_opens_while_pulled_is_cancelled(harness: DeskHarness, event: Event) -> None:
    """A wager in flight when quoting stops is cancelled as soon as it opens."""
    harness.set_quotes(harness.quote("home", 110, 1_000))
    (ref,) = [place.ref for place in harness.exchange.places]
    harness.on_event(event)
    assert harness.exchange.cancels == []
    harness.on_event(WagerAccepted(ref))
    harness.on_event(WagerOpened(ref))
    assert harness.exchange.cancels == [ref]


def test_quotes_are_pulled_before_the_start(harness: DeskHarness) -> None:
    """Even without events, quotes are gone within one refresh of two minutes before the start."""
    ref = one_open(harness)
    closing_ns = harness.desk.market_states.events[G1].scheduled_ns - 120 * NS_PER_SECOND
    harness.clock.advance(closing_ns - harness.clock.now_ns() - 1)
    assert harness.exchange.cancels == []
    harness.clock.advance(harness.strategy.quote_refresh_ns)
    assert harness.exchange.cancels == [ref]


def test_quotes_are_pulled_when_the_feed_is_stale(make_harness: MakeHarness) -> None:
    """Silence beyond the limit pulls quotes within one refresh; the next event restores them."""
    harness = make_harness(max_feed_age_ns=60 * NS_PER_SECOND)
    ref = one_open(harness)
    harness.clock.advance(70 * NS_PER_SECOND)
    assert set(harness.exchange.cancels) == {ref}
    harness.on_event(WagerCancelled(ref, 1_000))
    harness.offer("home", 150, 100)
    harness.refresh()
    assert placed(harness) == [("home", 110, 1_000)]


# Halting -------------------------------------------------------------------------------------


def test_stopping_cancels_everything(harness: DeskHarness) -> None:
    """A stop sends one mass cancel, and nothing is placed afterwards."""
    one_open(harness)
    harness.desk.stop("the session is over")
    assert harness.exchange.kinds == ["cancel_all"]
    harness.confirm_cancels()
    harness.offer("home", 150, 100)
    harness.set_quotes(harness.quote("home", 120, 1_000))
    assert harness.exchange.kinds == ["cancel_all"]
    assert harness.resting() == []


def test_a_cancel_refused_while_halted_is_retried(harness: DeskHarness) -> None:
    """While halted, the desk goes on cancelling what the exchange refused to cancel."""
    ref = one_open(harness)
    harness.desk.stop("enough")
    harness.exchange.forget()
    harness.on_event(CancelRefused(ref, "in_play_delay", harness.clock.now_ns() + NS_PER_SECOND))
    harness.clock.advance(NS_PER_SECOND)
    assert harness.exchange.cancels == [ref]


LOSSES = pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"max_daily_loss_cents": 5_000}, "max_daily_loss: $50.00 lost today"),
        (
            {"stop_loss_percent": Decimal(5), "balance_cents": 100_000},
            "stop_loss_percentage: $50.00 below the highest equity",
        ),
    ],
)


@LOSSES
def test_a_loss_limit_halts_and_cancels_everything(
    make_harness: MakeHarness, limits: dict[str, Any], reason: str
) -> None:
    """A settled loss at the limit halts the desk with a reason and cancels everything."""
    harness = make_harness(**limits)
    one_open(harness)
    harness.fill_new("home2", 100, 5_000)
    harness.settle(harness.key("g2"), {"home2": Result.LOST})
    assert harness.desk.risk.state is TradingState.HALTED
    assert harness.exchange.kinds == ["cancel_all"]
    changes = [
        event for _, _, event in harness.journal.inputs if isinstance(event, TradingStateSet)
    ]
    assert changes == [TradingStateSet(TradingState.HALTED, reason)]


@LOSSES
def test_a_loss_below_the_limit_does_not_halt(
    make_harness: MakeHarness, limits: dict[str, Any], reason: str
) -> None:
    """A loss one cent below the limit leaves the desk active."""
    harness = make_harness(**limits)
    harness.fill_new("home2", 100, 4_999)
    harness.settle(harness.key("g2"), {"home2": Result.LOST})
    assert harness.desk.risk.state is TradingState.ACTIVE, reason
    assert harness.exchange.batches == []


def test_a_marked_loss_halts_too(make_harness: MakeHarness) -> None:
    """A position whose fair price falls counts as a loss of the day before it is settled."""
    harness = make_harness(max_daily_loss_cents=5_000)
    harness.fill_new("home", 100, 10_000)
    for odds in (-110, -300):
        harness.offer("away", odds, 1_000)
    harness.offer("home", 260, 1_000)
    harness.refresh()
    assert harness.desk.ledger.marked_cents == 0
    harness.offer("away", -110, 0)
    harness.refresh()
    assert harness.desk.ledger.marked_cents < -4_000
    harness.offer("home", 320, 1_000)
    harness.offer("away", -300, 0)
    harness.offer("away", -400, 1_000)
    harness.refresh()
    assert harness.desk.risk.state is TradingState.HALTED
    assert harness.exchange.kinds == ["cancel_all"]


def test_an_operator_can_reactivate_a_halted_desk(make_harness: MakeHarness) -> None:
    """Set active, the desk quotes again at once, and counts its losses from that moment."""
    harness = make_harness(max_daily_loss_cents=5_000)
    harness.strategy.quotes = (harness.quote("home", 110, 1_000),)
    harness.fill_new("home2", 100, 5_000)
    harness.settle(harness.key("g2"), {"home2": Result.LOST})
    harness.refresh()
    assert placed(harness) == []
    set_trading_state(harness, TradingState.ACTIVE)
    assert placed(harness) == [("home", 110, 1_000)]
    harness.fill_new("home2", 100, 4_999)
    harness.settle(harness.key("g2"), {"home2": Result.LOST})
    assert harness.desk.risk.state is TradingState.ACTIVE


def test_reducing_keeps_only_hedges(harness: DeskHarness) -> None:
    """Set to reducing, the desk cancels what could add to its exposure and rests the hedge."""
    harness.fill_new("home", 110, 1_000)
    rest_quotes(harness, harness.quote("home", 115, 1_000), harness.quote("over", 110, 1_000))
    harness.strategy.quotes += (harness.quote("away", 105, 900),)
    set_trading_state(harness, TradingState.REDUCING)
    assert [harness.wager(ref).line_id for ref in harness.exchange.cancels] == ["home", "over"]
    harness.confirm_cancels()
    harness.refresh()
    assert placed(harness) == [("away", 105, 900)]
