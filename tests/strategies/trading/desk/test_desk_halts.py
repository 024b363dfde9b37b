"""When the desk stops quoting: pulled markets, loss limits, a halt, an operator's decision."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from strategies.trading.model.earlier_runs import EarlierRuns, HeldPosition, LossRecord
from strategies.trading.model.errors import InvariantError
from strategies.trading.model.events import (
    RUN_ENDED,
    CancelRefused,
    Event,
    EventPaused,
    EventStatusChanged,
    FeedDelayed,
    FeedLost,
    FeedRestored,
    MarketPaused,
    MarketStatusChanged,
    TradingState,
    TradingStateSet,
    WagerAccepted,
    WagerCancelled,
    WagerOpened,
    WagerRejected,
)
from strategies.trading.model.ids import EventId, MarketId, MarketKey, PairId, WagerRef
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.wagers.wager_state import CANCEL_AFTER_OPEN_NS
from tests.strategies.trading.conftest import START_NS, DeskHarness
from tests.strategies.trading.desk.resting_quotes import one_open, placed, rest_quotes

MakeHarness = Callable[..., DeskHarness]

G1 = EventId("g1")
MONEYLINE = MarketKey(G1, MarketId("219"))


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
    """A wager in flight when quoting stops is cancelled once the exchange takes its cancel."""
    harness.set_quotes(harness.quote("home", 110, 1_000))
    (ref,) = [place.ref for place in harness.exchange.places]
    harness.on_event(event)
    assert harness.exchange.cancels == []
    harness.on_event(WagerAccepted(ref))
    harness.on_event(WagerOpened(ref))
    harness.clock.advance(CANCEL_AFTER_OPEN_NS - 1)
    assert harness.exchange.cancels == []
    harness.clock.advance(1)
    assert harness.exchange.cancels == [ref]


def test_quotes_are_pulled_before_the_start(harness: DeskHarness) -> None:
    """Even without events, quotes are cancelled exactly two minutes before the start."""
    ref = one_open(harness)
    closing_ns = harness.desk.market_states.events[G1].scheduled_ns - 120 * NS_PER_SECOND
    harness.clock.advance(closing_ns - harness.clock.now_ns() - 1)
    assert harness.exchange.cancels == []
    harness.clock.advance(1)
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


@pytest.mark.parametrize("refresh_ns", [0, 5 * NS_PER_SECOND])
def test_case_40_quotes_are_pulled_while_the_feed_is_late(
    make_harness: MakeHarness, refresh_ns: int
) -> None:
    """Beyond the limit they are cancelled at once, within it they stay; on time they return."""
    harness = make_harness(refresh_ns=refresh_ns, max_feed_delay_ns=10 * NS_PER_SECOND)
    ref = one_open(harness)
    harness.on_event(FeedDelayed(G1, 10 * NS_PER_SECOND))
    harness.on_event(FeedDelayed(EventId("g2"), 20 * NS_PER_SECOND))
    assert harness.exchange.cancels == []
    harness.on_event(FeedDelayed(G1, 11 * NS_PER_SECOND))
    assert harness.exchange.cancels == [ref]
    assert harness.market().block_reason == "feed late"
    harness.on_event(WagerCancelled(ref, 1_000))
    harness.offer("home", 150, 100)
    harness.refresh()
    assert placed(harness) == []
    harness.on_event(FeedDelayed(G1, 0))
    assert placed(harness) == [("home", 110, 1_000)]


def test_the_echo_of_our_own_wagers_does_not_end_a_stale_pull(make_harness: MakeHarness) -> None:
    """The book without what we cancelled is no news; quotes return with what others do."""
    harness = make_harness(max_feed_age_ns=60 * NS_PER_SECOND)
    ref = one_open(harness)
    shown = harness.desk.wagers.find(WagerRef(ref))
    assert shown is not None
    harness.clock.advance(30 * NS_PER_SECOND)
    harness.offer("away", shown.shown_odds, shown.shown_cents + 1)
    harness.clock.advance(40 * NS_PER_SECOND)
    assert set(harness.exchange.cancels) == {ref}
    harness.on_event(WagerCancelled(ref, 1_000))
    harness.offer("away", shown.shown_odds, 0)
    harness.clock.advance(20 * NS_PER_SECOND)
    assert placed(harness) == []
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


def test_a_desk_starts_as_earlier_runs_left_it(make_harness: MakeHarness) -> None:
    """Halted by an earlier run, it places nothing until a person lifts the halt."""
    halt = EarlierRuns(TradingState.HALTED, "max_daily_loss: $50.00 lost today")
    harness = make_harness(earlier_runs=halt)
    harness.set_quotes(harness.quote("home", 110, 1_000))
    assert harness.exchange.kinds == []
    assert harness.desk.risk.halt_reason == halt.reason
    set_trading_state(harness, TradingState.ACTIVE)
    assert placed(harness) == [("home", 110, 1_000)]
    assert harness.desk.risk.halt_reason is None


def test_the_end_of_a_run_keeps_the_reason_of_its_halt(harness: DeskHarness) -> None:
    """A run that ends is no halt of its own, and hides none."""
    harness.desk.stop(RUN_ENDED)
    assert harness.desk.risk.halt_reason is None
    harness.desk.stop("rejections: 10 in a row")
    harness.desk.stop(RUN_ENDED)
    assert harness.desk.risk.halt_reason == "rejections: 10 in a row"


@pytest.mark.parametrize(("followed", "lost"), [(True, "$10.00"), (False, "$30.00")])
def test_a_position_that_is_not_restored_still_counts(
    make_harness: MakeHarness, followed: bool, lost: str
) -> None:
    """Its last mark counts while its market is followed, its worst outcome once it is not."""
    pair_id = make_harness().pair("home").pair_id if followed else PairId("gone")
    held = HeldPosition(pair_id, 0.4, -1_000, -3_000)
    today = LossRecord(day_from_ns=START_NS, positions=(held,))
    harness = make_harness(earlier_runs=EarlierRuns(losses=today), max_daily_loss_cents=1_000)
    assert harness.desk.risk.halt_reason == f"max_daily_loss: {lost} lost today"


def test_a_position_is_recorded_with_its_mark_and_its_worst_outcome(harness: DeskHarness) -> None:
    """What the next run needs of a position is in the record, and nothing of a settled one."""
    harness.fill_new("home", 150, 1_000)
    harness.fill_new("home2", 100, 2_000)
    harness.settle(harness.key("g2"), {"home2": Result.LOST})
    harness.desk.exposure.mark(harness.pair("home"), 0.5)
    record = harness.desk.loss_record()
    assert record.profit_cents == -2_000
    assert record.positions == (HeldPosition(harness.pair("home").pair_id, 0.5, 250, -1_000),)


def test_contradicting_books_halt_before_the_error(harness: DeskHarness) -> None:
    """A fill beyond the stake halts by name, cancels everything, and is raised to the caller."""
    ref = one_open(harness)
    with pytest.raises(InvariantError):
        harness.fill(ref, 1_001)
    assert (harness.desk.risk.halt_reason or "").startswith(f"books: wager {ref}: $10.01")
    assert harness.exchange.kinds == ["cancel_all"]


# Rejections ----------------------------------------------------------------------------------


def reject(harness: DeskHarness, times: int, code: str = "insufficient_amount") -> None:
    """Place one wager after another, each refused by the exchange."""
    for _ in range(times):
        harness.clock.advance(NS_PER_SECOND)
        harness.take(WagerRejected(harness.register("home", 110, 1_000), code))


STREAK = {"max_rejections_in_row": 3, "rejections_within_ns": 10 * NS_PER_SECOND}


def test_rejections_in_a_row_halt(make_harness: MakeHarness) -> None:
    """As many refused placements in a row as the limit allows halt the desk, by name."""
    harness = make_harness(**STREAK)
    reject(harness, 2)
    assert harness.desk.risk.state is TradingState.ACTIVE
    reject(harness, 1)
    reason = "rejections: 3 in a row, last insufficient_amount"
    assert harness.desk.risk.halt_reason == reason
    set_trading_state(harness, TradingState.ACTIVE)
    reject(harness, 2)
    assert harness.desk.risk.state is TradingState.ACTIVE


def test_rejections_that_are_not_in_a_row_do_not_halt(make_harness: MakeHarness) -> None:
    """An accepted wager, time, a passing reason and one batch do not make a row."""
    harness = make_harness(**STREAK)
    reject(harness, 2)
    harness.take(WagerAccepted(harness.register("home", 110, 1_000)))
    reject(harness, 2)
    harness.clock.advance(10 * NS_PER_SECOND)
    reject(harness, 2)
    harness.clock.advance(10 * NS_PER_SECOND)
    reject(harness, 9, "event_not_available")
    harness.clock.advance(10 * NS_PER_SECOND)
    reject(harness, 9, "unauthorized")
    for ref in [harness.register("home", 110, 100) for _ in range(9)]:
        harness.take(WagerRejected(ref, "insufficient_amount"))
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
