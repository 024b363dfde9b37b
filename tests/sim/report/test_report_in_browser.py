"""In a browser the figures of a report zoom and hover, and nothing is fetched from anywhere."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from sim.report.document import REPORT_NAME
from tests.chromium import chromium
from tests.sim.report.reported_runs import report_on, rows_of_queued_wagers, twenty_priced_games
from tests.sim.report.shown_reports import requests_of, show, two_games

pytestmark = pytest.mark.slow  # each starts a page in a browser

_WAIT_SECONDS = 30
_EQUITY = "#equity .chart:first-child"


@pytest.fixture(scope="module")
def chrome() -> Iterator[Chrome]:
    """Return one browser for all tests."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def one_game(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of the report of one game."""
    folder = tmp_path_factory.mktemp("one")
    report_on(folder, rows_of_queued_wagers())
    return folder / REPORT_NAME


def until(chrome: Chrome, holds: Callable[[], object]) -> None:
    """Wait until something holds of the page."""
    WebDriverWait(chrome, _WAIT_SECONDS, poll_frequency=0.05).until(lambda _: holds())


def drawn(chrome: Chrome, selector: str) -> WebElement:
    """Return the plot of a chart in the middle of the window; it is drawn when it comes there."""
    figure = chrome.find_element(By.CSS_SELECTOR, selector.partition(" ")[0])
    chrome.execute_script("arguments[0].scrollIntoView({block: 'center'})", figure)
    until(chrome, lambda: chrome.find_elements(By.CSS_SELECTOR, f"{selector} .u-over"))
    plot = chrome.find_element(By.CSS_SELECTOR, f"{selector} .u-over")
    chrome.execute_script("arguments[0].scrollIntoView({block: 'center'})", plot)
    return plot


def minutes_shown(chrome: Chrome) -> float:
    """Return how many minutes the first chart of equity shows."""
    script = "const {min, max} = document.querySelector('#equity').charts[0].scales.x;"
    return float(chrome.execute_script(f"{script} return max - min;"))


def values_at(chrome: Chrome, figure: str, number: int, x: float) -> str:
    """Return what stands beneath a chart of a figure with the cursor at a place across."""
    chart = f"#{figure} .chart:nth-child({number + 1})"
    plot = drawn(chrome, chart)
    left = chrome.execute_script(
        f"const u = document.querySelector('#{figure}').charts[{number}];"
        f"return u.valToPos({x}, 'x') - u.over.clientWidth / 2;"
    )
    ActionChains(chrome).move_to_element_with_offset(plot, round(left), 0).perform()
    until(chrome, chrome.find_element(By.CSS_SELECTOR, f"{chart} .moment").text.strip)
    cells = chrome.find_elements(By.CSS_SELECTOR, f"{chart} .u-legend :is(th, td)")
    return " ".join(cell.text for cell in cells if cell.text)


def test_nothing_is_fetched_and_nothing_goes_wrong(chrome: Chrome, one_game: Path) -> None:
    """Opening the report and drawing its charts asks for the file alone, without an error."""
    requests_of(chrome)
    show(chrome, one_game)
    drawn(chrome, _EQUITY)
    assert requests_of(chrome) == [one_game.as_uri()]
    assert chrome.get_log("browser") == []  # type: ignore[no-untyped-call]


def test_the_policy_of_the_page_stops_a_fetch(chrome: Chrome, one_game: Path) -> None:
    """Even a script of the page could not ask a server for anything."""
    show(chrome, one_game)
    found = chrome.execute_async_script(
        "const done = arguments[0];"
        "addEventListener('securitypolicyviolation', (e) => done(e.effectiveDirective));"
        "new Image().src = 'http://127.0.0.1:9/picture';"
    )
    assert found == "img-src"


def test_dragging_zooms_and_a_double_click_shows_all(chrome: Chrome, one_game: Path) -> None:
    """A part that is dragged over fills the chart, and the chart below it follows."""
    show(chrome, one_game)
    plot = drawn(chrome, _EQUITY)
    whole = minutes_shown(chrome)
    half = plot.size["width"] // 4
    actions = ActionChains(chrome)
    actions.move_to_element_with_offset(plot, -half, 0).click_and_hold().move_by_offset(half, 0)
    actions.release().perform()
    until(chrome, lambda: minutes_shown(chrome) < whole / 2)
    script = "return document.querySelector('#equity').charts.map((u) => u.scales.x.max);"
    ends = chrome.execute_script(script)
    # Before the start, in play, and the same for exposure.
    assert ends[0] == ends[2] != ends[1]
    ActionChains(chrome).double_click(plot).perform()
    until(chrome, lambda: minutes_shown(chrome) == whole)


def test_buttons_zoom_without_a_mouse(chrome: Chrome, one_game: Path) -> None:
    """By keyboard or touch: each button is named for what it does to which chart."""
    show(chrome, one_game)
    drawn(chrome, _EQUITY)
    whole = minutes_shown(chrome)
    buttons = chrome.find_elements(By.CSS_SELECTOR, f"{_EQUITY} button")
    names = [button.get_attribute("aria-label") for button in buttons]
    assert names[0] == "zoom in: Profit, dollars, before the start"
    buttons[0].send_keys("\n")
    until(chrome, lambda: minutes_shown(chrome) == pytest.approx(whole / 2))
    buttons[-1].send_keys("\n")
    until(chrome, lambda: minutes_shown(chrome) == whole)


