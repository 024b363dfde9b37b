"""The wager manager and the desk with late, duplicated, reordered and missing updates."""

from collections.abc import Callable

import pytest

from strategies.trading.model.commands import Intent
from strategies.trading.model.errors import InvariantError
from strategies.trading.model.events import (
    CancelRefused,
    TradeBroken,
    TradingState,
    TradingStateSet,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
)
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.wagers.wager_state import EndReason, WagerState
from tests.strategies.trading.conftest import DeskHarness

MakeHarness = Callable[..., DeskHarness]

PATIENCE_NS = 5 * NS_PER_SECOND
HOUR_NS = 3_600 * NS_PER_SECOND
LIVE = list(WagerState)[:-1]


def fill(harness: DeskHarness, ref: WagerRef, cents: int, total_cents: int) -> WagerMatched:
    """Return a fill of a wager with its total."""
    return WagerMatched(ref, harness.wager(ref).odds, cents, cents, total_cents)


def in_state(harness: DeskHarness, state: WagerState) -> WagerRef:
    """Return a wager of $10 in a state."""
    ref = WagerRef(harness.register("home", 110, 1_000))
    if state in LIVE[1:]:
        harness.take(WagerAccepted(ref))
    if state in LIVE[2:]:
        harness.take(WagerOpened(ref))
    if state is WagerState.CANCELLING:
        harness.desk.wagers.begin_cancel(ref, harness.clock.now_ns())
    return ref


def rest_quotes(harness: DeskHarness) -> WagerRef:
    """Let one quote of $10 be placed and opened, and clear the recorded commands."""
    harness.set_quotes(harness.quote("home", 110, 1_000))
    harness.open_pending()
    harness.refresh()
    harness.exchange.forget()
    (wager,) = harness.desk.wagers.live()
    return WagerRef(wager.ref)


# Fills ---------------------------------------------------------------------------------------


def test_a_duplicated_fill_is_booked_once(harness: DeskHarness) -> None:
    """A fill whose total was booked before adds nothing to wager, exposure or turnover."""
    ref = harness.rest("home", 110, 1_000)
    for total in (700, 300, 700, 300):
        harness.on_event(fill(harness, ref, 400 if total == 700 else 300, total))
    assert harness.wager(ref).matched_cents == 700
    assert harness.desk.exposure.position(harness.pair()).matched_cents == [700, 0]
    assert (harness.desk.ledger.turnover_cents, harness.desk.exposure.open_cents) == (700, 300)


def test_fills_without_a_total_are_all_booked(harness: DeskHarness) -> None:
    """An exchange that sends no totals may match the same stake twice."""
    ref = harness.rest("home", 110, 1_000)
    for _ in range(2):
        harness.on_event(fill(harness, ref, 400, 0))
    assert harness.wager(ref).matched_cents == 800


def test_a_repeated_update_triggers_no_decision(harness: DeskHarness) -> None:
    """An update without news triggers no decision and sends nothing."""
    ref = rest_quotes(harness)
    update = fill(harness, ref, 300, 300)
    harness.on_event(update)
    decisions = harness.desk.decisions
    harness.on_event(update)
    harness.on_event(WagerOpened(ref))
    assert harness.desk.decisions == decisions


def test_stake_with_a_missing_fill_counts_as_open(harness: DeskHarness) -> None:
    """Stake that a cancel shows as matched counts as open until its fill arrives."""
    ref = harness.rest("home", 110, 1_000)
    harness.take(WagerCancelled(ref, 400))
    assert (harness.resting(), harness.wager(ref).reason) == ([], EndReason.CANCELLED)
    assert (harness.desk.exposure.total_cents, harness.desk.exposure.open_cents) == (600, 600)
    assert harness.desk.ledger.available_cents == 100_000_000 - 600
    harness.take(fill(harness, ref, 600, 600))
    assert (harness.desk.exposure.total_cents, harness.desk.exposure.open_cents) == (600, 0)
    with pytest.raises(InvariantError, match=r"\$10.01 is matched of a stake of \$10.00"):
        harness.take(fill(harness, ref, 401, 1_001))


