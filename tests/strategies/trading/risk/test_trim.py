"""The risk manager over many wagers: what it leaves of the quotes, and what it admits."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.event_exposure import worst_of_event_cents
from strategies.trading.model.events import (
    MarketSettled,
    TradingState,
    WagerCancelled,
    WagerOpened,
    WagerRejected,
)
from strategies.trading.model.ids import EventId, LineId, WagerRef
from strategies.trading.model.market import Result
from strategies.trading.model.odds import Odds
from strategies.trading.model.position import Position
from strategies.trading.ports.journal import Denial
from strategies.trading.risk.controls import TRADING_STATE
from strategies.trading.wagers.wager_state import WagerState
from tests.strategies.trading.conftest import START_NS, DeskHarness

MakeHarness = Callable[..., DeskHarness]

G1 = EventId("g1")


# Trimmed quotes ----------------------------------------------------------------------------


NOTHING_FITS: dict[str, tuple[dict[str, int], int, str]] = {
    "shorter": ({"shortest_odds": 105}, 100, "+100 is shorter than risk.shortest_odds, +105"),
    "longer": ({"longest_odds": 105}, 110, "+110 is longer than risk.longest_odds, +105"),
    "rung": ({}, 133, "+133 is not a rung of the exchange's ladder"),
    "stake": (
        {"max_stake_cents": 0, "min_stake_cents": 0},
        110,
        "nothing fits: risk.max_stake_per_wager is $0.00",
    ),
    "position": (
        {"max_position_cents": 0},
        110,
        "nothing fits: the line is at risk.max_position_size, $0.00",
    ),
    "exposure": (
        {"max_total_exposure_cents": 0},
        110,
        "nothing fits: risk.max_market_exposure, of the event or of all, is reached",
    ),
    "less": (
        {"max_market_exposure_cents": 300, "min_stake_cents": 500},
        110,
        "$3.00 fits, less than risk.min_stake, $5.00",
    ),
}


@pytest.mark.parametrize(
    ("limits", "odds", "reason"), NOTHING_FITS.values(), ids=NOTHING_FITS.keys()
)
def test_where_nothing_fits_the_setting_is_named(
    make_harness: MakeHarness, limits: dict[str, int], odds: int, reason: str
) -> None:
    """A quote of which nothing is left has a denial that says which setting forbids it."""
    harness = make_harness(**limits)
    quote = harness.quote("home", odds, 1_000)
    allowed, denials = harness.desk.risk.trim(harness.market(), (quote,), START_NS)
    assert allowed == ()
    assert [denial.reason for denial in denials] == [reason]


def test_a_reducing_desk_says_so(make_harness: MakeHarness) -> None:
    """A quote that would add exposure is refused in the desk's own state."""
    harness = make_harness()
    harness.desk.risk.state = TradingState.REDUCING
    _, denials = harness.desk.risk.trim(
        harness.market(), (harness.quote("home", 110, 1_000),), START_NS
    )
    assert [denial.reason for denial in denials] == [
        "nothing fits: the desk takes only what reduces its exposure"
    ]


def test_a_quote_too_large_is_reduced_with_a_denial(make_harness: MakeHarness) -> None:
    """A quote beyond a limit is reduced to what fits, with a denial that names the control."""
    harness = make_harness(max_market_exposure_cents=600)
    quote = harness.quote("home", 110, 1_000)
    allowed, denials = harness.desk.risk.trim(harness.market(), (quote,), START_NS)
    assert allowed == (harness.quote("home", 110, 600),)
    assert denials == [Denial("exposure", "$6.00 fits", LineId("home"), Odds(110), 1_000)]


def test_a_quote_reduced_below_the_minimum_is_dropped(make_harness: MakeHarness) -> None:
    """What is left must be at least the minimum stake."""
    harness = make_harness(max_market_exposure_cents=600, min_stake_cents=601)
    allowed, denials = harness.desk.risk.trim(
        harness.market(), (harness.quote("home", 110, 1_000),), START_NS
    )
    assert allowed == ()
    assert [denial.control for denial in denials] == ["exposure"]


def test_a_quote_off_the_ladder_is_dropped(make_harness: MakeHarness) -> None:
    """Off-ladder odds are denied by name even without a minimum stake."""
    harness = make_harness(min_stake_cents=0)
    allowed, denials = harness.desk.risk.trim(
        harness.market(), (harness.quote("home", 131, 1_000),), START_NS
    )
    assert allowed == ()
    assert [denial.control for denial in denials] == ["odds"]


