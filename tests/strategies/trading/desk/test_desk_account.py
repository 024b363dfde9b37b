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
    [(99_998_999, 1_000, "available cents"), (99_999_000, 999, "open cents")],
)
def test_an_account_that_differs_twice_stops_the_desk(
    harness: DeskHarness, ref: WagerRef, balance: int, open_cents: int, what: str
) -> None:
    """A difference of one cent, reported twice, means that one of the two books is wrong."""
    with pytest.raises(InvariantError, match=what):
        send_twice(harness, AccountState(balance, ((ref, open_cents),)))


def test_wagers_unknown_to_the_exchange_stop_the_desk(harness: DeskHarness, ref: WagerRef) -> None:
    """Wagers that we hold as open must be in the exchange's list; each that is not is named."""
    other = harness.rest("home", 112, 1_000)
    named = "; ".join(f"{each}: we hold 1000, the exchange 0" for each in sorted((ref, other)))
    with pytest.raises(InvariantError, match=f"open cents of wager {named}"):
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


def test_a_difference_that_moves_at_each_look_stops_the_desk(
    harness: DeskHarness, ref: WagerRef
) -> None:
    """A balance that is one cent further off each time is as wrong as one cent that stays."""

    def look(cents: int) -> None:
        harness.on_event(AccountState(BALANCE_CENTS - 1_000 - cents, ((ref, 1_000),)))
        harness.clock.advance(PATIENCE_NS)

    look(1)
    look(2)
    with pytest.raises(InvariantError, match=r"available cents.*: -1, -2, -3"):
        look(3)


def test_one_wager_that_stays_different_stops_the_desk(harness: DeskHarness, ref: WagerRef) -> None:
    """What happens to other wagers meanwhile does not hide it."""
    harness.on_event(account(0, (ref, 900)))
    harness.clock.advance(PATIENCE_NS)
    other = harness.rest("home", 112, 1_000)
    with pytest.raises(InvariantError, match=f"wager {ref}: we hold 1000, the exchange 900"):
        harness.on_event(account(0, (ref, 900), (other, 1_000)))


def test_what_is_in_flight_explains_its_own_stake_only(harness: DeskHarness) -> None:
    """A desk that is never at rest notices a cent that its pending wagers do not add up to."""
    for _ in range(3):
        harness.register("home", 110, 1_000)
    for open_cents in (0, 1_000, 2_000, 3_000):
        send_twice(harness, AccountState(BALANCE_CENTS - open_cents, ()))
    with pytest.raises(InvariantError, match="available cents"):
        send_twice(harness, AccountState(BALANCE_CENTS - 1_001, ()))


def test_differences_that_updates_explain_are_no_drift(harness: DeskHarness) -> None:
    """Accounts ahead of fills and cancels, again and again, are no drift."""
    for ended in range(10):
        ref = WagerRef(harness.rest("home", 110, 1_000))
        harness.on_event(account(400 * ended + 400, (ref, 600)))
        harness.fill(ref, 400)
        harness.clock.advance(PATIENCE_NS)
        harness.on_event(account(400 * ended + 400))
        harness.on_event(WagerCancelled(ref, 600))
        harness.clock.advance(PATIENCE_NS)
    assert harness.desk.ledger.available_cents == BALANCE_CENTS - 4_000


def test_wagers_of_another_session_are_not_drift_until_they_stay(
    harness: DeskHarness, ref: WagerRef
) -> None:
    """A later session needs seconds to find out that it has to end; the earlier one goes on."""
    both = account(0, (ref, 1_000), (WagerRef("second-1-1"), 5_000))
    for _ in range(5):
        send_twice(harness, both)
    send_twice(harness, account(0, (ref, 1_000)))
    for _ in range(6):
        send_twice(harness, both)
    with pytest.raises(InvariantError, match="second-1-1, which is not of this session, is open"):
        harness.on_event(both)


def test_what_another_session_matched_is_drift(harness: DeskHarness, ref: WagerRef) -> None:
    """Its wagers are gone, and the balance is not what our books say."""
    send_twice(harness, account(0, (ref, 1_000), (WagerRef("second-1-1"), 5_000)))
    with pytest.raises(InvariantError, match="available cents"):
        send_twice(harness, account(100, (ref, 1_000)))
