"""The desk's books compared with the exchange's account state."""

from collections.abc import Callable

import pytest

from strategies.trading.model.errors import InvariantError
from strategies.trading.model.events import AccountState, WagerAccepted, WagerCancelled, WagerOpened
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.units import NS_PER_SECOND
from tests.strategies.trading.conftest import DeskHarness

BALANCE_CENTS = 100_000_000
PATIENCE_NS = 5 * NS_PER_SECOND


@pytest.fixture
def harness(make_harness: Callable[..., DeskHarness]) -> DeskHarness:
    """Return a desk whose refresh interval is too long to send anything in these tests."""
    return make_harness(refresh_ns=3_600 * NS_PER_SECOND)


@pytest.fixture
def ref(harness: DeskHarness) -> WagerRef:
    """Return a wager of $10 that rests; nothing is in flight."""
    return WagerRef(harness.rest("home", 110, 1_000))


def account(matched_cents: int, *open_cents: tuple[WagerRef, int]) -> AccountState:
    """Return the exchange's account state with `matched_cents` matched and these wagers open."""
    staked_cents = matched_cents + sum(cents for _, cents in open_cents)
    return AccountState(BALANCE_CENTS - staked_cents, open_cents)


def send_twice(harness: DeskHarness, state: AccountState) -> None:
    """Send an account state, and again after the desk's waiting time."""
    for _ in range(2):
        harness.on_event(state)
        harness.clock.advance(PATIENCE_NS)


def test_an_equal_account_changes_nothing(harness: DeskHarness, ref: WagerRef) -> None:
    """Available cents and open stakes that equal ours change nothing, in any order."""
    other = harness.rest("home", 112, 1_000)
    harness.fill(ref, 400)
    send_twice(harness, account(400, (other, 1_000), (ref, 600)))
    assert "ask_state" not in harness.exchange.kinds


@pytest.mark.parametrize(
    ("balance", "open_cents", "what"),
    [(99_998_999, 1_000, "available cents"), (99_999_000, 999, "open wagers")],
)
def test_an_account_that_differs_twice_stops_the_desk(
    harness: DeskHarness, ref: WagerRef, balance: int, open_cents: int, what: str
) -> None:
    """A difference of one cent, reported twice, means that one of the two books is wrong."""
    with pytest.raises(InvariantError, match=what):
        send_twice(harness, AccountState(balance, ((ref, open_cents),)))


def test_a_wager_unknown_to_the_exchange_stops_the_desk(
    harness: DeskHarness, ref: WagerRef
) -> None:
    """A wager that we hold as open must be in the exchange's list."""
    with pytest.raises(InvariantError, match=f"open wagers: we hold {{'{ref}': 1000}}"):
        send_twice(harness, account(0))


def test_a_differing_account_is_requested_again(harness: DeskHarness, ref: WagerRef) -> None:
    """A single difference may be due to a fill that is still on its way: it is requested again."""
    harness.on_event(account(400, (ref, 600)))
    harness.on_event(account(400, (ref, 600)))
    assert harness.exchange.kinds == []
    harness.clock.advance(PATIENCE_NS)
    assert harness.exchange.kinds == ["ask_state"]
    harness.fill(ref, 400)
    send_twice(harness, account(400, (ref, 600)))


def test_books_are_not_compared_while_a_command_is_in_flight(harness: DeskHarness) -> None:
    """Until a wager is open and a cancel is answered, an account state proves nothing."""
    ref = harness.register("home", 110, 1_000)
    send_twice(harness, account(0))
    harness.take(WagerAccepted(ref))
    send_twice(harness, account(300, (ref, 700)))
    harness.take(WagerOpened(ref))
    harness.desk.wagers.begin_cancel(ref, harness.clock.now_ns())
    send_twice(harness, account(0))
    harness.take(WagerCancelled(ref, 1_000))
    with pytest.raises(InvariantError, match="available cents"):
        send_twice(harness, account(1))


def test_books_are_not_compared_while_a_fill_is_missing(
    harness: DeskHarness, ref: WagerRef
) -> None:
    """A cancel with less unmatched stake than we hold means that a fill is on its way."""
    harness.take(WagerCancelled(ref, 400))
    send_twice(harness, account(599))
    harness.fill(ref, 600)
    send_twice(harness, account(600))
    with pytest.raises(InvariantError, match="available cents"):
        send_twice(harness, account(599))
