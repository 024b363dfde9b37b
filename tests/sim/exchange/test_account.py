"""The exchange's account, compared with independent sums."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.exchange.exchange_account import ExchangeAccount
from strategies.trading.accounting.commission import Commission, Offset
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection

GAME = SportEvent(EventId("e"), "A at H", "H", "A", "NBA", "basketball", 0)
SPREAD = Market(GAME.event_id, MarketId("223"), MarketType.SPREAD, "spread")
LINES = {
    name: Line(LineId(name), GAME.event_id, SPREAD.market_id, selection, point)
    for name, selection, point in (
        ("home-4.5", Selection.HOME, -4.5),
        ("away+4.5", Selection.AWAY, 4.5),
        ("home-5", Selection.HOME, -5.0),
        ("away+5", Selection.AWAY, 5.0),
    )
}
PAIRS = (("home-4.5", "away+4.5"), ("home-5", "away+5"))
OPPOSITE = {
    Result.WON: Result.LOST,
    Result.LOST: Result.WON,
    Result.PUSHED: Result.PUSHED,
    Result.VOIDED: Result.VOIDED,
}
FILLS = st.lists(
    st.tuples(st.sampled_from(sorted(LINES)), st.integers(1, 9999), st.integers(1, 9999)),
    max_size=12,
)
OUTCOMES = st.tuples(st.sampled_from(list(Result)), st.sampled_from(list(Result)))


CATALOGUE = Catalogue([GAME], [SPREAD], LINES.values())


def account(rate_percent: float = 2.0, offset_by: Offset = Offset.MARKET) -> ExchangeAccount:
    """Return an account with 1,000 dollars."""
    return ExchangeAccount(CATALOGUE, 100_000, Commission(rate_percent, offset_by))


def book_fill(ours: ExchangeAccount, line: str, stake_cents: int, profit_cents: int) -> None:
    """Book a fill on a line."""
    pair = CATALOGUE.pair_of(LineId(line))
    ours.book_fill(pair, LineId(line), stake_cents, profit_cents)


def results_of(outcomes: tuple[Result, ...]) -> dict[LineId, Result]:
    """Return the results of all lines from those of the first line of each pair."""
    results = {}
    for (first, second), outcome in zip(PAIRS, outcomes, strict=True):
        results[LineId(first)] = outcome
        results[LineId(second)] = OPPOSITE[outcome]
    return results


def exact_gross(fills: list[tuple[str, int, int]], results: dict[LineId, Result]) -> int:
    """Return what these fills win or lose together by the results of their lines."""
    return sum(
        {Result.WON: profit, Result.LOST: -stake}.get(results[LineId(line)], 0)
        for line, stake, profit in fills
    )


def exact_net(
    fills: list[tuple[str, int, int]], results: dict[LineId, Result], percent: int
) -> int:
    """Return net winnings in exact fractions, and the commission rounded half up."""
    gross = exact_gross(fills, results)
    commission = Fraction(percent, 100) * max(gross, 0)
    return gross - int(commission + Fraction(1, 2))


@given(fills=FILLS, outcomes=OUTCOMES)
def test_settlement_pays_the_sum_over_fills(
    fills: list[tuple[str, int, int]], outcomes: tuple[Result, Result]
) -> None:
    """Cash after settlement is the old cash, plus wins, less losses, less 2 % of a net win."""
    ours = account()
    for line, stake, profit in fills:
        book_fill(ours, line, stake, profit)
    assert ours.matched_cents == sum(stake for _, stake, _ in fills)
    results = results_of(outcomes)
    ours.settle(SPREAD.key, results)
    assert ours.cash_cents == 100_000 + exact_net(fills, results, 2)
    assert ours.matched_cents == 0


@given(fills=FILLS, first=OUTCOMES, second=OUTCOMES)
def test_a_correction_gives_the_same_cash_as_the_right_results_alone(
    fills: list[tuple[str, int, int]], first: tuple[Result, Result], second: tuple[Result, Result]
) -> None:
    """A market settled again is as if it had been settled correctly at once."""
    ours = account()
    for line, stake, profit in fills:
        book_fill(ours, line, stake, profit)
    ours.settle(SPREAD.key, results_of(first))
    ours.settle(SPREAD.key, results_of(second))
    assert ours.cash_cents == 100_000 + exact_net(fills, results_of(second), 2)
    assert ours.matched_cents == 0


@given(fills=FILLS)
def test_covered_stakes_are_those_that_no_result_can_lose(
    fills: list[tuple[str, int, int]],
) -> None:
    """Pair by pair: the stakes, less the worst loss over the results of the pair."""
    ours = account()
    for line, stake, profit in fills:
        book_fill(ours, line, stake, profit)
    covered = 0
    for first, second in PAIRS:
        of_pair = [fill for fill in fills if fill[0] in (first, second)]
        worst = min(
            exact_gross(of_pair, {LineId(first): r, LineId(second): OPPOSITE[r]}) for r in Result
        )
        covered += sum(stake for _, stake, _ in of_pair) + worst
    assert ours.covered_cents == covered
    ours.settle(SPREAD.key, results_of((Result.WON, Result.PUSHED)))
    assert ours.covered_cents == 0


def test_the_credit_is_that_of_the_formula() -> None:
    """With p1 300, s1 200, p2 120, s2 150 the worst is a loss of 80, so 270 of 350 are covered."""
    ours = account()
    book_fill(ours, "home-5", 200, 300)
    book_fill(ours, "away+5", 150, 120)
    assert ours.covered_cents == 350 + min(0, 300 - 150, 120 - 200)


def test_two_points_of_a_market_do_not_cover_each_other() -> None:
    """The credit looks at the two lines of one pair only."""
    ours = account()
    book_fill(ours, "home-4.5", 1_000, 1_000)
    book_fill(ours, "away+5", 1_000, 1_000)
    assert ours.covered_cents == 0


@pytest.mark.parametrize(
    ("offset_by", "commission_cents"), [(Offset.MARKET, 100), (Offset.PAIR, 200)]
)
def test_commission_is_on_the_net_of_the_market_unless_set_by_pair(
    offset_by: Offset, commission_cents: int
) -> None:
    """Within a market the loss on one point offsets the win on another, before commission."""
    ours = account(2, offset_by)
    book_fill(ours, "home-4.5", 5_000, 10_000)
    book_fill(ours, "home-5", 5_000, 10_000)
    ours.settle(SPREAD.key, results_of((Result.WON, Result.LOST)))
    assert ours.commission_cents == commission_cents
    assert ours.cash_cents == 100_000 + 5_000 - commission_cents


def test_a_line_without_a_result_is_paid_by_its_opposites() -> None:
    """A result of one line decides its pair; without one the pair's stakes are returned."""
    ours = account(0)
    book_fill(ours, "home-4.5", 1_000, 900)
    book_fill(ours, "home-5", 1_000, 900)
    ours.settle(SPREAD.key, {LineId("away+4.5"): Result.LOST})
    assert (ours.cash_cents, ours.matched_cents) == (100_900, 0)


def test_the_settlement_of_a_market_without_fills_changes_nothing() -> None:
    """A market without matched stake pays nothing and costs nothing."""
    ours = account()
    ours.settle(SPREAD.key, results_of((Result.WON, Result.WON)))
    assert (ours.cash_cents, ours.commission_cents) == (100_000, 0)
