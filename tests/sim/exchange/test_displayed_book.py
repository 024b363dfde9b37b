"""The book as the exchange shows it, compared with the worked figures of the partner API (8.1)."""

from hypothesis import given
from hypothesis import strategies as st

from sim.exchange.books import LineBook
from sim.exchange.displayed_book import Level, best_level, levels, totals
from strategies.trading.model.book import DISPLAYED_LEVELS
from strategies.trading.model.odds import Odds, payout_ratio, prophetx_ladder
from tests.sim.small_exchange import ExchangeScenario

RUNGS = st.sampled_from(prophetx_ladder().rungs[150:400])


def book_of(scenario: ExchangeScenario, line: str) -> LineBook:
    """Return the book of a line once everything has happened."""
    return next(book for book in scenario.exchange.books if book.line_id == line)


def test_a_wager_shows_on_the_opposite_line_with_its_value_and_its_quantity(
    scenario: ExchangeScenario,
) -> None:
    """Ten dollars at -146 on home are displayed as +146 on away, where 6.85 can be staked."""
    scenario.place(1, "w", "home", -146, 1000)
    scenario.run()
    assert levels(book_of(scenario, "away")) == [Level(Odds(146), 685, 1000)]
    assert levels(book_of(scenario, "home")) == []
    assert best_level(book_of(scenario, "home")) is None


def test_a_fill_reduces_the_value_and_leaves_the_quantity(scenario: ExchangeScenario) -> None:
    """After a fill of three of ten dollars at -146, value is 3.85 and quantity still ten."""
    scenario.place(1, "w", "home", -146, 1000)
    scenario.trade(2, "away", 146, 300)
    scenario.run()
    assert levels(book_of(scenario, "away")) == [Level(Odds(146), 385, 1000)]


@given(
    wagers=st.lists(st.tuples(RUNGS, st.integers(100, 50_000)), min_size=1, max_size=14),
    traded_cents=st.integers(1, 90_000),
)
def test_staked_less_filled_is_the_open_stake_behind_all_levels(
    make_scenario: type[ExchangeScenario], wagers: list[tuple[int, int]], traded_cents: int
) -> None:
    """At every level value times payout is the open stake, up to a cent of value for each wager.

    What a fill gave was rounded to the cent, and so is what is left to take: half a cent each.
    """
    scenario = make_scenario(most_delayed=1000)
    for number, (odds, cents) in enumerate(wagers):
        scenario.place(number + 1, f"w{number}", "home", odds, cents)
    scenario.trade(1000, "away", -400, traded_cents)
    scenario.run()
    home, away = book_of(scenario, "home"), book_of(scenario, "away")
    staked = totals(home)
    assert staked == totals(away)
    open_cents = sum(wager.open_cents for wager in home.wagers)
    assert staked.quantity_cents - staked.filled_cents == open_cents
    assert staked.filled_cents == sum(scenario.filled_cents(f"w{n}") for n in range(len(wagers)))
    shown = levels(away)
    assert shown == sorted(shown, reverse=True)
    assert len(shown) <= DISPLAYED_LEVELS
    for level in shown:
        resting = [wager for wager in home.wagers if wager.displayed_odds == level.odds]
        numerator, denominator = payout_ratio(level.odds)
        behind = level.value_cents * numerator / denominator
        off = len(resting) * numerator / denominator
        assert abs(behind - sum(wager.open_cents for wager in resting)) <= off
        assert level.quantity_cents == sum(wager.stake_cents for wager in resting)


def test_no_more_than_ten_levels_are_shown(scenario: ExchangeScenario) -> None:
    """Of twelve offers on a line the ten that pay takers most are shown, the longest first."""
    for number in range(12):
        scenario.place(1 + number, f"w{number}", "home", 101 + number, 1000)
    scenario.run()
    assert best_level(book_of(scenario, "away")) == levels(book_of(scenario, "away"))[0]
    assert [level.odds for level in levels(book_of(scenario, "away"))] == list(
        range(-101, -111, -1)
    )


def test_a_level_counts_what_is_recorded_and_what_participants_rest(
    scenario: ExchangeScenario,
) -> None:
    """Recorded stake and ours are one level until the recorded stake is consumed."""
    scenario.join("b")
    scenario.offer(0, "away", 100, 500, quantity=700)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.place(2, "early", "away", 100, 200, by="b")
    shown: list[list[Level]] = []
    scenario.call(3, lambda: shown.append(levels(book_of(scenario, "away"))))
    scenario.place(4, "late", "away", 100, 400, by="b")
    scenario.run()
    assert shown == [[Level(Odds(100), 1300, 1700)]]
    assert levels(book_of(scenario, "away")) == [Level(Odds(100), 900, 1000)]
