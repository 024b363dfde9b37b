"""The Betfair importer: which markets are imported, and what their definitions record."""

from pathlib import Path
from typing import Any

import pytest

from recordings.importers.betfair import import_betfair
from recordings.reader import Tape
from recordings.tape import Kind, Unreported
from strategies.trading.model.errors import TapeError
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.market_types import MarketType, Selection
from tests.recordings.importers.conftest import StreamFile

BOOK = {"id": 11, "atb": [[2.5, 40]]}


def runners(*keys: tuple[int, float]) -> list[dict[str, Any]]:
    """Return active runners of these ids and handicaps, in their order."""
    return [
        {"id": id_, "hc": hc, "status": "ACTIVE", "sortPriority": place}
        for place, (id_, hc) in enumerate(keys, start=1)
    ]


def settled(home: str, away: str) -> list[dict[str, Any]]:
    """Return the two runners of a moneyline, of these statuses."""
    return [
        {"id": 11, "status": home, "sortPriority": 1},
        {"id": 22, "status": away, "sortPriority": 2},
    ]


def test_a_market_of_two_runners_is_a_moneyline(stream: StreamFile) -> None:
    """The runner listed first is home, and names come from the file where it has them."""
    named = settled("ACTIVE", "ACTIVE")
    named[0]["name"], named[1]["name"] = "Lakers", "Heat"
    named.reverse()
    stream.define(runners=named, eventName="Lakers v Heat", eventTypeId="7522", name="Moneyline")
    stream.change(BOOK)
    info = stream.imported().info
    (event,), (market,) = info.events, info.markets
    assert (event.name, event.home, event.away) == ("Lakers v Heat", "Lakers", "Heat")
    assert (event.sport, event.scheduled_ns) == ("basketball", 1_600_027_200 * 10**9)
    assert (market.market_id, market.type, market.name) == (
        "1.1",
        MarketType.MONEYLINE,
        "Moneyline",
    )
    assert [(line.line_id, line.selection, line.point) for line in info.lines] == [
        ("1.1:11", Selection.HOME, 0.0),
        ("1.1:22", Selection.AWAY, 0.0),
    ]


@pytest.mark.parametrize(
    ("definition", "home"),
    [
        ({"eventName": "Heat @ Lakers", "eventTypeId": "7522"}, 22),
        ({"eventName": "Heat v Lakers", "eventTypeId": "7522"}, 11),
        ({"eventName": "Heat vs Lakers", "eventTypeId": "2"}, 11),
        ({"eventTypeId": "7522"}, 22),
        ({"eventTypeId": "6423"}, 22),
        ({"eventTypeId": "7511"}, 22),
        ({"eventTypeId": "7524"}, 22),
        ({"eventTypeId": "1"}, 11),
    ],
)
@pytest.mark.parametrize("type_", ["MATCH_ODDS", "HANDICAP"])
def test_the_home_team_is_found_by_the_name_of_the_event(
    stream: StreamFile, definition: dict[str, Any], home: int, type_: str
) -> None:
    """It is second in "A @ B" and first in "A v B"; without a name, second in American sports."""
    keys = [(11, -1.5), (22, 1.5)] if type_ == "HANDICAP" else [(11, 0), (22, 0)]
    stream.define(**definition, marketType=type_, runners=runners(*keys))
    stream.change({"id": 11, "hc": keys[0][1], "atb": [[2.5, 40]]})
    imported = stream.imported()
    first = imported.info.lines[0]
    assert first.selection is Selection.HOME
    assert first.line_id.startswith(f"1.1:{home}")
    assert imported.info.events[0].home == f"runner {home}"
    by_name = [note for note in imported.info.notes if note.startswith("Home is the second team")]
    assert bool(by_name) == ("eventName" in definition)


def test_names_of_runners_decide_the_home_team_before_their_order(stream: StreamFile) -> None:
    """The away team of "Heat @ Lakers" is Heat, even if Lakers is listed first."""
    both = settled("ACTIVE", "ACTIVE")
    both[0]["name"], both[1]["name"] = "Lakers", "Heat"
    stream.define(eventName="Heat @ Lakers", eventTypeId="7522", runners=both)
    stream.change(BOOK)
    info = stream.imported().info
    assert (info.events[0].home, info.events[0].away) == ("Lakers", "Heat")
    assert info.lines[0].line_id == "1.1:11"


