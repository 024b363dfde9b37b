"""The desk: when it decides, what it sees, what it sends and in which order."""

from collections.abc import Callable
from typing import Any

import pytest

from strategies.trading.model.commands import CancelAll, CancelWager, Intent, PlaceWager
from strategies.trading.model.errors import InvariantError
from strategies.trading.model.events import (
    CancelRefused,
    Event,
    EventPaused,
    MarketsAdded,
    MarketStatusChanged,
    OfferChanged,
    TimerFired,
    TradeSeen,
    WagerAccepted,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
    WagerRejected,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import Line, Market, MarketStatus, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.journal import AccountSnapshot

Room = Any
MakeRoom = Callable[..., Any]

G1 = EventId("g1")
MONEYLINE = MarketKey(G1, MarketId("219"))
MANY_ODDS = [*range(110, 130), *range(130, 180, 2)]


def rest_wish(room: Room, *quotes: Any) -> None:
    """Let quotes be wished for, placed and opened, and start a new list of what is asked."""
    room.wish(*quotes)
    room.open_up()
    room.refresh()
    room.exchange.forget()


def one_open(room: Room) -> WagerRef:
    """Let one quote of $10 at +110 on the home team rest; return its wager."""
    rest_wish(room, room.quote("home", 110, 1_000))
    (wager,) = room.desk.wagers.live()
    return WagerRef(wager.ref)


def placed(room: Room) -> list[tuple[str, int, int]]:
    """Return what the exchange was asked for, as (line, odds, stake)."""
    return [(place.line_id, place.odds, place.stake_cents) for place in room.exchange.places]


# From wish to wager --------------------------------------------------------------------------


def test_a_wish_is_placed_at_the_next_refresh(room: Room) -> None:
    """What the strategy declares is asked of the exchange, under a reference of this session."""
    room.wish(room.quote("home", 110, 1_000), room.quote("away", 105, 700))
    assert placed(room) == [("home", 110, 1_000), ("away", 105, 700)]
    assert [place.ref for place in room.exchange.places] == ["test-1-1", "test-1-2"]
    assert {place.intent for place in room.exchange.places} == {Intent.ADD_ONLY}


def test_cancels_go_before_places(room: Room) -> None:
    """When a quote moves, the old wager is withdrawn first."""
    ref = one_open(room)
    room.wish(room.quote("home", 115, 1_000))
    assert room.exchange.kinds == ["cancel", "place"]
    assert room.exchange.cancels == [ref]


def test_batches_hold_at_most_twenty(room: Room) -> None:
    """45 wagers are asked for, and withdrawn, in batches of 20, 20 and 5."""
    rest = [room.quote("home", odds, 1_000) for odds in MANY_ODDS]
    room.wish(*rest)
    assert [len(batch) for _, batch in room.exchange.batches] == [20, 20, 5]
    room.open_up()
    room.exchange.forget()
    room.wish()
    assert [(kind, len(batch)) for kind, batch in room.exchange.batches] == [
        ("cancel", 20),
        ("cancel", 20),
        ("cancel", 5),
    ]


def test_the_journal_is_told_before_the_exchange_is_asked(room: Room) -> None:
    """Every command is written down before it leaves: places, cancels, and the cancel of all."""
    one_open(room)
    room.wish(room.quote("home", 115, 1_000), room.quote("over", 115, 1_000))
    room.desk.stop("done")
    written: set[Any] = set()
    asked = 0
    for kind, what in room.log:
        if kind == "sent":
            written.add(CancelAll if isinstance(what, CancelAll) else (type(what), what.ref))
        elif kind == "place":
            asked += len(what)
            assert {(PlaceWager, place.ref) for place in what} <= written
        elif kind == "cancel":
            asked += len(what)
            assert {(CancelWager, ref) for ref in what} <= written
        elif kind == "cancel_all":
            asked += 1
            assert CancelAll in written
    assert asked == len(room.journal.commands) == 5


def test_a_wager_across_our_own_waits_for_the_cancel_and_no_longer(make_room: MakeRoom) -> None:
    """A crossing quote is placed on the answer to the cancel, without waiting for a refresh."""
    room = make_room(refresh_ns=NS_PER_SECOND)
    ref = one_open(room)
    room.wish(room.quote("away", -110, 1_100))
    assert (room.exchange.cancels, placed(room)) == ([ref], [])
    room.refresh()
    assert (room.exchange.cancels, placed(room)) == ([ref], [])
    room.hear(WagerCancelled(ref, 1_000))
    assert placed(room) == [("away", -110, 1_100)]


def test_a_refused_cancel_is_asked_again_at_the_time_given(room: Room) -> None:
    """The desk wakes at the exchange's time to withdraw the wager, and not before."""
    ref = one_open(room)
    room.wish()
    room.exchange.forget()
    room.hear(CancelRefused(ref, "too_soon", room.clock.now_ns() + 7 * NS_PER_SECOND))
    room.clock.advance(7 * NS_PER_SECOND - 1)
    assert room.exchange.cancels == []
    room.clock.advance(1)
    assert room.exchange.cancels == [ref]


def test_a_wager_that_the_gate_denies_is_tried_again_at_the_next_refresh(
    make_room: MakeRoom,
) -> None:
    """A denied wager is not sent, its denial is kept, and it is sent once there is room."""
    room = make_room(max_concurrent_wagers=1)
    room.wish(room.quote("home", 110, 1_000), room.quote("home2", 110, 1_000))
    room.open_up()
    assert placed(room) == [("home", 110, 1_000)]
    assert [denial.control for denial in room.journal.denials] == ["concurrent_wagers"]
    (wager,) = room.desk.wagers.live()
    room.strategy.wish = room.strategy.wish[1:]
    room.hear(WagerCancelled(wager.ref, 1_000))
    room.refresh()
    assert placed(room)[1:] == [("home2", 110, 1_000)]


def test_a_denial_that_lasts_is_told_once(make_room: MakeRoom) -> None:
    """A wish that is too large at every refresh is denied once, and again after it had fitted."""
    room = make_room(max_stake_cents=500)
    for _ in range(3):
        room.wish(room.quote("home", 110, 1_000))
    assert [denial.control for denial in room.journal.denials] == ["stake"]
    assert placed(room) == [("home", 110, 500)]
    room.wish(room.quote("home", 110, 500))
    room.wish(room.quote("home", 110, 1_000))
    assert len(room.journal.denials) == 2


def test_a_wish_that_was_trimmed_grows_when_there_is_room(make_room: MakeRoom) -> None:
    """A quote cut short by another market gets the rest of its stake once that market gives way."""
    room = make_room(max_event_exposure_cents=1_000)
    ref = room.rest("over", 110, 700)
    room.wish(room.quote("over", 110, 700), room.quote("home", 110, 1_000))
    room.open_up()
    room.refresh()
    assert placed(room) == [("home", 110, 300)]
    room.strategy.wish = room.strategy.wish[1:]
    room.hear(WagerCancelled(ref, 700))
    room.refresh()
    assert placed(room)[1:] == [("home", 110, 700)]


def test_places_count_against_the_command_rate(make_room: MakeRoom) -> None:
    """Of four wagers with three commands a second the fourth is sent at the next refresh."""
    room = make_room(max_commands_per_second=3)
    room.wish(*(room.quote("home", odds, 1_000) for odds in MANY_ODDS[:4]))
    assert len(placed(room)) == 3
    assert [denial.control for denial in room.journal.denials] == ["command_rate"]
    room.open_up()
    room.refresh()
    assert [odds for _, odds, _ in placed(room)] == MANY_ODDS[:4]


def test_cancels_pass_the_command_rate_and_count_against_it(make_room: MakeRoom) -> None:
    """Moving three quotes with four commands a second withdraws all three and places one."""
    room = make_room(max_commands_per_second=4)
    rest_wish(room, *(room.quote("home", odds, 1_000) for odds in MANY_ODDS[:3]))
    room.wish(*(room.quote("home", odds, 1_000) for odds in MANY_ODDS[3:6]))
    assert (len(room.exchange.cancels), len(placed(room))) == (3, 1)


def test_rejected_wagers_are_asked_for_again_at_the_refresh_and_not_in_a_circle(
    room: Room,
) -> None:
    """An exchange that refuses everything is asked once per refresh, not as fast as it answers."""
    room.wish(*(room.quote("home", odds, 1_000) for odds in MANY_ODDS[:4]))
    room.exchange.forget()
    for wager in list(room.desk.wagers.live()):
        room.hear(WagerRejected(wager.ref, "insufficient_funds"))
    assert placed(room) == []
    room.refresh()
    assert len(placed(room)) == 4


def test_a_take_is_sent_once_though_the_limits_shrink_it(make_room: MakeRoom) -> None:
    """A wish to take that lasts is sent once, also where what was taken leaves less room."""
    room = make_room(max_position_cents=1_000)
    take = room.quote("home", 110, 800, Intent.TAKE)
    room.wish(take)
    (ref,) = [place.ref for place in room.exchange.places]
    room.take(WagerAccepted(ref))
    room.take(room.matched(ref, 500))
    room.take(WagerCancelled(ref, 300))
    for _ in range(3):
        room.wish(take)
    assert placed(room) == [("home", 110, 800)]


def test_a_take_that_was_denied_is_not_forgotten(make_room: MakeRoom) -> None:
    """A wish to take that the gate denied was not carried out: it is sent once there is room."""
    room = make_room(max_concurrent_wagers=1)
    blocking = room.rest("home2", 110, 1_000)
    room.wish(room.quote("home2", 110, 1_000), room.quote("over", 110, 500, Intent.TAKE))
    assert placed(room) == []
    room.fill(blocking, 1_000)
    room.wish(room.quote("over", 110, 500, Intent.TAKE))
    assert placed(room) == [("over", 110, 500)]


# When it decides -----------------------------------------------------------------------------


def test_nothing_changed_is_no_work(room: Room) -> None:
    """While nothing is heard the strategy is not asked and nothing is sent."""
    one_open(room)
    decisions, asked = room.desk.decisions, len(room.strategy.views)
    for _ in range(10):
        room.refresh()
    assert (room.desk.decisions, len(room.strategy.views)) == (decisions, asked)
    assert room.exchange.batches == []


def test_the_same_wish_again_is_not_carried_out_again(room: Room) -> None:
    """A changed market whose wish stays the same is neither journaled as decided nor sent for."""
    one_open(room)
    decided = len(room.journal.decisions)
    room.offer("home", 150, 100)
    room.refresh()
    assert len(room.journal.decisions) == decided
    assert room.exchange.batches == []


def test_offers_wait_for_the_refresh(room: Room) -> None:
    """However many offers change, the strategy is asked once per refresh, about what changed."""
    room.refresh()
    room.strategy.views.clear()
    for cents in range(100, 110):
        room.offer("home", 110, cents)
        room.hear(TradeSeen(LineId("home"), Odds(110), 5))
    assert room.strategy.views == []
    room.refresh()
    assert [view.market.key for view in room.strategy.views] == [MONEYLINE]
    assert room.strategy.views[0].now_ns == room.clock.now_ns()
    room.refresh()
    assert len(room.strategy.views) == 1


def test_a_fill_is_acted_on_at_once(room: Room) -> None:
    """After a fill the missing stake is placed in the same instant."""
    ref = one_open(room)
    room.hear(room.matched(ref, 400))
    assert placed(room) == [("home", 110, 400)]


def test_a_strategy_of_every_change_is_asked_at_once(make_room: MakeRoom) -> None:
    """With a refresh of zero a new touch, a status and a wager's news are decided on at once."""
    room = make_room(refresh_ns=0)
    room.strategy.wish = (room.quote("home", 110, 1_000),)
    room.offer("home", 120, 500)
    assert placed(room) == [("home", 110, 1_000)]
    asked = len(room.strategy.views)
    room.offer("home", 115, 500)
    assert len(room.strategy.views) == asked
    room.offer("home", 120, 400)
    assert len(room.strategy.views) == asked + 1
    room.hear(WagerAccepted(room.exchange.places[0].ref))
    assert len(room.strategy.views) == asked + 2


# What it sees --------------------------------------------------------------------------------


def test_a_price_made_by_ourselves_is_no_price(room: Room) -> None:
    """Where only our own wagers make the book there is no fair price and no touch."""
    rest_wish(room, room.quote("home", 110, 1_000), room.quote("away", 105, 1_000))
    room.offer("away", -110, 1_100)
    room.offer("home", -105, 1_050)
    room.strategy.seen.clear()
    room.refresh()
    assert room.strategy.seen == [(None, None, None)]


def test_the_price_is_that_of_the_others(room: Room) -> None:
    """Our own wagers, longer than the others', change neither the fair price nor the touch."""
    room.offer("home", -110, 5_000)
    room.offer("away", -110, 5_000)
    rest_wish(room, room.quote("home", 102, 1_000))
    room.offer("away", -102, 1_020)
    room.strategy.seen.clear()
    room.refresh()
    assert room.strategy.seen == [(pytest.approx(0.5), (-110, 5_000), (-110, 5_000))]


def test_a_view_holds_the_positions_of_the_whole_event(room: Room) -> None:
    """A strategy that quotes the moneyline is shown what it holds in the total."""
    room.fill_new("over", 100, 1_000)
    room.offer("home", 110, 100)
    room.strategy.views.clear()
    room.refresh()
    of_moneyline = next(view for view in room.strategy.views if view.market.key == MONEYLINE)
    profits = {p.pair.first.line_id: p.profit_if for p in of_moneyline.positions}
    assert profits[LineId("over")] == [1_000, -1_000]
    assert LineId("home2") not in profits


# Its own books -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        WagerOpened(WagerRef("whose")),
        WagerMatched(WagerRef("whose"), Odds(110), 100, 110),
        WagerCancelled(WagerRef("whose"), 100),
    ],
)
def test_news_of_a_wager_that_is_not_ours_stops_the_desk(room: Room, event: Event) -> None:
    """An exchange that speaks of an unknown wager means that our books are wrong."""
    with pytest.raises(
        InvariantError, match="update of wager whose, which this session did not place"
    ):
        room.hear(event)


