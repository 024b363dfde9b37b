"""Fair prices in an NBA game: the fit to real games, the end, and missing values."""

from math import erf, sqrt
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from strategies.trading.model.book import Book
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.event_state import EventState
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import EventStatus, Line, Market, SportEvent
from strategies.trading.model.market_types import MarketType, Period, Selection
from strategies.trading.model.odds import Odds
from strategies.trading.model.setting_reader import read_settings
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.pricing.in_game import InGame

MINUTE_NS = 60 * NS_PER_SECOND
TIP_OFF_NS = 1_790_000_000 * NS_PER_SECOND
PRICING = InGame(0.1)
# A favourite by 4.5 points, and an even total.
HOME_FAIR = 0.6532
LINE = 11.42 * NormalDist().inv_cdf(HOME_FAIR)
scores = st.integers(0, 200)


def phi(z: float) -> float:
    """Return the probability of a standard normal below z."""
    return (1 + erf(z / sqrt(2))) / 2


def event_of(
    catalogue: Catalogue,
    score: tuple[int, int] | None,
    minutes: float = 0.0,
    status: EventStatus = EventStatus.LIVE,
    before: dict[str, float] | None = None,
) -> EventState:
    """Return the first game at a score and clock, with pregame prices by line."""
    event = EventState(catalogue.events[EventId("g1")])
    prices = {"home": HOME_FAIR, "over": 0.5} if before is None else before
    for line, fair in prices.items():
        event.keep_fair(catalogue.pair_of(LineId(line)), fair)
    event.set_status(EventStatus.LIVE, TIP_OFF_NS)
    event.set_status(status, TIP_OFF_NS)
    event.score, event.clock_ns = score, int(minutes * MINUTE_NS)
    return event


def price(
    catalogue: Catalogue, event: EventState, line: str = "home", real_minutes: float = 0.0
) -> float | None:
    """Return the price of a line's pair `real_minutes` after tip-off, with an empty book."""
    book = Book(catalogue.pair_of(LineId(line)))
    return PRICING.fair(book, event, TIP_OFF_NS + int(real_minutes * MINUTE_NS))


@pytest.mark.parametrize(
    ("lead", "share"), [(0, 0.125), (7, 0.25), (-12, 0.5), (5, 0.75), (-3, 0.95), (25, 0.5)]
)
def test_a_moneyline_is_priced_by_the_fit_to_real_games(
    catalogue: Catalogue, lead: int, share: float
) -> None:
    """The probability of home is the measured probit of lead, closing line and time left."""
    left = 1 - share
    z = (lead + 1.55 * left * LINE - 0.27 * left * (lead - share * LINE)) / (17.7 * sqrt(left))
    event = event_of(catalogue, (60 + lead, 60), 48 * share)
    assert price(catalogue, event) == pytest.approx(phi(z), abs=1e-4)


def test_a_spread_is_priced_by_the_margin_of_the_same_fit(catalogue: Catalogue) -> None:
    """At half-time, up by eight, home -4.5 needs a margin that is normal by the same fit."""
    event = event_of(catalogue, (60, 52), 24)
    mean = LINE + (8 - LINE / 2) * (1 - 0.27 / 2) / (1 + 0.55 / 2)
    sigma = 17.7 * sqrt(0.5) / (1 + 0.55 / 2)
    got = price(catalogue, event, "home-4.5")
    assert got == pytest.approx(phi((mean - 4.5) / sigma), abs=1e-4)


def test_a_total_is_priced_by_points_scored_and_time_left(catalogue: Catalogue) -> None:
    """With ten minutes left and no overtime near, the remaining points are normal."""
    event = event_of(catalogue, (110, 80), 38)
    left = 10 / 48
    expected = phi((190 + left * 219.5 - 219.5) / (17.4 * sqrt(left)))
    assert price(catalogue, event, "over") == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("line", ["home", "over"])
@pytest.mark.parametrize("before", [0.03, 0.35, 0.5, 0.8, 0.97])
def test_play_starts_at_the_last_pregame_price(
    catalogue: Catalogue, line: str, before: float
) -> None:
    """At tip-off the price continues from its last pregame value."""
    event = event_of(catalogue, (0, 0), 1e-9, before={"home": 0.6, line: before})
    assert price(catalogue, event, line) == pytest.approx(before, abs=1e-5)