def test_the_teams_of_a_total_are_those_of_the_name(stream: StreamFile) -> None:
    """A total of "Heat @ Lakers" is about a game at Lakers."""
    stream.define(marketType="OVER_UNDER_25", eventName="Heat @ Lakers")
    stream.change(BOOK)
    event = stream.imported().info.events[0]
    assert (event.home, event.away) == ("Lakers", "Heat")


@pytest.mark.parametrize(
    ("definition", "tournament"),
    [
        ({}, ""),
        ({"competitionId": "10547864"}, "Betfair competition 10547864"),
        ({"competitionId": 10547864, "competitionName": "NBA"}, "NBA"),
    ],
)
def test_the_tournament_is_that_of_the_file_or_the_given_one(
    stream: StreamFile, tmp_path: Path, definition: dict[str, Any], tournament: str
) -> None:
    """A file may name its competition, or number it; the caller's name comes first."""
    stream.define(**definition)
    stream.change(BOOK)
    assert stream.imported().info.events[0].tournament == tournament
    import_betfair(stream.write(), tmp_path / "named", "Summer League")
    assert Tape(tmp_path / "named").info.events[0].tournament == "Summer League"


def test_handicaps_are_paired_at_opposite_points(stream: StreamFile) -> None:
    """Home -1.5 is opposite away +1.5; quarter points and unpaired ones are left out."""
    keys = [(11, -1.5), (22, 1.5), (11, 0), (22, 0), (11, -0.25), (22, 0.25), (11, 2)]
    stream.define(marketType="ASIAN_HANDICAP", runners=runners(*keys))
    stream.change(
        {"id": 11, "hc": -1.5, "atl": [[2.5, 40]]},
        {"id": 22, "atb": [[2, 7]]},
        {"id": 11, "hc": -0.25, "atb": [[2, 8]]},
    )
    imported = stream.imported()
    assert imported.info.markets[0].type is MarketType.SPREAD
    assert [pair.pair_id for pair in imported.info.catalogue().pairs.values()] == [
        "7:1.1:-1.5",
        "7:1.1:0",
    ]
    assert imported.book() == {"1.1:22:+1.5": {-150: 6000}, "1.1:22:+0": {100: 700}}
    assert (imported.report.quarter_lines, imported.report.lines_alone) == (2, 1)
    assert any("2 handicap runners at a quarter point" in note for note in imported.info.notes)


def test_trades_of_a_handicap_are_merged_within_their_pair(stream: StreamFile) -> None:
    """Equal payouts at opposite handicaps are one trade; at unrelated ones they are two."""
    keys = [(11, -1.5), (22, 1.5), (11, 0), (22, 0)]
    stream.define(marketType="HANDICAP", runners=runners(*keys))
    stream.change({"id": 11, "hc": -1.5, "atl": [[2, 90]]})
    traded = {"trd": [[2, 20]]}
    stream.change({"id": 11, "hc": -1.5, **traded}, {"id": 22, "hc": 1.5, **traded})
    stream.change({"id": 11, "hc": 0, **traded}, {"id": 22, "hc": 1.5, "trd": [[2, 40]]})
    assert [trade[:3] for trade in stream.imported().trades()] == [
        ("1.1:22:+1.5", 100, 2000),
        ("1.1:22:+1.5", 100, 1000),
        ("1.1:11:+0", 100, 1000),
    ]


def test_handicaps_added_later_join_the_market(stream: StreamFile) -> None:
    """A definition may add handicaps; the known ones keep their lines."""
    stream.define(marketType="ASIAN_HANDICAP", runners=runners((11, -1.5), (22, 1.5)))
    more = runners((11, -2), (22, 2), (11, -1.5), (22, 1.5))
    stream.define(marketType="ASIAN_HANDICAP", runners=more)
    stream.change({"id": 11, "hc": -2, "atb": [[2, 9]]}, {"id": 11, "hc": -1.5, "atb": [[2, 8]]})
    imported = stream.imported()
    assert imported.book() == {"1.1:11:-2": {100: 900}, "1.1:11:-1.5": {100: 800}}
    assert imported.report.pairs == 2


@pytest.mark.parametrize("names", [("Under 2.5 Goals", "Over 2.5 Goals"), (None, None)])
def test_over_and_under_are_a_total_at_the_point_of_its_type(
    stream: StreamFile, names: Any
) -> None:
    """Betfair lists under first; runner names, where present, decide."""
    both = settled("ACTIVE", "ACTIVE")
    both[0]["name"], both[1]["name"] = names
    stream.define(marketType="OVER_UNDER_25", runners=both)
    stream.change(BOOK)
    lines = stream.imported().info.lines
    assert {line.line_id: (line.selection, line.point) for line in lines} == {
        "1.1:11": (Selection.UNDER, 2.5),
        "1.1:22": (Selection.OVER, 2.5),
    }


