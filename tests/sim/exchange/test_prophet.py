"""The life of a wager at the simulated exchange: responses, refusals, activation, cancels."""

from collections.abc import Callable

import pytest

from recordings.tape import Kind
from sim.engine.latency import Delay
from sim.exchange.exchange_settings import BalanceMode
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
    CancelRefused,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.ids import EventId, MarketId, WagerRef
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from tests.sim.small_exchange import ExchangeScenario, ListedDelaysMs

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
        WagerRejected(WagerRef("b"), "invalid_request"),
    ]


@pytest.mark.parametrize(
    ("line", "odds", "cents", "code"),
    [
        ("nowhere", 100, 300, "invalid_strike_id"),
        ("home", 131, 300, "invalid_price"),
        ("home", -100, 300, "invalid_price"),
        ("home", 100, 99, "invalid_request"),
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
