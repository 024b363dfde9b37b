"""The risk manager: every control, at its boundary and beyond; and what it leaves of a wish."""

from collections.abc import Callable
from typing import Any

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
from strategies.trading.wagers.wager import WagerState

Room = Any
MakeRoom = Callable[..., Any]

G1 = EventId("g1")
MONEYLINE = MarketKey(G1, MarketId("219"))


def ask(room: Room, line: str = "home", odds: int = 100, cents: int = 1_000) -> Denial | None:
    """Hold a wager against the gate."""
    denial: Denial | None = room.desk.risk.admit(
        room.request(line, odds, cents), room.clock.now_ns()
    )
    return denial


def control(denial: Denial | None) -> str | None:
    """Return the name of the control that denied."""
    assert denial is None or denial.reason
    return None if denial is None else denial.control


# The gate, control by control ----------------------------------------------------------------


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
def test_a_stake_passes_at_its_limit_and_is_denied_a_cent_above(
    make_room: MakeRoom, limits: dict[str, int], fits: int, name: str
) -> None:
    """Each limit on stakes admits what reaches it, and denies the next cent by its name."""
    room = make_room(**limits)
    assert ask(room, cents=fits) is None
    assert control(ask(room, cents=fits + 1)) == name


def test_a_stake_below_the_least_is_denied(make_room: MakeRoom) -> None:
    """The exchange takes no smaller wager, so neither does the gate."""
    room = make_room(min_stake_cents=500)
    assert ask(room, cents=500) is None
    assert control(ask(room, cents=499)) == "stake"


@pytest.mark.parametrize(
    ("odds", "passes"),
    [(-200, True), (-202, False), (200, True), (205, False), (131, False), (130, True)],
)
def test_odds_must_be_on_the_ladder_and_in_range(
    make_room: MakeRoom, odds: int, passes: bool
) -> None:
    """Odds at the ends of the range pass; beyond them, or between rungs, they are denied."""
    denial = ask(make_room(shortest_odds=-200, longest_odds=200), odds=odds)
    assert control(denial) == (None if passes else "odds")


def test_a_denial_tells_what_was_asked_and_why(make_room: MakeRoom) -> None:
    """A denial names the control, the figure that was too much, and the wager."""
    denial = ask(make_room(max_total_exposure_cents=1_000), "away", 110, 1_234)
    assert denial == Denial(
        "exposure", "total exposure would be $12.34", LineId("away"), Odds(110), 1_234
    )


@pytest.mark.parametrize("state", list(WagerState)[:-1])
def test_wagers_in_flight_count_as_live(make_room: MakeRoom, state: WagerState) -> None:
    """A wager counts against the number of wagers from before it is sent until it has ended."""
    room = make_room(max_concurrent_wagers=1)
    ref = room.register("home", 100, 1_000)
    room.wager(ref).state = state
    assert control(ask(room, "home2")) == "concurrent_wagers"
    room.take(WagerCancelled(ref, 1_000))
    assert ask(room, "home2") is None


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
def test_stakes_in_flight_count_where_they_belong(
    make_room: MakeRoom, limit: str, line: str
) -> None:
    """A wager that is only pending takes room on its line, market, event, total and balance."""
    room = make_room(**{limit: 1_000})
    ref = room.register("home", 100, 400)
    assert ask(room, line, cents=600) is None
    assert ask(room, line, cents=601) is not None
    room.take(WagerRejected(ref, "no"))
    assert ask(room, line, cents=1_000) is None


@pytest.mark.parametrize(("credit", "fits"), [(False, 700), (True, 2_700)])
def test_stakes_that_cover_each_other_may_be_spent_again_if_so_configured(
    make_room: MakeRoom, credit: bool, fits: int
) -> None:
    """$10 on either line at even money can lose nothing, so with the credit all $27 are there."""
    room = make_room(balance_cents=2_700, exposure_credit=credit)
    room.fill_new("home", 100, 1_000)
    room.fill_new("away", 100, 1_000)
    assert ask(room, "home2", cents=fits) is None
    assert control(ask(room, "home2", cents=fits + 1)) == "balance"


@pytest.mark.parametrize(
    ("limit", "line"),
    [
        ("max_position_cents", "away"),
        ("max_market_exposure_cents", "over"),
        ("max_event_exposure_cents", "home2"),
    ],
)
def test_limits_do_not_reach_beyond_their_scope(make_room: MakeRoom, limit: str, line: str) -> None:
    """The other line, another market, another event have limits of their own."""
    room = make_room(**{limit: 1_000})
    room.register("home", 100, 1_000)
    assert ask(room, line, cents=1_000) is None