LINES = ("home-4.5", "away+4.5", "home-3", "away+3")
stakes = st.integers(100, 3_000)
odds = st.sampled_from([-250, -110, 100, 137])
few = st.lists(st.tuples(st.sampled_from(LINES), odds, stakes), max_size=5)
elsewhere = st.lists(
    st.tuples(st.sampled_from(["over", "home", "away2"]), odds, stakes), max_size=3
)
# Home +4.5 loses less at the scores at which home -3 loses too: a hedge of one pair alone is none.
OFFSETTING = [
    ("home-4.5", -250, 100),
    ("home-4.5", 100, 361),
    ("away+4.5", 137, 464),
    ("home-3", -250, 100),
]
TIGHT = ("max_market_exposure_cents", "max_event_exposure_cents", "max_total_exposure_cents")
tight = st.fixed_dictionaries(
    {
        "max_stake_cents": st.integers(100, 3_000),
        "max_position_cents": st.integers(100, 5_000),
        "max_market_exposure_cents": st.integers(0, 5_000),
        "max_event_exposure_cents": st.integers(0, 6_000),
        "max_total_exposure_cents": st.integers(0, 7_000),
    }
)


def exposures(harness: DeskHarness) -> tuple[int, int, int]:
    """Return the exposure of the spread market, of its event, and in all."""
    exposure = harness.desk.exposure
    spread_cents = exposure.of_market(harness.key("g1", "223"))
    return spread_cents, exposure.joint_of_event(G1), exposure.joint_total_cents()


def within(harness: DeskHarness, now: tuple[int, ...], before: tuple[int, ...]) -> bool:
    """Return whether each exposure is within its limit, or no worse than it was."""
    limits = (
        harness.limits.max_market_exposure_cents,
        harness.limits.max_event_exposure_cents,
        harness.limits.max_total_exposure_cents,
    )
    return all(n <= max(limit, b) for n, limit, b in zip(now, limits, before, strict=True))


@settings(deadline=None)
@given(limits=tight, matched=few, resting=few, others=elsewhere, wanted=few, reducing=st.booleans())
@example(
    limits=dict.fromkeys(TIGHT, 25) | {"max_stake_cents": 101, "max_position_cents": 101},
    matched=OFFSETTING,
    resting=[],
    others=[],
    wanted=[("home-4.5", -250, 101)],
    reducing=True,
)
def test_trimmed_quotes_never_break_a_limit(
    make_harness: MakeHarness,
    limits: dict[str, int],
    matched: list[Any],
    resting: list[Any],
    others: list[Any],
    wanted: list[Any],
    reducing: bool,
) -> None:
    """All trimmed quotes can rest in full, in place of the present wagers."""
    harness = make_harness(**limits)
    for wager in matched:
        harness.fill_new(*wager)
    for wager in others:
        harness.register(*wager)
    before = exposures(harness)
    for wager in resting:
        harness.register(*wager)
    harness.desk.risk.state = TradingState.REDUCING if reducing else TradingState.ACTIVE
    quotes = tuple(harness.quote(*quote) for quote in wanted)
    allowed, denials = harness.desk.risk.trim(harness.market("home-3"), quotes, START_NS)
    check_left_over(quotes, allowed, denials)
    for wager in [w for w in harness.desk.wagers.live() if w.line_id in LINES]:
        harness.take(WagerCancelled(wager.ref, wager.unmatched_cents))
    for quote in allowed:
        assert 100 <= quote.stake_cents <= harness.limits.max_stake_cents
        ref = harness.register(quote.line_id, quote.odds, quote.stake_cents)
        check_position(harness, ref)
    assert within(harness, exposures(harness), before)
    assert not reducing or exposures(harness) == before


def test_reducing_admits_nothing_that_worsens_the_event(make_harness: MakeHarness) -> None:
    """A wager that worsens no outcome of its pair may still worsen the worst score of its game."""
    harness = make_harness(max_stake_cents=101)
    for wager in OFFSETTING:
        harness.fill_new(*wager)
    wanted = harness.quote("home-4.5", -250, 101)
    command = PlaceWager(WagerRef("r"), wanted.line_id, wanted.odds, 101, Intent.ADD_ONLY)
    position = harness.desk.exposure.position(harness.pair("home-4.5"))
    assert position.added_worst_case_cents(0, 101) == 0
    harness.desk.risk.state = TradingState.REDUCING
    denial = harness.desk.risk.admit(command, START_NS)
    assert denial is not None
    assert denial.control == TRADING_STATE
    harness.desk.risk.state = TradingState.ACTIVE
    denial = harness.desk.risk.admit(command, START_NS)
    assert denial is None or denial.control != TRADING_STATE


