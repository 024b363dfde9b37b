"""What every exchange behind the port owes a desk, whichever it is.

To hold another implementation to the same, write a hall for it (see `Hall`) and name it in `HALLS`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from hydra.utils import instantiate

from recordings.reader import open_recording
from sim.clock import ReplayEnvironment
from sim.exchange.link import Link
from sim.exchange.publisher import Publisher
from sim.exchange.recorded import RecordedMarket
from sim.feed import exchange_rows
from sim.inbox import Inbox
from sim.metrics import RunJournal
from sim.streams import Streams
from strategies.trading.assembly import DeskSettings, assemble_desk
from strategies.trading.clock import NANOSECONDS, Clock
from strategies.trading.commands import Intent, PlaceWager
from strategies.trading.events import (
    AccountState,
    CancelRefused,
    Event,
    OfferChanged,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
)
from strategies.trading.exchange import BATCH_LIMIT, Exchange
from strategies.trading.ids import EventId, LineId, MarketId, WagerRef
from strategies.trading.odds import Odds, opposite
from strategies.trading.strategy import Quote, View
from tests.contract.moneyline import (
    AWAY,
    BALANCE_CENTS,
    GAME,
    HOME,
    MONEYLINE,
    OTHERS,
    TAKER_SECOND,
    write_moneyline,
)
from tests.contract.prophet_hall import ProphetHall

PRIVATE = (
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    CancelRefused,
)


class Hall(Protocol):
    """An exchange with one open moneyline, and somebody who listens to its answers.

    Two others offer on it, and a taker comes, as `OTHERS` and `TAKER_*` say. The account holds
    `BALANCE_CENTS`.
    """

    exchange: Exchange
    clock: Clock
    heard: list[Event]

    def let_pass(self, seconds: float) -> None:
        """Let time pass, with all that happens meanwhile."""

    def seat(self, assemble: Callable[..., Any]) -> Any:
        """Let a desk, assembled on the exchange, hear everything in place of the listener."""

    def close(self) -> None:
        """Leave nothing running."""


class SimulatedHall:
    """The simulated exchange of a backtest, with the delays of the configuration."""

    def __init__(self, folder: Path, compose_settings: Callable[..., Any]) -> None:
        """Build it as a backtest would."""
        self.heard: list[Event] = []
        path = write_moneyline(folder / "tape")
        config = compose_settings(f"recording.path={path}", "latency=lognormal")
        self._parts = instantiate(config, _convert_="all")
        self._info = open_recording(str(path)).info
        self._env = ReplayEnvironment(exchange_rows(open_recording(str(path))))
        self._inbox = Inbox(self._env)
        self._inbox.connect(lambda event, _: self.heard.append(event), lambda _: None)
        latency = self._parts["latency"](Streams(1))
        exchange = self._parts["exchange"](
            env=self._env,
            info=self._info,
            activation=latency.activation,
            queue=self._parts["queue"](),
            fees=self._parts["fees"],
        )
        subscribed = [market.key for market in self._info.markets]
        publisher = Publisher(self._env, self._inbox, latency.feed, self._info.clocks, subscribed)
        market = RecordedMarket(self._env, self._info, exchange, publisher)
        self.exchange = Link(self._env, exchange, latency, self._inbox, publisher)
        self.clock = self._parts["clock"](env=self._env, before=self._inbox.drain)
        self._env.replay_to(market.take_row)
        self.let_pass(1)

    def let_pass(self, seconds: float) -> None:
        """Let the environment run, and hear what arrived."""
        self._env.run(until=self._env.now_ns + round(seconds * NANOSECONDS))
        self._inbox.drain(self._env.now_ns)

    def seat(self, assemble: Callable[..., Any]) -> Any:
        """Assemble a desk with the standard settings, and start it."""
        catalogue = self._info.catalogue()
        desk = assemble(
            self._parts,
            catalogue=catalogue,
            market_keys=tuple(catalogue.markets),
            ladder=self._info.ladder,
            clock=self.clock,
            exchange=self.exchange,
            journal=RunJournal(catalogue, None),
        )
        for event in self.heard:
            desk.take(event, self.clock.now_ns())

        def hear(event: Event, at_ns: int) -> None:
            self.heard.append(event)
            desk.take(event, at_ns)

        self._inbox.connect(hear, desk.act)
        desk.start()
        return desk

    def close(self) -> None:
        """Leave nothing running: nothing is."""


HALLS: dict[str, Callable[..., Hall]] = {"simulated": SimulatedHall, "prophetx": ProphetHall}


@pytest.fixture(params=HALLS)
def hall(
    request: pytest.FixtureRequest, tmp_path: Path, compose_settings: Callable[..., Any]
) -> Iterator[Hall]:
    """Yield each implementation in turn, its market open and its account untouched."""
    hall = HALLS[request.param](tmp_path, compose_settings)
    yield hall
    hall.close()


def wish(
    ref: str,
    line_id: LineId = AWAY,
    odds: int = -104,
    stake_cents: int = 5_000,
    intent: Intent = Intent.REST,
) -> PlaceWager:
    """Return the request for a wager; unless told otherwise it rests, ahead of the others."""
    return PlaceWager(WagerRef(ref), line_id, Odds(odds), stake_cents, intent)


def said_of(hall: Hall, ref: str, *types: type) -> list[Any]:
    """Return what the exchange said of a wager, in order; only of some types if these are named."""
    private = [event for event in hall.heard if isinstance(event, types or PRIVATE)]
    return [event for event in private if getattr(event, "ref", None) == ref]


def types_said_of(hall: Hall, ref: str) -> list[type]:
    """Return the types of what the exchange said of a wager, in order."""
    return [type(event) for event in said_of(hall, ref)]


def opened(hall: Hall, *requests: PlaceWager) -> None:
    """Place wagers, and let them be opened and old enough to be cancelled."""
    hall.exchange.place(requests)
    hall.let_pass(5)
    for request in requests:
        assert types_said_of(hall, request.ref) == [WagerAccepted, WagerOpened]


def account(hall: Hall) -> AccountState:
    """Ask for the account's state and return the one answer."""
    before = len(hall.heard)
    hall.exchange.ask_state()
    hall.let_pass(3)
    (state,) = (event for event in hall.heard[before:] if isinstance(event, AccountState))
    return state


