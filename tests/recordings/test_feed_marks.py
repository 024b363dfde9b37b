"""Case 30 of ../shared/cases: gaps of a recording reach the desk of a backtest as they did live."""

from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import polars as pl
import pytest

from recordings.feed_marks import FeedMark, feed_mark, lost_text, restored_text, with_events
from recordings.join import join_recordings
from recordings.tape import Clocks
from recordings.writer import TapeWriter
from strategies.trading.model.ids import EventId, LineId
from strategies.trading.model.market import Line, Market, MarketStatus, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.units import NS_PER_SECOND
from tests.conftest import MONEYLINE, START_NS

SETTINGS = ("strategy=simple_market_maker", "risk.in_play=true")
# Where the case's gap begins and ends, nanoseconds since the epoch.
LOST_NS, RESTORED_NS = 1_795_900_105_000_000_000, 1_795_900_400_000_000_000


@pytest.fixture
def run_case(
    tmp_path: Path, run_in: Callable[..., Any], find_case: Callable[[str], Path]
) -> Callable[..., Any]:
    """Return the function that runs the market maker on a case, by its name."""

    def run(name: str, *words: str) -> Any:
        recording = copytree(find_case(name), tmp_path / name)
        return run_in(tmp_path, *SETTINGS, f"recording.path={recording}", *words)

    return run


def test_case_30_nothing_is_filled_over_a_marked_gap(run_case: Callable[..., Any]) -> None:
    """Quotes are pulled where the feed is lost, and nothing is filled at a stale price."""
    run = run_case("30-gap-with-marks")
    fills, wagers = run.table("fills"), run.table("wagers")
    late = pl.col("ns").is_between(LOST_NS + 1_000_000_000, RESTORED_NS - 1)
    assert fills.filter(late).is_empty()
    assert run.summary["wagers_placed"] > 0
    assert wagers.filter(
        pl.col("placed_ns").is_between(LOST_NS + 1_000_000_000, RESTORED_NS - 1)
    ).is_empty()


def test_case_30_the_summary_has_number_and_length_of_gaps(run_case: Callable[..., Any]) -> None:
    """The gap counts from the last message before it, not from when the loss was noticed."""
    feed = run_case("30-gap-with-marks").summary["feed"]
    assert (feed["gaps"], feed["gap_seconds"], feed["longest_gap_seconds"]) == (1, 302.0, 302.0)


def test_case_30_without_marks_the_gap_is_silence(run_case: Callable[..., Any]) -> None:
    """A gap that nobody marked looks like a quiet market: its quotes stay, and are filled.

    The summary has how long the recording was silent.
    """
    run = run_case("30-gap-without-marks")
    late = pl.col("ns").is_between(LOST_NS + 1_000_000_000, RESTORED_NS + 5_000_000_000)
    assert not run.table("fills").filter(late).is_empty()
    assert run.summary["feed"]["gaps"] == 0
    assert run.summary["feed"]["longest_silence_seconds"] >= 295


def test_case_30_without_marks_the_age_of_the_feed_pulls(run_case: Callable[..., Any]) -> None:
    """As live, it is the limit on silence that pulls the quotes."""
    run = run_case("30-gap-without-marks", "risk.max_feed_age_seconds=60")
    late = pl.col("ns").is_between(LOST_NS + 60_000_000_000, RESTORED_NS - 1)
    assert run.table("fills").filter(late).is_empty()
    assert "feed stale" in run.table("silences")["reason"].to_list()


def write_game(folder: Path, name: str, *lost_minutes: int) -> Path:
    """Write half an hour of a game, a message a minute, in which the feed is lost in some."""
    with TapeWriter(folder, source="test", simulated=True, clocks=Clocks.ONE) as tape:
        start_ns = START_NS + 7200 * NS_PER_SECOND
        game, event_id = f"A at {name}", EventId(name)
        event = tape.add_event(SportEvent(event_id, game, name, "A", "NBA", "basketball", start_ns))
        market = tape.add_market(Market(event_id, MONEYLINE, MarketType.MONEYLINE, "Moneyline"))
        lines = [
            tape.add_line(Line(LineId(f"{name}-{side}"), event_id, MONEYLINE, Selection(side), 0.0))
            for side in ("home", "away")
        ]
        for minute in range(30):
            now_ns = START_NS + 60 * minute * NS_PER_SECOND
            tape.begin_message(now_ns, now_ns)
            if minute == 0:
                tape.schedule(event, start_ns)
                tape.market_status(market, MarketStatus.OPEN)
            if minute in lost_minutes:
                tape.feed_lost("a test")
                continue
            if minute - 1 in lost_minutes:
                tape.feed_restored()
            for line in lines:
                tape.offer(line, -108, 50_000 + minute)
    return folder


def lost_markets(run: Any) -> list[tuple[str, int, int | None]]:
    """Return the events that were not quoted as their feed was lost: from which minute to which."""
    silences = run.table("silences").filter(pl.col("reason") == "feed lost").sort("since_ns")
    minutes = (
        (pl.col(name) - START_NS) // (60 * NS_PER_SECOND) for name in ("since_ns", "until_ns")
    )
    rows: list[tuple[str, int, int | None]] = silences.select("event_id", *minutes).rows()
    return rows


def test_a_gap_of_one_recording_pulls_its_own_quotes_alone(
    tmp_path: Path, run_in: Callable[..., Any]
) -> None:
    """Played together, and joined to one, each game loses its feed where its recording says so.

    One that ends without its feed stops no other game.
    """
    write_game(tmp_path / "both" / "one", "one", 10, 29)
    write_game(tmp_path / "both" / "two", "two", 20)
    join_recordings([str(tmp_path / "both" / name) for name in ("one", "two")], tmp_path / "joined")
    for path in (tmp_path / "both", tmp_path / "joined"):
        run = run_in(tmp_path, "strategy=simple_market_maker", f"recording.path={path}")
        assert lost_markets(run) == [("one", 10, 11), ("two", 20, 21), ("one", 29, None)]
        assert run.summary["feed"]["gaps"] == 3


def test_a_cut_within_a_gap_begins_without_the_feed(
    tmp_path: Path, run_in: Callable[..., Any]
) -> None:
    """What is played from the middle of a gap on is not quoted before the gap ends."""
    path = write_game(tmp_path / "tape", "one", 10, 11, 12)
    since = "2026-09-21T14:24:20"
    run = run_in(
        tmp_path,
        "strategy=simple_market_maker",
        f"recording.path={path}",
        f"recording.from={since}",
    )
    assert run.table("wagers")["placed_ns"].min() >= START_NS + 13 * 60 * NS_PER_SECOND


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{}",
        '{"feed": ',
        '{"feed": "up"}',
        '{"feed": "lost", "events": 7}',
        '{"feed": {}}',
    ],
)
def test_other_texts_are_no_marks(text: str | None) -> None:
    """What an exchange or somebody else wrote is left as it is."""
    assert feed_mark(text) is None
    assert with_events(text, [EventId("one")]) == text


def test_marks_name_the_events_of_their_recording_once() -> None:
    """A mark that has events already keeps them: it was joined before."""
    mark = with_events(lost_text("why"), [EventId("one")])
    again = with_events(mark, [EventId("one"), EventId("two")])
    assert feed_mark(again) == FeedMark(True, (EventId("one"),))
    assert feed_mark(restored_text()) == FeedMark(False, ())