def check_left_over(quotes: Any, allowed: Any, denials: list[Denial]) -> None:
    """Check that the allowed quotes are a part of the quotes, and each loss has a denial."""
    whole = iter(quotes)
    for quote in allowed:
        assert any(
            (quote.line_id, quote.odds) == (was.line_id, was.odds)
            and quote.stake_cents <= was.stake_cents
            for was in whole
        )
    kept = sum(quote in quotes for quote in allowed)
    assert len(quotes) - len(denials) <= kept


def check_position(harness: DeskHarness, ref: Any) -> None:
    """Check that what the line of a wager can lose, net of the other line, is within the limit."""
    wager = harness.wager(ref)
    position = harness.desk.exposure.position(wager.pair)
    assert held_cents(position, wager.side) <= harness.limits.max_position_cents


def held_cents(position: Position, side: int) -> int:
    """Return what a line can lose: stake less what the other line wins, and open stake."""
    return max(0, -position.profit_if[1 - side]) + position.open_cents[side]


# Many at once --------------------------------------------------------------------------------

ALL_LINES = (*LINES, "home", "away", "over", "under", "home2", "away2")
steps = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from(ALL_LINES), odds, stakes),
        st.tuples(
            st.sampled_from(["fill", "cancel", "reject", "settle"]),
            st.integers(0, 20),
            st.integers(1, 3_000),
        ),
    ),
    max_size=30,
)


def send_if_admitted(harness: DeskHarness, command: PlaceWager) -> None:
    """Place a wager as the desk does: counted from the moment it is admitted."""
    if harness.desk.risk.admit(command, harness.clock.now_ns()) is None:
        harness.desk.wagers.register(command, harness.clock.now_ns())
        harness.desk.risk.count_command(harness.clock.now_ns())


def apply_event(harness: DeskHarness, what: str, number: int, cents: int) -> None:
    """Apply an event to one of the live wagers, or to its market."""
    live = list(harness.desk.wagers.live())
    if not live:
        return
    wager = live[number % len(live)]
    if what == "fill":
        harness.take(WagerOpened(wager.ref))
        harness.fill(wager.ref, min(cents, wager.unmatched_cents))
    elif what == "cancel":
        harness.take(WagerCancelled(wager.ref, wager.unmatched_cents))
    elif what == "reject" and wager.state is WagerState.PENDING:
        harness.take(WagerRejected(wager.ref, "no"))
    elif what == "settle":
        key = wager.pair.market_key
        # An exchange ends what is open in a market before its result.
        for each in live:
            if each.pair.market_key == key:
                harness.take(WagerCancelled(each.ref, each.unmatched_cents))
        harness.take(MarketSettled(key, ((wager.line_id, Result.LOST),)))


def check_all_limits(harness: DeskHarness) -> None:
    """Check every limit against the positions themselves, not against running sums."""
    limits, exposure = harness.limits, harness.desk.exposure
    worst = {
        pair_id: -position.worst_case_cents() for pair_id, position in exposure.positions.items()
    }
    joint = {
        event_id: -worst_of_event_cents(
            [position.outcomes() for position in exposure.positions_of(event_id)], one_score=True
        )
        for event_id in harness.catalogue.events
    }
    assert max(joint.values()) <= limits.max_event_exposure_cents
    assert sum(joint.values()) <= limits.max_total_exposure_cents
    for pairs in harness.catalogue.pairs_by_market.values():
        of_market = sum(worst.get(pair.pair_id, 0) for pair in pairs)
        assert of_market <= limits.max_market_exposure_cents
    for position in exposure.positions.values():
        for side in (0, 1):
            assert held_cents(position, side) <= limits.max_position_cents
    assert harness.desk.wagers.live_count <= limits.max_concurrent_wagers


A_HUNDRED = {
    "max_stake_cents": 101,
    "max_position_cents": 101,
    "max_market_exposure_cents": 100,
    "max_event_exposure_cents": 100,
    "max_total_exposure_cents": 100,
}
HEDGED_THEN_SETTLED = [
    ("ask", "home2", -250, 100),
    ("fill", 0, 100),
    ("ask", "away2", -250, 101),
    ("settle", 0, 1),
]


@settings(deadline=None)
@given(limits=tight, most=st.integers(1, 10), actions=steps)
@example(limits=A_HUNDRED, most=1, actions=HEDGED_THEN_SETTLED)
def test_admitted_wagers_stay_within_every_limit(
    make_harness: MakeHarness, limits: dict[str, int], most: int, actions: list[Any]
) -> None:
    """Placed at once or one by one, filled, cancelled, rejected or settled: no limit is passed."""
    harness = make_harness(**limits, max_concurrent_wagers=most, balance_cents=20_000)
    for what, *details in actions:
        if what == "ask":
            send_if_admitted(harness, harness.request(*details))
        else:
            apply_event(harness, what, *details)
        check_all_limits(harness)
        assert harness.desk.ledger.available_cents >= 0
