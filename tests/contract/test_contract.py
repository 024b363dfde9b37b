"""What every exchange behind the port owes a desk, whichever it is.

To hold another implementation to the same, write a hall for it (see `Hall`) and name it in `HALLS`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from strategies.trading.desk.assembly import DeskSettings, assemble_desk
from strategies.trading.model.commands import Intent
from strategies.trading.model.events import (
    AccountState,
    CancelRefused,
    OfferChanged,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, WagerRef
from strategies.trading.model.odds import Odds, opposite
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.exchange import BATCH_LIMIT
from strategies.trading.ports.strategy import Quote, View
from tests.contract.exchange_harness import (
    CANCELLABLE_SECONDS,
    Hall,
    account,
    await_word,
    heard_of,
    opened,
    said_of,
    types_said_of,
    until,
    wish,
)
from tests.contract.moneyline import AWAY, BALANCE_CENTS, GAME, HOME, MONEYLINE, OTHERS
from tests.contract.prophet_harness import ProphetHarness
from tests.contract.simulated_harness import SimulatedHarness

HALLS: dict[str, Callable[..., Hall]] = {"simulated": SimulatedHarness, "prophetx": ProphetHarness}


@pytest.fixture(params=HALLS)
def hall(
    request: pytest.FixtureRequest, tmp_path: Path, compose_settings: Callable[..., Any]
) -> Iterator[Hall]:
    """Yield each implementation in turn, its market open and its account untouched."""
    hall = HALLS[request.param](tmp_path, compose_settings)
    yield hall
    hall.close()


# Placing -------------------------------------------------------------------------------------


def test_nothing_is_answered_during_a_call(hall: Hall) -> None:
    """Every method returns before anything is heard; what it asked for comes with time."""
    before = list(hall.heard)
    hall.exchange.place([wish("a")])
    hall.exchange.cancel([WagerRef("b")])
    hall.exchange.cancel_all()
    hall.exchange.ask_state()
    assert hall.heard == before
    until(hall, lambda: bool(said_of(hall, "a") and said_of(hall, "b")))


def test_every_wager_is_answered_exactly_once(hall: Hall) -> None:
    """Good or bad, each request is either accepted or rejected, each on its own, and once."""
    requests = [
        wish("good"),
        wish("off-the-ladder", odds=133),
        wish("no-such-odds", odds=-100),
        wish("no-such-line", line_id=LineId("nowhere")),
        wish("no-stake", stake_cents=0),
        wish("below-nothing", stake_cents=-5_000),
        wish("more-than-there-is", stake_cents=BALANCE_CENTS + 1),
        wish("good-too", odds=-106),
    ]
    hall.exchange.place(requests)
    refs = [request.ref for request in requests]
    until(hall, lambda: all(types_said_of(hall, ref) for ref in refs))
    hall.let_pass(5)
    answers = {
        request.ref: [type(e) for e in said_of(hall, request.ref, WagerAccepted, WagerRejected)]
        for request in requests
    }
    good = {"good", "good-too"}
    assert answers == {ref: [WagerAccepted] if ref in good else [WagerRejected] for ref in answers}


def test_an_accepted_wager_is_opened_or_invalid(hall: Hall) -> None:
    """Acceptance is followed by the opening; for what may only add but would match, by its end."""
    adding = wish("adds", intent=Intent.ADD_ONLY)
    crossing = wish("crosses", line_id=HOME, odds=-150, intent=Intent.ADD_ONLY)
    opened(hall, adding)
    hall.exchange.cancel([adding.ref])
    await_word(hall, WagerCancelled, adding.ref)
    hall.exchange.place([crossing])
    await_word(hall, WagerInvalid, crossing.ref)
    assert types_said_of(hall, "adds") == [WagerAccepted, WagerOpened, WagerCancelled]
    assert types_said_of(hall, "crosses") == [WagerAccepted, WagerInvalid]


def test_answers_come_in_the_order_of_asking(hall: Hall) -> None:
    """Batches are answered one after the other, the wagers of a batch in their order."""
    odds = (-110, -112, -114, -116, -118, -120)
    refs = [f"w{place}" for place in range(len(odds))]
    requests = [wish(ref, odds=at, stake_cents=200) for ref, at in zip(refs, odds, strict=True)]
    for start in (0, 2, 4):
        hall.exchange.place(requests[start : start + 2])
    await_word(hall, WagerOpened, *refs)
    for kind in (WagerAccepted, WagerOpened):
        assert [event.ref for event in heard_of(hall, kind)] == refs


def test_a_batch_over_the_limit_is_refused_whole(hall: Hall) -> None:
    """One wager too many in a batch, and each of them is rejected; nothing is open."""
    requests = [wish(f"w{place}", stake_cents=200) for place in range(BATCH_LIMIT + 1)]
    hall.exchange.place(requests)
    await_word(hall, WagerRejected, *(request.ref for request in requests))
    assert {tuple(types_said_of(hall, request.ref)) for request in requests} == {(WagerRejected,)}
    assert account(hall) == AccountState(BALANCE_CENTS, ())


def test_a_full_batch_is_taken(hall: Hall) -> None:
    """As many wagers as the limit says are taken in one batch."""
    requests = [wish(f"w{place}", stake_cents=200) for place in range(BATCH_LIMIT)]
    opened(hall, *requests)
    state = account(hall)
    assert state.open_cents == tuple((request.ref, 200) for request in requests)
    assert state.balance_cents == BALANCE_CENTS - 200 * BATCH_LIMIT


def test_a_ref_used_twice_changes_nothing(hall: Hall) -> None:
    """A reference sent again, for whatever, leaves the first wager and the account as they were."""
    opened(hall, wish("a"))
    before = account(hall)
    hall.exchange.place([wish("a", odds=-110, stake_cents=9_900)])
    hall.let_pass(5)
    assert account(hall) == before
    hall.exchange.cancel([WagerRef("a")])
    await_word(hall, WagerCancelled, "a")
    assert said_of(hall, "a", WagerCancelled) == [WagerCancelled(WagerRef("a"), 5_000)]
    hall.exchange.place([wish("a")])
    hall.let_pass(5)
    assert account(hall) == AccountState(BALANCE_CENTS, ())


# Matching ------------------------------------------------------------------------------------


def test_a_resting_wager_is_matched_after_it_was_opened(hall: Hall) -> None:
    """A taker who comes for it matches it, no further than its stake, and stake is spent."""
    opened(hall, wish("a"))
    await_word(hall, WagerMatched, "a")
    fills = said_of(hall, "a", WagerMatched)
    assert sum(fill.stake_cents for fill in fills) == 5_000
    assert account(hall) == AccountState(BALANCE_CENTS - 5_000, ())


def test_a_taking_wager_leaves_nothing_behind(hall: Hall) -> None:
    """What takes more than is offered is matched in part, and the rest is soon withdrawn."""
    hall.exchange.place(
        [wish("a", line_id=HOME, odds=-108, stake_cents=60_000, intent=Intent.TAKE)]
    )
    await_word(hall, WagerCancelled, "a")
    assert sum(fill.stake_cents for fill in said_of(hall, "a", WagerMatched)) == OTHERS[1]
    assert said_of(hall, "a", WagerCancelled) == [WagerCancelled(WagerRef("a"), 10_000)]


# Cancelling ----------------------------------------------------------------------------------


def test_every_cancel_is_answered(hall: Hall) -> None:
    """Open, ended or never heard of: each cancel gets one answer, with what was unmatched."""
    opened(hall, wish("a"))
    for kind in (WagerCancelled, CancelRefused):
        hall.exchange.cancel([WagerRef("a"), WagerRef("nobody's")])
        await_word(hall, kind, "a")
    assert types_said_of(hall, "a")[2:] == [WagerCancelled, CancelRefused]
    assert types_said_of(hall, "nobody's") == [CancelRefused, CancelRefused]
    assert said_of(hall, "a", WagerCancelled) == [WagerCancelled(WagerRef("a"), 5_000)]
    assert account(hall) == AccountState(BALANCE_CENTS, ())


def test_a_cancel_that_comes_too_early_says_when_to_come_again(hall: Hall) -> None:
    """A cancel sent right behind its wager is refused with a time, and then it is done."""
    hall.exchange.place([wish("a")])
    hall.exchange.cancel([WagerRef("a")])
    await_word(hall, CancelRefused, "a")
    (refusal,) = said_of(hall, "a", CancelRefused)
    assert refusal.retry_at_ns is not None
    until(hall, lambda: refusal.retry_at_ns <= hall.clock.now_ns(), CANCELLABLE_SECONDS)
    hall.let_pass(CANCELLABLE_SECONDS)
    hall.exchange.cancel([WagerRef("a")])
    await_word(hall, WagerCancelled, "a")


def test_too_many_cancels_at_once_are_refused_each(hall: Hall) -> None:
    """One cancel too many in a batch, and each is refused; what is open stays open."""
    opened(hall, wish("a"))
    refs = [WagerRef("a"), *(WagerRef(f"w{place}") for place in range(BATCH_LIMIT))]
    hall.exchange.cancel(refs)
    await_word(hall, CancelRefused, *refs)
    assert {ref: len(said_of(hall, ref, CancelRefused)) for ref in refs} == dict.fromkeys(refs, 1)
    assert account(hall).open_cents == ((WagerRef("a"), 5_000),)


@pytest.mark.parametrize(
    "scope", [{}, {"event_id": GAME}, {"event_id": GAME, "market_id": MONEYLINE}]
)
def test_cancelling_all_answers_for_each(hall: Hall, scope: dict[str, Any]) -> None:
    """Everything open in the scope is withdrawn, and each wager is told of."""
    opened(hall, wish("a"), wish("b", odds=-106), wish("c", line_id=HOME, odds=110))
    hall.exchange.cancel_all(**scope)
    await_word(hall, WagerCancelled, "a", "b", "c")
    for ref in ("a", "b", "c"):
        assert types_said_of(hall, ref)[2:] == [WagerCancelled]
    assert account(hall) == AccountState(BALANCE_CENTS, ())


@pytest.mark.parametrize(
    "scope",
    [{"event_id": EventId("another")}, {"event_id": GAME, "market_id": MarketId("999")}],
)
def test_cancelling_all_of_something_else_changes_nothing(
    hall: Hall, scope: dict[str, Any]
) -> None:
    """What is open outside the scope stays open."""
    opened(hall, wish("a"))
    hall.exchange.cancel_all(**scope)
    hall.let_pass(5)
    assert account(hall).open_cents == ((WagerRef("a"), 5_000),)


# The account ---------------------------------------------------------------------------------


def test_asking_for_the_state_gets_one(hall: Hall) -> None:
    """Each question gets one answer: what may be spent, and what is open by wager, in order."""
    assert account(hall) == AccountState(BALANCE_CENTS, ())
    opened(hall, wish("a"), wish("b", odds=-106, stake_cents=700))
    assert account(hall) == AccountState(
        BALANCE_CENTS - 5_700, ((WagerRef("a"), 5_000), (WagerRef("b"), 700))
    )


# A desk on top -------------------------------------------------------------------------------


class Watcher:
    """A strategy that rests one wager on each line, ahead of the others, and notes what it sees."""

    quote_refresh_ns = NS_PER_SECOND

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.touches: list[Any] = []
        self.fairs: list[float | None] = []

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Note both touches; wish for the same two wagers always."""
        (pair,) = view.pairs
        self.touches += [pair.first_touch, pair.second_touch]
        self.fairs.append(pair.fair)
        return (Quote(HOME, Odds(105), 2_000), Quote(AWAY, Odds(-104), 5_000))