@pytest.mark.parametrize("listed", [("Over", "Under"), ("Under", "Over")])
def test_a_total_of_many_points_is_a_pair_for_each(stream: StreamFile, listed: Any) -> None:
    """Names decide which runner is over, and both lines of a pair have the same point."""
    keys = [(11, 211.5), (22, 211.5), (11, 212), (22, 212), (11, 212.25), (22, 213)]
    named = [{**runner, "name": listed[runner["id"] == 22]} for runner in runners(*keys)]
    stream.define(marketType="COMBINED_TOTAL", eventName="Heat @ Lakers", runners=named)
    stream.change({"id": 11, "hc": 212, "atb": [[2, 40]]}, {"id": 11, "hc": 211.5, "atb": [[2, 9]]})
    imported = stream.imported()
    over, under = (11, 22) if listed[0] == "Over" else (22, 11)
    assert [(line.line_id, line.selection, line.point) for line in imported.info.lines] == [
        (f"1.1:{over}:+211.5", Selection.OVER, 211.5),
        (f"1.1:{under}:+211.5", Selection.UNDER, 211.5),
        (f"1.1:{over}:+212", Selection.OVER, 212),
        (f"1.1:{under}:+212", Selection.UNDER, 212),
    ]
    assert imported.book() == {"1.1:11:+212": {100: 4000}, "1.1:11:+211.5": {100: 900}}
    assert (imported.info.events[0].home, imported.info.markets[0].type) == (
        "Lakers",
        MarketType.TOTAL,
    )
    assert (imported.report.quarter_lines, imported.report.lines_alone) == (1, 1)


def test_names_override_the_order_of_a_total(stream: StreamFile) -> None:
    """A runner named over is over, even if it is listed first."""
    both = settled("ACTIVE", "ACTIVE")
    both[0]["name"], both[1]["name"] = "Over 0.5 Goals", "Under 0.5 Goals"
    stream.define(marketType="OVER_UNDER_05", runners=both)
    stream.change(BOOK)
    over = stream.imported().info.lines[0]
    assert (over.line_id, over.selection, over.point) == ("1.1:11", Selection.OVER, 0.5)


def test_unsupported_markets_are_listed_with_the_reason(stream: StreamFile) -> None:
    """Beside a supported market, the others are left out and listed with the reason."""
    stream.define("1.1")
    stream.define("1.2", runners=runners((11, 0), (22, 0), (33, 0)), eventName="A v B")
    stream.define("1.3", marketType="CORRECT_SCORE")
    stream.change(BOOK, market_id="1.2")
    stream.change(BOOK)
    imported = stream.imported()
    assert [market.market_id for market in imported.info.markets] == ["1.1"]
    assert len(imported.offers()) == 1
    refused = [line for line in imported.report.lines() if line.startswith("Refused")]
    assert refused[0] == (
        "Refused, as MATCH_ODDS has 3 runners, where a market needs exactly two: 1.2 (A v B)"
    )
    assert refused[1].startswith("Refused, as CORRECT_SCORE (runners: 2) is no moneyline")
    assert "Markets in the file that were refused: 1 CORRECT_SCORE, 1 MATCH_ODDS." in (
        imported.info.notes
    )


@pytest.mark.parametrize(
    ("definition", "why"),
    [
        (
            {"marketType": "COMBINED_TOTAL", "runners": runners((11, 211.5), (22, 211.5))},
            r"COMBINED_TOTAL 1\.1 does not name which of its runners is over",
        ),
        ({"marketType": "PLACE"}, r"PLACE 1\.1 .* is no moneyline"),
        ({"marketType": "OVER_UNDER_273"}, r"OVER_UNDER_273 1\.1"),
        ({"runners": runners((11, 0), (22, 0), (33, 0))}, r"MATCH_ODDS 1\.1 has 3 runners"),
        ({"runners": runners((11, 0), (11, 0))}, r"MATCH_ODDS 1\.1 lists a runner twice"),
        (
            {"marketType": "HANDICAP", "runners": runners((11, 1), (22, -1), (33, 0))},
            r"HANDICAP 1\.1 has 3 different runners",
        ),
        (
            {"marketType": "HANDICAP", "runners": runners((11, 0.25), (22, -0.25))},
            r"HANDICAP 1\.1 has no two runners at opposite points",
        ),
    ],
)
def test_a_file_without_a_supported_market_is_an_error(
    stream: StreamFile, tmp_path: Path, definition: dict[str, Any], why: str
) -> None:
    """The error names the market's type, its id and the reason, and no tape is left."""
    stream.define(**definition)
    with pytest.raises(TapeError, match=why):
        import_betfair(stream.write(), tmp_path / "tape")
    assert not (tmp_path / "tape").exists()


