"""The life of a wager at the simulated exchange: responses, refusals, races, settlement."""

from collections.abc import Callable

import pytest

from recordings.tape import Clocks, Kind, Side
from sim.engine.latency import Delay
from sim.exchange.exchange_settings import BalanceMode
from strategies.trading.model.commands import Intent, PlaceWager
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
from tests.sim.small_exchange import ExchangeScenario

MONEYLINE = MarketKey(EventId("game"), MarketId("219"))
WAGER_LIFE = (WagerAccepted, WagerRejected, WagerOpened, WagerInvalid, WagerMatched)
ENDS = (WagerCancelled, CancelRefused, WagerWiped)


def rejections(scenario: ExchangeScenario) -> dict[WagerRef, str]:
    """Return the codes with which wagers were refused, by ref."""
    return {event.ref: event.code for event in scenario.of(WagerRejected)}


def refusals(scenario: ExchangeScenario) -> list[tuple[WagerRef, str]]:
    """Return the refused cancels as (ref, code)."""
    return [(event.ref, event.code) for event in scenario.of(CancelRefused)]


# Placing -------------------------------------------------------------------------------------


def test_a_wager_is_accepted_then_opened_then_matched(
    make_scenario: type[ExchangeScenario], constant_ms: Callable[[float], Delay]
) -> None:
    """Each step arrives at its time plus the response delay, in order."""
    scenario = make_scenario(
        delays={
            "compute": constant_ms(5),
            "entry": constant_ms(60),
            "activation": constant_ms(100),
            "response": constant_ms(40),
        }
    )
    scenario.offer(0, "home", 100, 500)
    scenario.place(10, "w", "home", 100, 300)
    scenario.run()
    assert [type(event) for event in scenario.of(*WAGER_LIFE)] == [
        WagerAccepted,
        WagerOpened,
        WagerMatched,
    ]
    assert scenario.times_of(*WAGER_LIFE) == [115, 215, 215]


