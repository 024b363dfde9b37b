"""The Betfair importer: offers, and how prices are snapped to rungs."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from recordings.importers.betfair.definition import RunnerKey
from recordings.importers.betfair.market_book import LineIndices, MarketBook
from recordings.importers.betfair.snapping import (
    BookSide,
    Movement,
    Snapper,
    taker_cents,
    taker_ratio,
)
from strategies.trading.model.odds import payout_ratio, prophetx_ladder
from tests.recordings.importers.conftest import StreamFile

HOME, AWAY = "1.1:11", "1.1:22"
PLACES = {RunnerKey(11, 0.0): LineIndices(0, 1), RunnerKey(22, 0.0): LineIndices(1, 0)}

prices = st.decimals(min_value="1.01", max_value="1000", places=2)
sizes = st.decimals(min_value="0", max_value="100000", places=2)
sides = st.sampled_from(BookSide)
levels = st.tuples(
    st.sampled_from(list(PLACES)), sides, st.sampled_from(["1.5", "1.51", "2.98", "3"]), sizes
)


def test_a_back_price_is_an_offer_on_the_runners_own_line(moneyline: StreamFile) -> None:
    """An atb size is what a taker may stake on the runner, at the same odds in American."""
    moneyline.change({"id": 11, "atb": [[2.5, 40]]})
    assert moneyline.imported().offers() == [(HOME, 150, 4000)]


def test_a_lay_price_is_an_offer_on_the_other_line(moneyline: StreamFile) -> None:
    """An atl stake of 40 at 2.5 on home is an offer of -150 on away, for the 60 it can win."""
    moneyline.change({"id": 11, "atl": [[2.5, 40]]})
    assert moneyline.imported().offers() == [(AWAY, -150, 6000)]


def test_prices_that_share_a_rung_are_summed(moneyline: StreamFile) -> None:
    """A rung shows the sum of its prices, of either runner, and the rest when one goes."""
    moneyline.change({"id": 11, "atb": [[2.98, 10], [2.99, 5]]}, {"id": 22, "atl": [[1.505, 20]]})
    moneyline.change({"id": 11, "atb": [[2.98, 0]]})
    assert moneyline.imported().offers() == [
        (HOME, 198, 1000 + 500 + 1010),
        (HOME, 198, 500 + 1010),
    ]


def test_a_deleted_level_removes_its_offer(moneyline: StreamFile) -> None:
    """A rung that emptied is recorded once, with an amount of zero."""
    moneyline.change({"id": 11, "atb": [[2.5, 40]]})
    moneyline.change({"id": 11, "atb": [[2.5, 0]]})
    moneyline.change({"id": 11, "atb": [[2.5, 0]]})
    assert moneyline.imported().offers() == [(HOME, 150, 4000), (HOME, 150, 0)]


def test_an_image_removes_other_levels(moneyline: StreamFile) -> None:
    """After an image only its levels are offered, also on runners that it does not name."""
    moneyline.change({"id": 11, "atb": [[2.5, 40], [2.4, 9]]}, {"id": 22, "atb": [[1.6, 3]]})
    moneyline.change({"id": 11, "atb": [[2.5, 40], [2.2, 1]]}, img=True)
    imported = moneyline.imported()
    assert imported.book() == {HOME: {150: 4000, 120: 100}, AWAY: {}}
    assert imported.offers().count((HOME, 150, 4000)) == 1, (
        "an unchanged offer is not recorded again"
    )


def test_prices_beyond_the_ladder_are_skipped_and_counted(moneyline: StreamFile) -> None:
    """Neither 1000 nor its counterpart on the other line has a rung, and both are reported."""
    moneyline.change({"id": 11, "atb": [[1000, 2]], "atl": [[1000, 2], [251, 2]]})
    imported = moneyline.imported()
    assert imported.offers() == [(AWAY, -25000, 50_000)]
    assert imported.report.levels_off_ladder == 2
    assert "2 offers and 0 trades at prices beyond the ladder skipped." in imported.info.notes


def test_the_report_gives_the_mean_change_by_snapping(moneyline: StreamFile) -> None:
    """3.02 pays 2.02 and snaps to +200: a change of 1/3 less 1/3.02, weighted by stake."""
    moneyline.change({"id": 11, "atb": [[3.02, 10], [2.5, 30]]})
    imported = moneyline.imported()
    moved = 1 / 3 - 1 / 3.02
    assert abs(imported.report.offers_moved.most - moved) < 1e-12
    assert abs(imported.report.offers_moved.mean - moved / 4) < 1e-12
    note = next(note for note in imported.info.notes if "Snapping" in note)
    assert "offers by 0.00055 on average by stake (0.00221 at most)" in note
    assert "favours a maker" in note
    assert note in list(imported.report.lines())


@given(sides, prices)
def test_snapping_never_pays_a_taker_more_than_was_offered(side: BookSide, price: Decimal) -> None:
    """The rung pays no more than the price, and the next longer rung would have paid more."""
    ladder = prophetx_ladder()
    snapped = Snapper(ladder).snap(side, price)
    offered = price - 1 if side is BookSide.ATB else 1 / (Fraction(price) - 1)
    if snapped is None:
        assert offered > 250 or offered < Fraction(1, 250)
    else:
        longer = ladder.step(snapped.odds, 1)
        assert Fraction(*payout_ratio(snapped.odds)) <= offered
        assert Fraction(*payout_ratio(longer)) > offered or longer == snapped.odds
        assert 0 <= snapped.moved < 0.006, "less than the widest gap of the ladder"


@given(sides, prices, sizes)
def test_both_sides_stake_the_same_as_at_betfair(
    side: BookSide, price: Decimal, size: Decimal
) -> None:
    """A taker's stake and its profit at the exact price are the two sides of the Betfair offer."""
    cents = taker_cents(side, price, size)
    profit_cents = cents * taker_ratio(side, price)
    waiting, paid = 100 * Fraction(size), 100 * Fraction(size) * (Fraction(price) - 1)
    stake, profit = (waiting, paid) if side is BookSide.ATB else (paid, waiting)
    assert abs(cents - stake) <= Fraction(1, 2)
    assert abs(profit_cents - profit) <= taker_ratio(side, price) / 2


@given(st.lists(st.one_of(levels, st.none()), max_size=30))
def test_the_rungs_are_always_the_sum_of_the_levels(script: list[Any]) -> None:
    """Whatever levels are set, removed, or replaced by an image, the tape's book is their sum."""
    snapper = Snapper(prophetx_ladder())
    book = MarketBook(snapper, Movement())
    held: dict[Any, Decimal] = {}
    shown: dict[tuple[int, int], int] = {}
    for step in script:
        if step is None:
            book.clear()
            held.clear()
        else:
            key, side, text, size = step
            held[key, side, Decimal(text)] = size
            book.set_levels(key, PLACES[key], side, [(Decimal(text), size)])
        shown.update({(line, odds): cents for line, odds, cents in book.changes()})
    expected: dict[tuple[int, int], int] = {}
    for (key, side, price), size in held.items():
        snapped = snapper.snap(side, price)
        assert snapped is not None
        rung = (PLACES[key].shown_on(side), snapped.odds)
        expected[rung] = expected.get(rung, 0) + taker_cents(side, price, size)
    assert {rung: cents for rung, cents in shown.items() if cents} == {
        rung: cents for rung, cents in expected.items() if cents
    }
