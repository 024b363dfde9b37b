"""The ledger: settled profit, commission, marks, and the balance."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.trading.accounting.commission import Commission, Offset
from strategies.trading.model.events import MarketSettled, WagerCancelled
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import Result
from tests.strategies.trading.conftest import DeskHarness

MakeHarness = Callable[..., DeskHarness]

WON, LOST, PUSHED, VOIDED = Result.WON, Result.LOST, Result.PUSHED, Result.VOIDED
OPPOSITE = {WON: LOST, LOST: WON, PUSHED: PUSHED, VOIDED: VOIDED}
MARKETS = {
    ("g1", "219"): [("home", "away")],
    ("g1", "223"): [("home-4.5", "away+4.5"), ("home-3", "away+3")],
    ("g2", "219"): [("home2", "away2")],
}


def accounts(harness: DeskHarness) -> tuple[int, int, int]:
    """Return profit, commission and the mark of what is open."""
    ledger = harness.desk.ledger
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
@pytest.mark.parametrize("reported", [("home", "away"), ("home",), ("away",)])
def test_a_market_is_paid_according_to_its_result(
    harness: DeskHarness,
    results: dict[str, Result],
    profit: int,
    commission: int,
    reported: tuple[str, ...],
) -> None:
    """$100 at +150 wins $150 less 2 % or loses $100, whichever of its two lines is reported."""
    harness.fill_new("home", 150, 10_000)
    harness.settle(harness.key(), {line: results[line] for line in reported})
    assert accounts(harness) == (profit, commission, 0)
    assert harness.desk.ledger.balance_cents == 100_000_000 + profit
    assert harness.desk.ledger.available_cents == 100_000_000 + profit


def test_a_pair_without_a_reported_result_is_void(harness: DeskHarness) -> None:
    """In a settled market, points that are not listed return their stakes."""
    harness.fill_new("home-4.5", 100, 1_000)
    harness.fill_new("home-3", 100, 1_000)
    harness.settle(harness.key("g1", "223"), {"home-3": WON})
    assert accounts(harness) == (980, 20, 0)
    assert harness.desk.ledger.open_positions() == []


@pytest.mark.parametrize(("offset", "commission"), [(Offset.MARKET, 80), (Offset.PAIR, 200)])
def test_points_of_a_market_offset_each_other_as_configured(
    make_harness: MakeHarness, offset: Offset, commission: int
) -> None:
    """A gain on one point beside a loss on another costs less when offset by market."""
    harness = make_harness(commission=Commission(2, offset))
    harness.fill_new("home-4.5", 100, 6_000)
    harness.fill_new("home-3", 100, 10_000)
    harness.settle(harness.key("g1", "223"), {"home-4.5": LOST, "home-3": WON})
    assert accounts(harness) == (4_000 - commission, commission, 0)


def test_markets_do_not_offset_each_other(harness: DeskHarness) -> None:
    """Commission is charged on one market's gain even if another market lost as much."""
    harness.fill_new("home", 100, 1_000)
    harness.fill_new("home2", 100, 1_000)
    harness.settle(harness.key(), {"home": WON})
    harness.settle(harness.key("g2"), {"home2": LOST})
    assert accounts(harness) == (-20, 20, 0)


def test_a_corrected_result_replaces_the_first(harness: DeskHarness) -> None:
    """After a correction the accounts are as if the first result had never been reported."""
    harness.fill_new("home", 150, 10_000)
    for result, expected in ((WON, (14_700, 300, 0)), (LOST, (-10_000, 0, 0)), (VOIDED, (0, 0, 0))):
        harness.settle(harness.key(), {"home": result})
        assert accounts(harness) == expected
    assert harness.desk.ledger.balance_cents == 100_000_000


def test_a_late_old_result_does_not_undo_its_correction(harness: DeskHarness) -> None:
    """Settlements of a market are numbered: a repeated or late one changes nothing."""
    harness.fill_new("home", 150, 10_000)
    first = MarketSettled(harness.key(), ((LineId("home"), WON),), 1)
    corrected = MarketSettled(harness.key(), ((LineId("home"), LOST),), 2)
    for event in (first, corrected, first, corrected):
        harness.desk.ledger.settle(event, 0)
    assert accounts(harness) == (-10_000, 0, 0)


def test_a_fill_after_the_result_is_settled_at_once(harness: DeskHarness) -> None:
    """A fill that arrives after the settlement is paid by it, and again by a later correction."""
    ref = harness.rest("home", 100, 2_000)
    harness.fill(ref, 1_000)
    harness.settle(harness.key(), {"home": LOST})
    harness.fill(ref, 500)
    assert accounts(harness) == (-1_500, 0, 0)
    harness.settle(harness.key(), {"home": WON})
    assert accounts(harness) == (1_470, 30, 0)
    assert harness.desk.ledger.open_positions() == []