def test_a_wager_with_a_missing_fill_is_kept(harness: DeskHarness) -> None:
    """An ended wager is kept until all of its fills have arrived, however long that takes."""
    ref = harness.rest("home", 110, 1_000)
    harness.take(WagerCancelled(ref, 400))
    harness.clock.skip(2 * HOUR_NS)
    harness.take(WagerCancelled(harness.rest("home", 110, 1_000), 1_000))
    harness.take(fill(harness, ref, 600, 600))
    assert harness.desk.exposure.open_cents == 0
    harness.clock.skip(HOUR_NS + 1)
    harness.take(WagerCancelled(harness.rest("home", 110, 1_000), 1_000))
    assert harness.desk.wagers.find(ref) is None


# Ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", LIVE)
def test_the_exchange_may_cancel_a_wager(harness: DeskHarness, state: WagerState) -> None:
    """A cancel that we did not send ends a wager in any state, and releases its stake."""
    ref = in_state(harness, state)
    harness.on_event(WagerCancelled(ref, 1_000))
    assert (harness.wager(ref).state, harness.wager(ref).reason) == (
        WagerState.ENDED,
        EndReason.CANCELLED,
    )
    assert (harness.desk.exposure.total_cents, harness.desk.wagers.live_count) == (0, 0)


@pytest.mark.parametrize("state", LIVE)
def test_a_wager_may_become_invalid_in_any_state(harness: DeskHarness, state: WagerState) -> None:
    """An invalid wager ends even after it was open; its matched stake stays."""
    ref = in_state(harness, state)
    harness.on_event(fill(harness, ref, 300, 300))
    harness.on_event(WagerInvalid(ref, "no"))
    assert harness.wager(ref).reason is EndReason.INVALID
    assert (harness.desk.exposure.total_cents, harness.desk.exposure.open_cents) == (300, 0)


def test_an_update_of_an_ended_wager_changes_nothing(harness: DeskHarness) -> None:
    """A refusal, an opening or another end leaves an ended wager as it is."""
    ref = harness.rest("home", 110, 1_000)
    harness.take(WagerCancelled(ref, 1_000))
    for event in (
        CancelRefused(ref, "canceled", None),
        CancelRefused(ref, "too_soon", harness.clock.now_ns() + NS_PER_SECOND),
        WagerAccepted(ref),
        WagerOpened(ref),
        WagerRejected(ref, "no"),
    ):
        harness.on_event(event)
    assert harness.wager(ref).reason is EndReason.CANCELLED
    harness.clock.advance(2 * NS_PER_SECOND)
    assert harness.exchange.kinds == []


# Cancels -------------------------------------------------------------------------------------


def test_a_refusal_of_an_earlier_cancel_does_not_answer_a_later_one(harness: DeskHarness) -> None:
    """A refusal repeated after the cancel was sent again does not answer the second cancel."""
    ref = rest_quotes(harness)
    harness.set_quotes()
    refusal = CancelRefused(ref, "too_soon", harness.clock.now_ns() + NS_PER_SECOND)
    harness.on_event(refusal)
    harness.clock.advance(NS_PER_SECOND)
    assert harness.exchange.cancels == [ref, ref]
    harness.on_event(refusal)
    assert harness.wager(ref).state is WagerState.CANCELLING


