"""The catalogue: how lines are paired, and which catalogues are refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.errors import TapeError
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey
from strategies.trading.model.market import Line, Market, SportEvent
from strategies.trading.model.market_types import MarketType, Period, Selection, Team

MONEYLINE, SPREAD, TOTAL = MarketId("219"), MarketId("223"), MarketId("225")


def game(event_id: str = "g1") -> SportEvent:
    """Return a sport event."""
    name = "Boston Celtics at New York Knicks"
    home, away = "New York Knicks", "Boston Celtics"
    return SportEvent(EventId(event_id), name, home, away, "NBA", "basketball", 1_763_900_000)


def markets(event_id: str = "g1") -> list[Market]:
    """Return the three markets of a sport event."""
    return [
        Market(EventId(event_id), MONEYLINE, MarketType.MONEYLINE, "Moneyline"),
        Market(EventId(event_id), SPREAD, MarketType.SPREAD, "Spread"),
        Market(EventId(event_id), TOTAL, MarketType.TOTAL, "Total"),
    ]


def line(
    line_id: str, market_id: MarketId, selection: Selection, point: float = 0.0, event: str = "g1"
) -> Line:
    """Return a line of a market."""
    return Line(LineId(line_id), EventId(event), market_id, selection, point)


def catalogue(*lines: Line) -> Catalogue:
    """Return the catalogue of one sport event with these lines."""
    return Catalogue([game()], markets(), lines)


def test_home_and_away_of_a_moneyline_are_a_pair() -> None:
    """The two selections of a moneyline are each other's opposites, home first."""
    home = line("h", MONEYLINE, Selection.HOME)
    away = line("a", MONEYLINE, Selection.AWAY)
    listed = catalogue(away, home)
    pair = listed.pair_of(home.line_id)
    assert (pair.first, pair.second, pair.type) == (home, away, MarketType.MONEYLINE)
    assert listed.pair_of(away.line_id) is pair
    assert listed.opposite(home.line_id) == away
    assert listed.opposite(away.line_id) == home


@given(st.integers(-60, 60).map(lambda halves: halves / 2))
def test_a_spread_pairs_home_with_the_negated_point_of_away(point: float) -> None:
    """Home -4.5 is opposite away +4.5, and so for every point, including pick'em at 0."""
    home = line("h", SPREAD, Selection.HOME, point)
    away = line("a", SPREAD, Selection.AWAY, -point)
    assert catalogue(home, away).opposite(home.line_id) == away


@pytest.mark.parametrize("away_point", [0.0, -0.0])
def test_pick_em_pairs_with_either_sign_of_zero(away_point: float) -> None:
    """A spread of zero is one pair, even if the exchange writes the away side as -0."""
    home = line("h", SPREAD, Selection.HOME, 0.0)
    away = line("a", SPREAD, Selection.AWAY, away_point)
    assert catalogue(home, away).opposite(away.line_id) == home


def test_over_and_under_of_one_total_are_a_pair() -> None:
    """Over and under share their point, and over is the first line."""
    over = line("o", TOTAL, Selection.OVER, 219.5)
    under = line("u", TOTAL, Selection.UNDER, 219.5)
    pair = catalogue(under, over).pair_of(under.line_id)
    assert (pair.first, pair.second) == (over, under)


def test_each_point_of_a_market_is_a_pair_of_its_own() -> None:
    """A spread market holds one pair per point, and never pairs -4.5 with +3.5."""
    lines = [
        line("h4", SPREAD, Selection.HOME, -4.5),
        line("h3", SPREAD, Selection.HOME, -3.5),
        line("a3", SPREAD, Selection.AWAY, 3.5),
        line("a4", SPREAD, Selection.AWAY, 4.5),
    ]
    listed = catalogue(*lines)
    pairs = listed.pairs_by_market[MarketKey(EventId("g1"), SPREAD)]
    paired = {(pair.first.line_id, pair.second.line_id) for pair in pairs}
    assert paired == {("h4", "a4"), ("h3", "a3")}
    assert len(listed.pairs) == 2


def test_games_that_share_market_ids_keep_their_pairs_apart() -> None:
    """Market ids are templates of the exchange; a pair never spans two games."""
    lines = [
        line(f"{selection}-{event}", MONEYLINE, selection, event=event)
        for selection in (Selection.HOME, Selection.AWAY)
        for event in ("g1", "g2")
    ]
    listed = Catalogue([game("g1"), game("g2")], markets("g1") + markets("g2"), lines)
    assert len(listed.pairs) == 2
    assert listed.opposite(LineId("home-g1")).line_id == "away-g1"
    assert listed.opposite(LineId("home-g2")).line_id == "away-g2"