def test_a_game_goes_in_play_is_suspended_and_settles(stream: StreamFile) -> None:
    """Schedule, statuses, delay and results are recorded when they change, in order."""
    stream.define()
    stream.change(BOOK)
    stream.define(marketTime="2020-09-13T20:05:00.000Z")
    stream.define(marketTime="2020-09-13T20:05:00.000Z", status="SUSPENDED")
    running: dict[str, Any] = {"inPlay": True, "betDelay": 5}
    running["marketTime"] = "2020-09-13T20:05:00.000Z"
    stream.define(**running)
    running["betDelay"] = 8
    stream.define(**running)
    # Betfair may name a winner while suspended, and take it back.
    stream.define(**{**running, "status": "SUSPENDED"}, runners=settled("LOSER", "WINNER"))
    stream.define(**{**running, "status": "CLOSED"}, runners=settled("WINNER", "LOSER"))
    imported = stream.imported()
    # A delay is recorded only in-play: the 0 of the definitions before it means nothing yet.
    assert imported.states() == [
        (Kind.SCHEDULE, 1_600_027_200 * 10**9),
        (Kind.MARKET_STATUS, MarketStatus.OPEN),
        (Kind.SCHEDULE, 1_600_027_500 * 10**9),
        (Kind.MARKET_STATUS, MarketStatus.SUSPENDED),
        (Kind.IN_PLAY_DELAY, 5 * 10**9),
        (Kind.EVENT_STATUS, EventStatus.LIVE),
        (Kind.MARKET_STATUS, MarketStatus.OPEN),
        (Kind.IN_PLAY_DELAY, 8 * 10**9),
        (Kind.MARKET_STATUS, MarketStatus.SUSPENDED),
        (Kind.MARKET_STATUS, MarketStatus.CLOSED),
        (Kind.RESULT, Result.WON),
        (Kind.RESULT, Result.LOST),
        (Kind.EVENT_STATUS, EventStatus.ENDED),
    ]
    assert len({row.seq for row in imported.rows[-4:]}) == 1
    assert imported.results() == {"1.1:11": Result.WON, "1.1:22": Result.LOST}


@pytest.mark.parametrize("statuses", [("REMOVED", "WINNER"), ("WINNER", "WINNER")])
def test_a_pair_without_one_winner_and_one_loser_is_voided(
    stream: StreamFile, statuses: Any
) -> None:
    """A removed runner or a dead heat returns both stakes, and is in the notes."""
    stream.define()
    stream.change(BOOK)
    stream.define(status="CLOSED", runners=settled(*statuses))
    imported = stream.imported()
    assert imported.results() == {"1.1:11": Result.VOIDED, "1.1:22": Result.VOIDED}
    assert any("1 pair closed without one winner" in note for note in imported.info.notes)


@pytest.mark.parametrize("statuses", [("ACTIVE", "ACTIVE"), ("WINNER", "ACTIVE")])
def test_a_market_that_closes_with_active_runners_is_not_settled(
    stream: StreamFile, statuses: Any
) -> None:
    """Nobody said that it is void: it has no result, which the notes and the recording say."""
    stream.define()
    stream.change(BOOK)
    stream.define(status="CLOSED", runners=settled(*statuses))
    imported = stream.imported()
    assert imported.results() == {}
    assert Unreported.RESULTS in imported.info.unreported
    assert any(
        "has as active or leaves out one of the runners: 1 pair." in note
        for note in imported.info.notes
    )
    assert not any("count as voided" in note for note in imported.info.notes)


def test_a_result_after_the_market_closed_is_recorded(stream: StreamFile) -> None:
    """The last definitions of a file may name the winner later than the first that is closed."""
    stream.define()
    stream.change(BOOK)
    stream.define(status="CLOSED", runners=settled("ACTIVE", "ACTIVE"))
    stream.define(status="CLOSED", runners=settled("WINNER", "LOSER"))
    imported = stream.imported()
    assert imported.results() == {"1.1:11": Result.WON, "1.1:22": Result.LOST}
    assert not any("has as active" in note for note in imported.info.notes)


