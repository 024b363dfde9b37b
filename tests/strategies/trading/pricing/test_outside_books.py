"""pricing=books: which sources count, what they give together, and why a market is not quoted."""

from collections.abc import Callable
from typing import Any

import pytest

from strategies.trading.model.errors import ConfigError
from strategies.trading.model.events import EventStatusChanged, ReferencePrice
from strategies.trading.model.ids import EventId, LineId
from strategies.trading.model.market import EventStatus
from strategies.trading.model.setting_reader import read_settings
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.pricing.outside_books import Books
from tests.strategies.trading.conftest import START_NS, DeskHarness
from tests.strategies.trading.desk.test_desk_pricing import QuotesFair

SECOND_NS = NS_PER_SECOND
SETTINGS: dict[str, Any] = {
    "vig": "proportional",
    "weights": {},
    "min_sources": 2,
    "max_age_seconds": 60,
    "source_max_age_seconds": {},
    "sport_max_age_seconds": {},
    "anchor": None,
    "max_anchor_gap": 0.05,
    "max_jump": 0.2,
}


class BooksDesk:
    """A desk with pricing=books, whose strategy quotes each first line that has a price."""

    def __init__(self, harness: DeskHarness) -> None:
        """Take the harness of the desk."""
        self.harness = harness

    def says(self, source: str, fair: float, line: str = "home", **more: Any) -> None:
        """Let a source say a fair probability of a line."""
        self.harness.on_event(ReferencePrice(LineId(line), fair, source, **more))

    def fair(self, line: str = "home") -> float | None:
        """Return the desk's fair price of a line's pair now."""
        pair_id = self.harness.pair(line).pair_id
        return self.harness.desk.market_fair(pair_id, self.harness.clock.now_ns())

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.harness.clock.advance(int(seconds * SECOND_NS))

    def silence(self, line: str = "home") -> str:
        """Return why the market of a line was not quoted at its last decision."""
        self.harness.refresh()
        key = self.harness.pair(line).market_key
        decisions = self.harness.journal.decisions
        return [each.silence for each in decisions if each.market_key == key][-1]

    def refused(self, source: str) -> tuple[dict[str, int], str]:
        """Return how often a source was refused by each rule, and the last refusal."""
        record = self.harness.desk.market_states.sources.by_name[source]
        return dict(record.refusals), record.last_refusal


@pytest.fixture
def make_desk(make_harness: Callable[..., DeskHarness]) -> Callable[..., BooksDesk]:
    """Return the constructor of a desk, by changed settings."""

    def make(**changed: Any) -> BooksDesk:
        pricing = read_settings("pricing", Books, SETTINGS | changed)
        return BooksDesk(make_harness(pricing=pricing, make_strategy=QuotesFair, in_play=True))

    return make


MakeDesk = Callable[..., BooksDesk]


def test_the_fair_price_is_the_weighted_mean(make_desk: MakeDesk) -> None:
    """Each source counts by its weight; whichever line it names."""
    desk = make_desk(weights={"a": 1, "b": 3})
    desk.says("a", 0.5)
    desk.says("b", 0.4, "away")
    assert desk.fair() == pytest.approx((0.5 + 3 * 0.6) / 4)


def test_the_vig_of_each_book_is_removed_by_the_method(make_desk: MakeDesk) -> None:
    """Prices arrive with their vig, and the desk takes it off, as its setting says."""
    fairs: dict[str, float] = {}
    for vig in ("proportional", "power"):
        desk = make_desk(vig=vig)
        desk.says("a", 0.8, opposite=0.25)
        desk.says("b", 0.8, opposite=0.25)
        fairs[vig] = desk.fair() or 0.0
    assert fairs["proportional"] == pytest.approx(0.8 / 1.05)
    assert fairs["power"] > fairs["proportional"]


def test_too_few_sources_give_no_price_and_each_is_said_by_name(make_desk: MakeDesk) -> None:
    """One source is not two; the reason names those that drop out, and why."""
    desk = make_desk(weights={"a": 1, "b": 1, "c": 1})
    desk.says("a", 0.5)
    assert desk.fair() is None
    assert desk.silence() == "too few sources: 1 of 2; b does not offer it; c does not offer it"
    desk.says("b", 0.52)
    assert desk.fair() == pytest.approx(0.51)
    assert desk.silence() == ""


