"""Wagers that the exchange reports as void: broken trades, or those of a void market."""

from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from functools import partial
from typing import Any

import httpx
import pytest

from live.decode_errors import DecodeErrors
from live.prophetx.connection import Connection
from live.prophetx.orders.order_history import OrderHistory
from live.prophetx.orders.tracked_wager import TrackedWager
from live.prophetx.orders.wager_tracker import WagerTracker
from live.prophetx.rest.client import ProphetClient
from live.prophetx.socket.stream import StreamSettings
from live.prophetx.tools.reconcile import Reconciliation
from live.wall_clock import WallClock
from strategies.trading.model.earlier_wager import EarlierWager, WagerUpdate
from strategies.trading.model.events import (
    Event,
    MarketSettled,
    TradeBroken,
    WagerAccepted,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
)
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.market import Result
from strategies.trading.model.odds import Odds
from tests.live.endpoints import LOCAL
from tests.live.prophetx.scripted_responses import Responses, asking, ok
from tests.live.prophetx.test_tracked_wager import CATALOGUE, REF, fill, known, order, types

ORDER, FILLS = "v4/mm/get_order/o-1", "v4/mm/get_order_matched_detail"
MARKETS = "v4/mm/get_multiple_markets"
HISTORY, BALANCE = "v4/mm/get_order_history", "v4/mm/get_balance"
VOID = order("void", winning_status="no_result", filled_quantity=Decimal(10))


def answering(*, is_market_open: bool) -> Responses:
    """Return an exchange that shows a void wager with its fill, and its market open or closed."""
    shown = {"order_id": "o-1", "external_id": REF, "price": -146, "quantity": 10}
    void: Any = shown | {"status": "void", "winning_status": "no_result", "filled_quantity": 10}
    listed = {"external_id": REF, "price": -146, "filled_quantity": 10, "profit": 6.85}
    market = {"id": 219, "name": "Moneyline", "status": "active" if is_market_open else "closed"}
    return Responses(
        queued={
            ORDER: [ok(void)],
            FILLS: [ok({"matching_details": [listed]})],
            MARKETS: [ok({"1": [market]})],
        }
    )


def difference(responses: Responses, *updates: WagerUpdate) -> list[str]:
    """Return how a journal with these updates of the wager differs from the exchange."""
    earlier = EarlierWager(known().request, responses.clock.wall_ns())
    earlier.updates += [(1, update) for update in updates]
    feed = StreamSettings(*[1.0] * len(fields(StreamSettings)))
    session = {"name": "s"}
    reconciliation = Reconciliation(feed=feed, clock=WallClock, prophet=LOCAL, session=session)

    async def compare(client: ProphetClient) -> list[str]:
        connection = Connection(LOCAL, responses.clock, client, DecodeErrors())
        return (await reconciliation.compare({REF: earlier}, connection)).differences

    return asking(responses, compare)


def test_a_journal_with_a_broken_wager_agrees_with_the_exchange() -> None:
    """The fills that a void wager goes on to show are no difference, broken or not."""
    shown = {"order_id": "o-1", "external_id": REF, "price": -146, "quantity": 10}
    void = shown | {"status": "void", "winning_status": "no_result", "filled_quantity": 10}
    queued = {HISTORY: [ok({"orders": [void]})], BALANCE: [ok({"balance": 10})]}
    matched = WagerMatched(REF, Odds(-146), 1_000, 685, 1_000)
    for updates, differences in (((matched, TradeBroken(REF, 1_000, 685)), 0), ((matched,), 0)):
        responses = Responses(queued={path: [*replies] for path, replies in queued.items()})
        assert len(difference(responses, *updates)) == differences
    late = WagerMatched(REF, Odds(-146), 400, 274, 400)
    (text,) = difference(Responses(queued=queued), late)  # type: ignore[arg-type]
    assert "$4.00 matched in the journal; $0.00 open, $10.00 matched at the exchange" in text


def booked(responses: Responses, *others: str) -> tuple[list[Event], list[TrackedWager]]:
    """Return the events of a whole wager that is void, beside others with a winning status."""

    async def ask(client: ProphetClient) -> tuple[list[Event], list[TrackedWager]]:
        tracker = WagerTracker(OrderHistory(client), responses.clock, CATALOGUE, DecodeErrors())
        wager, *beside = [
            tracker.add(known(WagerRef(f"s-1-{n}")).request) for n in range(1, 2 + len(others))
        ]
        for each in (wager, *beside):
            each.apply(fill(1_000, 1_000))
        tracker.apply(wager, VOID)
        for each, status in zip(beside, others, strict=True):
            tracker.apply(each, order("closed", winning_status=status))
        assert [each for each in tracker.pending if isinstance(each, MarketSettled)] == []
        await tracker.find_broken_trades(wager)
        return tracker.pending, list(tracker)

    return asking(responses, ask)


