"""Exposure: running sums that always equal a full recalculation."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import Pair
from strategies.trading.model.money import profit_cents
from strategies.trading.model.position import Exposure, Position

LINES = ("home", "home-4.5", "home-3", "over", "home2")

# (action, line, side, stake, odds): one action on a pair.
steps = st.lists(
    st.tuples(
        st.sampled_from(["open", "match", "late", "cancel", "release"]),
        st.sampled_from(LINES),
        st.integers(0, 1),
        st.integers(1, 1_000),
        st.sampled_from([-250, -110, 100, 140]),
    ),
    max_size=30,
)


def run(exposure: Exposure, pair: Pair, what: str, side: int, stake: int, odds: int) -> None:
    """Apply one action to a pair, within what is open on it."""
    open_cents = exposure.position(pair).open_cents[side]
    within = min(stake, open_cents)
    if what == "open":
        exposure.change_open(pair, side, stake)
    elif what == "match" and within:
        exposure.book_fill(pair, side, within, profit_cents(within, odds), within)
    elif what == "late":
        exposure.book_fill(pair, side, stake, profit_cents(stake, odds), 0)
    elif what == "cancel":
        exposure.change_open(pair, side, -within)
    elif what == "release":
        exposure.release(pair)


def summed_exposure(exposure: Exposure, pairs: Iterable[Pair]) -> int:
    """Return the exposure of pairs, from their positions alone."""
    return sum(-exposure.position(pair).worst_case_cents() for pair in pairs)


def check_running_sums(exposure: Exposure, catalogue: Catalogue) -> None:
    """Check every running sum against the positions."""
    positions = exposure.positions.values()
    for key, pairs in catalogue.pairs_by_market.items():
        assert exposure.of_market(key) == summed_exposure(exposure, pairs)
    for event_id in catalogue.events:
        of_event = [p for p in catalogue.pairs.values() if p.first.event_id == event_id]
        assert exposure.of_event(event_id) == summed_exposure(exposure, of_event)
    assert exposure.total_cents == summed_exposure(exposure, catalogue.pairs.values())
    assert exposure.open_cents == sum(sum(position.open_cents) for position in positions)
    assert exposure.matched_cents == sum(sum(position.matched_cents) for position in positions)
    assert exposure.credit_cents == sum(map(credit_of, positions))


def credit_of(position: Position) -> int:
    """Return what the exchange credits for a position, by its own formula."""
    stakes = sum(position.matched_cents)
    return max(0, min(0, position.profit_if[0], position.profit_if[1]) + stakes)


@given(steps=steps)
def test_running_sums_equal_a_full_recalculation(
    catalogue: Catalogue, steps: list[tuple[str, str, int, int, int]]
) -> None:
    """By market, by event and in total, exposure is the sum over its pairs after every step."""
    exposure = Exposure()
    highest = 0
    for what, line, side, stake, odds in steps:
        run(exposure, catalogue.pair_of(LineId(line)), what, side, stake, odds)
        check_running_sums(exposure, catalogue)
        highest = max(highest, exposure.total_cents)
        assert exposure.max_total_cents == highest


def test_pairs_of_one_market_do_not_hedge_each_other(catalogue: Catalogue) -> None:
    """Home -4.5 and away +3 can both lose, so their exposures add up."""
    exposure = Exposure()
    exposure.book_fill(catalogue.pair_of(LineId("home-4.5")), 0, 1_000, 1_000, 0)
    exposure.book_fill(catalogue.pair_of(LineId("away+3")), 1, 1_000, 1_000, 0)
    assert exposure.of_market(catalogue.pair_of(LineId("home-3")).market_key) == 2_000


def test_opposite_fills_of_one_pair_hedge_each_other(catalogue: Catalogue) -> None:
    """Both lines of a pair matched at even money leave nothing at risk."""
    exposure, pair = Exposure(), catalogue.pair_of(LineId("home"))
    exposure.book_fill(pair, 0, 1_000, 1_000, 0)
    exposure.book_fill(pair, 1, 1_000, 1_000, 0)
    assert (
        exposure.position(pair).worst_case_cents(),
        exposure.total_cents,
        exposure.max_total_cents,
    ) == (0, 0, 1_000)


def test_stakes_that_cover_each_other_are_credited(catalogue: Catalogue) -> None:
    """$10 at +150 on one line and $12 at -120 on the other can lose $2 at worst: $20 is free."""
    exposure, pair = Exposure(), catalogue.pair_of(LineId("home"))
    exposure.book_fill(pair, 0, 1_000, 1_500, 0)
    assert exposure.credit_cents == 0
    exposure.book_fill(pair, 1, 1_200, 1_000, 0)
    assert exposure.credit_cents == 2_200
    exposure.book_fill(pair, 1, 500, 417, 0)
    assert exposure.credit_cents == 2_700 - 200
    exposure.release(pair)
    assert exposure.credit_cents == 0


def test_the_positions_of_an_event_cover_all_its_markets(catalogue: Catalogue) -> None:
    """A strategy is shown every pair of its event that ever had a position, and no other."""
    exposure = Exposure()
    for line in ("home", "over", "home2"):
        exposure.change_open(catalogue.pair_of(LineId(line)), 0, 100)
    event_id = catalogue.pair_of(LineId("home")).first.event_id
    lines = [position.pair.first.line_id for position in exposure.positions_of(event_id)]
    assert lines == ["home", "over"]
