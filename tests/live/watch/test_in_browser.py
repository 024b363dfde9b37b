"""The page of a session in a real browser: what a person at the desk sees and can do."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from live.prophetx.connection import connected
from live.prophetx.market_data.tape_rows import levels_of
from live.prophetx.rest.client import ProphetClient
from live.wall_clock import WallClock
from live.watch.web_access import WebRole
from strategies.trading.model.events import TradingState, TradingStateSet
from strategies.trading.model.money import cents_from_dollars
from tests.event_loops import run_watching, until
from tests.fixture_types import Compose
from tests.live.local_sandbox import LocalSandbox, Sandbox
from tests.live.watch.browser import Browser, open_browser
from tests.live.watch.watched_game import GAME_ID, WatchedGame, by_person

pytestmark = pytest.mark.slow

SCENARIO_SECONDS = 240
IN_PLAY = ("+experiment=nba_in_play", "sandbox.begin_minutes_before_start=1")
# Hours before the game the market rests, so that two who look after each other see the same.
CALM = ("+experiment=nba", "sandbox.begin_minutes_before_start=300", "latency=none")

Scenario = Callable[[WatchedGame, Browser], Awaitable[None]]
Play = Callable[..., None]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser."""
    with open_browser() as opened:
        yield opened


@pytest.fixture
def play(sandbox: Sandbox, compose_settings: Compose, tmp_path: Path, browser: Browser) -> Play:
    """Return the function that plays a scenario at a sandbox with settings and a speed."""

    def play_scenario(scenario: Scenario, *settings: str, speed: float = 1) -> None:
        async def run() -> None:
            here: AbstractAsyncContextManager[LocalSandbox] = sandbox(speed, *settings)
            async with here as opened:
                game = WatchedGame(opened, compose_settings, tmp_path, [*settings])
                async with game.shown():
                    await scenario(game, browser)

        run_watching(run(), SCENARIO_SECONDS)

    return play_scenario


def test_a_game_moves_on_the_page(play: Play) -> None:
    """The figures, the book and the trades follow the game, without the page being loaded again."""

    async def scenario(game: WatchedGame, browser: Browser) -> None:
        await by_person(browser.open, game.url(WebRole.VIEWER))
        await by_person(browser.until_text, "#state", lambda text: text == "active")
        row = f"tr[data-event='{GAME_ID}']"
        await by_person(browser.until_text, row, lambda text: "live" in text)
        await by_person(browser.until_text, row, lambda text: "wagers" in text)
        await by_person(browser.click, f"{row} a")
        before = await by_person(browser.until_text, ".book", lambda text: "$" in text)
        await by_person(browser.until_text, ".book", lambda text: text != before)
        await by_person(browser.until_text, "[aria-label='Our wagers']", lambda t: "ahead" in t)
        await by_person(browser.until_text, "[aria-label='Decisions']", lambda text: "%" in text)
        # Nothing that the page asked for failed, and nothing stands outside of a phone's width.
        assert await by_person(browser.driver.get_log, "browser") == []

    play(scenario, *IN_PLAY, speed=20)


def test_an_alarm_is_shown_as_it_is_raised(play: Play) -> None:
    """A limit that is used up stands among the alarms, without the page being loaded again."""

    async def scenario(game: WatchedGame, browser: Browser) -> None:
        await by_person(browser.open, game.url(WebRole.VIEWER))
        alarms = "section[aria-label='Alarms and halts']"
        text = await by_person(browser.until_text, alarms, lambda text: " used: " in text)
        assert "100 % used: 2 of 2 (risk.max_concurrent_wagers)" in text

    play(scenario, *CALM, "risk.max_concurrent_wagers=2")


