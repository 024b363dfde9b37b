"""What the rows of a recording do to wagers: wipes, closed markets, results."""

from collections.abc import Callable

from sim.engine.latency import Delay
from strategies.trading.model.events import (
    AccountState,
    MarketSettled,
    WagerOpened,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from tests.sim.small_exchange import ExchangeScenario

MONEYLINE = MarketKey(EventId("game"), MarketId("219"))


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
    assert [event.code for event in scenario.of(WagerRejected)] == ["event_not_available"]


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