@pytest.mark.parametrize("state", [TradingState.ACTIVE, TradingState.REDUCING])
def test_an_unanswered_cancel_is_sent_again(make_harness: MakeHarness, state: TradingState) -> None:
    """Five seconds after a cancel without a response, the wager is cancelled again."""
    harness = make_harness(refresh_ns=NS_PER_SECOND)
    ref = rest_quotes(harness)
    harness.strategy.quotes = ()
    harness.on_event(TradingStateSet(state, "set by an operator"))
    assert harness.exchange.cancels == [ref]
    harness.exchange.forget()
    harness.clock.advance(PATIENCE_NS - 1)
    assert harness.exchange.cancels == []
    harness.clock.advance(1)
    assert harness.exchange.cancels == [ref]
    harness.on_event(WagerCancelled(ref, 1_000))
    harness.clock.advance(2 * PATIENCE_NS)
    assert harness.exchange.cancels == [ref]


def test_a_refusal_without_a_retry_time_is_retried_after_five_seconds(
    make_harness: MakeHarness,
) -> None:
    """A cancel refused without a retry time is sent again after 5 s."""
    harness = make_harness(refresh_ns=NS_PER_SECOND)
    ref = rest_quotes(harness)
    harness.set_quotes()
    harness.on_event(CancelRefused(ref, "wager_already_matched", None))
    harness.exchange.forget()
    harness.clock.advance(PATIENCE_NS - 1)
    assert harness.exchange.cancels == []
    harness.clock.advance(1)
    assert harness.exchange.cancels == [ref]


def test_a_pending_wager_is_never_placed_again(harness: DeskHarness) -> None:
    """A wager without a response counts as open, and no other is placed for its quote."""
    harness.set_quotes(harness.quote("home", 110, 1_000))
    harness.clock.advance(HOUR_NS)
    assert len(harness.exchange.places) == 1
    assert harness.desk.exposure.open_cents == 1_000


# Halted --------------------------------------------------------------------------------------


def test_an_unanswered_mass_cancel_is_repeated_until_nothing_is_open(
    make_harness: MakeHarness,
) -> None:
    """A mass cancel is sent again every five seconds while a wager counts as open."""
    harness = make_harness(refresh_ns=NS_PER_SECOND)
    open_ref = rest_quotes(harness)
    pending_ref = harness.register("home", 112, 1_000)
    harness.desk.stop("enough")
    harness.exchange.forget()
    harness.clock.advance(PATIENCE_NS - 1)
    assert harness.exchange.kinds == []
    harness.clock.advance(1)
    assert harness.exchange.kinds == ["cancel_all"]
    harness.on_event(WagerCancelled(open_ref, 1_000))
    harness.clock.advance(PATIENCE_NS)
    assert harness.exchange.kinds == ["cancel_all", "cancel_all"]
    harness.on_event(WagerCancelled(pending_ref, 1_000))
    harness.clock.advance(10 * PATIENCE_NS)
    assert harness.exchange.kinds == ["cancel_all", "cancel_all"]


@pytest.mark.parametrize("retry_in_ns", [NS_PER_SECOND, None])
def test_a_halted_desk_sends_only_cancels(
    make_harness: MakeHarness, retry_in_ns: int | None
) -> None:
    """While halted only cancels are sent; a refused one is retried by reference or with all."""
    harness = make_harness(refresh_ns=NS_PER_SECOND)
    ref = rest_quotes(harness)
    taking = harness.register("away", 110, 1_000, Intent.TAKE)
    harness.desk.stop("enough")
    harness.exchange.forget()
    retry_at_ns = None if retry_in_ns is None else harness.clock.now_ns() + retry_in_ns
    harness.on_event(CancelRefused(ref, "rate_limit_reached", retry_at_ns))
    harness.on_event(WagerOpened(taking))
    harness.on_event(fill(harness, ref, 300, 300))
    harness.offer("home", 150, 1_000)
    harness.set_quotes(harness.quote("home", 120, 1_000), harness.quote("away", 130, 1_000))
    harness.clock.advance(4 * PATIENCE_NS)
    assert harness.wager(ref).state is WagerState.CANCELLING
    assert set(harness.exchange.kinds) <= {"cancel", "cancel_all"}
    assert (ref in harness.exchange.cancels) is (retry_in_ns is not None)


# Broken trades -------------------------------------------------------------------------------


