"""Storms: whatever fails on the way, desk and exchange keep their books and their limits.

Each seed is a short game with a crowd, a desk, and faults of all kinds; `storm.py` plays it and
`invariants.py` holds what is checked after every event.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache

import pytest

from sim.exchange.books import LineBook
from sim.exchange.faulty_connection import FaultyConnection
from strategies.trading.markets.market_states import MarketState
from strategies.trading.model.errors import InvariantError
from strategies.trading.model.events import (
    AccountState,
    CancelRefused,
    Event,
    FeedLost,
    WagerAccepted,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
    WagerWiped,
)
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.journal import Denial
from strategies.trading.ports.schedule import Priority
from strategies.trading.ports.strategy import Quote
from tests.storms.storm import Storm


def test_desk_and_exchange_agree_through_a_storm(storm_seed: int) -> None:
    """The invariants hold after every event; at the end the books of desk and exchange agree."""
    try:
        events_of(storm_seed)
    except Exception as error:
        again = f"python -m pytest tests/storms --storm-seed {storm_seed}"
        message = f"storm {storm_seed} failed; reproduce it with: {again}"
        raise AssertionError(message) from error


@pytest.mark.slow
def test_storms_contain_every_kind_of_event() -> None:
    """The storms above contain every kind of event that they are to test."""
    seen: Counter[str] = Counter()
    for seed in range(20):
        seen.update(events_of(seed))
    assert seen["fills"] > 200
    assert seen["duplicated fills"] > 5
    assert seen["out of order"] > 10
    assert seen["filled after a cancel"] > 10
    assert seen["cancels too late"] > 10
    assert seen["accounts"] > 100
    assert seen["disconnects"] > 10
    assert seen["trades of others"] > 1_000
    assert seen["commands lost"] > 10
    assert seen["crowds"] > 3
    ends = ("matched", "cancelled", "wiped", "invalid", "rejected")
    assert all(seen[end] > 10 for end in ends), seen


@cache  # A storm takes most of a second, and its events are counted again.
def events_of(seed: int) -> Counter[str]:
    """Run a storm and return how often each kind of event happened in it."""
    seen: Counter[str] = Counter()
    storm = Storm(seed).run()
    fills = Counter(event for event in storm.received if isinstance(event, WagerMatched))
    seen["fills"] += len(fills)
    seen["duplicated fills"] += fills.total() - len(fills)
    seen["out of order"] += out_of_order(storm.received)
    seen["filled after a cancel"] += storm.port.filled_after_cancel
    seen["cancels too late"] += sum(isinstance(each, CancelRefused) for each in storm.received)
    seen["accounts"] += sum(isinstance(event, AccountState) for event in storm.received)
    seen["disconnects"] += sum(isinstance(event, FeedLost) for event in storm.received)
    seen["trades of others"] += storm.observer.trades
    seen["commands lost"] += storm.recorder.rejections["data_not_found"]
    seen.update(storm.recorder.ended)
    seen["crowds"] += storm.scenario.crowd is not None
    return seen


_Update = WagerAccepted | WagerOpened | WagerMatched | WagerCancelled | WagerWiped
# In which order they happen to a wager at the exchange.
_STEPS = {WagerAccepted: 0, WagerOpened: 1, WagerMatched: 2, WagerCancelled: 3, WagerWiped: 3}


def out_of_order(received: Iterable[Event]) -> int:
    """Return how many updates of a wager arrived for the first time after a later one."""
    last: dict[WagerRef, tuple[int, int]] = {}
    known: set[Event] = set()
    count = 0
    for event in received:
        if isinstance(event, _Update) and event not in known:
            known.add(event)
            total_cents = event.total_cents if isinstance(event, WagerMatched) else 0
            step = (_STEPS[type(event)], total_cents)
            latest = last.get(event.ref, step)
            count += step < latest
            last[event.ref] = max(step, latest)
    return count


# A storm must be able to fail: each of these breaks one rule on purpose -----------------------


class DuplicatingConnection(FaultyConnection):
    """Duplicates fills, without their totals."""

    def _deliver(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, WagerMatched):
                nameless = WagerMatched(
                    event.ref, event.odds, event.stake_cents, event.profit_cents
                )
                super()._deliver((nameless, nameless))
            else:
                super()._deliver((event,))


class ForgetfulConnection(FaultyConnection):
    """Never recovers what it missed."""

    def _resend_missed(self) -> None:
        self._missed.clear()


def forget_suspensions(storm: Storm) -> None:
    """Open wagers in suspended markets."""

    def accepts_wagers(book: LineBook) -> bool:
        return True

    storm.exchange.markets.accepts_wagers = accepts_wagers  # type: ignore[method-assign]


def forge_a_cent(storm: Storm) -> None:
    """Add a cent to an account in the middle of the game."""

    def forge() -> None:
        storm.exchange.participants[-1].account.cash_cents += 1

    storm.env.schedule_call(storm.env.now_ns + 30 * NS_PER_SECOND, Priority.DESK, forge)


def admit_all(storm: Storm) -> None:
    """Let the risk manager admit every quote."""

    def trim(
        market: MarketState, quotes: tuple[Quote, ...], now_ns: int
    ) -> tuple[tuple[Quote, ...], list[Denial]]:
        return quotes, []

    storm.desk.risk.admit = lambda *_: None  # type: ignore[method-assign]
    storm.desk.risk.trim = trim  # type: ignore[method-assign]


def quote_while_halted(storm: Storm) -> None:
    """Let the risk manager ignore a halt."""
    storm.desk.risk.block_reason = lambda *_: None  # type: ignore[method-assign]
    storm.desk.risk.admit = lambda *_: None  # type: ignore[method-assign]


BREAKERS = (forget_suspensions, forge_a_cent, admit_all, quote_while_halted)


@pytest.mark.parametrize("connection", [DuplicatingConnection, ForgetfulConnection])
def test_a_connection_that_breaks_a_rule_is_detected(connection: type[FaultyConnection]) -> None:
    """Anonymous duplicates and unrecovered updates violate an invariant."""
    assert is_detected(lambda seed: Storm(seed, connection))


@pytest.mark.parametrize("breaker", BREAKERS, ids=lambda breaker: breaker.__name__)
def test_a_broken_exchange_or_desk_is_detected(breaker: Callable[[Storm], None]) -> None:
    """Neither exchange nor desk can break a rule without being caught."""

    def broken(seed: int) -> Storm:
        storm = Storm(seed)
        breaker(storm)
        return storm

    assert is_detected(broken)


def is_detected(make: Callable[[int], Storm]) -> bool:
    """Return whether one of the first storms fails."""
    for seed in range(20):
        try:
            make(seed).run()
        except (AssertionError, InvariantError):
            return True
    return False
