"""The contract that every implementation of the port `Exchange` must meet.

To test another implementation, write a harness for it (see `ExchangeHarness`) and add it to
`HARNESSES` in `conftest.py`.
"""

from typing import Any

import pytest

from strategies.trading.model.commands import Intent
from strategies.trading.model.events import (
    AccountState,
    CancelRefused,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, WagerRef
from strategies.trading.ports.exchange import BATCH_LIMIT
from tests.contract.exchange_harness import (
    CANCELLABLE_SECONDS,
    ExchangeHarness,
    account,
    opened,
    received_of,
    until,
    update_types_of,
    updates_of,
    wager_request,
    wait_for_update,
)
from tests.contract.moneyline import (
    BALANCE_CENTS,
    GAME,
    HOME,
    MONEYLINE,
    OTHERS,
)

# Placing -------------------------------------------------------------------------------------


def test_nothing_is_answered_during_a_call(harness: ExchangeHarness) -> None:
    """Every method returns before any event is received; the responses come later."""
    before = list(harness.received)
    harness.exchange.place([wager_request("a")])
    harness.exchange.cancel([WagerRef("b")])
    harness.exchange.cancel_all()
    harness.exchange.ask_state()
    assert harness.received == before
    until(harness, lambda: bool(updates_of(harness, "a") and updates_of(harness, "b")))


def test_every_wager_is_answered_exactly_once(harness: ExchangeHarness) -> None:
    """Valid or not, each request is either accepted or rejected, on its own and once."""
    requests = [
        wager_request("good"),
        wager_request("off-the-ladder", odds=133),
        wager_request("no-such-odds", odds=-100),
        wager_request("no-such-line", line_id=LineId("nowhere")),
        wager_request("no-stake", stake_cents=0),
        wager_request("below-nothing", stake_cents=-5_000),
        wager_request("more-than-there-is", stake_cents=BALANCE_CENTS + 1),
        wager_request("good-too", odds=-106),
    ]
    harness.exchange.place(requests)
    refs = [request.ref for request in requests]
    until(harness, lambda: all(update_types_of(harness, ref) for ref in refs))
    harness.let_pass(5)
    responses = {
        request.ref: [
            type(e) for e in updates_of(harness, request.ref, WagerAccepted, WagerRejected)
        ]
        for request in requests
    }
    good = {"good", "good-too"}
    assert responses == {
        ref: [WagerAccepted] if ref in good else [WagerRejected] for ref in responses
    }


@pytest.mark.slow
def test_an_accepted_wager_is_opened_or_invalid(harness: ExchangeHarness) -> None:
    """Acceptance is followed by the opening, or by invalidity of an add-only wager that crosses."""
    adding = wager_request("adds", intent=Intent.ADD_ONLY)
    crossing = wager_request("crosses", line_id=HOME, odds=-150, intent=Intent.ADD_ONLY)
    opened(harness, adding)
    harness.exchange.cancel([adding.ref])
    wait_for_update(harness, WagerCancelled, adding.ref)
    harness.exchange.place([crossing])
    wait_for_update(harness, WagerInvalid, crossing.ref)
    assert update_types_of(harness, "adds") == [WagerAccepted, WagerOpened, WagerCancelled]
    assert update_types_of(harness, "crosses") == [WagerAccepted, WagerInvalid]


def test_responses_come_in_the_order_of_requests(harness: ExchangeHarness) -> None:
    """Batches are answered in order, and the wagers of a batch in their order."""
    odds = (-110, -112, -114, -116, -118, -120)
    refs = [f"w{place}" for place in range(len(odds))]
    requests = [
        wager_request(ref, odds=at, stake_cents=200) for ref, at in zip(refs, odds, strict=True)
    ]
    for start in (0, 2, 4):
        harness.exchange.place(requests[start : start + 2])
    wait_for_update(harness, WagerOpened, *refs)
    for kind in (WagerAccepted, WagerOpened):
        assert [event.ref for event in received_of(harness, kind)] == refs


def test_a_stake_below_the_least_is_rejected_with_the_observed_code(
    harness: ExchangeHarness,
) -> None:
    """It is refused alone, as a request that is invalid; the other one of its batch rests."""
    small = wager_request("small", stake_cents=99)
    harness.exchange.place([wager_request("good"), small])
    wait_for_update(harness, WagerRejected, small.ref)
    wait_for_update(harness, WagerOpened, WagerRef("good"))
    assert received_of(harness, WagerRejected) == [WagerRejected(small.ref, "invalid_request")]


def test_a_batch_over_the_limit_is_rejected_whole(harness: ExchangeHarness) -> None:
    """With one wager too many in a batch, each of them is rejected; nothing is open."""
    requests = [wager_request(f"w{place}", stake_cents=200) for place in range(BATCH_LIMIT + 1)]
    harness.exchange.place(requests)
    wait_for_update(harness, WagerRejected, *(request.ref for request in requests))
    assert {tuple(update_types_of(harness, request.ref)) for request in requests} == {
        (WagerRejected,)
    }
    assert account(harness) == AccountState(BALANCE_CENTS, ())


def test_a_batch_of_which_nothing_is_accepted_is_answered_item_by_item(
    strict: ExchangeHarness,
) -> None:
    """Each item has its own code, also where one is backed off."""
    opened(strict, *(wager_request(f"w{n}", stake_cents=BALANCE_CENTS) for n in range(10)))
    requests = [wager_request("unknown-odds", odds=133), wager_request("backed-off")]
    strict.exchange.place(requests)
    wait_for_update(strict, WagerRejected, *(request.ref for request in requests))
    codes = {event.ref: event.code for event in received_of(strict, WagerRejected)}
    assert codes == {"unknown-odds": "invalid_price", "backed-off": "rate_limit_reached"}


@pytest.mark.slow
def test_a_full_batch_is_accepted(harness: ExchangeHarness) -> None:
    """A batch of exactly the limit is accepted."""
    requests = [wager_request(f"w{place}", stake_cents=200) for place in range(BATCH_LIMIT)]
    opened(harness, *requests)
    state = account(harness)
    assert state.open_cents == tuple((request.ref, 200) for request in requests)
    assert state.balance_cents == BALANCE_CENTS - 200 * BATCH_LIMIT


@pytest.mark.slow
def test_a_ref_used_twice_changes_nothing(harness: ExchangeHarness) -> None:
    """A repeated reference leaves the first wager and the account unchanged."""
    opened(harness, wager_request("a"))
    before = account(harness)
    harness.exchange.place([wager_request("a", odds=-110, stake_cents=9_900)])
    harness.let_pass(5)
    assert account(harness) == before
    harness.exchange.cancel([WagerRef("a")])
    wait_for_update(harness, WagerCancelled, "a")
    assert updates_of(harness, "a", WagerCancelled) == [WagerCancelled(WagerRef("a"), 5_000)]
    harness.exchange.place([wager_request("a")])
    harness.let_pass(5)
    assert account(harness) == AccountState(BALANCE_CENTS, ())


# Matching ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_resting_wager_is_matched_after_it_was_opened(harness: ExchangeHarness) -> None:
    """A taker fills it up to its stake, which then leaves the balance."""
    opened(harness, wager_request("a"))
    wait_for_update(harness, WagerMatched, "a")
    fills = updates_of(harness, "a", WagerMatched)
    assert sum(fill.stake_cents for fill in fills) == 5_000
    assert account(harness) == AccountState(BALANCE_CENTS - 5_000, ())


def test_a_taking_wager_leaves_nothing_behind(harness: ExchangeHarness) -> None:
    """A taking wager larger than the offers is matched in part, and the rest is cancelled soon."""
    harness.exchange.place(
        [wager_request("a", line_id=HOME, odds=-108, stake_cents=60_000, intent=Intent.TAKE)]
    )
    wait_for_update(harness, WagerCancelled, "a")
    assert sum(fill.stake_cents for fill in updates_of(harness, "a", WagerMatched)) == OTHERS[1]
    assert updates_of(harness, "a", WagerCancelled) == [WagerCancelled(WagerRef("a"), 10_000)]


# Cancelling ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_cancel_is_answered(harness: ExchangeHarness) -> None:
    """Each cancel of an open, ended or unknown wager gets one response with the unmatched stake."""
    opened(harness, wager_request("a"))
    for kind in (WagerCancelled, CancelRefused):
        harness.exchange.cancel([WagerRef("a"), WagerRef("nobody's")])
        wait_for_update(harness, kind, "a")
    assert update_types_of(harness, "a")[2:] == [WagerCancelled, CancelRefused]
    assert update_types_of(harness, "nobody's") == [CancelRefused, CancelRefused]
    assert updates_of(harness, "a", WagerCancelled) == [WagerCancelled(WagerRef("a"), 5_000)]
    assert account(harness) == AccountState(BALANCE_CENTS, ())


@pytest.mark.slow
def test_an_early_cancel_is_refused_with_a_retry_time(harness: ExchangeHarness) -> None:
    """A cancel sent right after its wager is refused with a retry time, and succeeds then."""
    harness.exchange.place([wager_request("a")])
    harness.exchange.cancel([WagerRef("a")])
    wait_for_update(harness, CancelRefused, "a")
    (refusal,) = updates_of(harness, "a", CancelRefused)
    assert refusal.retry_at_ns is not None
    until(harness, lambda: refusal.retry_at_ns <= harness.clock.now_ns(), CANCELLABLE_SECONDS)
    harness.let_pass(CANCELLABLE_SECONDS)
    harness.exchange.cancel([WagerRef("a")])
    wait_for_update(harness, WagerCancelled, "a")


@pytest.mark.slow
def test_a_cancel_batch_over_the_limit_is_refused_whole(harness: ExchangeHarness) -> None:
    """With one cancel too many in a batch, each is refused; what is open stays open."""
    opened(harness, wager_request("a"))
    refs = [WagerRef("a"), *(WagerRef(f"w{place}") for place in range(BATCH_LIMIT))]
    harness.exchange.cancel(refs)
    wait_for_update(harness, CancelRefused, *refs)
    assert {ref: len(updates_of(harness, ref, CancelRefused)) for ref in refs} == dict.fromkeys(
        refs, 1
    )
    assert account(harness).open_cents == ((WagerRef("a"), 5_000),)


@pytest.mark.slow
@pytest.mark.parametrize(
    "scope", [{}, {"event_id": GAME}, {"event_id": GAME, "market_id": MONEYLINE}]
)
def test_a_mass_cancel_reports_each_wager(harness: ExchangeHarness, scope: dict[str, Any]) -> None:
    """Everything open in the scope is cancelled, and each wager is reported."""
    opened(
        harness,
        wager_request("a"),
        wager_request("b", odds=-106),
        wager_request("c", line_id=HOME, odds=110),
    )
    harness.exchange.cancel_all(**scope)
    wait_for_update(harness, WagerCancelled, "a", "b", "c")
    for ref in ("a", "b", "c"):
        assert update_types_of(harness, ref)[2:] == [WagerCancelled]
    assert account(harness) == AccountState(BALANCE_CENTS, ())


@pytest.mark.slow
@pytest.mark.parametrize(
    "scope",
    [{"event_id": EventId("another")}, {"event_id": GAME, "market_id": MarketId("999")}],
)
def test_a_mass_cancel_of_another_scope_changes_nothing(
    harness: ExchangeHarness, scope: dict[str, Any]
) -> None:
    """What is open outside the scope stays open."""
    opened(harness, wager_request("a"))
    harness.exchange.cancel_all(**scope)
    harness.let_pass(5)
    assert account(harness).open_cents == ((WagerRef("a"), 5_000),)


# The account ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_state_request_gets_one_response(harness: ExchangeHarness) -> None:
    """Each request gets one response: the balance, and the open stake by wager, in order."""
    assert account(harness) == AccountState(BALANCE_CENTS, ())
    opened(harness, wager_request("a"), wager_request("b", odds=-106, stake_cents=700))
    assert account(harness) == AccountState(
        BALANCE_CENTS - 5_700, ((WagerRef("a"), 5_000), (WagerRef("b"), 700))
    )
