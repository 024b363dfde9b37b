"""The ledger: settled profit, commission, marks, and the balance."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.trading.accounting.commission import Commission, Offset
from strategies.trading.model.events import MarketSettled, WagerCancelled
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import Result

Room = Any
MakeRoom = Callable[..., Any]

WON, LOST, PUSHED, VOIDED = Result.WON, Result.LOST, Result.PUSHED, Result.VOIDED
OPPOSITE = {WON: LOST, LOST: WON, PUSHED: PUSHED, VOIDED: VOIDED}
MARKETS = {
    ("g1", "219"): [("home", "away")],
    ("g1", "223"): [("home-4.5", "away+4.5"), ("home-3", "away+3")],
    ("g2", "219"): [("home2", "away2")],
}


def accounts(room: Room) -> tuple[int, int, int]:
    """Return profit, commission and the mark of what is open."""
    ledger = room.desk.ledger
    return ledger.profit_cents, ledger.commission_cents, ledger.marked_cents


@pytest.mark.parametrize(
    ("results", "profit", "commission"),
    [
        ({"home": WON, "away": LOST}, 14_700, 300),
        ({"home": LOST, "away": WON}, -10_000, 0),
        ({"home": PUSHED, "away": PUSHED}, 0, 0),
        ({"home": VOIDED, "away": VOIDED}, 0, 0),
    ],
)
@pytest.mark.parametrize("told", [("home", "away"), ("home",), ("away",)])
def test_a_market_is_paid_by_its_result(
    room: Room, results: dict[str, Result], profit: int, commission: int, told: tuple[str, ...]
) -> None:
    """$100 at +150 wins $150 less 2 % or loses $100, whichever of its two lines is told."""
    room.fill_new("home", 150, 10_000)
    room.settle(room.key(), {line: results[line] for line in told})
    assert accounts(room) == (profit, commission, 0)
    assert room.desk.ledger.balance_cents == 100_000_000 + profit
    assert room.desk.ledger.available_cents == 100_000_000 + profit


def test_a_pair_whose_result_is_not_told_is_void(room: Room) -> None:
    """Of a settled market, the points that are not named return their stakes."""
    room.fill_new("home-4.5", 100, 1_000)
    room.fill_new("home-3", 100, 1_000)
    room.settle(room.key("g1", "223"), {"home-3": WON})
    assert accounts(room) == (980, 20, 0)
    assert room.desk.ledger.open_positions() == []


@pytest.mark.parametrize(("offset", "commission"), [(Offset.MARKET, 80), (Offset.PAIR, 200)])
def test_points_of_a_market_offset_each_other_as_configured(
    make_room: MakeRoom, offset: Offset, commission: int
) -> None:
    """A gain on one point beside a loss on another costs less where they offset by market."""
    room = make_room(commission=Commission(2, offset))
    room.fill_new("home-4.5", 100, 6_000)
    room.fill_new("home-3", 100, 10_000)
    room.settle(room.key("g1", "223"), {"home-4.5": LOST, "home-3": WON})
    assert accounts(room) == (4_000 - commission, commission, 0)


def test_markets_do_not_offset_each_other(room: Room) -> None:
    """Commission is taken of one market's gain though another market lost as much."""
    room.fill_new("home", 100, 1_000)
    room.fill_new("home2", 100, 1_000)
    room.settle(room.key(), {"home": WON})
    room.settle(room.key("g2"), {"home2": LOST})
    assert accounts(room) == (-20, 20, 0)


def test_a_corrected_result_replaces_the_first(room: Room) -> None:
    """After a correction the accounts are as if the first result had never been told."""
    room.fill_new("home", 150, 10_000)
    for result, expected in ((WON, (14_700, 300, 0)), (LOST, (-10_000, 0, 0)), (VOIDED, (0, 0, 0))):
        room.settle(room.key(), {"home": result})
        assert accounts(room) == expected
    assert room.desk.ledger.balance_cents == 100_000_000


def test_an_old_result_told_late_does_not_undo_its_correction(room: Room) -> None:
    """The exchange numbers the settlements of a market: one told twice or late changes nothing."""
    room.fill_new("home", 150, 10_000)
    first = MarketSettled(room.key(), ((LineId("home"), WON),), 1)
    corrected = MarketSettled(room.key(), ((LineId("home"), LOST),), 2)
    for event in (first, corrected, first, corrected):
        room.desk.ledger.settle(event)
    assert accounts(room) == (-10_000, 0, 0)


def test_a_fill_heard_after_the_result_is_paid_at_once_and_by_its_correction(room: Room) -> None:
    """A fill told too late for the settlement is paid by it all the same, and by the next."""
    ref = room.rest("home", 100, 2_000)
    room.fill(ref, 1_000)
    room.settle(room.key(), {"home": LOST})
    room.fill(ref, 500)
    assert accounts(room) == (-1_500, 0, 0)
    room.settle(room.key(), {"home": WON})
    assert accounts(room) == (1_470, 30, 0)
    assert room.desk.ledger.open_positions() == []