def test_a_stale_source_drops_out_and_its_quotes_are_pulled(make_desk: MakeDesk) -> None:
    """Age is by the source's own time, and a limit of its own counts before that of all."""
    desk = make_desk(source_max_age_seconds={"b": 20})
    desk.says("a", 0.5)
    desk.says("b", 0.5, at_ns=START_NS - 15 * SECOND_NS)
    desk.harness.refresh()
    desk.harness.open_pending()
    assert "home" in [line for line, *_ in desk.harness.resting()]
    assert desk.fair() == 0.5
    desk.wait(6)
    assert desk.fair() is None
    desk.wait(10)
    desk.harness.confirm_cancels()
    assert desk.harness.resting() == []
    assert desk.silence() == "too few sources: 1 of 2; b is older than 20 s"


def test_the_smaller_limit_of_source_and_sport_counts(make_desk: MakeDesk) -> None:
    """A sport may be faster than others; the limit of all is for what has none."""
    desk = make_desk(
        min_sources=1, source_max_age_seconds={"a": 40}, sport_max_age_seconds={"Basketball": 30}
    )
    desk.says("a", 0.5)
    desk.wait(31)
    assert desk.fair() is None
    unhurried = make_desk(min_sources=1, source_max_age_seconds={"a": 90})
    unhurried.says("a", 0.5)
    unhurried.wait(80)
    assert unhurried.fair() == 0.5


def test_a_time_of_the_source_from_ahead_makes_no_price_younger(make_desk: MakeDesk) -> None:
    """A source with a fast clock ages from the arrival."""
    desk = make_desk(min_sources=1)
    desk.says("a", 0.5, at_ns=START_NS + 50 * SECOND_NS)
    desk.wait(61)
    assert desk.fair() is None


def test_a_source_far_from_the_anchor_is_ignored(make_desk: MakeDesk) -> None:
    """It neither counts nor moves the price, and is named where that leaves too few."""
    desk = make_desk(anchor="sharp")
    desk.says("sharp", 0.5)
    desk.says("near", 0.54)
    desk.says("far", 0.56)
    assert desk.fair() == pytest.approx(0.52)
    desk.says("near", 0.56)
    assert desk.silence() == (
        "too few sources: 1 of 2; far is 0.060 from sharp, of 0.05 permitted; "
        "near is 0.060 from sharp, of 0.05 permitted"
    )


def test_without_the_anchor_there_is_no_price(make_desk: MakeDesk) -> None:
    """The others have nothing to be compared with."""
    desk = make_desk(anchor="sharp")
    desk.says("a", 0.5)
    desk.says("b", 0.5)
    assert desk.fair() is None
    assert desk.silence() == "no anchor: sharp does not count"


def test_a_price_that_jumps_by_half_is_refused_by_name(make_desk: MakeDesk) -> None:
    """It is counted and never quoted on; the source is out until its last price is too old."""
    desk = make_desk(min_sources=1)
    desk.says("a", 0.5)
    desk.says("a", 0.75)
    assert desk.fair() is None
    assert desk.silence() == "too few sources: 0 of 1; a jumps from 0.500 to 0.750"
    assert desk.refused("a") == ({"jumps": 1}, "jumps: from 0.500 to 0.750")
    desk.says("a", 0.76)
    assert desk.fair() is None
    desk.wait(61)
    desk.says("a", 0.76)
    assert desk.fair() == 0.76


def test_a_source_that_returns_to_its_last_price_counts_again(make_desk: MakeDesk) -> None:
    """A single wrong price costs its source only the time until the next."""
    desk = make_desk(min_sources=1)
    for fair in (0.5, 0.99, 0.52):
        desk.says("a", fair)
    assert desk.fair() == 0.52


