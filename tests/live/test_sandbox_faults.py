"""Every fault of the sandbox: no wager duplicated, none lost, every gap reported."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
    AccountState,
    CancelRefused,
    FeedLost,
    FeedRestored,
    WagerAccepted,
    WagerCancelled,
    WagerOpened,
    WagerRejected,
)
from strategies.trading.model.ids import WagerRef
from tests.contract.exchange_harness import (
    CANCELLABLE_SECONDS,
    account,
    opened,
    received_of,
    until,
    update_types_of,
    wager_request,
)
from tests.contract.prophet_harness import ProphetHarness
from tests.fixture_types import Compose

pytestmark = pytest.mark.slow  # waits for retries on the wall clock

OPENED = [WagerAccepted, WagerOpened]
ANSWER_SECONDS = 1.5
# Much longer than the timeout of a response and the search for its outcome.
TOO_LONG = 4

Fault = dict[str, Any]

FAULTS_OF_REQUESTS: dict[str, Fault] = {
    "slow": {"kind": "slow", "seconds": Decimal("0.2")},
    "too slow": {"kind": "slow", "seconds": TOO_LONG},
    "late": {"kind": "late", "seconds": TOO_LONG},
    "refused": {"kind": "refused"},
    "too many": {"kind": "too_many"},
    "twice": {"kind": "twice"},
    "reset": {"kind": "reset"},
    "expired": {"kind": "expired_token"},
    "expired for good": {"kind": "expired_token", "code": "refresh"},
}
GAPS: dict[str, Fault] = {
    "reset": {"kind": "socket_reset"},
    "closed": {"kind": "socket_close"},
    "closed to come back": {"kind": "socket_close", "code": "4200"},
    "frozen": {"kind": "frozen_socket", "seconds": TOO_LONG},
}
NO_GAPS: dict[str, Fault] = {
    "garbage": {"kind": "garbage_frame"},
    "doubled": {"kind": "doubled_message", "path": "order", "count": 10},
    "lost": {"kind": "lost_message", "path": "order", "count": 10},
}


@pytest.fixture
def harness(tmp_path: Path, compose_settings: Compose) -> Iterator[ProphetHarness]:
    """Yield a harness on a sandbox, with a short timeout for silence."""
    feed = ["feed.ping_after_seconds=0.5", "feed.silent_seconds=2", "feed.quiet_seconds=3"]
    harness = ProphetHarness(tmp_path, compose_settings, *feed, answer_seconds=ANSWER_SECONDS)
    yield harness
    harness.close()


def resting(ref: str, odds: int) -> PlaceWager:
    """Return the request for a wager that rests, at odds that nobody offers."""
    return wager_request(ref, odds=odds)


def updates_of(harness: ProphetHarness, ref: str) -> list[type]:
    """Return the types of a wager's updates, without refused cancels."""
    return [kind for kind in update_types_of(harness, ref) if kind is not CancelRefused]


def placed_there(harness: ProphetHarness) -> list[str]:
    """Return all wagers that the exchange accepted."""
    return [r.request.ref for p in harness.server.accounts.values() for r in p.records.values()]


def live_there(harness: ProphetHarness) -> int:
    """Return how many wagers are live at the exchange."""
    return sum(
        len(api_account.participant.live) for api_account in harness.server.accounts.values()
    )


def cancel_all(harness: ProphetHarness, *refs: str) -> None:
    """Cancel wagers, retrying as the refusals permit, until each has ended."""
    for ref in refs:
        while WagerCancelled not in updates_of(harness, ref):
            harness.exchange.cancel([WagerRef(ref)])
            answered = len(harness.received)
            until(harness, lambda: len(harness.received) > answered)  # noqa: B023 - asked at once
            harness.let_pass(CANCELLABLE_SECONDS)
        assert updates_of(harness, ref).count(WagerCancelled) == 1
    assert live_there(harness) == 0


NEVER_PLACED, TURNS_UP = ("refused", "too many"), "too slow"


@pytest.mark.parametrize("name", FAULTS_OF_REQUESTS)
def test_a_placement_survives_a_fault(harness: ProphetHarness, name: str) -> None:
    """Accepted wagers are reported as accepted, the rest as rejected; nothing is placed twice.

    A wager that appears after it was given up for lost is cancelled.
    """
    harness.inject_fault(path="submit_multiple", **FAULTS_OF_REQUESTS[name])
    harness.exchange.place([resting("a", 150), resting("b", 160)])
    until(
        harness, lambda: all({WagerOpened, WagerRejected} & {*updates_of(harness, r)} for r in "ab")
    )
    if name in NEVER_PLACED:
        assert updates_of(harness, "a") == updates_of(harness, "b") == [WagerRejected]
        assert placed_there(harness) == []
        return
    if name == TURNS_UP:
        assert updates_of(harness, "a") == updates_of(harness, "b") == [WagerRejected]
        until(harness, lambda: placed_there(harness) == ["a", "b"])
        until(harness, lambda: live_there(harness) == 0)
        return
    harness.let_pass(5)
    assert updates_of(harness, "a") == updates_of(harness, "b") == OPENED
    assert placed_there(harness) == ["a", "b"]
    cancel_all(harness, "a", "b")


@pytest.mark.parametrize("name", FAULTS_OF_REQUESTS)
def test_a_cancel_survives_a_fault(harness: ProphetHarness, name: str) -> None:
    """Whatever happens to the first cancel, in the end the wager has ended, and once."""
    opened(harness, resting("a", 150))
    harness.inject_fault(path="cancel_multiple", **FAULTS_OF_REQUESTS[name])
    cancel_all(harness, "a")


@pytest.mark.parametrize("name", FAULTS_OF_REQUESTS)
def test_the_account_state_survives_a_fault(harness: ProphetHarness, name: str) -> None:
    """The account's state is requested until it is answered, and is right."""
    harness.exchange.place([resting("a", 150)])
    until(harness, lambda: updates_of(harness, "a") == OPENED)
    harness.inject_fault(path="get_", count=2, **FAULTS_OF_REQUESTS[name])
    assert account(harness).open_cents == (("a", 5_000),)


@pytest.mark.parametrize("name", GAPS)
def test_a_gap_is_reported_and_nothing_is_lost_in_it(harness: ProphetHarness, name: str) -> None:
    """Loss, then everything missed and the account, then the return; nothing is placed twice."""
    harness.exchange.place([resting("a", 150)])
    until(harness, lambda: updates_of(harness, "a") == OPENED)
    harness.inject_fault(**GAPS[name])
    harness.exchange.place([resting("b", 160)])
    until(harness, lambda: bool(received_of(harness, FeedRestored)))
    until(harness, lambda: updates_of(harness, "b") == OPENED)
    kinds = [type(event) for event in harness.received]
    assert kinds.index(FeedLost) < kinds.index(AccountState) < kinds.index(FeedRestored)
    assert updates_of(harness, "a") == OPENED
    assert placed_there(harness) == ["a", "b"]
    cancel_all(harness, "a", "b")


@pytest.mark.parametrize("name", NO_GAPS)
def test_a_bad_message_is_skipped(harness: ProphetHarness, name: str) -> None:
    """The connection is kept; lost updates come with the next request, and none is repeated."""
    harness.inject_fault(**NO_GAPS[name])
    harness.exchange.place([resting("a", 150)])
    until(harness, lambda: WagerAccepted in updates_of(harness, "a"))
    harness.let_pass(5)
    account(harness)
    assert updates_of(harness, "a") == OPENED
    assert FeedLost() not in harness.received
    assert harness.decode_errors.total == (1 if name == "garbage" else 0)
    cancel_all(harness, "a")