def test_a_void_is_recorded_once(stream: StreamFile) -> None:
    """A correction of one pair does not void the other one again."""
    lines = [(11, -4.5), (22, 4.5), (11, -6.5), (22, 6.5)]

    def define(status: str, *statuses: str) -> None:
        both = zip(runners(*lines), statuses, strict=True)
        named = [runner | {"status": of_runner} for runner, of_runner in both]
        stream.define(marketType="HANDICAP", status=status, runners=named)

    define("OPEN", *["ACTIVE"] * 4)
    stream.change(BOOK | {"hc": -4.5})
    define("CLOSED", "REMOVED", "REMOVED", "WINNER", "LOSER")
    define("CLOSED", "REMOVED", "REMOVED", "LOSER", "WINNER")
    rows = [row.state for row in stream.imported().rows if row.kind == Kind.RESULT]
    assert rows == [Result.VOIDED] * 2 + [Result.WON, Result.LOST, Result.LOST, Result.WON]


def test_a_corrected_settlement_is_recorded_again(stream: StreamFile) -> None:
    """A later definition with other winners records the results again; an equal one does not."""
    stream.define()
    stream.change(BOOK)
    for statuses in (("WINNER", "LOSER"), ("WINNER", "LOSER"), ("LOSER", "WINNER")):
        stream.define(status="CLOSED", runners=settled(*statuses))
    imported = stream.imported()
    results = [row.state for row in imported.rows if row.kind == Kind.RESULT]
    assert results == [Result.WON, Result.LOST, Result.LOST, Result.WON]


def test_an_event_ends_with_the_last_of_its_markets(stream: StreamFile) -> None:
    """A total that is decided early does not end the game."""
    stream.define("1.1")
    stream.define("1.2", marketType="OVER_UNDER_05")
    stream.change(BOOK)
    stream.define("1.2", marketType="OVER_UNDER_05", status="CLOSED")
    stream.define("1.1", status="CLOSED")
    rows = stream.imported().rows
    ended = [row.received_ns for row in rows if row.kind == Kind.EVENT_STATUS]
    assert ended == [1_600_000_004 * 10**9]


@pytest.mark.parametrize("late", [((11, 0), (33, 0)), ((11, 0), (22, 0), (33, 0))])
def test_a_market_that_changes_its_runners_is_left_out(stream: StreamFile, late: Any) -> None:
    """Nothing of it is on the tape, the other markets are, and the line of the file is named."""
    stream.define("1.1")
    stream.define("1.2", eventId="8")
    stream.change(BOOK)
    stream.change(BOOK, market_id="1.2")
    stream.define("1.1", runners=runners(*late))
    stream.change(BOOK)
    imported = stream.imported()
    assert [market.market_id for market in imported.info.markets] == ["1.2"]
    (refused,) = imported.report.refused
    assert refused.market_id == "1.1"
    assert refused.reason.endswith("in line 5 of stream")


def test_a_removed_runner_is_none_of_two(stream: StreamFile) -> None:
    """A market of two runners and one that was removed from the start is a moneyline."""
    three = [*settled("ACTIVE", "ACTIVE"), {"id": 33, "status": "REMOVED", "sortPriority": 3}]
    stream.define(runners=three)
    stream.change(BOOK)
    assert stream.imported().report.pairs == 1


def test_a_runner_that_is_not_in_the_last_definition_has_no_result(stream: StreamFile) -> None:
    """A market may close in a definition of some of its runners; their pairs have no result."""
    keys = [(11, -1.5), (22, 1.5), (11, 0), (22, 0)]
    stream.define(marketType="HANDICAP", runners=runners(*keys))
    stream.change({"id": 11, "hc": -1.5, "atb": [[2.5, 40]]})
    last = runners(*keys[:3])
    last[0]["status"], last[1]["status"], last[2]["status"] = "WINNER", "LOSER", "WINNER"
    stream.define(marketType="HANDICAP", runners=last, status="CLOSED")
    imported = stream.imported()
    assert imported.results() == {"1.1:11:-1.5": Result.WON, "1.1:22:+1.5": Result.LOST}
    assert any(
        note.endswith("leaves out one of the runners: 1 pair.") for note in imported.info.notes
    )
