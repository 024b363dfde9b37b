"""The life of a wager at the simulated exchange: answers, refusals, races, wipes, settlement."""

from collections.abc import Callable
from typing import Any

import pytest

from recordings.tape import Clocks, Kind, Side
from sim.engine.latency import Delay
from sim.exchange.exchange_settings import BalanceMode
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.events import (
    AccountState,
    CancelRefused,
    EventScheduled,
    EventStatusChanged,
    MarketSettled,
    MarketStatusChanged,
    OfferChanged,
    ScoreChanged,
    TradeSeen,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.odds import EVEN, Odds
from tests.sim.small_exchange import Room

MONEYLINE = MarketKey(EventId("game"), MarketId("219"))
WAGER_LIFE = (WagerAccepted, WagerRejected, WagerOpened, WagerInvalid, WagerMatched)
ENDS = (WagerCancelled, CancelRefused, WagerWiped)


def rejections(room: Room) -> dict[WagerRef, str]:
    """Return the codes with which wagers were refused, by ref."""
    return {event.ref: event.code for event in room.of(WagerRejected)}


def refusals(room: Room) -> list[tuple[WagerRef, str]]:
    """Return the refused cancels as (ref, code)."""
    return [(event.ref, event.code) for event in room.of(CancelRefused)]


# Placing -------------------------------------------------------------------------------------


def test_a_wager_is_accepted_then_opened_then_matched(
    make_room: type[Room], constant_ms: Callable[[float], Delay]
) -> None:
    """Each step is told when it happened plus the way back, in order."""
    room = make_room(
        delays={
            "compute": constant_ms(5),
            "entry": constant_ms(60),
            "activation": constant_ms(100),
            "response": constant_ms(40),
        }
    )
    room.offer(0, "home", 100, 500)
    room.place(10, "w", "home", 100, 300)
    room.run()
    assert [type(event) for event in room.of(*WAGER_LIFE)] == [
        WagerAccepted,
        WagerOpened,
        WagerMatched,
    ]
    assert room.times_of(*WAGER_LIFE) == [115, 215, 215]


def test_the_answers_of_a_batch_come_together_in_its_order(
    room: Room, make_request: Callable[..., PlaceWager]
) -> None:
    """Each of a batch stands or falls on its own."""
    room.place_all(1, [make_request("a", "home", 100, 300), make_request("b", "home", 100, 99)])
    room.run()
    assert room.of(WagerAccepted, WagerRejected) == [
        WagerAccepted(WagerRef("a")),
        WagerRejected(WagerRef("b"), "invalid_quantity"),
    ]


@pytest.mark.parametrize(
    ("line", "odds", "cents", "code"),
    [
        ("nowhere", 100, 300, "invalid_strike_id"),
        ("home", 131, 300, "invalid_price"),
        ("home", -100, 300, "invalid_price"),
        ("home", 100, 99, "invalid_quantity"),
        ("home", 100, 0, "invalid_quantity"),
        ("home", 100, -300, "invalid_quantity"),
        ("home", 100, 900_001, "order_quantity_exceeds_max"),
        ("home", 100, 800_001, "insufficient_amount"),
    ],
)
def test_a_wager_that_cannot_be_is_refused_by_code(
    make_room: type[Room], line: str, odds: int, cents: int, code: str
) -> None:
    """What is wrong with a wager is said in the exchange's own words, and it never lives."""
    room = make_room(starting_balance_cents=800_000, max_stake_cents=900_000)
    room.place(1, "w", line, odds, cents)
    room.run()
    assert room.of(*WAGER_LIFE) == [WagerRejected(WagerRef("w"), code)]
    assert room.us.counters.refusals == {code: 1}


def test_a_wager_that_could_win_less_than_a_cent_is_refused(make_room: type[Room]) -> None:
    """The profit must be a cent at least."""
    room = make_room(min_stake_cents=1)
    room.place(1, "w", "home", -25_000, 100)
    room.place(2, "v", "home", -25_000, 125)
    room.run()
    assert rejections(room) == {"w": "order_invalid_profit"}


def test_a_ref_is_used_once_and_the_first_stands(room: Room) -> None:
    """A repeated ref is refused whether the first is open or over, and changes nothing of it."""
    room.place(1, "w", "home", 100, 300)
    room.place(2, "w", "home", 100, 500)
    room.cancel(500, "w")
    room.place(600, "w", "home", 100, 500)
    room.run()
    assert [event.code for event in room.of(WagerRejected)] == ["order_external_id_existed"] * 2
    assert room.of(WagerCancelled) == [WagerCancelled(WagerRef("w"), 300)]


@pytest.mark.parametrize("status", [None, MarketStatus.SUSPENDED, MarketStatus.CLOSED])
def test_a_market_that_is_not_open_takes_no_wagers(
    make_room: type[Room], status: MarketStatus | None
) -> None:
    """Nothing is accepted before a market opens, while it is suspended, or after it closed."""
    room = make_room(opened=False)
    if status is not None:
        room.market_status(0, MarketStatus.OPEN)
        room.market_status(1, status)
    room.row(1, Kind.UNTYPED)
    room.place(2, "w", "home", 100, 300)
    room.run()
    assert rejections(room) == {"w": "event_not_available"}


def test_an_event_that_ended_takes_no_wagers(room: Room) -> None:
    """After the end of the game nothing is accepted, whatever the market says."""
    room.event_status(1, EventStatus.ENDED)
    room.place(2, "w", "home", 100, 300)
    room.run()
    assert rejections(room) == {"w": "event_not_available"}


@pytest.mark.parametrize(("odds", "refused"), [(-110, True), (-115, True), (-109, False)])
def test_a_wager_that_would_match_our_own_is_refused(room: Room, odds: int, refused: bool) -> None:
    """Two wagers of one account never match: the incoming one is refused, the other stays."""
    room.place(1, "w", "home", 110, 1000)
    room.place(1, "v", "away", odds, 1000)
    room.run()
    assert rejections(room) == ({"v": "self_match"} if refused else {})
    assert WagerOpened(WagerRef("w")) in room.of(WagerOpened)


def test_a_wager_that_waits_for_activation_counts_against_self_match(
    make_room: type[Room], constant_ms: Callable[[float], Delay]
) -> None:
    """Of two that would cross, the second is refused though the first is not open yet."""
    room = make_room(delays={"activation": constant_ms(500)})
    room.place(1, "w", "home", 110, 1000)
    room.place(2, "v", "away", -110, 1000)
    room.run()
    assert rejections(room) == {"v": "self_match"}


def test_stakes_that_are_open_or_matched_are_spent(make_room: type[Room]) -> None:
    """What may be staked is the balance less what is matched and open; a cancel gives it back."""
    room = make_room(starting_balance_cents=1000, balance_mode=BalanceMode.IMMEDIATE)
    room.offer(0, "home", 100, 400)
    room.place(1, "matched", "home", 100, 400)
    room.place(2, "open", "home", 100, 500)
    room.place(3, "too-much", "home", 100, 101)
    room.place(4, "just", "home", 100, 100)
    room.cancel(500, "open")
    room.place(501, "again", "home", 100, 500)
    room.run()
    assert rejections(room) == {"too-much": "insufficient_amount"}


def test_a_batch_of_more_than_twenty_is_refused_whole(
    room: Room, make_request: Callable[..., PlaceWager]
) -> None:
    """The exchange takes twenty at a time, wagers or cancels."""
    room.place_all(1, [make_request(f"w{n}", "home", 100, 100) for n in range(21)])
    room.place_all(2, [make_request(f"v{n}", "home", 100, 100) for n in range(20)])
    room.cancel(1000, *(f"v{n}" for n in range(20)), "v0")
    room.run()
    assert set(rejections(room).values()) == {"order_limit_exceeded"}
    assert len(room.of(WagerAccepted)) == 20
    assert {code for _, code in refusals(room)} == {"order_limit_exceeded"}
    assert room.of(WagerCancelled) == []


# Activation ----------------------------------------------------------------------------------


def test_wagers_of_a_pair_open_in_the_order_they_came(make_room: type[Room]) -> None:
    """Activation is a queue by pair: nobody overtakes, however quick his activation is."""
    room = make_room(delays={"activation": Told(100, 10, 10)})
    room.place(1, "first", "home", 110, 100)
    room.place(2, "second", "away", 110, 100)
    room.place(3, "other-pair", "over", 110, 100)
    room.run()
    assert [event.ref for event in room.of(WagerOpened)] == ["other-pair", "first", "second"]
    assert room.times_of(WagerOpened) == [13, 101, 101]


class Told:
    """A delay that is told in advance, message by message, in milliseconds."""

    def __init__(self, *delays_ms: int) -> None:
        """Take the delays in order."""
        self.left_ms = list(delays_ms)

    def sample_ns(self) -> int:
        """Return the next of the delays."""
        return self.left_ms.pop(0) * 1_000_000


def test_in_play_a_wager_waits_for_the_in_play_delay(make_room: type[Room]) -> None:
    """During the game a wager opens only after the delay, which the recording may set."""
    room = make_room(in_play_delay_ns=5_000_000_000)
    room.place(1, "before", "home", 110, 100)
    room.event_status(10, EventStatus.LIVE)
    room.place(20, "five", "home", 110, 100)
    room.row(6000, Kind.IN_PLAY_DELAY, market=0, event=0, state=2_000_000_000)
    room.place(6001, "two", "home", 110, 100)
    room.run()
    assert room.times_of(WagerOpened) == [1, 5020, 8001]


def test_a_wager_whose_market_is_suspended_before_it_opens_is_invalid(
    make_room: type[Room], constant_ms: Callable[[float], Delay]
) -> None:
    """What held at the acceptance is looked at again when the wager opens."""
    room = make_room(delays={"activation": constant_ms(100)})
    room.place(1, "w", "home", 110, 100)
    room.market_status(50, MarketStatus.SUSPENDED)
    room.run()
    assert room.of(WagerInvalid) == [WagerInvalid(WagerRef("w"), "event_not_available")]
    assert room.us.available_cents == 1_000_000


def test_a_wager_that_the_balance_no_longer_covers_is_invalid(
    make_room: type[Room], constant_ms: Callable[[float], Delay]
) -> None:
    """Money that was lost while a wager waited for activation cannot be staked."""
    room = make_room(
        delays={"activation": constant_ms(100)},
        starting_balance_cents=1000,
        rate_percent=0,
        balance_mode=BalanceMode.IMMEDIATE,
    )
    room.offer(0, "over", 100, 500)
    room.place(1, "lost", "over", 100, 500)
    room.result(200, "over", Result.WON)
    room.result(200, "under", Result.LOST, same_message=True)
    room.place(300, "w", "home", 110, 1400)
    room.result(350, "over", Result.LOST)
    room.result(350, "under", Result.WON, same_message=True)
    room.run()
    assert room.of(WagerInvalid) == [WagerInvalid(WagerRef("w"), "insufficient_amount")]


# Cancelling ----------------------------------------------------------------------------------


def test_a_cancel_withdraws_what_is_unmatched(room: Room) -> None:
    """What was matched stays; the rest is given back."""
    room.offer(0, "home", 100, 400)
    room.place(1, "w", "home", 100, 1000)
    room.cancel(500, "w")
    room.trade(600, "away", 100, 1000)
    room.run()
    assert room.of(WagerCancelled) == [WagerCancelled(WagerRef("w"), 600)]
    assert room.filled_cents("w") == 400
    assert room.us.available_cents == 1_000_000 - 400


def test_a_cancel_is_refused_by_what_became_of_the_wager(room: Room) -> None:
    """Unknown, matched, cancelled: each has its code, and asking again makes no sense."""
    room.offer(0, "home", 100, 100)
    room.place(1, "matched", "home", 100, 100)
    room.place(1, "twice", "home", 105, 100)
    room.cancel(500, "unknown", "matched", "twice", "twice")
    room.run()
    assert room.of(CancelRefused) == [
        CancelRefused(WagerRef("unknown"), "data_not_found", None),
        CancelRefused(WagerRef("matched"), "order_already_filled", None),
        CancelRefused(WagerRef("twice"), "order_already_cancelled", None),
    ]
    assert room.of(WagerCancelled) == [WagerCancelled(WagerRef("twice"), 100)]


def test_a_cancel_while_the_wager_waits_is_told_when_to_come_again(make_room: type[Room]) -> None:
    """In the in-play delay nothing can be cancelled; asked again at the time told, it is."""
    room = make_room(in_play_delay_ns=5_000_000_000, retry_window_ns=300_000_000)
    room.event_status(0, EventStatus.LIVE)
    room.place(1, "w", "home", 110, 100)
    room.cancel(100, "w")
    room.cancel(5100, "w")
    room.cancel(5301, "w")
    room.run()
    assert [(e.code, room.ms_of(e.retry_at_ns)) for e in room.of(CancelRefused)] == [
        ("order_is_placing", 5301),
        ("order_opened_retry", 5301),
    ]
    assert room.times_of(WagerCancelled) == [5301]


def test_a_fill_that_comes_before_the_cancel_wins(
    make_room: type[Room], constant_ms: Callable[[float], Delay]
) -> None:
    """A cancel takes its time to arrive; until then the wager can be matched."""
    room = make_room(delays={"entry": constant_ms(60)})
    room.place(0, "w", "home", 100, 1000)
    room.cancel(1000, "w")
    room.trade(1059, "away", 100, 1000)
    room.place(2000, "v", "home", 100, 1000)
    room.cancel(3000, "v")
    room.trade(3061, "away", 100, 1000)
    room.run()
    assert refusals(room) == [("w", "order_already_filled")]
    assert (room.filled_cents("w"), room.filled_cents("v")) == (1000, 0)


def test_a_suspended_market_keeps_wagers_and_lets_them_be_cancelled(room: Room) -> None:
    """Suspension ends nothing."""
    room.place(1, "kept", "home", 100, 100)
    room.place(1, "pulled", "home", 105, 100)
    room.market_status(500, MarketStatus.SUSPENDED)
    room.cancel(600, "pulled")
    room.market_status(700, MarketStatus.OPEN)
    room.trade(800, "away", 100, 100)
    room.run()
    assert room.of(*ENDS) == [WagerCancelled(WagerRef("pulled"), 100)]
    assert room.filled_cents("kept") == 100


def test_a_mass_cancel_takes_all_that_were_placed_before_it(
    make_room: type[Room], constant_ms: Callable[[float], Delay]
) -> None:
    """Open or still waiting, each is answered; where nothing is open nothing is said."""
    room = make_room(delays={"activation": constant_ms(100)})
    room.place(1, "open", "home", 100, 100)
    room.place(1000, "waiting", "over", 100, 100)
    room.cancel_all(1001)
    room.cancel_all(1002)
    room.place(1003, "after", "home", 100, 100)
    room.run()
    assert [(e.ref, e.unmatched_cents) for e in room.of(WagerCancelled)] == [
        ("open", 100),
        ("waiting", 100),
    ]
    assert [event.ref for event in room.of(WagerOpened)] == ["open", "after"]


def test_a_mass_cancel_can_be_of_one_market(room: Room) -> None:
    """What rests in other markets stays."""
    room.place(1, "w", "home", 100, 100)
    room.place(1, "v", "over", 100, 100)
    room.cancel_all(500, EventId("game"), MarketId("225"))
    room.cancel_all(501, EventId("another"))
    room.run()
    assert [event.ref for event in room.of(WagerCancelled)] == ["v"]


# What the recording does ---------------------------------------------------------------------


def test_every_wager_of_the_event_is_wiped_when_it_goes_in_play(
    make_room: type[Room], constant_ms: Callable[[float], Delay]
) -> None:
    """Open, partly matched or waiting: what is unmatched is removed, each with its own word."""
    room = make_room(delays={"activation": constant_ms(100)})
    room.place(1, "open", "home", 100, 100)
    room.trade(300, "away", 100, 40)
    room.place(950, "waiting", "over", 100, 100)
    room.event_status(1000, EventStatus.LIVE)
    room.event_status(2000, EventStatus.LIVE)
    room.place(1500, "in-play", "home", 100, 100)
    room.run()
    assert room.of(WagerWiped) == [
        WagerWiped(WagerRef("open"), 60),
        WagerWiped(WagerRef("waiting"), 100),
    ]
    assert [event.ref for event in room.of(WagerOpened)] == ["open", "in-play"]


def test_a_market_that_closes_wipes_its_wagers_only(room: Room) -> None:
    """The wagers of other markets stay."""
    room.place(1, "w", "home", 100, 100)
    room.place(1, "v", "over", 100, 100)
    room.market_status(500, MarketStatus.CLOSED)
    room.run()
    assert room.of(WagerWiped) == [WagerWiped(WagerRef("w"), 100)]


def test_a_market_settles_once_all_rows_of_its_message_are_there(room: Room) -> None:
    """What is open is wiped first; then one word tells all results, and the account pays."""
    room.offer(0, "home", 150, 400)
    room.place(1, "w", "home", 150, 1000)
    room.result(500, "home", Result.WON)
    room.result(500, "away", Result.LOST, same_message=True)
    room.run()
    assert room.of(WagerWiped, MarketSettled) == [
        WagerWiped(WagerRef("w"), 600),
        MarketSettled(
            MONEYLINE, ((LineId("home"), Result.WON), (LineId("away"), Result.LOST)), revision=1
        ),
    ]
    # 400 won 600, less 2 % commission.
    assert room.us.available_cents == 1_000_000 + 600 - 12
    assert room.us.account.commission_cents == 12


def test_a_later_result_corrects_the_settlement(room: Room) -> None:
    """A market that was settled wrongly is settled again, as if for the first time."""
    room.offer(0, "home", 150, 400)
    room.place(1, "w", "home", 150, 400)
    room.result(500, "home", Result.WON)
    room.result(500, "away", Result.LOST, same_message=True)
    room.result(900, "home", Result.PUSHED)
    room.result(900, "away", Result.PUSHED, same_message=True)
    room.run()
    assert len(room.of(MarketSettled)) == 2
    assert room.us.available_cents == 1_000_000
    assert room.us.account.commission_cents == 0


def test_results_told_one_after_another_add_up(room: Room) -> None:
    """A market whose lines are settled by several messages keeps what was told of each."""
    room.offer(0, "home", 150, 400)
    room.place(1, "w", "home", 150, 400)
    room.result(500, "home", Result.WON)
    room.result(900, "away", Result.LOST)
    room.run()
    assert [event.results for event in room.of(MarketSettled)] == [
        ((LineId("home"), Result.WON),),
        ((LineId("home"), Result.WON), (LineId("away"), Result.LOST)),
    ]
    assert room.us.available_cents == 1_000_000 + 600 - 12


def test_a_market_with_a_result_takes_no_more_wagers(room: Room) -> None:
    """Nobody can wager on what is known."""
    room.result(500, "home", Result.WON)
    room.place(600, "w", "home", 150, 400)
    room.place(601, "v", "over", 150, 400)
    room.run()
    assert rejections(room) == {"w": "event_not_available"}


def test_the_state_of_the_account_tells_balance_and_open_wagers(room: Room) -> None:
    """What may be spent, and what is open of each wager in the order they were placed."""
    room.offer(0, "home", 100, 400)
    room.place(1, "b", "home", 100, 1000)
    room.place(2, "a", "over", 100, 200)
    room.ask_state(3)
    room.run()
    assert room.of(AccountState) == [
        AccountState(1_000_000 - 1200, ((WagerRef("b"), 600), (WagerRef("a"), 200)))
    ]


# What is published ---------------------------------------------------------------------------


def test_our_wagers_are_mirrored_in_the_book_beside_the_stake_of_others(room: Room) -> None:
    """The desk sees its own stake where takers see it, until it is matched or withdrawn."""
    room.offer(0, "away", -120, 500)
    room.place(10, "w", "home", 120, 1000)
    room.trade(20, "away", -120, 800)
    room.offer(20, "away", -120, 0, same_message=True)
    room.cancel(500, "w")
    room.run()
    shown = [e.amount_cents for e in room.of(OfferChanged) if e.line_id == "away"]
    # Ours shows as 1200; the trade leaves 900 of it, as 500 were ahead; then the rest is gone.
    assert shown == [500, 1700, 1400, 900, 0]


def test_a_row_that_changes_nothing_shown_is_not_published(room: Room) -> None:
    """The same offer told again is no news."""
    room.offer(1, "home", 100, 500)
    room.offer(2, "home", 100, 500)
    room.offer(3, "home", 110, 0)
    room.run()
    assert room.of(OfferChanged) == [OfferChanged(LineId("home"), EVEN, 500)]


def test_only_subscribed_markets_are_published_and_wagers_work_in_all(
    make_room: type[Room],
) -> None:
    """What was not subscribed to is silent, but can be wagered on and settles."""
    room = make_room(subscribed=[MONEYLINE])
    room.offer(0, "over", 100, 500)
    room.place(1, "w", "over", 105, 300)
    room.trade(2, "under", -105, 100)
    room.run()
    assert room.of(OfferChanged, TradeSeen) == []
    assert {event.market_key for event in room.of(MarketStatusChanged)} == {MONEYLINE}
    assert room.filled_cents("w") == 95


def test_rows_of_one_message_arrive_together_one_feed_latency_later(make_room: type[Room]) -> None:
    """Where one clock was recorded, each message is delayed by one draw of the model."""
    room = make_room(delays={"feed": Told(10, 100)}, opened=False)
    room.offer(1, "home", 100, 500)
    room.offer(1, "home", 105, 500, same_message=True)
    room.offer(2, "home", 110, 500)
    room.run()
    assert room.times_of(OfferChanged) == [11, 11, 102]


def test_recorded_arrival_rules_where_it_was_recorded(
    make_room: type[Room], constant_ms: Callable[[float], Delay]
) -> None:
    """On a tape with two clocks the desk hears when the recorder did, whatever the model says."""
    room = make_room(clocks=Clocks.TWO, delays={"feed": constant_ms(500)})
    room.offer(1, "home", 100, 500, received_ms=35)
    room.place(100, "w", "over", 100, 300)
    room.run()
    assert room.times_of(OfferChanged) == [35, 600]


def test_statuses_schedule_and_score_wake_the_desk_and_offers_do_not(room: Room) -> None:
    """What changes the course of things is decided on at once."""
    room.offer(10, "home", 100, 500)
    room.trade(20, "home", 100, 100)
    room.row(30, Kind.SCHEDULE, event=0, state=7)
    room.row(40, Kind.SCORE, event=0, text="54-51")
    room.market_status(50, MarketStatus.SUSPENDED)
    room.event_status(60, EventStatus.LIVE)
    room.run()
    assert room.acted == [0, 30, 40, 50, 60]
    news = (EventScheduled, ScoreChanged, EventStatusChanged, TradeSeen)
    assert room.of(*news) == [
        TradeSeen(LineId("home"), EVEN, 100),
        EventScheduled(EventId("game"), 7),
        ScoreChanged(EventId("game"), 54, 51),
        EventStatusChanged(EventId("game"), EventStatus.LIVE),
    ]


def test_a_trade_is_published_as_its_taker_saw_it(room: Room) -> None:
    """Whosever side was recorded, the desk hears the taker's line, odds and stake."""
    room.trade(10, "home", 150, 100, side=Side.MAKER)
    room.run()
    assert room.of(TradeSeen) == [TradeSeen(LineId("away"), Odds(-150), 150)]


def test_nothing_is_published_where_nobody_subscribed(make_room: type[Room]) -> None:
    """A replay with nobody listening says nothing at all."""
    room = make_room(subscribed=[])
    room.offer(1, "home", 100, 500)
    room.trade(2, "home", 100, 100)
    room.event_status(3, EventStatus.LIVE)
    room.result(4, "home", Result.WON)
    room.run()
    assert room.heard == []


def test_a_wager_in_the_middle_of_a_recording_meets_the_book_as_it_is(
    make_room: type[Room],
) -> None:
    """In a market nobody follows the book is kept all the same."""
    room = make_room(subscribed=[])
    room.offer(1, "home", 110, 500)
    room.offer(2, "home", 110, 200)
    room.offer(3, "away", 100, 700)
    room.place(10, "w", "home", 100, 1000, Intent.REST)
    room.trade(20, "away", 100, 900)
    room.run()
    assert room.fills("w") == [(110, 200, 220), (100, 200, 200)]


@pytest.mark.parametrize("wrong", ["100", True, -1, 1.5, None])
def test_settings_that_mean_nothing_are_refused_by_name(make_room: type[Room], wrong: Any) -> None:
    """A limit given as text, or negative, is refused before anything runs."""
    with pytest.raises(ConfigError, match=r"exchange\.min_stake_cents"):
        make_room(min_stake_cents=wrong)