def seat_watcher(hall: Hall) -> tuple[Any, Watcher]:
    """Seat a desk that trades with a watcher; return both."""
    watcher = Watcher()

    def assemble(parts: dict[str, Any], **partners: Any) -> Any:
        settings = DeskSettings(
            strategy=watcher,
            pricing=parts["pricing"],
            limits=parts["risk"],
            wagers=parts["wagers"],
            commission=parts["fees"],
            starting_balance_cents=BALANCE_CENTS,
            session_name="contract",
            start_number=1,
        )
        return assemble_desk(settings, **partners)

    return hall.seat(assemble), watcher


def test_a_strategy_never_sees_itself(hall: Hall) -> None:
    """The exchange shows our wagers to takers; the strategy is shown only the offers of others."""
    _, watcher = seat_watcher(hall)
    until(hall, lambda: bool(heard_of(hall, WagerOpened)))
    asked = len(watcher.fairs)
    until(hall, lambda: bool(heard_of(hall, WagerMatched)))
    ours = [event for event in heard_of(hall, OfferChanged) if event.odds == opposite(-104)]
    assert {event.line_id for event in ours} == {HOME}
    assert ours[0].amount_cents > 0
    assert len(watcher.fairs) > asked
    assert set(watcher.touches) == {OTHERS}
    assert watcher.fairs == [pytest.approx(0.5)] * len(watcher.fairs)


def test_a_desk_and_the_exchange_agree_on_money(hall: Hall) -> None:
    """After fills and cancels the desk's account of stakes and balance is the exchange's."""
    desk, _ = seat_watcher(hall)
    until(hall, lambda: desk.ledger.turnover_cents == 5_000)
    until(hall, lambda: desk.wagers.at_rest and desk.wagers.live_count == 2)
    state = account(hall)
    assert state.balance_cents == desk.ledger.available_cents
    assert dict(state.open_cents) == {w.ref: w.unmatched_cents for w in desk.wagers.live()}
    desk.stop("the test has ended")
    until(hall, lambda: not desk.wagers.live())
    assert account(hall).open_cents == ()