# Placing -------------------------------------------------------------------------------------


def test_nothing_is_answered_during_a_call(hall: Hall) -> None:
    """Every method returns before anything is heard; what it asked for comes with time."""
    before = list(hall.heard)
    hall.exchange.place([wish("a")])
    hall.exchange.cancel([WagerRef("b")])
    hall.exchange.cancel_all()
    hall.exchange.ask_state()
    assert hall.heard == before
    hall.let_pass(5)
    assert said_of(hall, "a")
    assert said_of(hall, "b")


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
    hall.exchange.place([adding])
    hall.let_pass(5)
    hall.exchange.cancel([adding.ref])
    hall.let_pass(5)
    hall.exchange.place([crossing])
    hall.let_pass(5)
    assert types_said_of(hall, "adds") == [WagerAccepted, WagerOpened, WagerCancelled]
    assert types_said_of(hall, "crosses") == [WagerAccepted, WagerInvalid]


def test_answers_come_in_the_order_of_asking(hall: Hall) -> None:
    """Batches are answered one after the other, the wagers of a batch in their order."""
    odds = (-110, -112, -114, -116, -118, -120)
    refs = [f"w{place}" for place in range(len(odds))]
    requests = [wish(ref, odds=at, stake_cents=200) for ref, at in zip(refs, odds, strict=True)]
    for start in (0, 2, 4):
        hall.exchange.place(requests[start : start + 2])
    hall.let_pass(5)
    accepted = [event.ref for event in hall.heard if isinstance(event, WagerAccepted)]
    opened_refs = [event.ref for event in hall.heard if isinstance(event, WagerOpened)]
    assert accepted == refs
    assert opened_refs == refs


def test_a_batch_over_the_limit_is_refused_whole(hall: Hall) -> None:
    """One wager too many in a batch, and each of them is rejected; nothing is open."""
    requests = [wish(f"w{place}", stake_cents=200) for place in range(BATCH_LIMIT + 1)]
    hall.exchange.place(requests)
    hall.let_pass(5)
    assert {tuple(types_said_of(hall, request.ref)) for request in requests} == {(WagerRejected,)}
    assert account(hall) == AccountState(BALANCE_CENTS, ())


def test_a_full_batch_is_taken(hall: Hall) -> None:
    """As many wagers as the limit says are taken in one batch."""
    requests = [wish(f"w{place}", stake_cents=200) for place in range(BATCH_LIMIT)]
    hall.exchange.place(requests)
    hall.let_pass(10)
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
    hall.let_pass(5)
    assert said_of(hall, "a", WagerCancelled) == [WagerCancelled(WagerRef("a"), 5_000)]
    hall.exchange.place([wish("a")])
    hall.let_pass(5)
    assert account(hall) == AccountState(BALANCE_CENTS, ())


# Matching ------------------------------------------------------------------------------------