# Its journal ---------------------------------------------------------------------------------


def test_every_input_has_a_number_and_only_market_data_is_left_to_the_tape(room: Room) -> None:
    """Inputs are numbered in order; offers and trades take a number but are not journaled."""
    room.journal.inputs.clear()
    start = room.clock.now_ns()
    room.hear(EventPaused(G1, True))
    room.hear(OfferChanged(LineId("home"), Odds(110), 100))
    room.hear(TradeSeen(LineId("home"), Odds(110), 100))
    room.hear(EventPaused(G1, False))
    room.refresh()
    (first, *_), (second, *_), (third, at_ns, timer) = room.journal.inputs
    assert (second - first, third - first) == (3, 4)
    assert (at_ns, timer) == (start + room.strategy.quote_refresh_ns, TimerFired())


def test_the_accounts_are_told_when_they_changed_and_only_then(room: Room) -> None:
    """A fill that moves nothing is not told; a result is, with balance, profit and exposure."""
    ref = one_open(room)
    room.strategy.wish = ()
    room.journal.accounts.clear()
    room.hear(room.matched(ref, 1_000))
    room.settle(MONEYLINE, {"home": Result.WON})
    told = room.journal.accounts
    assert told == [AccountSnapshot(100_001_078, 1_078, 0, 0)]
    count = len(room.journal.accounts)
    room.settle(MONEYLINE, {"home": Result.WON})
    assert len(room.journal.accounts) == count