def test_the_cursor_shows_values_and_fills(chrome: Chrome, one_game: Path) -> None:
    """Under a chart stand the time and the values at the cursor; beside a fill what it was."""
    show(chrome, one_game)
    ActionChains(chrome).move_to_element(drawn(chrome, _EQUITY)).perform()
    legend = chrome.find_element(By.CSS_SELECTOR, f"{_EQUITY} .u-legend")
    until(chrome, lambda: "UTC" in legend.text)
    assert "$" in legend.text
    quotes = "#quotes-0 .chart:first-child"
    plot = drawn(chrome, quotes)
    at = chrome.execute_script(
        "const u = document.querySelector('#quotes-0').charts[0];"
        "return [u.valToPos(-45, 'x') - u.over.clientWidth / 2,"
        " u.valToPos(50, 'y') - u.over.clientHeight / 2];"
    )
    ActionChains(chrome).move_to_element_with_offset(plot, *map(round, at)).perform()
    note = chrome.find_element(By.CSS_SELECTOR, f"{quotes} .hover")
    until(chrome, note.is_displayed)
    assert note.text.startswith("home +100, $10.00")


def test_the_cursor_shows_what_fills_were_worth(chrome: Chrome, one_game: Path) -> None:
    """By the time after the fill the mean of each group, and the share of the payout of a bar."""
    show(chrome, one_game)
    found = values_at(chrome, "fill-values", 0, 1)
    assert found == (
        "after 10 s all fills +1.2 c on the first selection +1.2 c on the second selection +1.2 c"
    )
    assert values_at(chrome, "fill-values", 1, 1.2) == "kept +1.2 c to +1.36 c share 100 %"


def test_the_cursor_shows_places_in_the_queue(chrome: Chrome, one_game: Path) -> None:
    """By what was ahead: how much was matched, and what these fills kept."""
    show(chrome, one_game)
    assert values_at(chrome, "queue", 0, 1) == "ahead: \N{LESS-THAN OR EQUAL TO} $1,000 mean 60 %"
    assert values_at(chrome, "queue", 1, 1) == "ahead: \N{LESS-THAN OR EQUAL TO} $1,000 mean +2 c"


def test_the_cursor_shows_calibration_with_its_interval(chrome: Chrome, tmp_path: Path) -> None:
    """At a mean price stands how often its selections won, and between what games put that."""
    rows, changes = twenty_priced_games()
    report_on(tmp_path, rows, **changes)
    show(chrome, tmp_path / REPORT_NAME)
    found = values_at(chrome, "calibration", 0, 66)
    assert re.fullmatch(r"fair price 70 % won 70 % \(95 %: [\d.]+ % to [\d.]+ %\)", found)


def test_a_printed_picture_is_not_cut_off(chrome: Chrome, one_game: Path) -> None:
    """A sheet is narrower than a window, and cannot be scrolled: pictures shrink to its width."""
    show(chrome, one_game, 690)
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    pictures = chrome.find_elements(By.CSS_SELECTOR, "figure > svg")
    displayed = [picture.is_displayed() for picture in pictures]
    widths = {picture.size["width"] for picture in pictures}
    sheet = chrome.find_element(By.TAG_NAME, "main").size["width"]
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert displayed == [True] * 5
    assert widths == {sheet}


def test_paper_has_the_pictures(chrome: Chrome, one_game: Path) -> None:
    """What is printed is the static picture, on screen the chart."""
    show(chrome, one_game)
    drawn(chrome, _EQUITY)
    picture = chrome.find_element(By.CSS_SELECTOR, "#equity > svg")
    charts = chrome.find_element(By.CSS_SELECTOR, "#equity > .charts")
    assert (picture.is_displayed(), charts.is_displayed()) == (False, True)
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert (picture.is_displayed(), charts.is_displayed()) == (True, False)
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_a_phone_shows_it_without_scrolling_sideways(chrome: Chrome, one_game: Path) -> None:
    """At a phone's width nothing is wider than the window; charts stand in one column."""
    show(chrome, one_game, 390)
    drawn(chrome, _EQUITY)
    assert chrome.execute_script("return document.documentElement.scrollWidth") == 390
    widths = chrome.execute_script(
        "return document.querySelector('#equity').charts.map((u) => u.width)"
    )
    assert set(widths) == {390 - 2 * 16}


def test_games_are_sorted_and_open_by_their_name(chrome: Chrome, tmp_path: Path) -> None:
    """The worst game is first, a click on a head sorts by it, and a name opens its part."""
    report_on(tmp_path, **two_games())
    show(chrome, tmp_path / REPORT_NAME)

    def games() -> list[str]:
        cells = chrome.find_elements(By.CSS_SELECTOR, ".sortable tbody td:nth-child(2)")
        return [cell.text for cell in cells]

    assert games() == ["Badgers at Foxes", "Herons at Lanterns"]
    head = chrome.find_element(By.CSS_SELECTOR, ".sortable th:nth-child(1) button")
    head.click()
    assert games() == ["Herons at Lanterns", "Badgers at Foxes"]
    part = chrome.find_element(By.ID, "game-9001")
    assert not part.is_displayed()
    chrome.find_element(By.CSS_SELECTOR, ".sortable a[href='#game-9001']").click()
    until(chrome, part.is_displayed)
    drawn(chrome, "#pair-of-9001 .chart")
