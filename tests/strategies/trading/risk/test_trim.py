"""The risk manager over many wagers: what it leaves of a wish, and what it ever admits."""

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
    MarketSettled,
    TradingState,
    WagerCancelled,
    WagerOpened,
    WagerRejected,
)
from strategies.trading.model.ids import EventId, LineId
from strategies.trading.model.market import Result
from strategies.trading.model.odds import Odds
from strategies.trading.ports.journal import Denial
from strategies.trading.wagers.wager import WagerState

Room = Any
MakeRoom = Callable[..., Any]

G1 = EventId("g1")


# The wish, trimmed ---------------------------------------------------------------------------


def test_a_quote_too_large_is_shrunk_and_told(make_room: MakeRoom) -> None:
    """Of a quote beyond a limit what fits is left, with a denial that names the control."""
    room = make_room(max_market_exposure_cents=600)
    quote = room.quote("home", 110, 1_000)
    allowed, denials = room.desk.risk.trim(room.market(), (quote,))
    assert allowed == (room.quote("home", 110, 600),)
    assert denials == [Denial("exposure", "$6.00 fits", LineId("home"), Odds(110), 1_000)]


def test_a_quote_of_which_too_little_fits_is_dropped(make_room: MakeRoom) -> None:
    """What is left must be a stake that the exchange takes."""
    room = make_room(max_market_exposure_cents=600, min_stake_cents=601)
    allowed, denials = room.desk.risk.trim(room.market(), (room.quote("home", 110, 1_000),))
    assert allowed == ()
    assert [denial.control for denial in denials] == ["exposure"]


def test_a_quote_off_the_ladder_is_dropped(make_room: MakeRoom) -> None:
    """Off-ladder odds are refused by name even where no stake is too small."""
    room = make_room(min_stake_cents=0)
    allowed, denials = room.desk.risk.trim(room.market(), (room.quote("home", 131, 1_000),))
    assert allowed == ()
    assert [denial.control for denial in denials] == ["odds"]


LINES = ("home-4.5", "away+4.5", "home-3", "away+3")
stakes = st.integers(100, 3_000)
odds = st.sampled_from([-250, -110, 100, 137])
few = st.lists(st.tuples(st.sampled_from(LINES), odds, stakes), max_size=5)
elsewhere = st.lists(
    st.tuples(st.sampled_from(["over", "home", "away2"]), odds, stakes), max_size=3
)
tight = st.fixed_dictionaries(
    {
        "max_stake_cents": st.integers(100, 3_000),
        "max_position_cents": st.integers(100, 5_000),
        "max_market_exposure_cents": st.integers(0, 5_000),
        "max_event_exposure_cents": st.integers(0, 6_000),
        "max_total_exposure_cents": st.integers(0, 7_000),
    }
)


def exposures(room: Room) -> tuple[int, int, int]:
    """Return the exposure of the spread market, of its event, and in all."""
    exposure = room.desk.exposure
    return exposure.of_market(room.key("g1", "223")), exposure.of_event(G1), exposure.total_cents


def within(room: Room, now: tuple[int, ...], before: tuple[int, ...]) -> bool:
    """Tell whether each exposure is within its limit, or where it was beyond it, not worse."""
    limits = (
        room.limits.max_market_exposure_cents,
        room.limits.max_event_exposure_cents,
        room.limits.max_total_exposure_cents,
    )
    return all(n <= max(limit, b) for n, limit, b in zip(now, limits, before, strict=True))


@settings(deadline=None)
@given(limits=tight, matched=few, resting=few, others=elsewhere, wish=few, reducing=st.booleans())
def test_what_trim_leaves_never_breaks_a_limit(
    make_room: MakeRoom,
    limits: dict[str, int],
    matched: list[Any],
    resting: list[Any],
    others: list[Any],
    wish: list[Any],
    reducing: bool,
) -> None:
    """All that is left of a wish may rest in full, in place of what rests now; no stake grew."""
    room = make_room(**limits)
    for wager in matched:
        room.fill_new(*wager)
    for wager in others:
        room.register(*wager)
    before = exposures(room)
    for wager in resting:
        room.register(*wager)
    room.desk.risk.state = TradingState.REDUCING if reducing else TradingState.ACTIVE
    quotes = tuple(room.quote(*quote) for quote in wish)
    allowed, denials = room.desk.risk.trim(room.market("home-3"), quotes)
    check_left_over(quotes, allowed, denials)
    for wager in [w for w in room.desk.wagers.live() if w.line_id in LINES]:
        room.take(WagerCancelled(wager.ref, wager.unmatched_cents))
    for quote in allowed:
        assert 100 <= quote.stake_cents <= room.limits.max_stake_cents
        ref = room.register(quote.line_id, quote.odds, quote.stake_cents)
        check_position(room, ref)
    assert within(room, exposures(room), before)
    assert not reducing or exposures(room) == before