@pytest.mark.parametrize(
    ("is_market_open", "others"),
    [(True, ()), (False, ("profit",)), (False, ("tbd",))],
    ids=["market open", "other settled", "other without a result"],
)
def test_a_wager_that_is_void_alone_is_a_broken_trade(
    is_market_open: bool, others: tuple[str, ...]
) -> None:
    """Its market goes on, or is settled by the other wagers."""
    events, tracked = booked(answering(is_market_open=is_market_open), *others)
    broken = [event for event in events if isinstance(event, TradeBroken)]
    assert broken == [TradeBroken(REF, 1_000, 685)]
    assert REF not in [wager.ref for wager in tracked]
    settled = [event for event in events if isinstance(event, MarketSettled)]
    assert [Result.WON in dict(each.results).values() for each in settled] == [True] * (
        others == ("profit",)
    )


def test_an_unknown_result_settles_nothing_and_is_counted() -> None:
    """The rest of its report is booked; the result is, once the exchange has one that we know."""
    errors, responses = DecodeErrors(), Responses()

    async def report(client: ProphetClient) -> list[Event]:
        tracker = WagerTracker(OrderHistory(client), responses.clock, CATALOGUE, errors)
        wager = tracker.add(known().request)
        for status in ("tbd", "half_won", "profit"):
            assert not any(isinstance(event, MarketSettled) for event in tracker.pending)
            tracker.apply(wager, fill(1_000, 1_000, winning_status=status))
        return tracker.pending

    events = asking(responses, report)
    assert types(events) == [WagerAccepted, WagerOpened, WagerMatched, MarketSettled]
    assert errors.counts == {"the result of a wager": 1}


def test_wagers_that_are_void_with_their_market_settle_it() -> None:
    """Once the market is closed and none of its wagers has another result."""
    events, _ = booked(answering(is_market_open=False), "no_result")
    assert TradeBroken not in types(events)
    (settled,) = [event for event in events if isinstance(event, MarketSettled)]
    assert set(dict(settled.results).values()) == {Result.VOIDED}


def test_nothing_of_a_void_wager_rests() -> None:
    """The unmatched part is gone, whether anything was matched or not."""
    unmatched, part = known(), known()
    for wager in (unmatched, part):
        wager.apply(order())
    part.apply(fill(400, 400))
    void = order("void", winning_status="no_result")
    assert unmatched.apply(void) == [WagerCancelled(REF, 1_000)]
    assert part.apply(void) == [WagerCancelled(REF, 600)]
    assert (unmatched.may_be_broken, part.may_be_broken) == (False, True)


def test_a_void_wager_is_broken_once() -> None:
    """The exchange goes on to show its fills, also to a later start."""
    wager, again = known(), known()
    wager.apply(fill(1_000, 1_000))
    wager.apply(VOID)
    (broken,) = wager.break_all()
    assert isinstance(broken, TradeBroken)
    again.restore(WagerMatched(REF, Odds(-146), 1_000, 685, 1_000))
    again.restore(broken)
    for each in (wager, again):
        assert each.apply(VOID) == []
        assert not each.lacks_fill
        assert not each.may_be_broken


class OvertakenResponses(Responses):
    """An exchange whose first list of fills is overtaken by a private update."""

    overtake: Callable[[], object] | None = None

    async def response(self, request: httpx.Request) -> httpx.Response:
        """Let the update arrive before the response to a request that was sent before it."""
        response = await super().response(request)
        if request.url.path.endswith(FILLS) and self.overtake is not None:
            self.overtake()
            self.overtake = None
        return response


def test_a_fill_that_overtakes_the_look_for_broken_trades_stays() -> None:
    """Order and fills agree that it does not exist, as both were read before it: asked again."""
    shown = {"order_id": "o-1", "external_id": REF, "price": -146, "quantity": 10, "status": "open"}
    first = {"external_id": REF, "price": -146, "filled_quantity": 4, "profit": 2.74}
    second = {"external_id": REF, "price": 120, "filled_quantity": 3, "profit": 3.6}
    responses = OvertakenResponses(
        queued={
            ORDER: [ok(shown | {"filled_quantity": cents}) for cents in (4, 7)],
            FILLS: [ok({"matching_details": each}) for each in ([first], [first, second])],
        }
    )

    async def ask(client: ProphetClient) -> tuple[list[Event], TrackedWager]:
        tracker = WagerTracker(OrderHistory(client), responses.clock, CATALOGUE, DecodeErrors())
        wager = tracker.add(known().request)
        for update in (order("inactive"), fill(400, 400)):
            tracker.apply(wager, update)
        responses.overtake = partial(tracker.apply, wager, fill(300, 700, 120))
        await tracker.find_broken_trades(wager)
        return tracker.pending, wager

    events, wager = asking(responses, ask)
    assert types(events).count(WagerMatched) == 2
    assert TradeBroken not in types(events)
    assert wager.matched_cents == 700
