"""The Betfair importer: which markets are imported, and what their definitions record."""

from pathlib import Path
from typing import Any

import pytest

from recordings.importers.betfair import import_betfair
from recordings.reader import Tape
from strategies.trading.model.errors import TapeError
from strategies.trading.model.market_types import MarketType, Selection
from tests.recordings.importers.betfair_runners import BOOK, runners, settled
from tests.recordings.importers.conftest import StreamFile


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