def test_a_market_without_lines_has_no_pairs() -> None:
    """A market without lines is looked up like any other and holds no pair."""
    listed = catalogue()
    assert listed.pairs_by_market[MarketKey(EventId("g1"), TOTAL)] == []
    assert listed.markets[MarketKey(EventId("g1"), TOTAL)].name == "Total"


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([line("x", MONEYLINE, Selection.HOME)], id="home alone"),
        pytest.param([line("x", TOTAL, Selection.UNDER, 219.5)], id="under alone"),
        pytest.param(
            [line("x", SPREAD, Selection.HOME, -4.5), line("y", SPREAD, Selection.AWAY, 3.5)],
            id="spread points that differ",
        ),
        pytest.param(
            [line("x", SPREAD, Selection.HOME, -4.5), line("y", SPREAD, Selection.AWAY, -4.5)],
            id="spread points not negated",
        ),
        pytest.param(
            [line("x", TOTAL, Selection.OVER, 219.5), line("y", TOTAL, Selection.UNDER, 220.5)],
            id="total points that differ",
        ),
        pytest.param(
            [line("x", MONEYLINE, Selection.HOME), line("y", MONEYLINE, Selection.UNDER)],
            id="home against under",
        ),
    ],
)
def test_a_line_without_an_opposite_is_refused(lines: list[Line]) -> None:
    """A line without an opposite cannot be traded; the message names it."""
    with pytest.raises(TapeError, match="line x has no opposite line in its market"):
        catalogue(*lines)


def test_lines_of_an_unknown_market_are_refused() -> None:
    """A line whose market is not listed is refused by name."""
    unknown = MarketId("1301")
    home = line("x", unknown, Selection.HOME)
    with pytest.raises(TapeError, match="line x belongs to no known market"):
        catalogue(home, line("y", unknown, Selection.AWAY))


def test_lines_of_an_unknown_event_are_refused() -> None:
    """A line whose market belongs to a game that is not listed is refused by name."""
    lines = [
        line("x", MONEYLINE, Selection.HOME, event="g2"),
        line("y", MONEYLINE, Selection.AWAY, event="g2"),
    ]
    with pytest.raises(TapeError, match="line x belongs to no known market of a known event"):
        Catalogue([game("g1")], markets("g2"), lines)


@pytest.mark.parametrize("twice", [Selection.HOME, Selection.AWAY])
def test_two_lines_for_one_selection_at_one_point_are_refused(twice: Selection) -> None:
    """Two lines of one selection would share a pair and split its position; they are refused."""
    lines = [
        line("h", MONEYLINE, Selection.HOME),
        line("a", MONEYLINE, Selection.AWAY),
        line("again", MONEYLINE, twice),
    ]
    with pytest.raises(TapeError):
        catalogue(*lines)


SPREAD_PAIR = (
    line("h4", SPREAD, Selection.HOME, -4.5),
    line("a4", SPREAD, Selection.AWAY, 4.5),
)


def test_added_lines_are_paired_and_looked_up_like_the_rest() -> None:
    """A new game, and a new point of a known market, leave the existing entries unchanged."""
    listed = catalogue(
        line("h4", SPREAD, Selection.HOME, -4.5), line("a4", SPREAD, Selection.AWAY, 4.5)
    )
    there = listed.pair_of(LineId("h4"))
    new = [
        line("h3", SPREAD, Selection.HOME, -3.5),
        line("a3", SPREAD, Selection.AWAY, 3.5),
        line("a", MONEYLINE, Selection.AWAY, event="g2"),
        line("h", MONEYLINE, Selection.HOME, event="g2"),
    ]
    pairs = listed.add([game("g2")], markets("g2"), new)
    assert [(pair.first.line_id, pair.second.line_id) for pair in pairs] == [
        ("h3", "a3"),
        ("h", "a"),
    ]
    assert listed.pairs_by_market[MarketKey(EventId("g1"), SPREAD)] == [there, pairs[0]]
    assert listed.pairs_by_market[MarketKey(EventId("g2"), TOTAL)] == []
    assert listed.opposite(LineId("a")).line_id == "h"
    assert set(listed.events) == {"g1", "g2"}
    assert listed.lines[LineId("a3")] == new[1]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([line("x", SPREAD, Selection.HOME, -3.5)], id="against what is not there"),
        pytest.param(
            [line("x", SPREAD, Selection.HOME, -4.5), line("y", SPREAD, Selection.AWAY, 4.5)],
            id="a second pair at a point",
        ),
        pytest.param([line("x", SPREAD, Selection.HOME, -4.5)], id="against one that is taken"),
    ],
)
def test_added_lines_must_be_whole_pairs(lines: list[Line]) -> None:
    """A new line is never the opposite of an old one: both lines of a pair are added together."""
    listed = catalogue(
        line("h", SPREAD, Selection.HOME, -4.5), line("a", SPREAD, Selection.AWAY, 4.5)
    )
    with pytest.raises(TapeError, match="line x has no opposite line in its market"):
        listed.add([], [], lines)


