"""A crowd trades a whole game by the rules of the exchange, whatever the sport and settings."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from sim.crowd.crowd import Crowd
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.crowd_source import crowd_source
from sim.crowd.sports.registry import SPORTS
from sim.exchange.displayed_book import levels
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.events import WagerMatched
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.odds import Odds, implied_probability, opposite, prophetx_ladder
from strategies.trading.model.setting_reader import read_settings
from tests.sim.crowd.conftest import CrowdHarness

SHORT = CrowdSettings(opens_before_s=200.0, game_s=400.0, requote_rate=3.0, interest=3.0)
HARD = CrowdSettings(opens_before_s=120.0, game_s=2400.0, extra_suspensions=12)

NewCrowd = Callable[[str, int, CrowdSettings], CrowdHarness]


@pytest.fixture(
    scope="module",
    # The NHL's game is the quickest to play.
    params=[
        sport if sport == "nhl" else pytest.param(sport, marks=pytest.mark.slow)
        for sport in sorted(SPORTS)
    ],
)
def finished(request: pytest.FixtureRequest, new_crowd: NewCrowd) -> CrowdHarness:
    """Return a finished game of each sport."""
    harness = new_crowd(request.param, 5, SHORT)
    harness.run()
    return harness


def test_money_is_conserved_over_all_accounts_and_commission(finished: CrowdHarness) -> None:
    """After settlement nothing is at risk, and what participants lost is the commission."""
    accounts = [participant.account for participant in finished.exchange.participants]
    start_cents = sum(1_000_000_000 for _ in accounts) - 900_000_000
    assert {account.matched_cents for account in accounts} == {0}
    commission_cents = sum(account.commission_cents for account in accounts)
    assert commission_cents > 0
    assert sum(account.cash_cents for account in accounts) + commission_cents == start_cents
    assert not any(participant.live for participant in finished.exchange.participants)


def test_every_line_settles_by_the_final_score(finished: CrowdHarness) -> None:
    """Moneyline, spreads and totals are won, lost or pushed by one final score."""
    home, away = finished.crowd.game.final
    assert finished.listener.scores[-1] == (home, away)
    surplus = {
        "home": lambda point: home - away + point,
        "away": lambda point: away - home + point,
        "over": lambda point: home + away - point,
        "under": lambda point: point - home - away,
    }
    assert sorted(finished.listener.results) == list(range(len(finished.crowd.info.lines)))
    for place, line in enumerate(finished.crowd.info.lines):
        margin = surplus[line.selection](line.point)
        expected = Result.WON if margin > 0 else Result.LOST if margin < 0 else Result.PUSHED
        assert finished.listener.results[place] == expected, line


def test_statuses_follow_the_order_of_a_game(finished: CrowdHarness) -> None:
    """Each market opens, is suspended at the start, opens, is suspended at the end, and closes."""
    expected = [MarketStatus.OPEN, MarketStatus.SUSPENDED] * 2 + [MarketStatus.CLOSED]
    for market in range(3):
        assert [status for at, status in finished.listener.statuses if at == market] == expected
    assert finished.listener.event_statuses == list(EventStatus)


def test_every_market_is_traded_and_no_offer_is_left_displayed(finished: CrowdHarness) -> None:
    """Every market has trades, and after settlement no offer is left in any book."""
    markets = {
        finished.exchange.books[line].market_index for line, _, _ in finished.listener.trades
    }
    assert markets == {0, 1, 2}
    assert not any(finished.listener.books.values())


def test_one_seed_gives_every_sport_a_game_of_its_own() -> None:
    """No two sports share an id, a day, a delay of the start or a random stream, seed by seed."""
    crowds = [Crowd(sport, seed) for sport in SPORTS for seed in (13, 14)]
    events = [crowd.info.events[0] for crowd in crowds]
    assert len({event.event_id for event in events}) == len(events)
    assert len({event.scheduled_ns for event in events}) == len(SPORTS)
    delays = {
        crowd.starts_ns - event.scheduled_ns for crowd, event in zip(crowds, events, strict=True)
    }
    assert len(delays) == len(events)


def test_quotes_stay_within_the_limits_of_the_exchange(finished: CrowdHarness) -> None:
    """Few of makers' wagers are refused for another reason than crossing, at three times the rate.

    Those wait in the in-play delay, of which an account may have only so much.
    """
    refused = accepted = 0
    for participant in finished.exchange.participants:
        if not participant.name.startswith("maker"):
            continue
        counts = participant.counters.refusals
        refused += counts.total() - counts["add_liquidity_only"] - counts["event_not_available"]
        accepted += len(participant.ended)
    assert accepted > 300
    assert refused < 0.015 * accepted


@pytest.mark.slow
def test_published_books_match_the_exchange_and_are_never_crossed(new_crowd: NewCrowd) -> None:
    """The published book of a line is its ten best levels, and best offers imply more than one."""
    harness = new_crowd("nba", 6, SHORT)
    for seconds in range(20, 640, 7):
        harness.run_to_s(seconds + 0.5)
        for book in harness.exchange.books:
            shown = harness.listener.books.get(book.line_index, {})
            best = max(shown, default=None)
            other = max(harness.listener.books.get(book.opposite.line_index, {}), default=None)
            if best is not None and other is not None:
                assert implied_probability(best) + implied_probability(other) > 1
        if harness.env.peek() > harness.env.now_ns + 40_000_000:
            for book in harness.exchange.books:
                expected = {level.odds: level[1:] for level in levels(book)}
                assert harness.listener.books.get(book.line_index, {}) == expected


@pytest.mark.slow
def test_hard_suspensions_add_a_dozen_in_every_market(new_crowd: NewCrowd) -> None:
    """With extra suspensions each market is suspended ten times or more, and still settles."""
    harness = new_crowd("nba", 7, HARD)
    harness.run()
    for market in range(3):
        statuses = [status for at, status in harness.listener.statuses if at == market]
        assert statuses.count(MarketStatus.SUSPENDED) >= 10
        assert statuses[-1] == MarketStatus.CLOSED
        assert all(after != before for before, after in pairwise(statuses))


@pytest.mark.slow
def test_takers_match_a_better_offer_from_outside(new_crowd: NewCrowd) -> None:
    """Takers match an outside quote while it is the best, and the trades differ without it."""
    alone, with_outsider = (new_crowd("nba", 8, SHORT) for _ in range(2))
    alone.run_to_s(250)
    with_outsider.run_to_s(60)
    book = with_outsider.exchange.books[0]
    best = levels(book)[0].odds
    ours = Odds(opposite(prophetx_ladder().step(best, 1)))
    request = PlaceWager(WagerRef("ours"), book.opposite.line_id, ours, 500_000, Intent.ADD_ONLY)
    with_outsider.exchange.place(with_outsider.outsider, [request])
    with_outsider.run_to_s(250)
    matched = [event for event in with_outsider.events if isinstance(event, WagerMatched)]
    assert sum(event.stake_cents for event in matched) > 0
    assert {event.odds for event in matched} == {ours}
    assert with_outsider.listener.trades != alone.listener.trades


def test_a_listener_is_shown_the_books_without_the_participant_it_excludes(
    new_crowd: NewCrowd,
) -> None:
    """An outside wager at the best odds and one beyond them are shown to one listener only."""
    harness = new_crowd("nhl", 8, SHORT)
    harness.run_to_s(60)
    book = harness.exchange.books[0]
    best = levels(book)[0].odds
    requests = [
        PlaceWager(WagerRef(f"ours-{steps}"), book.opposite.line_id, ours, 5_000, Intent.ADD_ONLY)
        for steps in (0, 1)
        for ours in [opposite(prophetx_ladder().step(best, steps))]
    ]
    harness.exchange.place(harness.outsider, requests)
    harness.run_to_s(60.1)
    shown, without = (
        listener.books[book.line_index] for listener in (harness.listener, harness.without_outsider)
    )
    assert shown == {level.odds: level[1:] for level in levels(book)}
    assert without == {level.odds: level[1:] for level in levels(book, harness.outsider)}
    assert max(shown) == prophetx_ladder().step(best, 1) > max(without)


def test_makers_move_their_quotes_away_from_a_large_opposite_offer(new_crowd: NewCrowd) -> None:
    """A large stake that crosses the makers' quotes moves them: they never rest through it."""
    harness = new_crowd("nba", 8, CrowdSettings(opens_before_s=900.0, game_s=600.0, interest=0.0))
    harness.run_to_s(60)
    book = harness.exchange.books[0]
    odds = prophetx_ladder().step(levels(book)[0].odds, -12)
    big = PlaceWager(WagerRef("big"), book.line_id, odds, 80_000_000, Intent.REST)
    before = levels(book)[0].odds
    harness.exchange.place(harness.outsider, [big])
    harness.run_to_s(120)
    assert levels(book)[0].odds < before
    assert levels(book.opposite)[0].odds == opposite(odds)


@pytest.mark.slow
def test_drawn_settings_differ_and_give_short_games(new_crowd: NewCrowd) -> None:
    """Settings drawn for the storm tests differ, and each gives a game that ends."""
    drawn = [CrowdSettings.drawn(np.random.default_rng(seed)) for seed in range(6)]
    assert len(set(drawn)) == 6
    for seed, settings in enumerate(drawn):
        harness = new_crowd(sorted(SPORTS)[seed % 4], seed, settings)
        harness.run()
        assert harness.listener.event_statuses[-1] == EventStatus.ENDED
        assert harness.listener.messages < 5_000


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("makers", 0, "a whole number, 1 or more"),
        ("interest", -1.0, "a number, 0 or more"),
        ("game_minutes", 0.0, "a number of minutes, above 0 or null"),
        ("requote_rate", -0.1, "a number, 0 or more"),
        ("suspensions", "never", "one of usual, hard"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(name: str, value: object, allowed: str) -> None:
    """A crowd without makers, or with negative rates or times, is refused, naming the setting."""
    with pytest.raises(ConfigError, match=f"^feed.{name}: {value!r} is not {allowed}$"):
        read_settings("feed", crowd_source, {name: value})