def test_a_refused_price_is_no_reference_for_price_sanity(make_desk: MakeDesk) -> None:
    """Nothing else of the desk uses it either."""
    desk = make_desk(min_sources=1)
    desk.says("a", 0.5)
    desk.says("a", 0.9)
    event = desk.harness.market().event
    assert event.references[desk.harness.pair().pair_id].probability == 0.5


def test_only_named_sources_count(make_desk: MakeDesk) -> None:
    """Where weights are given, a source without one is refused by name."""
    desk = make_desk(weights={"a": 1}, min_sources=1)
    desk.says("stranger", 0.9)
    assert desk.fair() is None
    assert desk.refused("stranger") == ({"not in pricing.weights": 1}, "not in pricing.weights")


def test_a_source_that_does_not_offer_the_point_is_interpolated(make_desk: MakeDesk) -> None:
    """A spread at -3 follows from the same source's -4.5 and moneyline, before the game."""
    desk = make_desk(min_sources=1)
    desk.says("a", 0.5, "home-4.5")
    alone = desk.fair("home-3")
    assert alone is not None
    assert 0.53 < alone < 0.56
    # A shorter moneyline than -4.5 implies pulls the price of what lies between.
    desk.says("a", 0.70)
    between = desk.fair("home-3")
    assert between is not None
    assert alone < between < 0.62


def test_a_point_that_the_exchange_lacks_gives_those_that_it_has(make_desk: MakeDesk) -> None:
    """The source's point is kept, not taken for the line's."""
    desk = make_desk(min_sources=1)
    desk.says("a", 0.5, "over", point=221.5)
    fair = desk.fair("over")
    assert fair is not None
    assert 0.53 < fair < 0.56
    desk.says("b", 0.5, "away+4.5", point=5.5)
    fair = desk.fair("home-4.5")
    assert fair is not None
    assert 0.51 < fair < 0.54


def test_points_out_of_reach_are_not_made_up(make_desk: MakeDesk) -> None:
    """Ten points away nothing is claimed."""
    desk = make_desk(min_sources=1)
    desk.says("a", 0.5, "over", point=209.5)
    assert desk.fair("over") is None
    assert desk.silence("over") == "too few sources: 0 of 1; a does not offer it"


def test_in_play_a_source_must_offer_the_point_itself(make_desk: MakeDesk) -> None:
    """The distribution is of whole games."""
    desk = make_desk(min_sources=1)
    desk.says("a", 0.5, "home-4.5")
    assert desk.fair("home-3") is not None
    desk.harness.on_event(EventStatusChanged(EventId("g1"), EventStatus.LIVE))
    assert desk.fair("home-3") is None
    assert desk.fair("home-4.5") == 0.5


def test_a_moneyline_makes_a_spread_due(make_desk: MakeDesk) -> None:
    """What gives another market its price moves its quotes too."""
    desk = make_desk(min_sources=1)
    desk.says("a", 0.5, "home-4.5")
    desk.harness.refresh()
    seen = desk.harness.strategy.fairs
    seen.clear()
    desk.says("a", 0.66)
    desk.harness.refresh()
    assert desk.fair("home-3") in seen


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"vig": "shinn"}, "pricing.vig: 'shinn' is not one of proportional, power, shin"),
        ({"min_sources": 0}, "pricing.min_sources: 0 is not a whole number, 1 or more"),
        ({"weights": {"a": 0}}, "pricing.weights: "),
        ({"weights": {"a": 1}}, "pricing.min_sources: 2 is more than pricing.weights has, 1"),
        (
            {"weights": {"a": 1, "b": 1}, "anchor": "c"},
            "pricing.anchor: 'c' is not in pricing.weights",
        ),
        (
            {"weights": {"a": 1, "b": 1}, "source_max_age_seconds": {"c": 5}},
            "pricing.source_max_age_seconds: 'c' is not in pricing.weights",
        ),
        ({"max_age_seconds": 0}, "pricing.max_age_seconds: 0 is not a number of seconds, above 0"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(changed: dict[str, Any], why: str) -> None:
    """One line names the setting and what is wrong."""
    with pytest.raises(ConfigError) as refused:
        read_settings("pricing", Books, SETTINGS | changed)
    assert why in str(refused.value)
