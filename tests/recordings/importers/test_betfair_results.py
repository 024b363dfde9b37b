"""The Betfair importer after a market's definition: in play, settled, void, corrected, removed."""

from typing import Any

import pytest

from recordings.tape import Kind, Unreported
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from tests.recordings.importers.betfair_runners import BOOK, runners, settled
from tests.recordings.importers.conftest import StreamFile


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