def test_a_wager_that_cannot_worsen_anything_passes_exposure_limits(make_room: MakeRoom) -> None:
    """A position beyond its limit may be hedged, but only as far as the hedge adds nothing."""
    room = make_room(max_total_exposure_cents=1_000)
    room.fill_new("home", 150, 2_000)
    assert ask(room, "away", 100, 5_000) is None
    assert control(ask(room, "away", 100, 5_001)) == "exposure"
    assert control(ask(room, "home", 150, 100)) == "exposure"


def test_commands_of_the_last_second_are_counted(make_room: MakeRoom) -> None:
    """The rate denies beyond its limit, and a command is forgotten a second after it was sent."""
    room = make_room(max_commands_per_second=2)
    room.desk.risk.count_command(room.clock.now_ns())
    assert ask(room) is None
    room.clock.skip(NS_PER_SECOND // 2)
    room.desk.risk.count_command(room.clock.now_ns())
    assert control(ask(room)) == "command_rate"
    room.clock.skip(NS_PER_SECOND // 2 - 1)
    assert control(ask(room)) == "command_rate"
    room.clock.skip(1)
    assert ask(room) is None


def test_a_halted_desk_admits_nothing(room: Room) -> None:
    """Not even a hedge passes while the desk is halted."""
    room.fill_new("home", 100, 1_000)
    room.desk.risk.state = TradingState.HALTED
    assert control(ask(room, "away")) == "trading_state"


def test_a_reducing_desk_admits_only_what_cannot_raise_the_worst_case(room: Room) -> None:
    """A hedge passes up to the cent at which the other outcome becomes the worse one."""
    room.fill_new("home", 100, 1_000)
    room.desk.risk.state = TradingState.REDUCING
    assert ask(room, "away", 100, 2_000) is None
    assert control(ask(room, "away", 100, 2_001)) == "trading_state"
    assert control(ask(room, "home", 100, 100)) == "trading_state"
    assert control(ask(room, "over", 100, 100)) == "trading_state"
    room.register("away", 100, 1_500)
    assert ask(room, "away", 100, 500) is None
    assert control(ask(room, "away", 100, 501)) == "trading_state"


# When a market may be quoted -----------------------------------------------------------------


def at(room: Room, events: list[Event]) -> str | None:
    """Return why the moneyline may not be quoted after these events."""
    for event in events:
        room.take(event)
    reason: str | None = room.desk.risk.block_reason(room.market(), room.clock.now_ns())
    denial = ask(room)
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
def test_a_market_is_closed_and_opened_again(
    room: Room, event: Event, back: Event, reason: str
) -> None:
    """Suspension, closing, a pause and a lost feed close a market until they are undone."""
    assert at(room, []) is None
    assert at(room, [event]) == reason
    assert at(room, [back]) is None


def test_a_pause_concerns_its_event_alone(room: Room) -> None:
    """Another game goes on being quoted."""
    room.take(EventPaused(G1, True))
    assert ask(room, "home2") is None
    assert control(ask(room, "over")) == "market_open"


def test_a_market_that_is_not_followed_is_closed(room: Room) -> None:
    """A wager on a market that the session does not follow is denied."""
    del room.desk.market_states.markets[MONEYLINE]
    assert control(ask(room)) == "market_open"


def test_silence_on_an_event_closes_it(make_room: MakeRoom) -> None:
    """At the limit the feed is fresh; a nanosecond later it is stale, until something comes."""
    room = make_room(max_feed_age_ns=10 * NS_PER_SECOND)
    room.clock.skip(10 * NS_PER_SECOND)
    assert at(room, []) is None
    room.clock.skip(1)
    assert at(room, []) == "feed stale"
    assert at(room, [OfferChanged(LineId("home2"), Odds(110), 100)]) == "feed stale"
    assert at(room, [OfferChanged(LineId("under"), Odds(110), 100)]) is None


def test_quoting_stops_before_the_start(make_room: MakeRoom) -> None:
    """Two minutes before the announced start the market closes, and opens if the start moves."""
    room = make_room()
    start_ns = room.desk.market_states.events[G1].scheduled_ns
    room.clock.skip(start_ns - room.clock.now_ns() - 120 * NS_PER_SECOND - 1)
    assert at(room, []) is None
    room.clock.skip(1)
    assert at(room, []) == "start is near"
    assert at(room, [EventScheduled(G1, start_ns + 1)]) is None


def test_a_game_in_play_is_quoted_only_if_wanted(make_room: MakeRoom) -> None:
    """By default an event that started is closed; with `in_play` it is open until it ends."""
    live = EventStatusChanged(G1, EventStatus.LIVE)
    ended = EventStatusChanged(G1, EventStatus.ENDED)
    assert at(make_room(), [live]) == "in-play"
    room = make_room(in_play=True)
    room.clock.skip(2 * 3600 * NS_PER_SECOND)
    assert at(room, []) is None
    assert at(room, [live]) is None
    assert at(room, [ended]) == "event ended"
