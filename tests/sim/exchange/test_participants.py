"""Any number of participants at one book: who trades with whom, at whose odds, and how much.

Most wagers here are at even money, where a stake is what the other side stakes.
"""

from collections.abc import Callable

import pytest

from sim.engine.latency import Delay
from sim.exchange.displayed_book import Level, levels
from strategies.trading.model.commands import Intent
from strategies.trading.model.events import (
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
)
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.market import MarketStatus
from strategies.trading.model.odds import Odds
from tests.sim.small_exchange import ExchangeScenario


@pytest.fixture
def four(scenario: ExchangeScenario) -> ExchangeScenario:
    """Return a scenario with the desk and three others, a, b and c."""
    for name in "abc":
        scenario.join(name)
    return scenario


# Priority -------------------------------------------------------------------------------------


def test_the_odds_that_pay_the_taker_most_match_first(
    four: ExchangeScenario,
) -> None:
    """Of three makers the shortest odds for themselves are filled first."""
    four.place(1, "m", "home", 105, 1000, by="a")
    four.place(2, "m", "home", 100, 1000, by="b")
    four.place(3, "m", "home", 102, 1000, by="c")
    four.place(10, "t", "away", -105, 1520)
    four.run()
    assert four.fills("m", by="b") == [(100, 1000, 1000)]
    assert four.fills("m", by="c") == [(102, 510, 520)]
    assert four.fills("m", by="a") == []
    assert four.fills("t") == [(100, 1000, 1000), (-102, 520, 510)]


def test_at_the_same_odds_the_oldest_matches_first(four: ExchangeScenario) -> None:
    """Three makers at one price are filled in the order in which they came."""
    four.place(1, "m", "home", 100, 300, by="b")
    four.place(2, "m", "home", 100, 300)
    four.place(3, "m", "home", 100, 300, by="a")
    four.place(10, "t", "away", 100, 700, by="c")
    four.run()
    assert four.filled_cents("m", by="b") == 300
    assert four.filled_cents("m") == 300
    assert four.filled_cents("m", by="a") == 100


def test_cancel_and_new_loses_the_place_in_the_queue(four: ExchangeScenario) -> None:
    """A wager cannot be changed; a replacement is behind the others."""
    four.place(1, "m", "home", 100, 300, by="a")
    four.place(2, "m", "home", 100, 300, by="b")
    four.cancel(500, "m", by="a")
    four.place(501, "again", "home", 100, 300, by="a")
    four.place(1000, "t", "away", 100, 400, by="c")
    four.run()
    assert four.filled_cents("m", by="b") == 300
    assert four.filled_cents("again", by="a") == 100


def test_recorded_stake_and_participants_share_one_queue(four: ExchangeScenario) -> None:
    """Recorded stake ahead of a wager is matched before it, later stake after it."""
    four.offer(0, "away", 100, 200)
    four.place(1, "m", "home", 100, 300, by="a")
    four.offer(2, "away", 100, 500)
    four.place(3, "m", "home", 100, 300, by="b")
    four.place(10, "t1", "away", 100, 200, by="c")
    four.place(20, "t2", "away", 100, 250, by="c")
    four.place(30, "t3", "away", 100, 350, by="c")
    four.place(40, "t4", "away", 100, 300, by="c")
    four.run()
    taken = {
        ms: event.stake_cents
        for name in "ab"
        for ms, event in zip(
            four.times_of(WagerMatched, by=name), four.of(WagerMatched, by=name), strict=True
        )
    }
    # 200 recorded; then a's 300; then the 300 recorded that came behind it; then b.
    assert taken == {20: 250, 30: 50, 40: 300}
    assert four.filled_cents("m", by="a") == 300
    assert sum(four.filled_cents(f"t{n}", by="c") for n in (1, 2, 3, 4)) == 1100


# Odds -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("odds", "matches"), [(184, True), (182, True), (186, False)], ids=["same", "short", "long"]
)
def test_wagers_match_where_each_gets_what_it_asks(
    four: ExchangeScenario, odds: int, matches: bool
) -> None:
    """-184 against +184 match; one step longer on either side they do not."""
    four.place(1, "m", "home", -184, 1840, by="a")
    four.place(10, "t", "away", odds, 500, by="b")
    four.run()
    assert bool(four.fills("t", by="b")) is matches


def test_the_taker_gets_the_odds_of_the_older_side(four: ExchangeScenario) -> None:
    """The improvement is the taker's, who asked for +140 and gets the +146 on offer.

    Ten at -146 rest; three are staked against 4.38 of them; 5.62 stay open.
    """
    four.place(1, "m", "home", -146, 1000, by="a")
    four.place(10, "t", "away", 140, 300, by="b")
    four.run()
    assert four.fills("m", by="a") == [(-146, 438, 300)]
    assert four.fills("t", by="b") == [(146, 300, 438)]
    assert levels(four.exchange.books_by_line[LineId("away")]) == [Level(Odds(146), 385, 1000)]


def test_a_taker_that_is_not_filled_whole_rests_at_its_own_odds(four: ExchangeScenario) -> None:
    """What remains of it waits for the next, who then gets those odds."""
    four.place(1, "m", "home", 100, 300, by="a")
    four.place(10, "t", "away", -110, 1100, by="b")
    four.place(20, "next", "home", 100, 200, by="c")
    four.run()
    assert four.fills("t", by="b") == [(100, 300, 300), (-110, 220, 200)]
    assert four.fills("next", by="c") == [(110, 200, 220)]