def test_a_result_told_twice_changes_nothing(room: Room) -> None:
    """The same results again leave profit, commission, balance and turnover as they were."""
    room.fill_new("home", 150, 10_000)
    room.settle(room.key(), {"home": WON})
    before = (accounts(room), room.desk.ledger.available_cents, room.desk.ledger.settlements.copy())
    room.settle(room.key(), {"home": WON})
    after = (accounts(room), room.desk.ledger.available_cents, room.desk.ledger.settlements)
    assert after == before


def test_marks_are_told_apart_from_profit(room: Room) -> None:
    """An unsettled position is valued at the last fair price, and never counted as profit."""
    room.fill_new("home", 150, 10_000)
    room.desk.ledger.mark(room.pair(), 0.5)
    assert accounts(room) == (0, 0, 2_500)
    assert room.desk.ledger.equity_cents == 100_002_500
    assert room.desk.ledger.balance_cents == 100_000_000
    assert [mark for _, mark in room.desk.ledger.open_positions()] == [2_500]
    room.settle(room.key(), {"home": WON})
    assert accounts(room) == (14_700, 300, 0)
    assert room.desk.ledger.equity_cents == 100_014_700


def test_a_fill_is_marked_at_the_price_last_seen(room: Room) -> None:
    """A fill after the last price is valued at that price, without waiting for the next one."""
    room.desk.ledger.mark(room.pair(), 0.5)
    room.fill_new("away", 120, 1_000)
    assert accounts(room) == (0, 0, 100)
    room.desk.ledger.mark(room.pair(), 0.6)
    assert accounts(room) == (0, 0, -120)


def test_available_is_the_balance_less_every_stake(room: Room) -> None:
    """Open and matched stakes are both gone from what may be staked; a cancel gives back."""
    ledger = room.desk.ledger
    ref = room.rest("home", 100, 3_000)
    assert ledger.available_cents == 100_000_000 - 3_000
    room.fill(ref, 1_000)
    assert ledger.available_cents == 100_000_000 - 3_000
    room.take(WagerCancelled(ref, 2_000))
    assert ledger.available_cents == 100_000_000 - 1_000
    assert ledger.balance_cents == 100_000_000


def test_an_open_wager_outlives_the_settlement_of_its_market(room: Room) -> None:
    """Only what is matched settles; what is still open keeps its stake until it is cancelled."""
    ref = room.rest("home", 100, 3_000)
    room.fill(ref, 1_000)
    room.settle(room.key(), {"home": LOST})
    assert room.desk.ledger.available_cents == 100_000_000 - 1_000 - 2_000
    room.take(WagerCancelled(ref, 2_000))
    assert room.desk.ledger.available_cents == 100_000_000 - 1_000


# Against an independent sum ------------------------------------------------------------------

LINES = [line for pairs in MARKETS.values() for pair in pairs for line in pair]
fills = st.lists(
    st.tuples(st.sampled_from(LINES), st.sampled_from([-250, -110, 100, 137]), st.integers(1, 999)),
    max_size=12,
)
results = st.fixed_dictionaries(
    {pair[0]: st.sampled_from(list(Result)) for pairs in MARKETS.values() for pair in pairs}
)


def paid(line: str, odds: int, stake: int, told: dict[str, Result]) -> int:
    """Return what one wager brings, looked up by its own line."""
    won = dict(told)
    for pairs in MARKETS.values():
        for first, second in pairs:
            won[second] = OPPOSITE[told[first]]
    gain = stake * (odds / 100 if odds > 0 else 100 / -odds)
    return {WON: int(gain + 0.5), LOST: -stake}.get(won[line], 0)


def independent_profit(
    wagers: list[tuple[str, int, int]], told: dict[str, Result], rate: float
) -> int:
    """Return the profit after commission, wager by wager and market by market."""
    total = 0
    for pairs in MARKETS.values():
        lines = [line for pair in pairs for line in pair]
        gross = sum(paid(*wager, told) for wager in wagers if wager[0] in lines)
        total += gross - int(max(0, gross) * rate / 100 + 0.5)
    return total


@settings(deadline=None)
@given(wagers=fills, told=results, corrected=results)
def test_profit_is_that_of_an_independent_sum_over_fills(
    make_room: MakeRoom,
    wagers: list[tuple[str, int, int]],
    told: dict[str, Result],
    corrected: dict[str, Result],
) -> None:
    """Settled, and settled anew, the profit is what the wagers bring one by one."""
    room = make_room(commission=Commission(2))
    for line, odds, stake in wagers:
        room.fill_new(line, odds, stake)
    assert room.desk.ledger.turnover_cents == sum(stake for _, _, stake in wagers)
    for outcome in (told, corrected):
        for (event, market), pairs in MARKETS.items():
            named = tuple((LineId(first), outcome[first]) for first, _ in pairs)
            room.take(MarketSettled(room.key(event, market), named))
        assert room.desk.ledger.profit_cents == independent_profit(wagers, outcome, 2)
    assert room.desk.ledger.open_positions() == []
    assert room.desk.exposure.total_cents == 0