def test_a_repeated_result_changes_nothing(harness: DeskHarness) -> None:
    """The same results again leave profit, commission, balance and turnover as they were."""
    harness.fill_new("home", 150, 10_000)
    harness.settle(harness.key(), {"home": WON})
    before = (
        accounts(harness),
        harness.desk.ledger.available_cents,
        harness.desk.ledger.settlements.copy(),
    )
    harness.settle(harness.key(), {"home": WON})
    after = (
        accounts(harness),
        harness.desk.ledger.available_cents,
        harness.desk.ledger.settlements,
    )
    assert after == before


def test_marks_are_separate_from_profit(harness: DeskHarness) -> None:
    """An unsettled position is valued at the last fair price, and never counted as profit."""
    harness.fill_new("home", 150, 10_000)
    harness.desk.exposure.mark(harness.pair(), 0.5)
    assert accounts(harness) == (0, 0, 2_500)
    assert harness.desk.ledger.equity_cents == 100_002_500
    assert harness.desk.ledger.balance_cents == 100_000_000
    assert [one.mark_cents for one in harness.desk.ledger.open_positions()] == [2_500]
    harness.settle(harness.key(), {"home": WON})
    assert accounts(harness) == (14_700, 300, 0)
    assert harness.desk.ledger.equity_cents == 100_014_700


def test_a_fill_is_marked_at_the_last_price(harness: DeskHarness) -> None:
    """A fill is valued at the last price, without waiting for the next one."""
    harness.desk.exposure.mark(harness.pair(), 0.5)
    harness.fill_new("away", 120, 1_000)
    assert accounts(harness) == (0, 0, 100)
    harness.desk.exposure.mark(harness.pair(), 0.6)
    assert accounts(harness) == (0, 0, -120)


def test_available_is_the_balance_minus_all_stakes(harness: DeskHarness) -> None:
    """Open and matched stakes are both deducted; a cancel returns the open part."""
    ledger = harness.desk.ledger
    ref = harness.rest("home", 100, 3_000)
    assert ledger.available_cents == 100_000_000 - 3_000
    harness.fill(ref, 1_000)
    assert ledger.available_cents == 100_000_000 - 3_000
    harness.take(WagerCancelled(ref, 2_000))
    assert ledger.available_cents == 100_000_000 - 1_000
    assert ledger.balance_cents == 100_000_000


def test_an_open_wager_outlives_the_settlement_of_its_market(harness: DeskHarness) -> None:
    """Only matched stake settles; open stake stays deducted until it is cancelled."""
    ref = harness.rest("home", 100, 3_000)
    harness.fill(ref, 1_000)
    harness.settle(harness.key(), {"home": LOST})
    assert harness.desk.ledger.available_cents == 100_000_000 - 1_000 - 2_000
    harness.take(WagerCancelled(ref, 2_000))
    assert harness.desk.ledger.available_cents == 100_000_000 - 1_000


# Against an independent sum ------------------------------------------------------------------

LINES = [line for pairs in MARKETS.values() for pair in pairs for line in pair]
fills = st.lists(
    st.tuples(st.sampled_from(LINES), st.sampled_from([-250, -110, 100, 137]), st.integers(1, 999)),
    max_size=12,
)
results = st.fixed_dictionaries(
    {pair[0]: st.sampled_from(list(Result)) for pairs in MARKETS.values() for pair in pairs}
)


def paid(line: str, odds: int, stake: int, reported: dict[str, Result]) -> int:
    """Return the profit of one wager, by the result of its own line."""
    won = dict(reported)
    for pairs in MARKETS.values():
        for first, second in pairs:
            won[second] = OPPOSITE[reported[first]]
    gain = stake * (odds / 100 if odds > 0 else 100 / -odds)
    return {WON: int(gain + 0.5), LOST: -stake}.get(won[line], 0)


def independent_profit(
    wagers: list[tuple[str, int, int]], reported: dict[str, Result], rate: float
) -> int:
    """Return the profit after commission, wager by wager and market by market."""
    total = 0
    for pairs in MARKETS.values():
        lines = [line for pair in pairs for line in pair]
        gross = sum(paid(*wager, reported) for wager in wagers if wager[0] in lines)
        total += gross - int(max(0, gross) * rate / 100 + 0.5)
    return total


@settings(deadline=None)
@given(wagers=fills, reported=results, corrected=results)
def test_profit_equals_an_independent_sum_over_fills(
    make_harness: MakeHarness,
    wagers: list[tuple[str, int, int]],
    reported: dict[str, Result],
    corrected: dict[str, Result],
) -> None:
    """Settled, and settled again, the profit equals the sum over single wagers."""
    harness = make_harness(commission=Commission(2))
    for line, odds, stake in wagers:
        harness.fill_new(line, odds, stake)
    assert harness.desk.ledger.turnover_cents == sum(stake for _, _, stake in wagers)
    for outcome in (reported, corrected):
        for (event, market), pairs in MARKETS.items():
            named = tuple((LineId(first), outcome[first]) for first, _ in pairs)
            harness.take(MarketSettled(harness.key(event, market), named))
        assert harness.desk.ledger.profit_cents == independent_profit(wagers, outcome, 2)
    assert harness.desk.ledger.open_positions() == []
    assert harness.desk.exposure.total_cents == 0