@pytest.mark.parametrize(
    ("score", "line", "expected"),
    [
        ((110, 104), "home", 1.0),
        ((104, 110), "home", 0.0),
        ((110, 104), "home-4.5", 1.0),
        ((108, 104), "home-4.5", 0.0),
        ((107, 104), "home-3", 0.5),
        ((110, 110), "over", 1.0),
        ((110, 109), "over", 0.0),
    ],
)
@pytest.mark.parametrize("ended", [True, False])
def test_at_the_end_a_line_is_won_or_lost(
    catalogue: Catalogue, score: tuple[int, int], line: str, expected: float, ended: bool
) -> None:
    """At the end a price is 1 or 0, or a half for a push, even without a pregame price."""
    status = EventStatus.ENDED if ended else EventStatus.LIVE
    if not ended and score == (110, 110):
        score = (111, 109)
    event = event_of(catalogue, score, 48, status, before={})
    assert price(catalogue, event, line) == expected


def test_a_level_score_continues_in_overtime(catalogue: Catalogue) -> None:
    """Level after regulation neither side has won, and the over is no longer lost."""
    event = event_of(catalogue, (104, 104), 48)
    home, over = price(catalogue, event), price(catalogue, event, "over")
    assert home is not None
    assert over is not None
    assert 0.5 < home < 0.58
    assert over > 0.9


def test_a_likely_overtime_counts_for_a_total(catalogue: Catalogue) -> None:
    """Seconds before a level end the under is not certain; with a lead it is."""
    level = price(catalogue, event_of(catalogue, (100, 100), 47.9), "over")
    decided = price(catalogue, event_of(catalogue, (105, 95), 47.9), "over")
    assert level is not None
    assert level > 0.3
    assert decided == pytest.approx(0.0, abs=1e-6)


def test_a_lead_in_overtime_gains_value_as_time_runs_out(catalogue: Catalogue) -> None:
    """In an overtime the clock runs down again, and at its end the game is over unless level."""
    chances = [
        price(catalogue, event_of(catalogue, (112, 109), minutes)) for minutes in (49, 52, 52.9, 53)
    ]
    assert chances == sorted(chances, key=lambda chance: chance or 0.0)
    assert chances[0] is not None
    assert 0.6 < chances[0] < 0.95
    assert chances[-1] == 1.0
    again = price(catalogue, event_of(catalogue, (112, 112), 53))
    assert again == price(catalogue, event_of(catalogue, (104, 104), 48))


@given(
    st.one_of(st.just(0.0), st.floats(0.001, 60.0)),
    scores,
    scores,
    st.floats(0.004, 0.996),
    st.floats(0.004, 0.996),
    st.sampled_from(["home", "home-4.5", "home-3", "over"]),
    st.floats(0, 400),
)
def test_a_price_in_the_game_is_always_a_probability(
    catalogue: Catalogue,
    minutes: float,
    home: int,
    away: int,
    home_fair: float,
    over: float,
    line: str,
    real_minutes: float,
) -> None:
    """Whatever score, clock and pregame price, it is a number from 0 to 1."""
    assume(minutes > 0 or line != "over")
    event = event_of(catalogue, (home, away), minutes, before={"home": home_fair, "over": over})
    got = price(catalogue, event, line, real_minutes)
    assert got is not None
    assert 0.0 <= got <= 1.0


def test_a_missing_clock_is_estimated_from_the_time_since_tip_off(
    catalogue: Catalogue,
) -> None:
    """An hour of real time after tip-off, the price is that of a reported clock of 24 minutes."""
    expected = price(catalogue, event_of(catalogue, (60, 52), 24))
    unreported = event_of(catalogue, (60, 52))
    assert price(catalogue, unreported, real_minutes=60) == expected
    assert price(catalogue, unreported, real_minutes=70) == expected
    later = price(catalogue, unreported, real_minutes=100)
    assert expected is not None
    assert later is not None
    assert later > expected


def test_an_estimated_clock_never_ends_the_game(catalogue: Catalogue) -> None:
    """However late, a small lead without a reported end is no win."""
    for real_minutes in (134.0, 200.0):
        got = price(catalogue, event_of(catalogue, (101, 100)), real_minutes=real_minutes)
        assert got is not None
        assert 0.5 < got < 0.75


@pytest.mark.parametrize(
    ("score", "before", "line"),
    [
        (None, {"home": 0.6, "over": 0.5}, "home"),
        (None, {"home": 0.6, "over": 0.5}, "over"),
        ((50, 50), {"over": 0.5}, "home"),
        ((50, 50), {"over": 0.5, "home-4.5": 0.5}, "home-4.5"),
        ((50, 50), {"home": 0.6}, "over"),
    ],
)
def test_without_a_score_or_a_pregame_price_there_is_no_in_play_price(
    catalogue: Catalogue, score: tuple[int, int] | None, before: dict[str, float], line: str
) -> None:
    """Moneyline and spread need the pregame moneyline, a total its own price, all need a score."""
    assert price(catalogue, event_of(catalogue, score, 24, before=before), line) is None


