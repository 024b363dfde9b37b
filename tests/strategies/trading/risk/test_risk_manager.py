"""The risk manager: every control at its limit and beyond, and market blocks."""

from collections.abc import Callable

import pytest

from strategies.trading.model.events import (
    Event,
    EventPaused,
    EventScheduled,
    EventStatusChanged,
    FeedLost,
    FeedRestored,
    MarketStatusChanged,
    OfferChanged,
    TradingState,
    WagerCancelled,
    WagerRejected,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey
from strategies.trading.model.market import EventStatus, MarketStatus
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.journal import Denial
from strategies.trading.wagers.wager_state import WagerState
from tests.strategies.trading.conftest import DeskHarness

MakeHarness = Callable[..., DeskHarness]

G1 = EventId("g1")
MONEYLINE = MarketKey(G1, MarketId("219"))


def ask(
    harness: DeskHarness, line: str = "home", odds: int = 100, cents: int = 1_000
) -> Denial | None:
    """Return the denial of a wager, if any."""
    denial: Denial | None = harness.desk.risk.admit(
        harness.request(line, odds, cents), harness.clock.now_ns()
    )
    return denial


def control(denial: Denial | None) -> str | None:
    """Return the name of the control that denied."""
    assert denial is None or denial.reason
    return None if denial is None else denial.control


# The controls, one by one --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "fits", "name"),
    [
        ({"max_stake_cents": 1_000}, 1_000, "stake"),
        ({"max_position_cents": 1_000}, 1_000, "position"),
        ({"max_market_exposure_cents": 1_000}, 1_000, "exposure"),
        ({"max_event_exposure_cents": 1_000}, 1_000, "exposure"),
        ({"max_total_exposure_cents": 1_000}, 1_000, "exposure"),
        ({"balance_cents": 1_000}, 1_000, "balance"),
    ],
)
def test_a_stake_passes_at_its_limit_and_is_denied_one_cent_above(
    make_harness: MakeHarness, limits: dict[str, int], fits: int, name: str
) -> None:
    """Each limit admits a stake that reaches it, and denies the next cent by its name."""
    harness = make_harness(**limits)
    assert ask(harness, cents=fits) is None
    assert control(ask(harness, cents=fits + 1)) == name


def test_a_stake_below_the_minimum_is_denied(make_harness: MakeHarness) -> None:
    """A wager smaller than the exchange accepts is denied."""
    harness = make_harness(min_stake_cents=500)
    assert ask(harness, cents=500) is None
    assert control(ask(harness, cents=499)) == "stake"


@pytest.mark.parametrize(
    ("odds", "passes"),
    [(-200, True), (-202, False), (200, True), (205, False), (131, False), (130, True)],
)
def test_odds_must_be_on_the_ladder_and_in_range(
    make_harness: MakeHarness, odds: int, passes: bool
) -> None:
    """Odds at the ends of the range pass; beyond them, or between rungs, they are denied."""
    denial = ask(make_harness(shortest_odds=-200, longest_odds=200), odds=odds)
    assert control(denial) == (None if passes else "odds")


def test_a_denial_names_the_control_the_figure_and_the_wager(make_harness: MakeHarness) -> None:
    """A denial names the control, the figure that was too large, and the wager."""
    denial = ask(make_harness(max_total_exposure_cents=1_000), "away", 110, 1_234)
    assert denial == Denial(
        "exposure",
        "exposure would be $12.34; risk.max_total_exposure is $10.00",
        LineId("away"),
        Odds(110),
        1_234,
    )


@pytest.mark.parametrize("state", list(WagerState)[:-1])
def test_wagers_in_flight_count_as_live(make_harness: MakeHarness, state: WagerState) -> None:
    """A wager counts against the number of wagers from before it is sent until it ends."""
    harness = make_harness(max_concurrent_wagers=1)
    ref = harness.register("home", 100, 1_000)
    harness.wager(ref).state = state
    assert control(ask(harness, "home2")) == "concurrent_wagers"
    harness.take(WagerCancelled(ref, 1_000))
    assert ask(harness, "home2") is None


