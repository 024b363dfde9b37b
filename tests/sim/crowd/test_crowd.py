"""A crowd trades a whole day by the exchange's rules, whatever the sport and its own shape."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.sports.registry import SPORTS
from sim.exchange.displayed_book import levels
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.events import WagerMatched
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.odds import Odds, implied_probability, opposite, prophetx_ladder

SHORT = CrowdSettings(opens_before_s=300.0, game_s=600.0, pace=3.0, interest=3.0)
HARD = CrowdSettings(opens_before_s=120.0, game_s=2400.0, extra_suspensions=12)

Gather = Callable[..., Any]


@pytest.fixture(scope="module", params=sorted(SPORTS))
def day(request: pytest.FixtureRequest, gather: Gather) -> Any:
    """Return a day of each sport that has passed."""
    gathering = gather(request.param, 5, SHORT)
    gathering.run()
    return gathering


def test_money_is_conserved_over_all_accounts_and_the_house(day: Any) -> None:
    """After settlement nothing is at risk, and what participants lost is the house's commission."""
    accounts = [participant.account for participant in day.exchange.participants]
    began_cents = sum(1_000_000_000 for _ in accounts) - 900_000_000
    assert {account.matched_cents for account in accounts} == {0}
    commission_cents = sum(account.commission_cents for account in accounts)
    assert commission_cents > 0
    assert sum(account.cash_cents for account in accounts) + commission_cents == began_cents
    assert not any(participant.live for participant in day.exchange.participants)


def test_every_line_settles_from_the_one_score(day: Any) -> None:
    """Moneyline, spreads and totals are won, lost or pushed as the final score has it."""
    home, away = day.crowd.game.final
    assert day.ear.scores[-1] == (home, away)
    surplus = {
        "home": lambda point: home - away + point,
        "away": lambda point: away - home + point,
        "over": lambda point: home + away - point,
        "under": lambda point: point - home - away,
    }
    assert sorted(day.ear.results) == list(range(len(day.crowd.info.lines)))
    for place, line in enumerate(day.crowd.info.lines):
        by = surplus[line.selection](line.point)
        expected = Result.WON if by > 0 else Result.LOST if by < 0 else Result.PUSHED
        assert day.ear.results[place] == expected, line


def test_statuses_come_in_their_order(day: Any) -> None:
    """Each market opens, is suspended at the off, opens, is suspended at the end, and closes."""
    expected = [MarketStatus.OPEN, MarketStatus.SUSPENDED] * 2 + [MarketStatus.CLOSED]
    for market in range(3):
        assert [status for at, status in day.ear.statuses if at == market] == expected
    assert day.ear.event_statuses == list(EventStatus)


def test_all_of_a_sport_is_traded_and_nothing_is_left_on_show(day: Any) -> None:
    """Every market sees trades, and when all is settled no offer is left in any book."""
    markets = {day.exchange.books[line].market for line, _, _ in day.ear.trades}
    assert markets == {0, 1, 2}
    assert not any(day.ear.books.values())


def test_quotes_stay_within_the_limits_of_the_exchange(day: Any) -> None:
    """Makers hardly ever hit a limit: refusals but for crossing are rare among their wagers."""
    refused = accepted = 0
    for participant in day.exchange.participants:
        if not participant.name.startswith("maker"):
            continue
        counts = participant.counters.refusals
        refused += counts.total() - counts["add_liquidity_only"] - counts["event_not_available"]
        accepted += len(participant.ended)
    assert accepted > 300
    assert refused < 0.005 * accepted


def test_books_are_told_as_they_stand_and_are_never_crossed(gather: Gather) -> None:
    """At any time what was told of a line is its ten best levels, and best offers leave no gain."""
    gathering = gather("nba", 6, SHORT)
    for seconds in range(20, 1000, 7):
        gathering.run_to_s(seconds + 0.5)
        for book in gathering.exchange.books:
            shown = gathering.ear.books.get(book.line, {})
            best = max(shown, default=None)
            other = max(gathering.ear.books.get(book.opposite.line, {}), default=None)
            if best is not None and other is not None:
                assert implied_probability(best) + implied_probability(other) > 1
        if gathering.env.peek() > gathering.env.now_ns + 40_000_000:
            for book in gathering.exchange.books:
                expected = {level.odds: level[1:] for level in levels(book)}
                assert gathering.ear.books.get(book.line, {}) == expected


def test_a_harder_day_has_a_dozen_suspensions_more(gather: Gather) -> None:
    """With extra suspensions each market is suspended ten times and more, and still settles."""
    gathering = gather("nba", 7, HARD)
    gathering.run()
    for market in range(3):
        statuses = [status for at, status in gathering.ear.statuses if at == market]
        assert statuses.count(MarketStatus.SUSPENDED) >= 10
        assert statuses[-1] == MarketStatus.CLOSED
        assert all(after != before for before, after in pairwise(statuses))


def test_the_crowd_takes_a_better_offer_and_misses_one_that_is_gone(gather: Gather) -> None:
    """Takers hit our quote when it is the best, and without it the day takes another course."""
    alone, visited = (gather("nba", 8, SHORT) for _ in range(2))
    alone.run()
    visited.run_to_s(60)
    book = visited.exchange.books[0]
    best = levels(book)[0].odds
    ours = Odds(opposite(prophetx_ladder().step(best, 1)))
    request = PlaceWager(WagerRef("ours"), book.opposite.line_id, ours, 500_000, Intent.ADD_ONLY)
    visited.exchange.place(visited.visitor, [request])
    visited.run()
    matched = [event for event in visited.told if isinstance(event, WagerMatched)]
    assert sum(event.stake_cents for event in matched) > 0
    assert {event.odds for event in matched} == {ours}
    assert visited.ear.trades != alone.ear.trades


def test_makers_step_back_from_an_offer_across_theirs(gather: Gather) -> None:
    """Large stake that comes across the crowd's quotes moves them: they never rest through it."""
    gathering = gather("nba", 8, CrowdSettings(opens_before_s=900.0, game_s=600.0, interest=0.0))
    gathering.run_to_s(60)
    book = gathering.exchange.books[0]
    odds = prophetx_ladder().step(levels(book)[0].odds, -12)
    big = PlaceWager(WagerRef("big"), book.line_id, odds, 80_000_000, Intent.REST)
    before = levels(book)[0].odds
    gathering.exchange.place(gathering.visitor, [big])
    gathering.run_to_s(120)
    assert levels(book)[0].odds < before
    assert levels(book.opposite)[0].odds == opposite(odds)


def test_a_drawn_shape_is_small_and_its_day_is_quick(gather: Gather) -> None:
    """Shapes for storms differ, and each makes a day that comes to its end."""
    shapes = [CrowdSettings.drawn(np.random.default_rng(seed)) for seed in range(6)]
    assert len(set(shapes)) == 6
    for seed, shape in enumerate(shapes):
        gathering = gather(sorted(SPORTS)[seed % 4], seed, shape)
        gathering.run()
        assert gathering.ear.event_statuses[-1] == EventStatus.ENDED
        assert gathering.ear.messages < 5_000


@pytest.mark.parametrize(
    ("name", "value"), [("makers", 0), ("interest", -1.0), ("game_s", 0.0), ("pace", -0.1)]
)
def test_a_shape_that_cannot_be_is_refused_by_name(name: str, value: float) -> None:
    """A crowd without makers, or with negative rates or times, is refused, naming the setting."""
    wrong: dict[str, Any] = {name: value}
    with pytest.raises(ConfigError, match=name):
        CrowdSettings(**wrong)