def test_a_wager_can_be_filled_in_many_parts_and_each_is_reported(four: ExchangeScenario) -> None:
    """Both sides receive every fill, with their stake and profit."""
    four.place(1, "m", "home", 110, 1000, by="a")
    for ms, cents in ((10, 300), (20, 333), (30, 467)):
        four.place(ms, f"t{ms}", "away", -110, cents, by="b")
    four.run()
    fills = four.fills("m", by="a")
    assert [profit for _, _, profit in fills] == [300, 333, 467]
    assert sum(stake for _, stake, _ in fills) == 1000
    for ms, (_, stake, profit) in zip((10, 20, 30), fills, strict=True):
        assert four.fills(f"t{ms}", by="b") == [(-110, profit, stake)]


def test_the_worthless_remainder_of_a_taker_is_cancelled(four: ExchangeScenario) -> None:
    """Two cents that could win less than one cannot rest across what they could not take."""
    four.place(1, "m", "home", 500, 100, by="a")
    four.place(2, "m2", "home", 450, 100, by="b")
    four.place(3, "t", "away", -500, 452, by="c")
    four.run()
    assert four.fills("t", by="c") == [(-450, 450, 100)]
    assert four.of(WagerCancelled, by="c") == [WagerCancelled(WagerRef("t"), 2)]
    assert four.filled_cents("m", by="a") == 0


def test_a_trade_between_participants_is_reported_once_from_the_takers_side(
    four: ExchangeScenario,
) -> None:
    """The publisher receives the taker's line, odds and stake of each trade."""
    four.place(1, "m", "home", 150, 1000, by="a")
    four.place(2, "m", "home", 150, 1000, by="b")
    four.place(10, "t", "away", -150, 2000, by="c")
    four.run()
    assert four.trades == [("away", -150, 1500), ("away", -150, 500)]


# Add only, fill or kill, self-match -----------------------------------------------------------


def test_an_add_only_wager_that_would_match_a_participant_is_invalid(
    four: ExchangeScenario,
) -> None:
    """Against another's wager as against what is recorded; short of it, it rests."""
    four.place(1, "m", "home", 100, 300, by="a")
    four.place(2, "w", "away", -102, 300, Intent.ADD_ONLY, by="b")
    four.place(3, "v", "away", 102, 300, Intent.ADD_ONLY, by="b")
    four.run()
    assert four.of(WagerInvalid, by="b") == [WagerInvalid(WagerRef("w"), "add_liquidity_only")]
    assert four.of(WagerOpened, by="b") == [WagerOpened(WagerRef("v"))]
    assert four.fills("m", by="a") == []


def test_for_two_seconds_a_taking_wager_can_still_be_matched(four: ExchangeScenario) -> None:
    """The unfilled part of a fill-or-kill wager stays open, then the exchange cancels it."""
    four.place(1, "t", "home", 100, 1000, Intent.TAKE, by="a")
    four.place(2000, "met", "away", 100, 400, by="b")
    four.place(2002, "late", "away", 100, 400, by="c")
    four.run()
    assert four.filled_cents("t", by="a") == 400
    assert four.of(WagerCancelled, by="a") == [WagerCancelled(WagerRef("t"), 600)]
    assert four.times_of(WagerCancelled, by="a") == [2001]
    assert four.filled_cents("late", by="c") == 0


def test_only_its_own_wagers_stop_an_account_from_crossing(four: ExchangeScenario) -> None:
    """Others' wagers at the same odds can be matched; an own one makes the newcomer refused."""
    four.place(1, "w", "home", 110, 1000, by="a")
    four.place(2, "w", "home", 105, 1000, by="b")
    four.place(3, "v", "away", -108, 500, by="a")
    four.place(4, "u", "away", -120, 500, by="a")
    four.place(5, "v", "away", -110, 1100, by="c")
    four.run()
    assert four.of(WagerRejected, by="a") == [WagerRejected(WagerRef("u"), "self_match")]
    assert four.fills("v", by="a") == [(-105, 500, 476)]
    assert four.filled_cents("w", by="b") == 1000
    assert four.fills("v", by="c") == [(-105, 550, 524), (-110, 550, 500)]
    assert four.filled_cents("w", by="a") == 500


# When nothing matches -------------------------------------------------------------------------


def test_participants_do_not_match_while_the_market_is_suspended(
    make_scenario: type[ExchangeScenario], constant_ms: Callable[[float], Delay]
) -> None:
    """A wager pending then is invalid; a resting one stays, and matches afterwards."""
    scenario = make_scenario(delays={"activation": constant_ms(50)})
    scenario.join("a")
    scenario.join("b")
    scenario.place(1, "m", "home", 100, 500, by="a")
    scenario.place(990, "t", "away", 100, 500, by="b")
    scenario.market_status(1000, MarketStatus.SUSPENDED)
    scenario.place(1100, "u", "away", 100, 500, by="b")
    scenario.market_status(2000, MarketStatus.OPEN)
    scenario.place(2100, "v", "away", 100, 500, by="b")
    scenario.run()
    assert scenario.codes("t", by="b") == scenario.codes("u", by="b") == ["event_not_available"]
    assert scenario.times_of(WagerMatched, by="a") == [2150]


def test_a_taking_wager_leaves_after_two_seconds_also_while_suspended(
    four: ExchangeScenario,
) -> None:
    """Its time runs on."""
    four.place(1, "t", "home", 100, 1000, Intent.TAKE, by="a")
    four.market_status(500, MarketStatus.SUSPENDED)
    four.run()
    assert four.times_of(WagerCancelled, by="a") == [2001]
