"""Time quoted on both sides, width and size, from the entries of a journal."""

import pytest

from recordings.journal.quote_coverage import MarketCoverage, QuoteCoverage
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import WagerCancelled, WagerMatched, WagerOpened, WagerWiped
from strategies.trading.model.ids import EventId, LineId, MarketId, WagerRef
from strategies.trading.model.market import Line, Market, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND

GAME, TOTAL = EventId("1"), MarketId("225")
CATALOGUE = Catalogue(
    [SportEvent(GAME, "A at H", "H", "A", "NBA", "basketball", 0)],
    [Market(GAME, TOTAL, MarketType.TOTAL, "Total")],
    [
        Line(LineId(f"{selection.value}{point:g}"), GAME, TOTAL, selection, point)
        for point in (210.0, 211.0)
        for selection in (Selection.OVER, Selection.UNDER)
    ],
)
OVER, UNDER = f"{Selection.OVER.value}210", f"{Selection.UNDER.value}210"


class Journal:
    """Entries of a journal at times in seconds, and the coverage that they make."""

    def __init__(self) -> None:
        """Begin at second zero, without wagers."""
        self.coverage = QuoteCoverage(CATALOGUE, 0)

    def quote(self, second: int, ref: str, line: str, odds: int, stake_cents: int) -> None:
        """Place a wager, and let it open."""
        request = PlaceWager(WagerRef(ref), LineId(line), Odds(odds), stake_cents, Intent.ADD_ONLY)
        self.coverage.note(second * NS_PER_SECOND, request)
        self.coverage.note(second * NS_PER_SECOND, WagerOpened(WagerRef(ref)))

    def end(self, second: int, ref: str) -> None:
        """Cancel a wager."""
        self.coverage.note(second * NS_PER_SECOND, WagerCancelled(WagerRef(ref), 1))

    def market(self, second: int) -> MarketCoverage:
        """Return the figures of the market up to a second."""
        (market,) = self.coverage.markets(second * NS_PER_SECOND)
        return market


def test_only_quotes_on_both_lines_count() -> None:
    """One side alone is not two-sided; width and size are means over the time of both."""
    journal = Journal()
    journal.quote(0, "a", OVER, 100, 1_000)
    journal.quote(10, "b", UNDER, 110, 3_000)
    journal.end(30, "a")
    market = journal.market(40)
    assert market.two_sided_ns == 20 * NS_PER_SECOND
    assert market.observed_ns == 40 * NS_PER_SECOND
    assert market.width == pytest.approx(1 - 100 / 200 - 100 / 210)
    assert market.size_cents == 1_000
    assert market.text() == "two-sided 50.0 % (0.3 min), width 0.0238, size $10.00"


def test_a_fill_reduces_the_size_and_ends_a_side() -> None:
    """The size is weighted by time, and a wager that is matched whole quotes no longer."""
    journal = Journal()
    journal.quote(0, "a", OVER, 100, 1_000)
    journal.quote(0, "b", UNDER, 100, 1_000)
    for second, total_cents in ((10, 500), (20, 1_000)):
        fill = WagerMatched(WagerRef("a"), Odds(100), 500, 500, total_cents)
        journal.coverage.note(second * NS_PER_SECOND, fill)
    market = journal.market(60)
    assert market.two_sided_ns == 20 * NS_PER_SECOND
    assert market.size_cents == 750


def test_points_of_one_market_are_two_sided_apart() -> None:
    """Over one point and under another are no two sides; of two that are, the narrower counts."""
    journal = Journal()
    journal.quote(0, "a", OVER, 100, 1_000)
    journal.quote(0, "b", f"{Selection.UNDER.value}211", 100, 1_000)
    assert journal.market(10).two_sided_ns == 0
    journal.quote(10, "c", UNDER, 120, 2_000)
    journal.quote(20, "d", f"{Selection.OVER.value}211", 110, 400)
    market = journal.market(30)
    assert market.two_sided_ns == 20 * NS_PER_SECOND
    assert market.width == pytest.approx(1 - 1 / 2 - (100 / 220 + 100 / 210) / 2)
    assert market.size_cents == (1_000 + 400) // 2


def test_wagers_of_others_and_wipes_are_applied() -> None:
    """Updates on wagers of an earlier run change nothing; a wipe ends a quote."""
    journal = Journal()
    journal.coverage.note(0, WagerOpened(WagerRef("earlier")))
    assert list(journal.coverage.markets(1)) == []
    journal.quote(0, "a", OVER, 100, 1_000)
    journal.quote(0, "b", UNDER, 100, 1_000)
    journal.coverage.note(5 * NS_PER_SECOND, WagerWiped(WagerRef("b"), 1_000))
    assert journal.market(10).two_sided_ns == 5 * NS_PER_SECOND


def test_a_wager_that_was_matched_whole_is_dropped() -> None:
    """That it opened may arrive after its fill: it is not a quote, and needs no memory."""
    journal = Journal()
    request = PlaceWager(WagerRef("a"), LineId(OVER), Odds(100), 1_000, Intent.ADD_ONLY)
    journal.coverage.note(0, request)
    journal.coverage.note(0, WagerMatched(WagerRef("a"), Odds(100), 1_000, 1_000, 1_000))
    journal.coverage.note(0, WagerOpened(WagerRef("a")))
    journal.quote(0, "b", UNDER, 100, 1_000)
    assert journal.market(10).two_sided_ns == 0