@pytest.mark.parametrize(
    ("limit", "line"),
    [
        ("max_position_cents", "home"),
        ("max_market_exposure_cents", "home"),
        ("max_event_exposure_cents", "over"),
        ("max_total_exposure_cents", "home2"),
        ("balance_cents", "home2"),
    ],
)
def test_a_pending_stake_counts_against_every_limit(
    make_harness: MakeHarness, limit: str, line: str
) -> None:
    """A pending wager counts for its line, market, event, total and balance."""
    harness = make_harness(**{limit: 1_000})
    ref = harness.register("home", 100, 400)
    assert ask(harness, line, cents=600) is None
    assert ask(harness, line, cents=601) is not None
    harness.take(WagerRejected(ref, "no"))
    assert ask(harness, line, cents=1_000) is None


@pytest.mark.parametrize(("credit", "fits"), [(False, 700), (True, 2_700)])
def test_exposure_credit_releases_offsetting_stakes(
    make_harness: MakeHarness, credit: bool, fits: int
) -> None:
    """$10 on either line at even money can lose nothing: with the credit all $27 are available."""
    harness = make_harness(balance_cents=2_700, exposure_credit=credit)
    harness.fill_new("home", 100, 1_000)
    harness.fill_new("away", 100, 1_000)
    assert ask(harness, "home2", cents=fits) is None
    assert control(ask(harness, "home2", cents=fits + 1)) == "balance"


@pytest.mark.parametrize(
    ("limit", "line"),
    [
        ("max_position_cents", "away"),
        ("max_market_exposure_cents", "over"),
        ("max_event_exposure_cents", "home2"),
    ],
)
def test_limits_do_not_reach_beyond_their_scope(
    make_harness: MakeHarness, limit: str, line: str
) -> None:
    """The other line, another market and another event have limits of their own."""
    harness = make_harness(**{limit: 1_000})
    harness.register("home", 100, 1_000)
    assert ask(harness, line, cents=1_000) is None


def test_a_hedge_passes_exposure_limits(make_harness: MakeHarness) -> None:
    """A position beyond its limit can be hedged, as far as the hedge adds nothing."""
    harness = make_harness(max_total_exposure_cents=1_000)
    harness.fill_new("home", 150, 2_000)
    assert ask(harness, "away", 100, 5_000) is None
    assert control(ask(harness, "away", 100, 5_001)) == "exposure"
    assert control(ask(harness, "home", 150, 100)) == "exposure"


def test_an_event_limit_is_of_what_can_lose_together(make_harness: MakeHarness) -> None:
    """Admitted up to the limit at the worst score, though the pairs' own worst cases are more."""
    harness = make_harness(max_event_exposure_cents=1_000, max_total_exposure_cents=1_000)
    harness.register("home", 100, 1_000)
    assert ask(harness, "away+4.5", cents=1_000) is None
    assert control(ask(harness, "away+4.5", cents=1_001)) == "exposure"
    assert control(ask(harness, "home-3", cents=100)) == "exposure"
    harness.register("away+4.5", 100, 1_000)
    assert control(ask(harness, "over", cents=100)) == "exposure"
    assert control(ask(harness, "home2", cents=100)) == "exposure"