def test_the_responses_of_a_batch_arrive_together_in_its_order(
    scenario: ExchangeScenario, make_request: Callable[..., PlaceWager]
) -> None:
    """Each request of a batch is accepted or rejected on its own."""
    scenario.place_all(1, [make_request("a", "home", 100, 300), make_request("b", "home", 100, 99)])
    scenario.run()
    assert scenario.of(WagerAccepted, WagerRejected) == [
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
def test_an_invalid_wager_is_refused_with_its_code(
    make_scenario: type[ExchangeScenario], line: str, odds: int, cents: int, code: str
) -> None:
    """An invalid wager is rejected with the exchange's code and never becomes live."""
    scenario = make_scenario(starting_balance_cents=800_000, max_stake_cents=900_000)
    scenario.place(1, "w", line, odds, cents)
    scenario.run()
    assert scenario.of(*WAGER_LIFE) == [WagerRejected(WagerRef("w"), code)]
    assert scenario.us.counters.refusals == {code: 1}


def test_a_wager_that_could_win_less_than_a_cent_is_refused(
    make_scenario: type[ExchangeScenario],
) -> None:
    """The profit must be a cent at least."""
    scenario = make_scenario(min_stake_cents=1)
    scenario.place(1, "w", "home", -25_000, 100)
    scenario.place(2, "v", "home", -25_000, 125)
    scenario.run()
    assert rejections(scenario) == {"w": "order_invalid_profit"}


def test_a_ref_is_used_once_and_the_first_is_kept(scenario: ExchangeScenario) -> None:
    """A repeated ref is refused whether the first is open or ended, and leaves it unchanged."""
    scenario.place(1, "w", "home", 100, 300)
    scenario.place(2, "w", "home", 100, 500)
    scenario.cancel(500, "w")
    scenario.place(600, "w", "home", 100, 500)
    scenario.run()
    assert [event.code for event in scenario.of(WagerRejected)] == ["order_external_id_existed"] * 2
    assert scenario.of(WagerCancelled) == [WagerCancelled(WagerRef("w"), 300)]


@pytest.mark.parametrize("status", [None, MarketStatus.SUSPENDED, MarketStatus.CLOSED])
def test_a_market_that_is_not_open_accepts_no_wagers(
    make_scenario: type[ExchangeScenario], status: MarketStatus | None
) -> None:
    """Nothing is accepted before a market opens, while it is suspended, or after it closed."""
    scenario = make_scenario(opened=False)
    if status is not None:
        scenario.market_status(0, MarketStatus.OPEN)
        scenario.market_status(1, status)
    scenario.row(1, Kind.UNTYPED)
    scenario.place(2, "w", "home", 100, 300)
    scenario.run()
    assert rejections(scenario) == {"w": "event_not_available"}


def test_an_ended_event_accepts_no_wagers(scenario: ExchangeScenario) -> None:
    """After the end of the game nothing is accepted, whatever the market's status."""
    scenario.event_status(1, EventStatus.ENDED)
    scenario.place(2, "w", "home", 100, 300)
    scenario.run()
    assert rejections(scenario) == {"w": "event_not_available"}


@pytest.mark.parametrize(("odds", "refused"), [(-110, True), (-115, True), (-109, False)])
def test_a_wager_that_would_match_our_own_is_refused(
    scenario: ExchangeScenario, odds: int, refused: bool
) -> None:
    """Two wagers of one account never match: the incoming one is refused, the other stays."""
    scenario.place(1, "w", "home", 110, 1000)
    scenario.place(1, "v", "away", odds, 1000)
    scenario.run()
    assert rejections(scenario) == ({"v": "self_match"} if refused else {})
    assert WagerOpened(WagerRef("w")) in scenario.of(WagerOpened)


def test_a_pending_wager_counts_against_self_match(
    make_scenario: type[ExchangeScenario], constant_ms: Callable[[float], Delay]
) -> None:
    """Of two that would cross, the second is refused though the first is not open yet."""
    scenario = make_scenario(delays={"activation": constant_ms(500)})
    scenario.place(1, "w", "home", 110, 1000)
    scenario.place(2, "v", "away", -110, 1000)
    scenario.run()
    assert rejections(scenario) == {"v": "self_match"}


def test_open_and_matched_stakes_are_not_available(make_scenario: type[ExchangeScenario]) -> None:
    """The available amount is the balance less matched and open stake; a cancel returns it."""
    scenario = make_scenario(starting_balance_cents=1000, balance_mode=BalanceMode.IMMEDIATE)
    scenario.offer(0, "home", 100, 400)
    scenario.place(1, "matched", "home", 100, 400)
    scenario.place(2, "open", "home", 100, 500)
    scenario.place(3, "too-much", "home", 100, 101)
    scenario.place(4, "just", "home", 100, 100)
    scenario.cancel(500, "open")
    scenario.place(501, "again", "home", 100, 500)
    scenario.run()
    assert rejections(scenario) == {"too-much": "insufficient_amount"}


def test_a_batch_of_more_than_twenty_is_refused_whole(
    scenario: ExchangeScenario, make_request: Callable[..., PlaceWager]
) -> None:
    """A batch has at most twenty wagers or cancels."""
    scenario.place_all(1, [make_request(f"w{n}", "home", 100, 100) for n in range(21)])
    scenario.place_all(2, [make_request(f"v{n}", "home", 100, 100) for n in range(20)])
    scenario.cancel(1000, *(f"v{n}" for n in range(20)), "v0")
    scenario.run()
    assert set(rejections(scenario).values()) == {"order_limit_exceeded"}
    assert len(scenario.of(WagerAccepted)) == 20
    assert {code for _, code in refusals(scenario)} == {"order_limit_exceeded"}
    assert scenario.of(WagerCancelled) == []


# Activation ----------------------------------------------------------------------------------


def test_wagers_of_a_pair_open_in_the_order_they_came(
    make_scenario: type[ExchangeScenario],
) -> None:
    """Activation is a queue per pair: no wager overtakes, however short its delay."""
    scenario = make_scenario(delays={"activation": ListedDelaysMs(100, 10, 10)})
    scenario.place(1, "first", "home", 110, 100)
    scenario.place(2, "second", "away", 110, 100)
    scenario.place(3, "other-pair", "over", 110, 100)
    scenario.run()
    assert [event.ref for event in scenario.of(WagerOpened)] == ["other-pair", "first", "second"]
    assert scenario.times_of(WagerOpened) == [13, 101, 101]


class ListedDelaysMs:
    """Delays given in advance, one per message, in milliseconds."""

    def __init__(self, *delays_ms: int) -> None:
        """Use the delays in order."""
        self.left_ms = list(delays_ms)

    def sample_ns(self) -> int:
        """Return the next of the delays."""
        return self.left_ms.pop(0) * 1_000_000


def test_in_play_a_wager_waits_for_the_in_play_delay(make_scenario: type[ExchangeScenario]) -> None:
    """During the game a wager opens only after the delay, which the recording may set."""
    scenario = make_scenario(in_play_delay_ns=5_000_000_000)
    scenario.place(1, "before", "home", 110, 100)
    scenario.event_status(10, EventStatus.LIVE)
    scenario.place(20, "five", "home", 110, 100)
    scenario.row(6000, Kind.IN_PLAY_DELAY, market=0, event=0, state=2_000_000_000)
    scenario.place(6001, "two", "home", 110, 100)
    scenario.run()
    assert scenario.times_of(WagerOpened) == [1, 5020, 8001]


def test_a_wager_whose_market_is_suspended_before_it_opens_is_invalid(
    make_scenario: type[ExchangeScenario], constant_ms: Callable[[float], Delay]
) -> None:
    """The checks at acceptance are repeated when the wager opens."""
    scenario = make_scenario(delays={"activation": constant_ms(100)})
    scenario.place(1, "w", "home", 110, 100)
    scenario.market_status(50, MarketStatus.SUSPENDED)
    scenario.run()
    assert scenario.of(WagerInvalid) == [WagerInvalid(WagerRef("w"), "event_not_available")]
    assert scenario.us.available_cents == 1_000_000


def test_a_wager_that_the_balance_no_longer_covers_is_invalid(
    make_scenario: type[ExchangeScenario], constant_ms: Callable[[float], Delay]
) -> None:
    """Money that was lost while a wager waited for activation cannot be staked."""
    scenario = make_scenario(
        delays={"activation": constant_ms(100)},
        starting_balance_cents=1000,
        rate_percent=0,
        balance_mode=BalanceMode.IMMEDIATE,
    )
    scenario.offer(0, "over", 100, 500)
    scenario.place(1, "lost", "over", 100, 500)
    scenario.result(200, "over", Result.WON)
    scenario.result(200, "under", Result.LOST, same_message=True)
    scenario.place(300, "w", "home", 110, 1400)
    scenario.result(350, "over", Result.LOST)
    scenario.result(350, "under", Result.WON, same_message=True)
    scenario.run()
    assert scenario.of(WagerInvalid) == [WagerInvalid(WagerRef("w"), "insufficient_amount")]


# Cancelling ----------------------------------------------------------------------------------


def test_a_cancel_removes_the_unmatched_stake(scenario: ExchangeScenario) -> None:
    """Matched stake stays; the rest is returned."""
    scenario.offer(0, "home", 100, 400)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.cancel(500, "w")
    scenario.trade(600, "away", 100, 1000)
    scenario.run()
    assert scenario.of(WagerCancelled) == [WagerCancelled(WagerRef("w"), 600)]
    assert scenario.filled_cents("w") == 400
    assert scenario.us.available_cents == 1_000_000 - 400


def test_a_cancel_of_an_ended_wager_is_refused_with_its_end(
    scenario: ExchangeScenario,
) -> None:
    """Unknown, matched, cancelled: each has its code, without a retry time."""
    scenario.offer(0, "home", 100, 100)
    scenario.place(1, "matched", "home", 100, 100)
    scenario.place(1, "twice", "home", 105, 100)
    scenario.cancel(500, "unknown", "matched", "twice", "twice")
    scenario.run()
    assert scenario.of(CancelRefused) == [
        CancelRefused(WagerRef("unknown"), "data_not_found", None),
        CancelRefused(WagerRef("matched"), "order_already_filled", None),
        CancelRefused(WagerRef("twice"), "order_already_cancelled", None),
    ]
    assert scenario.of(WagerCancelled) == [WagerCancelled(WagerRef("twice"), 100)]


def test_a_cancel_of_a_pending_wager_is_refused_with_a_retry_time(
    make_scenario: type[ExchangeScenario],
) -> None:
    """In the in-play delay a cancel is refused; repeated at its retry time, it succeeds."""
    scenario = make_scenario(in_play_delay_ns=5_000_000_000, retry_window_ns=300_000_000)
    scenario.event_status(0, EventStatus.LIVE)
    scenario.place(1, "w", "home", 110, 100)
    scenario.cancel(100, "w")
    scenario.cancel(5100, "w")
    scenario.cancel(5301, "w")
    scenario.run()
    assert [(e.code, scenario.ms_of(e.retry_at_ns)) for e in scenario.of(CancelRefused)] == [
        ("order_is_placing", 5301),
        ("order_opened_retry", 5301),
    ]
    assert scenario.times_of(WagerCancelled) == [5301]


def test_a_fill_that_arrives_before_the_cancel_counts(
    make_scenario: type[ExchangeScenario], constant_ms: Callable[[float], Delay]
) -> None:
    """A cancel arrives after the entry delay; until then the wager can be matched."""
    scenario = make_scenario(delays={"entry": constant_ms(60)})
    scenario.place(0, "w", "home", 100, 1000)
    scenario.cancel(1000, "w")
    scenario.trade(1059, "away", 100, 1000)
    scenario.place(2000, "v", "home", 100, 1000)
    scenario.cancel(3000, "v")
    scenario.trade(3061, "away", 100, 1000)
    scenario.run()
    assert refusals(scenario) == [("w", "order_already_filled")]
    assert (scenario.filled_cents("w"), scenario.filled_cents("v")) == (1000, 0)


def test_a_suspended_market_keeps_wagers_and_lets_them_be_cancelled(
    scenario: ExchangeScenario,
) -> None:
    """Suspension ends nothing."""
    scenario.place(1, "kept", "home", 100, 100)
    scenario.place(1, "pulled", "home", 105, 100)
    scenario.market_status(500, MarketStatus.SUSPENDED)
    scenario.cancel(600, "pulled")
    scenario.market_status(700, MarketStatus.OPEN)
    scenario.trade(800, "away", 100, 100)
    scenario.run()
    assert scenario.of(*ENDS) == [WagerCancelled(WagerRef("pulled"), 100)]
    assert scenario.filled_cents("kept") == 100


def test_a_mass_cancel_covers_all_wagers_placed_before_it(
    make_scenario: type[ExchangeScenario], constant_ms: Callable[[float], Delay]
) -> None:
    """Open or pending, each gets a response; without open wagers none is sent."""
    scenario = make_scenario(delays={"activation": constant_ms(100)})
    scenario.place(1, "open", "home", 100, 100)
    scenario.place(1000, "waiting", "over", 100, 100)
    scenario.cancel_all(1001)
    scenario.cancel_all(1002)
    scenario.place(1003, "after", "home", 100, 100)
    scenario.run()
    assert [(e.ref, e.unmatched_cents) for e in scenario.of(WagerCancelled)] == [
        ("open", 100),
        ("waiting", 100),
    ]
    assert [event.ref for event in scenario.of(WagerOpened)] == ["open", "after"]


def test_a_mass_cancel_can_be_of_one_market(scenario: ExchangeScenario) -> None:
    """What rests in other markets stays."""
    scenario.place(1, "w", "home", 100, 100)
    scenario.place(1, "v", "over", 100, 100)
    scenario.cancel_all(500, EventId("game"), MarketId("225"))
    scenario.cancel_all(501, EventId("another"))
    scenario.run()
    assert [event.ref for event in scenario.of(WagerCancelled)] == ["v"]


# Effects of the recording --------------------------------------------------------------------


def test_every_wager_of_the_event_is_wiped_when_it_goes_in_play(
    make_scenario: type[ExchangeScenario], constant_ms: Callable[[float], Delay]
) -> None:
    """The unmatched part of every open or pending wager is removed, each with an update."""
    scenario = make_scenario(delays={"activation": constant_ms(100)})
    scenario.place(1, "open", "home", 100, 100)
    scenario.trade(300, "away", 100, 40)
    scenario.place(950, "waiting", "over", 100, 100)
    scenario.event_status(1000, EventStatus.LIVE)
    scenario.event_status(2000, EventStatus.LIVE)
    scenario.place(1500, "in-play", "home", 100, 100)
    scenario.run()
    assert scenario.of(WagerWiped) == [
        WagerWiped(WagerRef("open"), 60),
        WagerWiped(WagerRef("waiting"), 100),
    ]
    assert [event.ref for event in scenario.of(WagerOpened)] == ["open", "in-play"]


def test_a_market_that_closes_wipes_its_wagers_only(scenario: ExchangeScenario) -> None:
    """The wagers of other markets stay."""
    scenario.place(1, "w", "home", 100, 100)
    scenario.place(1, "v", "over", 100, 100)
    scenario.market_status(500, MarketStatus.CLOSED)
    scenario.run()
    assert scenario.of(WagerWiped) == [WagerWiped(WagerRef("w"), 100)]


def test_a_market_settles_after_all_rows_of_its_message(
    scenario: ExchangeScenario,
) -> None:
    """Open wagers are wiped first; then one event has all results, and the account is paid."""
    scenario.offer(0, "home", 150, 400)
    scenario.place(1, "w", "home", 150, 1000)
    scenario.result(500, "home", Result.WON)
    scenario.result(500, "away", Result.LOST, same_message=True)
    scenario.run()
    assert scenario.of(WagerWiped, MarketSettled) == [
        WagerWiped(WagerRef("w"), 600),
        MarketSettled(
            MONEYLINE, ((LineId("home"), Result.WON), (LineId("away"), Result.LOST)), revision=1
        ),
    ]
    # 400 won 600, less 2 % commission.
    assert scenario.us.available_cents == 1_000_000 + 600 - 12
    assert scenario.us.account.commission_cents == 12


def test_a_later_result_corrects_the_settlement(scenario: ExchangeScenario) -> None:
    """A market that was settled wrongly is settled again, as if for the first time."""
    scenario.offer(0, "home", 150, 400)
    scenario.place(1, "w", "home", 150, 400)
    scenario.result(500, "home", Result.WON)
    scenario.result(500, "away", Result.LOST, same_message=True)
    scenario.result(900, "home", Result.PUSHED)
    scenario.result(900, "away", Result.PUSHED, same_message=True)
    scenario.run()
    assert len(scenario.of(MarketSettled)) == 2
    assert scenario.us.available_cents == 1_000_000
    assert scenario.us.account.commission_cents == 0


def test_results_of_several_messages_are_merged(scenario: ExchangeScenario) -> None:
    """A market whose lines are settled by several messages keeps every result."""
    scenario.offer(0, "home", 150, 400)
    scenario.place(1, "w", "home", 150, 400)
    scenario.result(500, "home", Result.WON)
    scenario.result(900, "away", Result.LOST)
    scenario.run()
    assert [event.results for event in scenario.of(MarketSettled)] == [
        ((LineId("home"), Result.WON),),
        ((LineId("home"), Result.WON), (LineId("away"), Result.LOST)),
    ]
    assert scenario.us.available_cents == 1_000_000 + 600 - 12


def test_a_market_with_a_result_accepts_no_wagers(scenario: ExchangeScenario) -> None:
    """A line with a result accepts no wagers."""
    scenario.result(500, "home", Result.WON)
    scenario.place(600, "w", "home", 150, 400)
    scenario.place(601, "v", "over", 150, 400)
    scenario.run()
    assert rejections(scenario) == {"w": "event_not_available"}


def test_the_state_of_the_account_has_balance_and_open_wagers(scenario: ExchangeScenario) -> None:
    """What may be spent, and what is open of each wager in the order they were placed."""
    scenario.offer(0, "home", 100, 400)
    scenario.place(1, "b", "home", 100, 1000)
    scenario.place(2, "a", "over", 100, 200)
    scenario.ask_state(3)
    scenario.run()
    assert scenario.of(AccountState) == [
        AccountState(1_000_000 - 1200, ((WagerRef("b"), 600), (WagerRef("a"), 200)))
    ]


# Published market data ------------------------------------------------------------------------


def test_our_wagers_are_displayed_beside_the_stake_of_others(
    scenario: ExchangeScenario,
) -> None:
    """Our stake is displayed as takers see it, until it is matched or cancelled."""
    scenario.offer(0, "away", -120, 500)
    scenario.place(10, "w", "home", 120, 1000)
    scenario.trade(20, "away", -120, 800)
    scenario.offer(20, "away", -120, 0, same_message=True)
    scenario.cancel(500, "w")
    scenario.run()
    shown = [e.amount_cents for e in scenario.of(OfferChanged) if e.line_id == "away"]
    # Ours shows as 1200; the trade leaves 900 of it, as 500 were ahead; then the rest is gone.
    assert shown == [500, 1700, 1400, 900, 0]


def test_a_row_that_changes_nothing_shown_is_not_published(scenario: ExchangeScenario) -> None:
    """An unchanged offer is not published again."""
    scenario.offer(1, "home", 100, 500)
    scenario.offer(2, "home", 100, 500)
    scenario.offer(3, "home", 110, 0)
    scenario.run()
    assert scenario.of(OfferChanged) == [OfferChanged(LineId("home"), EVEN, 500)]


def test_only_subscribed_markets_are_published_and_wagers_work_in_all(
    make_scenario: type[ExchangeScenario],
) -> None:
    """What was not subscribed to is silent, but can be wagered on and settles."""
    scenario = make_scenario(subscribed=[MONEYLINE])
    scenario.offer(0, "over", 100, 500)
    scenario.place(1, "w", "over", 105, 300)
    scenario.trade(2, "under", -105, 100)
    scenario.run()
    assert scenario.of(OfferChanged, TradeSeen) == []
    assert {event.market_key for event in scenario.of(MarketStatusChanged)} == {MONEYLINE}
    assert scenario.filled_cents("w") == 95


def test_rows_of_one_message_arrive_together_one_feed_latency_later(
    make_scenario: type[ExchangeScenario],
) -> None:
    """Where one clock was recorded, each message is delayed by one draw of the model."""
    scenario = make_scenario(delays={"feed": ListedDelaysMs(10, 100)}, opened=False)
    scenario.offer(1, "home", 100, 500)
    scenario.offer(1, "home", 105, 500, same_message=True)
    scenario.offer(2, "home", 110, 500)
    scenario.run()
    assert scenario.times_of(OfferChanged) == [11, 11, 102]


def test_recorded_arrival_times_are_used(
    make_scenario: type[ExchangeScenario], constant_ms: Callable[[float], Delay]
) -> None:
    """On a tape with two clocks messages arrive when recorded, whatever the latency model."""
    scenario = make_scenario(clocks=Clocks.TWO, delays={"feed": constant_ms(500)})
    scenario.offer(1, "home", 100, 500, received_ms=35)
    scenario.place(100, "w", "over", 100, 300)
    scenario.run()
    assert scenario.times_of(OfferChanged) == [35, 600]


def test_statuses_schedule_and_score_wake_the_desk_and_offers_do_not(
    scenario: ExchangeScenario,
) -> None:
    """Changes that need a decision at once wake the desk."""
    scenario.offer(10, "home", 100, 500)
    scenario.trade(20, "home", 100, 100)
    scenario.row(30, Kind.SCHEDULE, event=0, state=7)
    scenario.row(40, Kind.SCORE, event=0, text="54-51")
    scenario.market_status(50, MarketStatus.SUSPENDED)
    scenario.event_status(60, EventStatus.LIVE)
    scenario.run()
    assert scenario.decided == [0, 30, 40, 50, 60]
    received = (EventScheduled, ScoreChanged, EventStatusChanged, TradeSeen)
    assert scenario.of(*received) == [
        TradeSeen(LineId("home"), EVEN, 100),
        EventScheduled(EventId("game"), 7),
        ScoreChanged(EventId("game"), 54, 51),
        EventStatusChanged(EventId("game"), EventStatus.LIVE),
    ]


def test_a_trade_is_published_from_the_takers_side(scenario: ExchangeScenario) -> None:
    """Whichever side was recorded, the desk receives the taker's line, odds and stake."""
    scenario.trade(10, "home", 150, 100, side=Side.MAKER)
    scenario.run()
    assert scenario.of(TradeSeen) == [TradeSeen(LineId("away"), Odds(-150), 150)]


def test_nothing_is_published_without_a_subscription(
    make_scenario: type[ExchangeScenario],
) -> None:
    """A replay without subscriptions publishes nothing."""
    scenario = make_scenario(subscribed=[])
    scenario.offer(1, "home", 100, 500)
    scenario.trade(2, "home", 100, 100)
    scenario.event_status(3, EventStatus.LIVE)
    scenario.result(4, "home", Result.WON)
    scenario.run()
    assert scenario.received == []


def test_a_wager_in_an_unsubscribed_market_matches_its_current_book(
    make_scenario: type[ExchangeScenario],
) -> None:
    """The book of a market without a subscription is kept too."""
    scenario = make_scenario(subscribed=[])
    scenario.offer(1, "home", 110, 500)
    scenario.offer(2, "home", 110, 200)
    scenario.offer(3, "away", 100, 700)
    scenario.place(10, "w", "home", 100, 1000, Intent.REST)
    scenario.trade(20, "away", 100, 900)
    scenario.run()
    assert scenario.fills("w") == [(110, 200, 220), (100, 200, 200)]