def test_a_decision_names_prices_and_quotes(room: Room) -> None:
    """A decision is journaled with the fair price it was made on, and what risk left of it."""
    room.offer("home", -110, 5_000)
    room.offer("away", -110, 5_000)
    room.journal.decisions.clear()
    quote = room.quote("home", 110, 1_000)
    room.wish(quote)
    decision = next(d for d in room.journal.decisions if d.market_key == MONEYLINE)
    assert decision.fairs == ((room.pair().pair_id, pytest.approx(0.5)),)
    assert decision.quotes == (quote,)


# What comes on offer later -------------------------------------------------------------------


def test_a_market_that_comes_on_offer_later_is_quoted_and_settled(room: Room) -> None:
    """From its input on it is like any other: quoted once open, counted, and paid out."""
    key = MarketKey(EventId("g3"), MarketId("219"))
    news = MarketsAdded(
        (SportEvent(key.event_id, "A at H", "H", "A", "NBA", "basketball", 2**62),),
        (Market(*key, MarketType.MONEYLINE, "Moneyline"),),
        (
            Line(LineId("home3"), *key, Selection.HOME, 0.0),
            Line(LineId("away3"), *key, Selection.AWAY, 0.0),
        ),
        (key,),
    )
    quote = room.quote("home3", 110, 1_000)
    room.hear(news)
    assert room.journal.inputs[-1] == (len(room.journal.inputs), room.clock.now_ns(), news)
    room.wish(quote)
    assert placed(room) == []
    room.hear(MarketStatusChanged(key, MarketStatus.OPEN))
    assert placed(room) == [("home3", 110, 1_000)]
    room.open_up()
    (wager,) = room.desk.wagers.live()
    room.fill(wager.ref, 1_000)
    assert room.desk.exposure.of_event(key.event_id) == 1_000
    room.strategy.wish = ()
    room.settle(key, {"home3": Result.WON})
    assert room.desk.ledger.profit_cents == 1_078
    assert room.desk.exposure.total_cents == 0


def test_a_point_that_comes_on_offer_later_shares_the_limits_of_its_market(
    make_room: MakeRoom,
) -> None:
    """Of $15 that the market may lose, what rests at the old point leaves $5 for the new one."""
    room = make_room(max_market_exposure_cents=1_500)
    rest_wish(room, room.quote("home-3", 110, 1_000))
    point = (
        Line(LineId("home-2"), G1, MarketId("223"), Selection.HOME, -2.0),
        Line(LineId("away+2"), G1, MarketId("223"), Selection.AWAY, 2.0),
    )
    room.hear(MarketsAdded((), (), point, ()))
    room.wish(room.quote("home-3", 110, 1_000), room.quote("home-2", 110, 1_000))
    assert placed(room) == [("home-2", 110, 500)]