def test_the_slider_goes_back_to_an_earlier_moment(play: Play) -> None:
    """It waits for what is recorded; then the book and the prices are those of that time."""

    async def scenario(game: WatchedGame, browser: Browser) -> None:
        await by_person(browser.open, game.url(WebRole.VIEWER, f"event/{GAME_ID}"))
        await by_person(browser.until_text, ".book", lambda text: "$" in text)
        await by_person(browser.click, "button[aria-label='A minute back']")
        prices = "[aria-label='Prices']"
        await by_person(browser.until_text, prices, lambda text: "then" in text.lower())
        heading = await by_person(browser.text, "[aria-label='Book'] h2")
        assert "from the recording; the market was " in heading.lower()
        # What comes meanwhile does not move it.
        back = "const s = document.getElementById('moment'); return s.max - s.value"
        assert await by_person(browser.script, back) >= 10
        await by_person(browser.click, "section[aria-label='Moment'] button:nth-last-of-type(1)")
        await by_person(browser.until_text, prices, lambda text: "then" not in text.lower())

    play(scenario, *IN_PLAY, speed=20)


def test_a_book_is_the_one_that_the_exchange_answers(play: Play) -> None:
    """Odds and stakes of both sides of the moneyline are those of the exchange's own answer."""

    async def scenario(game: WatchedGame, browser: Browser) -> None:
        await by_person(browser.open, game.url(WebRole.VIEWER, f"event/{GAME_ID}"))
        await by_person(browser.until_text, ".book", lambda text: "$" in text)
        clock = WallClock(speed=game.here.endpoint.speed)
        async with connected(game.here.endpoint, clock, {}, game.folder) as connection:
            shown, answered = None, await exchange_book(connection.client)
            while shown != answered:
                shown = await by_person(shown_book, browser)
                answered = await exchange_book(connection.client)
        assert all(answered.values())

    play(scenario, *CALM)


async def exchange_book(client: ProphetClient) -> dict[str, list[list[int]]]:
    """Return the levels of the moneyline by line, as the exchange answers them."""
    markets = (await client.markets([int(GAME_ID)]))[int(GAME_ID)]
    moneyline = next(market for market in markets if market.type == "moneyline")
    book: dict[str, list[list[int]]] = {}
    for level in levels_of(moneyline.strikes[0]):
        levels = book.setdefault(level.strike_id, [])
        if level.price is not None and level.value is not None:
            levels.append([level.price, cents_from_dollars(float(level.value))])
    return book


def shown_book(browser: Browser) -> Any:
    """Return the levels of the pair that is shown, by line."""
    return browser.script(
        "return Object.fromEntries([...document.querySelectorAll('.book [data-line]')].map("
        "(side) => [side.dataset.line, [...side.querySelectorAll('tr[data-odds]')].map("
        "(row) => [Number(row.dataset.odds), Number(row.dataset.cents)])]));"
    )


def test_an_operator_halts_after_being_asked_twice(play: Play) -> None:
    """Before the second answer nothing happens; then everything is cancelled, under their name."""

    async def scenario(game: WatchedGame, browser: Browser) -> None:
        await by_person(browser.open, game.url(WebRole.OPERATOR, "operator"))
        await by_person(browser.until_text, "#state", lambda text: text == "active")
        await by_person(browser.click, "[data-word=halt]")
        await by_person(browser.until_text, ".message", lambda text: "write your name" in text)
        await by_person(browser.write, "#name", "Ann Lee")
        await by_person(browser.write, "#reason", "the line moved")
        await by_person(browser.click, "[data-word=halt]")
        await by_person(browser.until_text, "dialog", lambda text: "Cancel everything" in text)
        # The focus is on "No": one who presses return by mistake halts nothing.
        await by_person(browser.press, Keys.ENTER)
        await by_person(browser.until_text, ".message", lambda text: "Nothing was done" in text)
        assert game.here.live_wagers >= 2
        await by_person(browser.click, "[data-word=halt]")
        await by_person(browser.click, "#agree")
        await by_person(browser.until_text, "#state", lambda text: text == "halted")
        await until(lambda: not game.here.live_wagers)
        await by_person(browser.until_text, "#why", lambda text: "the line moved" in text)
        (halt, *_) = (
            each for each in game.journaled(TradingStateSet) if each.state is TradingState.HALTED
        )
        assert halt.operator.startswith("Ann Lee, through ")

    play(scenario, *CALM)


