"""The market data that the simulated exchange publishes, and when it arrives."""

from collections.abc import Callable

from recordings.tape import Clocks, Kind, Side
from sim.engine.latency import Delay
from strategies.trading.model.commands import Intent
from strategies.trading.model.events import (
    EventScheduled,
    EventStatusChanged,
    MarketStatusChanged,
    OfferChanged,
    ScoreChanged,
    TradeSeen,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.odds import EVEN, Odds
from tests.sim.small_exchange import ExchangeScenario, ListedDelaysMs

MONEYLINE = MarketKey(EventId("game"), MarketId("219"))


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