def check_left_over(quotes: Any, allowed: Any, denials: list[Denial]) -> None:
    """What is left is a part of the wish, in its order; each quote that lost stake has a denial."""
    whole = iter(quotes)
    for quote in allowed:
        assert any(
            (quote.line_id, quote.odds) == (was.line_id, was.odds)
            and quote.stake_cents <= was.stake_cents
            for was in whole
        )
    kept = sum(quote in quotes for quote in allowed)
    assert len(quotes) - len(denials) <= kept


def check_position(room: Room, ref: Any) -> None:
    """The stakes on the line of a wager are within the limit."""
    wager = room.wager(ref)
    position = room.desk.exposure.position(wager.pair)
    staked = position.matched_cents[wager.side] + position.open_cents[wager.side]
    assert staked <= room.limits.max_position_cents


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


def send_if_admitted(room: Room, command: PlaceWager) -> None:
    """Place a wager as the desk does: counted from the moment that it is let through."""
    if room.desk.risk.admit(command, room.clock.now_ns()) is None:
        room.desk.wagers.register(command, room.clock.now_ns())
        room.desk.risk.count_command(room.clock.now_ns())


def happen(room: Room, what: str, number: int, cents: int) -> None:
    """Let something happen to one of the live wagers, or to its market."""
    live = list(room.desk.wagers.live())
    if not live:
        return
    wager = live[number % len(live)]
    if what == "fill":
        room.take(WagerOpened(wager.ref))
        room.fill(wager.ref, min(cents, wager.unmatched_cents))
    elif what == "cancel":
        room.take(WagerCancelled(wager.ref, wager.unmatched_cents))
    elif what == "reject" and wager.state is WagerState.PENDING:
        room.take(WagerRejected(wager.ref, "no"))
    elif what == "settle":
        results = tuple((line, Result.LOST) for line in (wager.line_id,))
        room.take(MarketSettled(wager.pair.market_key, results))


def check_all_limits(room: Room) -> None:
    """Hold every limit against the positions themselves, not against running sums."""
    limits, exposure = room.limits, room.desk.exposure
    worst = {
        pair_id: -position.worst_case_cents() for pair_id, position in exposure.positions.items()
    }
    assert sum(worst.values()) <= limits.max_total_exposure_cents
    for event_id in room.catalogue.events:
        of_event = [
            p.pair_id for p in room.catalogue.pairs.values() if p.first.event_id == event_id
        ]
        assert sum(worst.get(p, 0) for p in of_event) <= limits.max_event_exposure_cents
    for pairs in room.catalogue.pairs_by_market.values():
        of_market = sum(worst.get(pair.pair_id, 0) for pair in pairs)
        assert of_market <= limits.max_market_exposure_cents
    for position in exposure.positions.values():
        for side in (0, 1):
            staked = position.matched_cents[side] + position.open_cents[side]
            assert staked <= limits.max_position_cents
    assert room.desk.wagers.live_count <= limits.max_concurrent_wagers


@settings(deadline=None)
@given(limits=tight, most=st.integers(1, 10), course=steps)
def test_whatever_happens_admitted_wagers_stay_within_every_limit(
    make_room: MakeRoom, limits: dict[str, int], most: int, course: list[Any]
) -> None:
    """Placed at once or one by one, filled, cancelled, rejected or settled: no limit is passed."""
    room = make_room(**limits, max_concurrent_wagers=most, balance_cents=20_000)
    for what, *details in course:
        if what == "ask":
            send_if_admitted(room, room.request(*details))
        else:
            happen(room, what, *details)
        check_all_limits(room)
        assert room.desk.ledger.available_cents >= 0
