"""A price at which the exchange refuses wagers as they open is asked for ever more seldom.

Case 19 of ../shared/cases: a strategy sent the same add-only wager 725 times in an hour.
"""

from collections.abc import Callable
from itertools import pairwise

import pytest

from strategies.trading.model.commands import Intent
from strategies.trading.model.events import WagerAccepted, WagerInvalid, WagerOpened
from strategies.trading.model.units import NS_PER_SECOND
from tests.strategies.trading.conftest import DeskHarness

MakeHarness = Callable[..., DeskHarness]

ADD_ONLY = "add_liquidity_only"


def refuse_all(harness: DeskHarness, seconds: int) -> list[int]:
    """Let the exchange refuse whatever is placed; return at which seconds something was."""
    began_ns = harness.clock.now_ns()
    placed = []
    for _ in range(seconds * 10):
        for place in harness.exchange.places:
            placed.append((harness.clock.now_ns() - began_ns) // NS_PER_SECOND)
            harness.on_event(WagerAccepted(place.ref))
            harness.on_event(WagerInvalid(place.ref, ADD_ONLY))
        harness.exchange.forget()
        harness.clock.advance(NS_PER_SECOND // 10)
    return placed


def refuse_once(harness: DeskHarness) -> None:
    """Let the exchange refuse what was placed last."""
    (place,) = harness.exchange.places
    harness.exchange.forget()
    harness.on_event(WagerAccepted(place.ref))
    harness.on_event(WagerInvalid(place.ref, ADD_ONLY))


@pytest.mark.parametrize("refresh_ns", [0, NS_PER_SECOND // 2])
def test_case_19_a_refused_price_is_tried_ever_more_seldom(
    make_harness: MakeHarness, refresh_ns: int
) -> None:
    """After 1, 2, 4 and so on up to 60 seconds, whether the strategy has a refresh or not."""
    harness = make_harness(refresh_ns=refresh_ns)
    harness.set_quotes(harness.quote("home", -156, 1_000))
    placed = refuse_all(harness, 250)
    gaps = [later - earlier for earlier, later in pairwise(placed)]
    assert gaps[:5] == pytest.approx([1, 2, 4, 8, 16], abs=1)
    assert max(gaps) <= 61
    assert len(placed) <= 10


def test_case_19_the_wait_is_a_denial_that_says_why(make_harness: MakeHarness) -> None:
    """The journal has one denial of the price, with the exchange's reason."""
    harness = make_harness(refresh_ns=0)
    harness.set_quotes(harness.quote("home", -156, 1_000))
    refuse_once(harness)
    harness.offer("home", 104, 10_000)
    (denial,) = harness.journal.denials
    assert (denial.control, denial.odds) == ("back_off", -156)
    assert denial.reason == "the exchange refused -156 once, as add_liquidity_only"


def test_longer_odds_and_other_lines_need_not_wait(make_harness: MakeHarness) -> None:
    """One rung beyond the offer, and the other line, are placed at once; shorter odds wait."""
    harness = make_harness(refresh_ns=0)
    harness.set_quotes(harness.quote("home", 105, 1_000))
    refuse_once(harness)
    harness.set_quotes(harness.quote("home", -110, 1_000))
    assert harness.exchange.places == []
    harness.set_quotes(harness.quote("home", 106, 1_000), harness.quote("away", 105, 1_000))
    assert [(place.line_id, place.odds) for place in harness.exchange.places] == [
        ("home", 106),
        ("away", 105),
    ]


def test_a_wager_that_opens_ends_the_wait(make_harness: MakeHarness) -> None:
    """Once a wager rests at the refused odds, the next one there is placed at once."""
    harness = make_harness(refresh_ns=0)
    harness.set_quotes(harness.quote("home", 105, 1_000))
    refuse_once(harness)
    harness.clock.advance(NS_PER_SECOND)
    (place,) = harness.exchange.places
    harness.exchange.forget()
    harness.on_event(WagerAccepted(place.ref))
    harness.on_event(WagerOpened(place.ref))
    harness.set_quotes(harness.quote("home", 105, 3_000))
    assert [place.stake_cents for place in harness.exchange.places] == [2_000]


def test_what_takes_is_not_held_back(make_harness: MakeHarness) -> None:
    """A TAKE quote is sent once for its target, whatever was refused there before."""
    harness = make_harness(refresh_ns=0)
    harness.set_quotes(harness.quote("home", 105, 1_000))
    refuse_once(harness)
    harness.set_quotes(harness.quote("home", 105, 1_000, Intent.TAKE))
    assert [place.intent for place in harness.exchange.places] == [Intent.TAKE]
