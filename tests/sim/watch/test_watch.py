"""`python -m sim watch`: a recording played in a terminal, forward and back."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, OptionList, Static

from recordings.reader import open_recording
from recordings.tape import Clocks, Side
from recordings.tape_columns import tape_columns
from recordings.writer import TapeWriter
from sim.inspect.recorded_book import RecordedBook
from sim.watch.pair_history import PairHistory
from sim.watch.player_screens import RecordingChooser
from sim.watch.recording_index import RecordingIndex
from sim.watch.recording_player import RecordingPlayer
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import (
    EventStatus,
    Line,
    Market,
    MarketStatus,
    Result,
    SportEvent,
)
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.units import NS_PER_SECOND

Sim = Callable[..., Any]
Keys = Callable[..., Awaitable[None]]
Play = Callable[[RecordingPlayer, Keys], Awaitable[None]]

# 2026-01-15 00:30:00 UTC.
START_NS = 1_768_437_000 * NS_PER_SECOND
SMALL, LARGE = (80, 24), (160, 50)


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """Return a recording of a moneyline from an hour before the start, with a gap and a score."""
    folder = tmp_path / "game"
    with TapeWriter(folder, source="test", simulated=True, clocks=Clocks.ONE) as writer:
        game = EventId("g")
        event = writer.add_event(
            SportEvent(game, "A [b]at[/b] H", "Hawks", "Aces", "NBA", "basketball", START_NS)
        )
        market = writer.add_market(Market(game, MarketId("m"), MarketType.MONEYLINE, "Moneyline"))
        home, away = (
            writer.add_line(Line(LineId(name), game, MarketId("m"), Selection(name), 0.0))
            for name in ("home", "away")
        )

        def at(seconds: int) -> None:
            time_ns = START_NS + seconds * NS_PER_SECOND
            writer.begin_message(time_ns, time_ns)

        at(-3600)
        writer.market_status(market, MarketStatus.OPEN)
        for odds in range(110, 122):
            writer.offer(home, odds, 1000 * odds)
        at(-3000)
        writer.offer(home, 121, 0)
        writer.offer(away, -125, 2550)
        at(-2000)
        writer.trade(home, -110, 1100, Side.MAKER)
        at(-1000)
        writer.feed_lost("no message")
        at(-900)
        writer.feed_restored()
        at(0)
        writer.event_status(event, EventStatus.LIVE)
        writer.market_status(market, MarketStatus.SUSPENDED)
        at(60)
        writer.market_status(market, MarketStatus.OPEN)
        at(400)
        writer.score(event, 12, 9, 300 * NS_PER_SECOND)
        at(9000)
        writer.result(home, Result.WON)
        writer.result(away, Result.LOST)
    return folder


def player(name: str | Path, seconds: int | None = None) -> RecordingPlayer:
    """Return the player of a recording, seconds after the start or at its beginning."""
    columns = tape_columns(open_recording(str(name)))
    catalogue = columns.info.catalogue()
    index = RecordingIndex(columns)
    at_ns = index.first_ns if seconds is None else START_NS + seconds * NS_PER_SECOND
    pairs = list(catalogue.pairs.values())
    return RecordingPlayer(str(name), index, catalogue, pairs, at_ns, is_one_of_several=False)


def play(app: RecordingPlayer, play_with: Play, size: tuple[int, int] = SMALL) -> None:
    """Run a player in a terminal of a size."""

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await play_with(app, pilot.press)

    asyncio.run(run())


def shown(app: RecordingPlayer) -> str:
    """Return what the screen shows."""
    statics = app.screen.query(Static)
    return "\n".join(str(each.render()) for each in statics if each.display)


def seconds_of(app: RecordingPlayer) -> float:
    """Return the moment that is shown, in seconds after the start."""
    return (app.playback.at_ns - START_NS) / NS_PER_SECOND


def test_the_first_moment_shows_both_sides_and_the_keys(tape: Path) -> None:
    """Names are shown as they are; the longest odds stand first, and what does not fit counts."""

    async def look(app: RecordingPlayer, _: Keys) -> None:
        screen = shown(app)
        assert "A [b]at[/b] H; not started" in screen
        assert "1:00:00 before the start" in screen
        assert "PAUSED at the beginning" in screen
        assert "OPEN for 0:00:00" in screen
        assert screen.index("+121") < screen.index("+120")
        assert "$1,210.00" in screen
        assert "more" in screen
        assert "space play" in screen

    play(player(tape), look)


def test_keys_step_through_the_changes_and_back(tape: Path) -> None:
    """Each step is to the instant of a change; back from it is the instant before."""

    async def step(app: RecordingPlayer, press: Keys) -> None:
        found = []
        for _ in range(3):
            await press("right")
            found.append(seconds_of(app))
        assert found == [-3000, -2000, -1000]
        assert "FEED LOST for 0:00:00" in shown(app)
        assert "$10.00 at  +110 on Aces, 0:16:40 ago" in shown(app)
        await press("left", "left")
        assert seconds_of(app) == -3000
        assert "+121" not in shown(app)
        assert "none yet" in shown(app)
        await press("left")
        assert "+121" in shown(app)
        await press("left")
        assert "no change of this market before this moment" in shown(app)

    play(player(tape), step)


def test_keys_find_scores_suspensions_and_gaps(tape: Path) -> None:
    """The next of each, and with a capital letter the one before, with what it changed."""

    async def find(app: RecordingPlayer, press: Keys) -> None:
        await press("f")
        assert seconds_of(app) == -1000
        await press("u")
        assert seconds_of(app) == 0
        assert "SUSPENDED for 0:00:00" in shown(app)
        await press("p")
        assert seconds_of(app) == 400
        assert "Hawks 12, Aces 9 after 0:05:00 of play" in shown(app)
        await press("p")
        assert seconds_of(app) == 400
        await press("U", "F")
        assert seconds_of(app) == -1000
        await press("end")
        assert "CLOSED" in shown(app)
        assert "Hawks WON" in shown(app)
        await press("g", "s", "m", "m", "M", "S", "S")
        assert seconds_of(app) == 59

    play(player(tape), find)


def test_it_plays_at_a_speed_forward_and_back_to_the_end(tape: Path) -> None:
    """Time passes by the speed; at an end it pauses, and plays on from the other end."""

    async def run(app: RecordingPlayer, press: Keys) -> None:
        await press("+", "+", "+", "-", "space")
        assert "PLAYING 60x" in shown(app)
        app.playback.advance(NS_PER_SECOND)
        assert -3540 <= seconds_of(app) < -3000
        await press("space", "b", "space")
        assert "PLAYING BACK 60x" in shown(app)
        app.playback.advance(3600 * NS_PER_SECOND)
        assert seconds_of(app) == -3600
        await press("b")
        assert "PAUSED at the beginning" in shown(app)

    play(player(tape), run)


def test_a_time_is_asked_for_and_a_wrong_one_is_explained(tape: Path) -> None:
    """A time in UTC or relative to the start; another form or moment is refused in words."""

    async def jump(app: RecordingPlayer, press: Keys) -> None:
        await press("t")
        prompt = app.screen.query_one(Input)
        for wrong, why in (("noon", "neither one in UTC"), ("+99:00:00", "is not within the rec")):
            prompt.value = wrong
            await press("enter")
            assert why in shown(app)
        prompt.value = "2026-01-15T00:36:40"
        await press("enter")
        assert seconds_of(app) == 400
        await press("t", "escape")
        assert seconds_of(app) == 400

    play(player(tape), jump)


def test_markets_are_chosen_beside_the_book_or_from_a_list() -> None:
    """In a wide terminal all markets stand beside the book, in a narrow one they are a list."""

    async def choose(app: RecordingPlayer, press: Keys) -> None:
        await press("down")
        assert "(2 of 7)" in shown(app)
        await press("l")
        listed = app.screen.query_one(OptionList)
        assert (listed.option_count, listed.highlighted) == (7, 1)
        await press("down", "down", "enter")
        assert "(4 of 7)" in shown(app)

    async def look(app: RecordingPlayer, _: Keys) -> None:
        assert "markets, with the longest odds" in shown(app)
        assert "> moneyline" in shown(app)

    play(player("nba"), choose)
    play(player("nba"), look, LARGE)


def test_one_of_several_recordings_is_chosen(tmp_path: Path) -> None:
    """The list names all of them, with what was wrong with the last one that was chosen."""
    app = RecordingChooser(["a", "b"], "a", "a: the recording is empty")

    async def run() -> None:
        async with app.run_test(size=SMALL) as pilot:
            assert "a: the recording is empty" in str(app.query_one("#problem", Static).render())
            await pilot.press("down", "enter")

    asyncio.run(run())
    assert app.return_value == "b"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("game",), "no terminal"),
        (("game", "--at", "-00:10:00"), "no terminal"),
        ((), "RECORDING"),
        (("game", "--at"), "--at"),
    ],
)
def test_without_a_terminal_it_says_so(
    sim: Sim, tape: Path, words: tuple[str, ...], named: str
) -> None:
    """One line, with status 2 and nothing drawn."""
    outcome = sim("watch", *words)
    assert (outcome.status, outcome.out, len(outcome.err)) == (2, [], 1)
    assert named in outcome.err[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nba", "nfl", "mlb", "nhl"])
def test_any_moment_is_what_the_simulated_exchange_shows(name: str) -> None:
    """After jumps forward and back, books, statuses, scores and trades are those of `book`."""
    columns = tape_columns(open_recording(name))
    index, catalogue = RecordingIndex(columns), columns.info.catalogue()
    every = range(len(columns.info.lines))
    start_ns = columns.info.events[0].scheduled_ns
    for hours in (-20, 1.9, -3, 0.01, 2.1, 0.5):
        at_ns = start_ns + int(hours * 3600) * NS_PER_SECOND
        book = RecordedBook(columns, at_ns, every)
        for pair in catalogue.pairs.values():
            moment = PairHistory(index, catalogue, pair).moment(at_ns)
            market = columns.info.markets.index(pair.market)
            lines = (pair.first.line_id, pair.second.line_id)
            levels = tuple(
                [(each.odds, each.value_cents) for each in book.levels(line)] for line in lines
            )
            assert moment.sides == levels
            assert moment.status == book.market_status(market)
            assert moment.event_status == book.event_status(0)
            assert moment.score == book.score(0)
            assert moment.start_ns == book.start_ns(0)
            assert next(iter(moment.trades), None) == book.last_trade(pair.market_key)
