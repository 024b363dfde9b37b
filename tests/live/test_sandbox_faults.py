"""Every fault of the sandbox, survived: no wager doubled, none lost, the gap told."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sim.sandbox.requested_faults import MESSAGE_FAULTS, REQUEST_FAULTS, FaultKind
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
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
    heard_of,
    opened,
    types_said_of,
    until,
    wish,
)
from tests.contract.prophet_harness import ProphetHarness

OPENED = [WagerAccepted, WagerOpened]
ANSWER_SECONDS = 1.5
# Much longer than an answer is waited for, and looked for afterwards.
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
def hall(tmp_path: Path, compose_settings: Callable[..., Any]) -> Iterator[ProphetHarness]:
    """Yield a room on a sandbox that soon takes silence for a fault."""
    feed = ["feed.ping_after_seconds=0.5", "feed.silent_seconds=2", "feed.quiet_seconds=3"]
    hall = ProphetHarness(tmp_path, compose_settings, *feed, answer_seconds=ANSWER_SECONDS)
    yield hall
    hall.close()


def resting(ref: str, odds: int) -> PlaceWager:
    """Return the request for a wager that rests, as nobody offers such odds."""
    return wish(ref, odds=odds)


def told_of(hall: ProphetHarness, ref: str) -> list[type]:
    """Return the types of what was told of a wager, but for cancels that were refused."""
    return [kind for kind in types_said_of(hall, ref) if kind is not CancelRefused]


def placed_there(hall: ProphetHarness) -> list[str]:
    """Return the wagers that the exchange was ever asked for and took."""
    return [r.request.ref for p in hall.server.accounts.values() for r in p.records.values()]


def live_there(hall: ProphetHarness) -> int:
    """Return how many wagers are live at the exchange."""
    return sum(len(partner.participant.live) for partner in hall.server.accounts.values())


def cancel_all(hall: ProphetHarness, *refs: str) -> None:
    """Cancel wagers, as often as it is told to be worth it, until each is told to be gone."""
    for ref in refs:
        while WagerCancelled not in told_of(hall, ref):
            hall.exchange.cancel([WagerRef(ref)])
            answered = len(hall.heard)
            until(hall, lambda: len(hall.heard) > answered)  # noqa: B023 - asked at once
            hall.let_pass(CANCELLABLE_SECONDS)
        assert told_of(hall, ref).count(WagerCancelled) == 1
    assert live_there(hall) == 0


def test_every_fault_is_among_these() -> None:
    """There is no fault of the sandbox that is not tried here."""
    tried = [*FAULTS_OF_REQUESTS.values(), *GAPS.values(), *NO_GAPS.values()]
    assert {fault["kind"] for fault in tried} == set(FaultKind)
    assert {FaultKind(fault["kind"]) for fault in FAULTS_OF_REQUESTS.values()} >= set(
        REQUEST_FAULTS
    )
    assert {FaultKind(fault["kind"]) for fault in NO_GAPS.values()} >= set(MESSAGE_FAULTS)


NEVER_PLACED, TURNS_UP = ("refused", "too many"), "too slow"


@pytest.mark.parametrize("name", FAULTS_OF_REQUESTS)
def test_a_placement_outlives_a_fault(hall: ProphetHarness, name: str) -> None:
    """What the exchange took is told as taken, the rest as rejected; nothing is placed twice.

    One that turns up when it was given up for lost is cancelled.
    """
    hall.strike(path="submit_multiple", **FAULTS_OF_REQUESTS[name])
    hall.exchange.place([resting("a", 150), resting("b", 160)])
    until(hall, lambda: all({WagerOpened, WagerRejected} & {*told_of(hall, r)} for r in "ab"))
    if name in NEVER_PLACED:
        assert told_of(hall, "a") == told_of(hall, "b") == [WagerRejected]
        assert placed_there(hall) == []
        return
    if name == TURNS_UP:
        assert told_of(hall, "a") == told_of(hall, "b") == [WagerRejected]
        until(hall, lambda: placed_there(hall) == ["a", "b"])
        until(hall, lambda: live_there(hall) == 0)
        return
    hall.let_pass(5)
    assert told_of(hall, "a") == told_of(hall, "b") == OPENED
    assert placed_there(hall) == ["a", "b"]
    cancel_all(hall, "a", "b")


@pytest.mark.parametrize("name", FAULTS_OF_REQUESTS)
def test_a_cancel_outlives_a_fault(hall: ProphetHarness, name: str) -> None:
    """Whatever becomes of the first cancel, in the end the wager is gone, and told so once."""
    opened(hall, resting("a", 150))
    hall.strike(path="cancel_multiple", **FAULTS_OF_REQUESTS[name])
    cancel_all(hall, "a")


@pytest.mark.parametrize("name", FAULTS_OF_REQUESTS)
def test_the_state_is_told_whatever_becomes_of_asking(hall: ProphetHarness, name: str) -> None:
    """The account's state is asked for until it is answered, and is right."""
    hall.exchange.place([resting("a", 150)])
    until(hall, lambda: told_of(hall, "a") == OPENED)
    hall.strike(path="get_", count=2, **FAULTS_OF_REQUESTS[name])
    assert account(hall).open_cents == (("a", 5_000),)


@pytest.mark.parametrize("name", GAPS)
def test_a_gap_is_told_and_nothing_is_lost_in_it(hall: ProphetHarness, name: str) -> None:
    """Loss, then all that was missed, then the return; wagers placed meanwhile are there once."""
    hall.exchange.place([resting("a", 150)])
    until(hall, lambda: told_of(hall, "a") == OPENED)
    hall.strike(**GAPS[name])
    hall.exchange.place([resting("b", 160)])
    until(hall, lambda: bool(heard_of(hall, FeedRestored)))
    until(hall, lambda: told_of(hall, "b") == OPENED)
    kinds = [type(event) for event in hall.heard]
    assert kinds.index(FeedLost) < kinds.index(FeedRestored)
    assert told_of(hall, "a") == OPENED
    assert placed_there(hall) == ["a", "b"]
    cancel_all(hall, "a", "b")


@pytest.mark.parametrize("name", NO_GAPS)
def test_a_bad_message_costs_nothing_but_itself(hall: ProphetHarness, name: str) -> None:
    """The link is kept; what was lost is told when it is asked for, and nothing is told twice."""
    hall.strike(**NO_GAPS[name])
    hall.exchange.place([resting("a", 150)])
    until(hall, lambda: WagerAccepted in told_of(hall, "a"))
    hall.let_pass(5)
    account(hall)
    assert told_of(hall, "a") == OPENED
    assert FeedLost() not in hall.heard
    assert hall.decode_errors.total == (1 if name == "garbage" else 0)
    cancel_all(hall, "a")
