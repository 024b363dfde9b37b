"""Storms: whatever fails on the way, desk and exchange keep their books and their limits.

Each seed is a short game with a crowd, a desk, and faults of all kinds; `storm.py` plays it and
`invariants.py` holds what is checked after every event.
"""

from collections import Counter
from collections.abc import Iterable
from functools import cache

import pytest

from sim.results.profit_split import split_of
from strategies.trading.model.events import (
    AccountState,
    CancelRefused,
    Event,
    FeedLost,
    MarketSettled,
    WagerAccepted,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
    WagerWiped,
)
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.market import Result
from tests.storms.scenario import GameOutcome
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
    for seed in range(40):
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
    assert seen["broken trades"] > 10
    assert seen["void results"] > 10
    assert all(seen[each.name] > 0 for each in GameOutcome), seen
    assert seen["marked gaps"] > 10
    assert seen["changes of the feed's delay"] > 100
    assert seen["rebates"] > 1
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
    seen["marked gaps"] += len(storm.scenario.feed.gaps)
    seen["changes of the feed's delay"] += storm.feed_guard.delays
    seen["crowds"] += storm.scenario.crowd is not None
    seen["broken trades"] += storm.recorder.broken_trades
    seen["trades broken of others"] += storm.observer.broken
    seen["void results"] += void_results(storm.received)
    if storm.scenario.crowd is None:
        seen[storm.scenario.outcome.name] += 1
    seen["rebates"] += split_of(storm.recorder.parts).rebate_cents > 0
    return seen


def void_results(received: Iterable[Event]) -> int:
    """Return how many lines were settled as void, each settlement counted once."""
    settlements = {event for event in received if isinstance(event, MarketSettled)}
    return sum(result is Result.VOIDED for event in settlements for _, result in event.results)


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
