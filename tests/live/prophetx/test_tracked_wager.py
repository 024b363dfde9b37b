"""One wager from responses, private updates and history, in any order, with repeats."""

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from live.prophetx.orders.settlement_inference import SettlementInference
from live.prophetx.orders.tracked_wager import TrackedWager
from live.prophetx.wire.orders import WireMatch, WireOrder
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import ProtocolError
from strategies.trading.model.events import (
    Event,
    MarketSettled,
    ProfitCorrected,
    TradeBroken,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import Line, Market, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import Odds

REF = WagerRef("s-1-1")
GAME, MONEYLINE = EventId("1"), MarketId("219")
HOME = Line(LineId("h"), GAME, MONEYLINE, Selection.HOME, 0.0)
AWAY = Line(LineId("a"), GAME, MONEYLINE, Selection.AWAY, 0.0)
CATALOGUE = Catalogue(
    [SportEvent(GAME, "A at H", "H", "A", "NBA", "basketball", 0)],
    [Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline")],
    [HOME, AWAY],
)


def known(ref: WagerRef = REF, line: Line = HOME, stake_cents: int = 1_000) -> TrackedWager:
    """Return a wager of ten dollars that was asked for."""
    return TrackedWager(PlaceWager(ref, line.line_id, Odds(-146), stake_cents, Intent.REST), line)


def order(status: str = "open", **fields: Any) -> WireOrder:
    """Return the wager as in a response or the history."""
    given: dict[str, Any] = {
        "order_id": "o-1",
        "external_id": REF,
        "price": -146,
        "quantity": Decimal(10),
    }
    return WireOrder(status=status, **(given | fields))


def fill(cents: int, total_cents: int, odds: int = -146, **fields: Any) -> WireOrder:
    """Return a private update on a fill."""
    return order(
        filled_quantity=Decimal(cents) / 100,
        total_filled_quantity=Decimal(total_cents) / 100,
        fill_price=odds,
        update_type="matching",
        **fields,
    )


def types(events: list[Event]) -> list[type]:
    """Return the types of events."""
    return [type(event) for event in events]


def test_a_repeated_update_changes_nothing() -> None:
    """A response, an opening, a fill and an end, each repeated, give no event the second time."""
    wager = known()
    updates = [
        (order("inactive"), [WagerAccepted]),
        (order("open"), [WagerOpened]),
        (fill(400, 400), [WagerMatched]),
        (order(quantity=Decimal(4), filled_quantity=Decimal(4)), [WagerCancelled]),
    ]
    for update, expected in updates:
        assert types(wager.apply(update)) == expected
    assert [wager.apply(update) for update, _ in updates] == [[], [], [], []]


@pytest.mark.parametrize("another", [{"strike_id": "a"}, {"price": 120}, {"quantity": Decimal(50)}])
def test_case_23_a_report_on_another_wager_with_our_reference_is_not_ours(
    another: dict[str, Any],
) -> None:
    """Another line, odds or stake than we asked for is not booked."""
    wager = known()
    with pytest.raises(ProtocolError, match="has the reference of s-1-1"):
        wager.apply(order("open", filled_quantity=Decimal(10), **another))
    assert (wager.answered, wager.matched_cents, wager.number) == (False, 0, None)
    assert types(wager.apply(order("inactive", strike_id="h"))) == [WagerAccepted]
    with pytest.raises(ProtocolError, match="is not s-1-1, o-1"):
        wager.apply(order("open", order_id="o-2"))


def test_a_result_of_another_line_is_not_booked() -> None:
    """Not even with the number of our wager: nobody can say what was meant."""
    wager = known()
    wager.apply(fill(1_000, 1_000))
    with pytest.raises(ProtocolError, match="has the reference of s-1-1, and another line"):
        wager.apply(order("closed", strike_id="none", winning_status="profit"))
    assert wager.result is None
    wager.apply(order("closed", strike_id="h", winning_status="profit"))
    assert wager.result is Result.WON


@pytest.mark.parametrize(
    "report",
    [
        fill(1_001, 1_001),
        fill(100, 100_000),
        fill(600, 700),
        order(filled_quantity=Decimal("10.01")),
    ],
)
def test_a_report_of_more_than_the_stake_changes_nothing(report: WireOrder) -> None:
    """By its fill, its total, or with the fills before it; later reports count."""
    wager = known()
    wager.apply(fill(500, 500))
    with pytest.raises(ProtocolError, match="more matched than the stake of s-1-1"):
        wager.apply(report)
    assert (wager.matched_cents, wager.lacks_fill, wager.ended) == (500, False, False)
    with pytest.raises(ProtocolError, match="more matched than the stake of s-1-1"):
        wager.apply_fills([match(500), match(501)])
    assert types(wager.apply(fill(500, 1_000))) == [WagerMatched]
    assert wager.ended


def test_a_missed_opening_is_added_before_a_fill() -> None:
    """Where a fill arrives first, acceptance and opening are emitted before it."""
    assert types(known().apply(fill(100, 100))) == [WagerAccepted, WagerOpened, WagerMatched]


@pytest.mark.parametrize("places", list(permutations(range(3))))
def test_splitting_a_wager_never_changes_its_profit(places: tuple[int, ...]) -> None:
    """In whatever order three fills come, their profits are that of their whole stake."""
    fills = [fill(333, 333), fill(333, 666), fill(334, 1_000)]
    wager = known()
    events = [event for place in places for event in wager.apply(fills[place])]
    profits = [event.profit_cents for event in events if isinstance(event, WagerMatched)]
    assert len(profits) == 3
    assert sum(profits) == profit_cents(1_000, -146)
    assert wager.ended


def test_a_fill_has_the_odds_it_was_matched_at() -> None:
    """A fill at longer odds than requested wins what those odds pay."""
    (*_, event) = known().apply(fill(1_000, 1_000, odds=120))
    assert event == WagerMatched(REF, Odds(120), 1_000, 1_200, 1_000)


def test_missed_fills_come_from_the_list_of_fills() -> None:
    """The list has the missed fills, and they change nothing when they arrive late."""
    wager = known()
    wager.apply(fill(200, 500))
    assert (wager.lacks_fill, wager.matched_cents) == (True, 200)
    assert wager.apply_fills([match(200)]) == []
    recovered = wager.apply_fills([match(300), match(200)])
    assert [event.stake_cents for event in recovered if isinstance(event, WagerMatched)] == [300]
    assert not wager.lacks_fill
    assert wager.apply(fill(300, 300)) == []
    assert types(wager.apply(fill(500, 1_000))) == [WagerMatched]


def match(cents: int) -> WireMatch:
    """Return a row of the list of fills."""
    return WireMatch(order_id="o-1", fill_price=-146, filled_quantity=Decimal(cents) / 100)


@pytest.mark.parametrize(
    ("update", "event"),
    [
        (order("canceled"), WagerCancelled(REF, 1_000)),
        (order("wiped"), WagerWiped(REF, 1_000)),
        (order("invalid"), WagerInvalid(REF, "invalid")),
        (order(quantity=Decimal(4), filled_quantity=Decimal(4)), WagerCancelled(REF, 600)),
    ],
)
def test_every_end_has_the_unmatched_stake(update: WireOrder, event: Event) -> None:
    """Cancelled, wiped, invalid, or cut to the matched stake: the end has the returned stake."""
    wager = known()
    wager.apply(order("inactive"))
    assert wager.apply(update)[-1] == event
    assert wager.ended


def test_a_refusal_is_emitted_once_and_not_after_an_acceptance() -> None:
    """An accepted wager cannot have been refused."""
    refused, taken = known(), known()
    assert refused.reject("invalid_price") == [WagerRejected(REF, "invalid_price")]
    assert refused.reject("invalid_price") == []
    taken.apply(order("inactive"))
    assert taken.reject("data_not_found") == []


def test_restored_updates_are_not_repeated() -> None:
    """A wager restored from its journal emits only later changes."""
    first, again = known(), known()
    for update in (order("inactive"), order("open"), fill(400, 400)):
        for event in first.apply(update):
            again.restore(event)
    assert again.apply(fill(400, 400)) == []
    assert types(again.apply(fill(600, 1_000))) == [WagerMatched]
    assert again.ended


def test_a_market_settles_after_all_our_wagers_in_it() -> None:
    """Results of wagers become one of the market, with both lines, corrected when they change."""
    settlement = SettlementInference(CATALOGUE)
    first, second = known(), known(WagerRef("s-1-2"), AWAY)
    for wager in (first, second):
        wager.apply(fill(1_000, 1_000))
        assert settlement.settle(wager) == []
    first.apply(order("closed", winning_status="profit"))
    assert settlement.settle(first) == []
    second.apply(order("closed", winning_status="loss"))
    (settled,) = settlement.settle(second)
    results = ((HOME.line_id, Result.WON), (AWAY.line_id, Result.LOST))
    assert settled == MarketSettled(MarketKey(GAME, MONEYLINE), results, 1)
    assert settlement.settle(first) == []
    for wager in (first, second):
        wager.apply(order("void", winning_status="no_result"))
    (corrected,) = settlement.settle(second)
    assert isinstance(corrected, MarketSettled)
    assert corrected.revision == 2
    assert dict(corrected.results) == dict.fromkeys(CATALOGUE.lines, Result.VOIDED)


def listed(cents: int, profit: str | None, odds: int = 1_000) -> WireMatch:
    """Return a fill as the exchange's list of fills has it."""
    exact = None if profit is None else Decimal(profit)
    return WireMatch(fill_price=odds, filled_quantity=Decimal(cents) / 100, profit=exact)


def test_a_takers_profit_is_corrected_once() -> None:
    """Eleven cents at +1000 win 1.10 by their odds; their maker had staked 1.05."""
    wager = known()
    wager.apply(order())
    wager.apply(fill(11, 11, 1_000))
    assert (wager.profit_is_estimated, wager.matched_cents) == (True, 11)
    assert wager.apply_fills([listed(11, "1.05")]) == [ProfitCorrected(REF, -5)]
    assert not wager.profit_is_estimated
    assert wager.apply_fills([listed(11, "1.05")]) == []


def test_a_missing_profit_is_computed() -> None:
    """Where the list of fills has no profits, nothing is corrected or requested again."""
    wager = known()
    wager.apply(order())
    wager.apply(fill(11, 11, 1_000))
    assert wager.apply_fills([listed(11, None)]) == []
    assert not wager.profit_is_estimated


def test_a_makers_profit_is_not_requested() -> None:
    """A wager that only rests wins the computed profit."""
    wager = TrackedWager(PlaceWager(REF, HOME.line_id, Odds(-146), 1_000, Intent.ADD_ONLY), HOME)
    wager.apply(order())
    wager.apply(fill(300, 300))
    assert not wager.profit_is_estimated


def test_a_corrected_profit_is_restored() -> None:
    """A later start that reads a correction does not repeat it."""
    wager = known()
    wager.restore(WagerMatched(REF, Odds(1_000), 11, 110, 11))
    wager.restore(ProfitCorrected(REF, -5))
    assert not wager.profit_is_estimated
    assert wager.apply_fills([listed(11, "1.05")]) == []


def part_broken() -> tuple[TrackedWager, WireOrder, list[WireMatch]]:
    """Return a wager filled twice, and how the exchange shows it without its second fill."""
    wager = known()
    for update in (order("inactive"), fill(400, 400), fill(300, 700, 120)):
        wager.apply(update)
    return wager, order("open", filled_quantity=Decimal(4)), [listed(400, "2.74", -146)]


def test_a_broken_trade_takes_its_stake_and_its_profit() -> None:
    """What is left is as before; the broken stake does not rest again."""
    wager, now, fills = part_broken()
    assert wager.apply(now) == []
    assert wager.shows_less
    assert wager.apply_broken(now, fills) == [TradeBroken(REF, 300, 360)]
    assert (wager.matched_cents, wager.open_cents, wager.shows_less) == (400, 300, False)
    assert not wager.lacks_fill
    assert wager.apply(now) == []
    canceled = order("canceled", filled_quantity=Decimal(4))
    assert wager.apply(canceled) == [WagerCancelled(REF, 300)]


def test_a_late_report_breaks_nothing() -> None:
    """Where order and list of fills do not agree, one of them is out of date."""
    wager, now, fills = part_broken()
    wager.apply(now)
    assert wager.apply_broken(now, [*fills, listed(300, "3.60", 120)]) == []
    assert wager.apply_broken(order("open", filled_quantity=Decimal(7)), fills) == []
    assert (wager.matched_cents, wager.shows_less) == (700, False)


def test_a_broken_trade_is_restored() -> None:
    """A later start that reads of it does not repeat it."""
    first, now, fills = part_broken()
    again = known()
    for event in (
        WagerAccepted(REF),
        WagerMatched(REF, Odds(-146), 400, 274, 400),
        WagerMatched(REF, Odds(120), 300, 360, 700),
        *first.apply_broken(now, fills),
    ):
        again.restore(event)
    assert (again.matched_cents, again.open_cents) == (400, 300)
    assert again.apply(now) == []
    assert not again.shows_less


def test_a_void_wager_is_no_result_of_its_line() -> None:
    """With all its trades broken a wager is void; the market is settled by the others."""
    settlement = SettlementInference(CATALOGUE)
    broken, other = known(), known(WagerRef("s-1-2"))
    for wager in (broken, other):
        wager.apply(fill(1_000, 1_000))
        settlement.settle(wager)
    void = order("void", winning_status="no_result", filled_quantity=Decimal(0))
    broken.apply(void)
    assert settlement.settle(broken) == []
    assert types(broken.apply_broken(void, [])) == [TradeBroken]
    assert settlement.settle(broken) == []
    other.apply(order("settled", winning_status="profit", filled_quantity=Decimal(10)))
    (settled,) = settlement.settle(other)
    assert dict(settled.results)[HOME.line_id] is Result.WON  # type: ignore[union-attr]