def test_a_viewer_only_looks(play: Play) -> None:
    """Every control is off, the page says why, and one without the page is refused."""

    async def scenario(game: WatchedGame, browser: Browser) -> None:
        await by_person(browser.open, game.url(WebRole.VIEWER, "operator"))
        await by_person(browser.until_text, ".message", lambda text: "only look" in text)
        await by_person(browser.until_text, "[aria-label=Limits]", lambda text: "exposure" in text)
        enabled = await by_person(
            browser.script, "return document.querySelectorAll('main button:enabled').length"
        )
        assert enabled == 0
        status = await by_person(
            browser.script,
            "return fetch('/api/word', {method: 'POST', body: '{\"name\": \"A\", "
            "\"words\": [\"halt\"]}', headers: {'Content-Type': 'application/json'}})"
            ".then((answer) => answer.status)",
        )
        assert status == 403
        assert game.here.live_wagers >= 2

    play(scenario, *CALM)


def test_the_page_goes_on_when_the_session_starts_again(play: Play) -> None:
    """It says that the session is not running, and shows the next start by itself."""

    async def scenario(game: WatchedGame, browser: Browser) -> None:
        await by_person(browser.open, game.url(WebRole.VIEWER))
        await by_person(browser.until_text, "#start", lambda text: "start 1" in text)
        await game.stop()
        await by_person(browser.until_text, "#state", lambda text: text == "not running")
        await by_person(browser.until_text, "#notice", lambda text: "goes on by itself" in text)
        await game.start()
        await by_person(browser.until_text, "#start", lambda text: "start 2" in text)
        await by_person(browser.until_text, "#state", lambda text: text == "active")
        assert await by_person(browser.text, "#notice") == ""

    play(scenario, *CALM)


def test_an_unknown_event_says_so(play: Play) -> None:
    """The page names what was asked for, and leads back."""

    async def scenario(game: WatchedGame, browser: Browser) -> None:
        await by_person(browser.open, game.url(WebRole.VIEWER, "event/99"))
        text = await by_person(browser.until_text, "main", lambda text: "Unknown" in text)
        assert "No event '99' in session first" in text

    play(scenario, *CALM)


def test_every_page_can_be_used_without_a_mouse_and_read_aloud(play: Play) -> None:
    """Controls have names, tables captions and headings, and the focus reaches the content."""

    async def scenario(game: WatchedGame, browser: Browser) -> None:
        for path in ("", f"event/{GAME_ID}", "operator", "history"):
            await by_person(browser.open, game.url(WebRole.OPERATOR, path))
            await by_person(browser.until_text, "table", lambda text: text)
            assert await by_person(browser.script, UNNAMED) == [], path
            assert await by_person(browser.script, "return document.querySelectorAll('h1').length")
            await by_person(browser.press, Keys.TAB)
            skip = "return document.activeElement.className"
            assert await by_person(browser.script, skip) == "skip", (path, "focus")

    play(scenario, *CALM)


# Every control without a name for a screen reader, and every table without one.
UNNAMED = """
const name = (element) => element.getAttribute('aria-label') || element.innerText.trim()
    || (element.labels && element.labels.length) || element.title;
const wrong = [...document.querySelectorAll('a, button, input, select, [role=meter]')]
    .filter((element) => !name(element));
const tables = [...document.querySelectorAll('main table:not([role=presentation])')]
    .filter((table) => !table.caption || !table.querySelector('th[scope=col]'));
return [...wrong, ...tables].map((element) => element.outerHTML.slice(0, 120));
"""


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_stands_outside_of_the_screen(play: Play, width: int) -> None:
    """Neither at a desk nor on a phone must one scroll sideways."""

    async def scenario(game: WatchedGame, browser: Browser) -> None:
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        try:
            for path in ("", f"event/{GAME_ID}", "operator", "history"):
                await by_person(browser.open, game.url(WebRole.OPERATOR, path))
                await by_person(browser.until_text, "table", lambda text: text)
                wide = "return document.documentElement.scrollWidth"
                assert await by_person(browser.script, wide) <= width, path
        finally:
            browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    play(scenario, *IN_PLAY, speed=20)