@pytest.mark.parametrize("matched_cents", [400, 1_000])
def test_a_broken_trade_is_no_position(harness: DeskHarness, matched_cents: int) -> None:
    """Open or ended, a wager gives back the broken stake, which does not rest again."""
    ref = harness.rest("home", 110, 1_000)
    harness.take(fill(harness, ref, matched_cents, matched_cents))
    harness.desk.exposure.mark(harness.pair(), 0.4)
    harness.on_event(TradeBroken(ref, matched_cents, matched_cents))
    exposure, left_cents = harness.desk.exposure, 1_000 - matched_cents
    assert exposure.position(harness.pair()).profit_if == [0, 0]
    assert (exposure.matched_cents, exposure.open_cents) == (0, left_cents)
    assert (exposure.total_cents, exposure.marked_cents) == (left_cents, 0)
    assert harness.wager(ref).unmatched_cents == left_cents
    assert not harness.wager(ref).lacks_fill
    harness.take(fill(harness, ref, matched_cents, matched_cents))
    assert exposure.matched_cents == 0


def test_more_cannot_be_broken_than_was_matched(harness: DeskHarness) -> None:
    """Books that contradict the exchange's stop the desk."""
    ref = harness.rest("home", 110, 1_000)
    harness.take(fill(harness, ref, 400, 400))
    harness.take(WagerCancelled(ref, 600))
    with pytest.raises(InvariantError, match=r"\$4\.01 broken, of \$4\.00 matched"):
        harness.take(TradeBroken(ref, 401, 441))


def test_a_trade_is_broken_once_however_often_it_is_reported(harness: DeskHarness) -> None:
    """Its total identifies it; two breaks of one size have different totals."""
    ref = harness.rest("home", 110, 1_000)
    harness.take(fill(harness, ref, 300, 300))
    harness.take(fill(harness, ref, 300, 600))
    for total_cents, left_cents in ((300, 300), (300, 300), (600, 0), (300, 0), (600, 0)):
        harness.take(TradeBroken(ref, 300, 300, total_cents))
        assert harness.desk.exposure.matched_cents == left_cents
    assert harness.wager(ref).unmatched_cents == 400


@pytest.mark.parametrize("is_cancelled_first", [False, True])
def test_a_break_that_comes_before_its_fill_waits_for_it(
    harness: DeskHarness, is_cancelled_first: bool
) -> None:
    """Until then the fill counts as open; with it, nothing is held, whatever had ended by then."""
    ref = harness.rest("home", 110, 1_000)
    exposure = harness.desk.exposure
    harness.take(TradeBroken(ref, 400, 400, 400))
    assert (exposure.matched_cents, exposure.open_cents) == (0, 1_000)
    if is_cancelled_first:
        harness.take(WagerCancelled(ref, 600))
        assert (exposure.matched_cents, exposure.open_cents) == (0, 400)
        assert not harness.desk.wagers.at_rest
    harness.take(WagerMatched(ref, harness.wager(ref).odds, 400, 400, 400))
    assert exposure.position(harness.pair()).profit_if == [0, 0]
    assert (exposure.matched_cents, exposure.open_cents) == (0, 0 if is_cancelled_first else 600)
    harness.take(WagerCancelled(ref, 600))
    assert (exposure.matched_cents, exposure.open_cents) == (0, 0)
    assert harness.desk.wagers.at_rest


def test_a_wager_ends_that_was_broken_before(harness: DeskHarness) -> None:
    """Of a fill that was broken, nothing is missing when the rest is cancelled."""
    ref = harness.rest("home", 110, 1_000)
    harness.take(fill(harness, ref, 400, 400))
    harness.take(TradeBroken(ref, 400, 400, 400))
    harness.take(WagerCancelled(ref, 600))
    assert harness.desk.exposure.open_cents == 0
    assert harness.wager(ref).complete
    assert harness.desk.wagers.at_rest