def test_a_total_has_no_price_while_its_clock_is_only_estimated(catalogue: Catalogue) -> None:
    """A few minutes decide a total, so it has no price until its clock or the end is reported."""
    event = event_of(catalogue, (60, 52))
    assert price(catalogue, event, "over", real_minutes=60) is None
    event.set_status(EventStatus.ENDED, TIP_OFF_NS)
    assert price(catalogue, event, "over", real_minutes=150) == 0.0


def test_a_total_does_not_need_a_moneyline(catalogue: Catalogue) -> None:
    """A session that follows only totals has prices in-play too."""
    event = event_of(catalogue, (60, 52), 24, before={"over": 0.5})
    assert price(catalogue, event, "over") == pytest.approx(0.54, abs=0.05)


def offered(catalogue: Catalogue, line: str) -> Book:
    """Return the book of a pair that is offered at -120 and +100."""
    book = Book(catalogue.pair_of(LineId(line)))
    book.first.put(Odds(-120), 1_000, 0)
    book.second.put(Odds(100), 1_000, 0)
    return book


def test_before_the_game_the_price_is_the_middle_of_the_touch(catalogue: Catalogue) -> None:
    """Until play starts the book sets the price, even if a score of 0-0 is reported."""
    event = EventState(catalogue.events[EventId("g1")])
    event.score = (0, 0)
    middle = 0.5 + (120 / 220 - 0.5) / 2
    assert PRICING.fair(offered(catalogue, "home"), event, 0) == pytest.approx(middle)
    assert PRICING.fair(Book(catalogue.pair_of(LineId("home"))), event, 0) is None


def test_a_game_of_another_tournament_has_no_price_in_play(catalogue: Catalogue) -> None:
    """Where the fit does not apply, no other pricing replaces it, and it says what is missing."""
    event = EventState(catalogue.events[EventId("g2")])
    event.set_status(EventStatus.LIVE, TIP_OFF_NS)
    event.score = (10, 20)
    book = offered(catalogue, "home2")
    assert PRICING.fair(book, event, 0) is None
    missing = PRICING.missing_for(book.pair.market, event.event, outside_prices=False)
    assert missing == "a fit for play of WNBA, moneyline"
    assert PRICING.next_move_ns(event, TIP_OFF_NS) is None


@pytest.mark.parametrize(
    "period", [each for each in Period if each.is_part and each.is_played_in("basketball")]
)
def test_a_period_is_not_priced_as_the_game(period: Period) -> None:
    """The moneyline of a period says nothing about the game's line, and is not priced by it."""
    game = SportEvent(EventId("g"), "", "H", "A", "NBA", "basketball", TIP_OFF_NS)
    market = Market(game.event_id, MarketId("64"), MarketType.MONEYLINE, "a period", period)
    lines = [
        Line(LineId(selection), game.event_id, market.market_id, selection, 0.0)
        for selection in (Selection.HOME, Selection.AWAY)
    ]
    half = Catalogue([game], [market], lines)
    event = EventState(game)
    event.keep_fair(half.pair_of(LineId("home")), 0.9)
    assert event.pre_game_home is None
    event.set_status(EventStatus.LIVE, TIP_OFF_NS)
    event.score = (10, 20)
    assert PRICING.fair(offered(half, "home"), event, 0) is None


@pytest.mark.parametrize(
    ("minutes", "status", "moves"),
    [(0, EventStatus.LIVE, True), (24, EventStatus.LIVE, False), (0, EventStatus.ENDED, False)],
)
def test_only_an_estimated_clock_moves_between_updates(
    catalogue: Catalogue, minutes: float, status: EventStatus, moves: bool
) -> None:
    """A reported clock is constant between scores; an estimated one runs by whole seconds."""
    event = event_of(catalogue, (5, 5), minutes, status)
    begin_ns = event.live_since_ns
    assert (PRICING.next_move_ns(event, begin_ns) == begin_ns + NS_PER_SECOND) == moves
    if moves:
        book = offered(catalogue, "home")
        before, moved = (
            PRICING.fair(book, event, begin_ns + at_ns)
            for at_ns in (900 * NS_PER_SECOND - 1, 900 * NS_PER_SECOND)
        )
        assert before != moved
        later_ns = begin_ns + 901 * NS_PER_SECOND - 1
        assert PRICING.fair(book, event, later_ns) == moved


@pytest.mark.parametrize("setting", ["0.1", True, None, -0.1, 0, 1, float("nan")])
def test_an_invalid_overround_is_refused(setting: Any) -> None:
    """It is checked like that of every other pricing."""
    with pytest.raises(ConfigError, match=r"pricing\.max_overround"):
        read_settings("pricing", InGame, {"max_overround": setting})