@pytest.mark.parametrize(
    ("sport", "period"),
    [
        ("basketball", Period.FIRST_INNING),
        ("Basketball", Period.FIRST_PERIOD),
        ("American Football", Period.FIRST_FIVE_INNINGS),
        ("baseball", Period.FOURTH_QUARTER),
        ("Ice Hockey", Period.FIRST_QUARTER),
        ("soccer", Period.THIRD_QUARTER),
    ],
)
def test_a_period_that_the_sport_does_not_have_is_refused(sport: str, period: Period) -> None:
    """An inning of a basketball game is refused; the message names market, period and sport."""
    event = replace(game(), sport=sport)
    market = Market(event.event_id, TOTAL, MarketType.TOTAL, "Total", period)
    expected = f"market 225 of event g1: is on the {period.label}, which {sport} does not have"
    with pytest.raises(TapeError, match=f"^{expected}$"):
        Catalogue([event], [market], [])


@pytest.mark.parametrize("period", Period)
@pytest.mark.parametrize("sport", ["", "sport 61420", "Lacrosse"])
def test_a_sport_that_is_not_known_may_have_any_period(sport: str, period: Period) -> None:
    """Nothing is known of how games of another sport are divided, so nothing is refused."""
    event = replace(game(), sport=sport)
    market = Market(event.event_id, TOTAL, MarketType.TOTAL, "Total", period)
    assert Catalogue([event], [market], []).markets[market.key].period is period


@pytest.mark.parametrize("sport", ["basketball", "American Football", "Baseball", "Ice Hockey"])
def test_halves_are_taken_in_every_sport(sport: str) -> None:
    """Recordings older than quarters and innings may hold halves of any sport."""
    event = replace(game(), sport=sport)
    halves = (Period.FIRST_HALF, Period.SECOND_HALF)
    listed = [
        Market(event.event_id, MarketId(half), MarketType.TOTAL, half, half) for half in halves
    ]
    assert len(Catalogue([event], listed, []).markets) == 2


@pytest.mark.parametrize(
    ("type_", "team", "named"),
    [
        (MarketType.TEAM_TOTAL, None, "a team_total names no team"),
        (MarketType.TOTAL, Team.HOME, "a total names home"),
    ],
)
def test_only_a_market_about_a_team_names_one(
    type_: MarketType, team: Team | None, named: str
) -> None:
    """A team total without its team is refused, and a game's total with one."""
    market = Market(EventId("g1"), TOTAL, type_, "Total", participant=team)
    with pytest.raises(TapeError, match=f"market 225 of event g1: {named}"):
        Catalogue([game()], [market], [])


def test_a_wager_is_named_by_game_market_and_selection() -> None:
    """A person reads what it is on; a line that is not listed is named by its id."""
    spread = (
        line("h", SPREAD, Selection.HOME, -4.5),
        line("a", SPREAD, Selection.AWAY, 4.5),
        line("o", TOTAL, Selection.OVER, 210.5),
        line("u", TOTAL, Selection.UNDER, 210.5),
        line("m", MONEYLINE, Selection.HOME),
        line("n", MONEYLINE, Selection.AWAY),
    )
    listed, name = catalogue(*spread), "Boston Celtics at New York Knicks"
    assert [listed.line_text(LineId(each)) for each in "haumx"] == [
        f"{name}, spread, New York Knicks -4.5",
        f"{name}, spread, Boston Celtics +4.5",
        f"{name}, total, under 210.5",
        f"{name}, moneyline, New York Knicks",
        "line x",
    ]
    assert listed.wager_text("first-1-4", LineId("h"), 105, 5_000) == (
        f"first-1-4: $50.00 at +105 on {name}, spread, New York Knicks -4.5"
    )