def test_the_command_rate_counts_the_last_second(make_harness: MakeHarness) -> None:
    """Commands beyond the rate are denied; a command stops counting after one second."""
    harness = make_harness(max_commands_per_second=2)
    harness.desk.risk.count_command(harness.clock.now_ns())
    assert ask(harness) is None
    harness.clock.skip(NS_PER_SECOND // 2)
    harness.desk.risk.count_command(harness.clock.now_ns())
    assert control(ask(harness)) == "command_rate"
    harness.clock.skip(NS_PER_SECOND // 2 - 1)
    assert control(ask(harness)) == "command_rate"
    harness.clock.skip(1)
    assert ask(harness) is None


def test_a_halted_desk_admits_nothing(harness: DeskHarness) -> None:
    """Not even a hedge passes while the desk is halted."""
    harness.fill_new("home", 100, 1_000)
    harness.desk.risk.state = TradingState.HALTED
    assert control(ask(harness, "away")) == "trading_state"


def test_a_reducing_desk_admits_only_what_cannot_raise_the_worst_case(harness: DeskHarness) -> None:
    """A hedge passes up to the cent at which the other outcome becomes the worse one."""
    harness.fill_new("home", 100, 1_000)
    harness.desk.risk.state = TradingState.REDUCING
    assert ask(harness, "away", 100, 2_000) is None
    assert control(ask(harness, "away", 100, 2_001)) == "trading_state"
    assert control(ask(harness, "home", 100, 100)) == "trading_state"
    assert control(ask(harness, "over", 100, 100)) == "trading_state"
    harness.register("away", 100, 1_500)
    assert ask(harness, "away", 100, 500) is None
    assert control(ask(harness, "away", 100, 501)) == "trading_state"


# When a market may be quoted -----------------------------------------------------------------


def at(harness: DeskHarness, events: list[Event]) -> str | None:
    """Return why the moneyline may not be quoted after these events."""
    for event in events:
        harness.take(event)
    reason: str | None = harness.desk.risk.block_reason(harness.market(), harness.clock.now_ns())
    denial = ask(harness)
    assert control(denial) == (None if reason is None else "market_open")
    return reason


@pytest.mark.parametrize(
    ("event", "back", "reason"),
    [
        (
            MarketStatusChanged(MONEYLINE, MarketStatus.SUSPENDED),
            MarketStatusChanged(MONEYLINE, MarketStatus.OPEN),
            "market suspended",
        ),
        (
            MarketStatusChanged(MONEYLINE, MarketStatus.CLOSED),
            MarketStatusChanged(MONEYLINE, MarketStatus.OPEN),
            "market closed",
        ),
        (EventPaused(G1, True), EventPaused(G1, False), "event paused"),
        (FeedLost(), FeedRestored(), "feed lost"),
    ],
)
def test_a_market_is_blocked_and_unblocked(
    harness: DeskHarness, event: Event, back: Event, reason: str
) -> None:
    """Suspension, closing, a pause and a lost feed block a market until they are undone."""
    assert at(harness, []) is None
    assert at(harness, [event]) == reason
    assert at(harness, [back]) is None


def test_a_pause_affects_its_event_alone(harness: DeskHarness) -> None:
    """Another game is still quoted."""
    harness.take(EventPaused(G1, True))
    assert ask(harness, "home2") is None
    assert control(ask(harness, "over")) == "market_open"


def test_a_market_that_is_not_followed_is_blocked(harness: DeskHarness) -> None:
    """A wager on a market that the session does not follow is denied."""
    del harness.desk.market_states.markets[MONEYLINE]
    assert control(ask(harness)) == "market_open"


def test_a_silent_event_is_blocked(make_harness: MakeHarness) -> None:
    """At the limit the feed is fresh; a nanosecond later it is stale, until the next update."""
    harness = make_harness(max_feed_age_ns=10 * NS_PER_SECOND)
    harness.clock.skip(10 * NS_PER_SECOND)
    assert at(harness, []) is None
    harness.clock.skip(1)
    assert at(harness, []) == "feed stale"
    assert at(harness, [OfferChanged(LineId("home2"), Odds(110), 100)]) == "feed stale"
    assert at(harness, [OfferChanged(LineId("under"), Odds(110), 100)]) is None


def test_quoting_stops_before_the_start(make_harness: MakeHarness) -> None:
    """Two minutes before the announced start the market is blocked, until the start is moved."""
    harness = make_harness()
    start_ns = harness.desk.market_states.events[G1].scheduled_ns
    harness.clock.skip(start_ns - harness.clock.now_ns() - 120 * NS_PER_SECOND - 1)
    assert at(harness, []) is None
    harness.clock.skip(1)
    assert at(harness, []) == "start is near"
    assert at(harness, [EventScheduled(G1, start_ns + 1)]) is None


def test_a_game_in_play_is_quoted_only_if_configured(make_harness: MakeHarness) -> None:
    """By default a started event is blocked; with `in_play` it is quoted until it ends."""
    live = EventStatusChanged(G1, EventStatus.LIVE)
    ended = EventStatusChanged(G1, EventStatus.ENDED)
    assert at(make_harness(), [live]) == "in-play"
    harness = make_harness(in_play=True)
    harness.clock.skip(2 * 3600 * NS_PER_SECOND)
    assert at(harness, []) is None
    assert at(harness, [live]) is None
    assert at(harness, [ended]) == "event ended"