def test_a_resting_wager_is_matched_after_it_was_opened(hall: Hall) -> None:
    """A taker who comes for it matches it, no further than its stake, and stake is spent."""
    opened(hall, wish("a"))
    hall.let_pass(TAKER_SECOND)
    assert types_said_of(hall, "a")[:2] == [WagerAccepted, WagerOpened]
    fills = said_of(hall, "a", WagerMatched)
    assert sum(fill.stake_cents for fill in fills) == 5_000
    assert account(hall) == AccountState(BALANCE_CENTS - 5_000, ())


def test_a_taking_wager_leaves_nothing_behind(hall: Hall) -> None:
    """What takes more than is offered is matched in part, and the rest is soon withdrawn."""
    hall.exchange.place(
        [wish("a", line_id=HOME, odds=-108, stake_cents=60_000, intent=Intent.TAKE)]
    )
    hall.let_pass(10)
    assert sum(fill.stake_cents for fill in said_of(hall, "a", WagerMatched)) == OTHERS[1]
    assert said_of(hall, "a", WagerCancelled) == [WagerCancelled(WagerRef("a"), 10_000)]


# Cancelling ----------------------------------------------------------------------------------


def test_every_cancel_is_answered(hall: Hall) -> None:
    """Open, ended or never heard of: each cancel gets one answer, with what was unmatched."""
    opened(hall, wish("a"))
    for _ in range(2):
        hall.exchange.cancel([WagerRef("a"), WagerRef("nobody's")])
        hall.let_pass(5)
    assert types_said_of(hall, "a")[2:] == [WagerCancelled, CancelRefused]
    assert types_said_of(hall, "nobody's") == [CancelRefused, CancelRefused]
    assert said_of(hall, "a", WagerCancelled) == [WagerCancelled(WagerRef("a"), 5_000)]
    assert account(hall) == AccountState(BALANCE_CENTS, ())


def test_a_cancel_that_comes_too_early_says_when_to_come_again(hall: Hall) -> None:
    """A cancel sent right behind its wager is refused with a time, and then it is done."""
    hall.exchange.place([wish("a")])
    hall.exchange.cancel([WagerRef("a")])
    hall.let_pass(5)
    (refusal,) = said_of(hall, "a", CancelRefused)
    assert refusal.retry_at_ns is not None
    assert refusal.retry_at_ns <= hall.clock.now_ns()
    hall.exchange.cancel([WagerRef("a")])
    hall.let_pass(5)
    assert types_said_of(hall, "a")[-1] is WagerCancelled


def test_too_many_cancels_at_once_are_refused_each(hall: Hall) -> None:
    """One cancel too many in a batch, and each is refused; what is open stays open."""
    opened(hall, wish("a"))
    refs = [WagerRef("a"), *(WagerRef(f"w{place}") for place in range(BATCH_LIMIT))]
    hall.exchange.cancel(refs)
    hall.let_pass(5)
    assert {ref: len(said_of(hall, ref, CancelRefused)) for ref in refs} == dict.fromkeys(refs, 1)
    assert account(hall).open_cents == ((WagerRef("a"), 5_000),)


@pytest.mark.parametrize(
    "scope", [{}, {"event_id": GAME}, {"event_id": GAME, "market_id": MONEYLINE}]
)
def test_cancelling_all_answers_for_each(hall: Hall, scope: dict[str, Any]) -> None:
    """Everything open in the scope is withdrawn, and each wager is told of."""
    opened(hall, wish("a"), wish("b", odds=-106), wish("c", line_id=HOME, odds=110))
    hall.exchange.cancel_all(**scope)
    hall.let_pass(5)
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

    quote_refresh_ns = NANOSECONDS

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
    hall.let_pass(20)
    asked = len(watcher.fairs)
    hall.let_pass(TAKER_SECOND)
    ours = [e for e in hall.heard if isinstance(e, OfferChanged) and e.odds == opposite(-104)]
    assert {event.line_id for event in ours} == {HOME}
    assert ours[0].amount_cents > 0
    assert len(watcher.fairs) > asked
    assert set(watcher.touches) == {OTHERS}
    assert watcher.fairs == [pytest.approx(0.5)] * len(watcher.fairs)


def test_a_desk_and_the_exchange_agree_on_money(hall: Hall) -> None:
    """After fills and cancels the desk's account of stakes and balance is the exchange's."""
    desk, _ = seat_watcher(hall)
    hall.let_pass(TAKER_SECOND + 10)
    assert desk.ledger.turnover_cents == 5_000
    state = account(hall)
    assert state.balance_cents == desk.ledger.available_cents
    assert dict(state.open_cents) == {w.ref: w.unmatched_cents for w in desk.wagers.live()}
    desk.stop("the test has ended")
    hall.let_pass(10)
    assert account(hall).open_cents == ()
