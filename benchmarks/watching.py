"""Measures what it costs to watch a session: python -m benchmarks.watching

A session trades 50 events with 300 markets at our sandbox, where offers change all the time. Then
its page is served and shown by a real browser (Debian's Chromium), and events are paused and
resumed. Printed are the processor time of the session without and with the page, that of the
page's server, and the time from the session's answer to a word until the browser shows it.
"""

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import numpy as np
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from benchmarks.processes import Watched, let_pass, said, started
from live.session.control.control_socket import ask_session
from live.session.control.snapshot_client import read_session
from live.wall_clock import WallClock
from recordings.tape import Clocks
from recordings.writer import TapeWriter
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market, MarketStatus, SportEvent
from strategies.trading.model.market_types import MarketType, Period, Selection
from strategies.trading.model.units import NS_PER_SECOND

EVENTS = 50
KINDS = (
    (MarketType.MONEYLINE, Selection.HOME, Selection.AWAY, 0.0, 0.0),
    (MarketType.SPREAD, Selection.HOME, Selection.AWAY, -4.5, 4.5),
    (MarketType.TOTAL, Selection.OVER, Selection.UNDER, 210.5, 210.5),
)
PERIODS = (Period.GAME, Period.FIRST_HALF)
CHANGES_PER_SECOND = 50
SECONDS = 20
WORDS = 30

_PERIODS = "markets.periods=[game,first_half]"
_LEAD_SECONDS = 60
_TAPE_SECONDS = 400
_START_NS = 10**18
_BEGINS_NS = _START_NS - 1_800 * NS_PER_SECOND
_CHROMIUM, _DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
# Notes the wall time at which a row of the list comes to say "paused", or not any more.
_NOTE_CHANGES = """
window.changes = [];
for (const row of document.querySelectorAll('tr[data-event]')) {
  const state = () => row.querySelector('.badge').dataset.state === 'paused';
  let before = state();
  new MutationObserver(() => {
    if (state() === before) return;
    before = state();
    requestAnimationFrame(() => window.changes.push(performance.timeOrigin + performance.now()));
  }).observe(row, { childList: true, subtree: true, attributes: true });
}
"""


def write_evening(folder: Path, seed: int = 1) -> None:
    """Write a tape of many games, of which one offer after the other changes."""
    rng = np.random.default_rng(seed)
    with TapeWriter(
        folder, source="simulated: benchmarks/watching.py", simulated=True, clocks=Clocks.ONE
    ) as tape:
        lines = [line for number in range(EVENTS) for line in _add_game(tape, number)]
        tape.begin_message(_BEGINS_NS, _BEGINS_NS)
        for market in range(EVENTS * len(KINDS) * len(PERIODS)):
            tape.market_status(market, MarketStatus.OPEN)
        for line in lines:
            for odds in (-110, -112, -114):
                tape.offer(line, odds, 50_000)
        for change in range(1, _TAPE_SECONDS * CHANGES_PER_SECOND):
            at_ns = _BEGINS_NS + change * NS_PER_SECOND // CHANGES_PER_SECOND
            tape.begin_message(at_ns, at_ns)
            line, cents = rng.integers((len(lines), 90_000)).tolist()
            tape.offer(lines[line], -110, cents + 10_000)


def _add_game(tape: TapeWriter, number: int) -> Iterator[int]:
    event_id = EventId(str(1000 + number))
    name = f"Away {number} at Home {number}"
    tape.add_event(
        SportEvent(
            event_id, name, f"Home {number}", f"Away {number}", "NBA", "basketball", _START_NS
        )
    )
    for place, (kind, period) in enumerate((k, p) for p in PERIODS for k in KINDS):
        market_id = MarketId(str(219 + place))
        tape.add_market(Market(event_id, market_id, kind[0], str(kind[0]), period))
        for side, selection, point in (("a", kind[1], kind[3]), ("b", kind[2], kind[4])):
            line_id = LineId(f"{event_id}{market_id}{side}")
            yield tape.add_line(Line(line_id, event_id, market_id, selection, point))


@contextmanager
def browser(address: str) -> Iterator[Chrome]:
    """Show an address in a browser for as long as the context lasts."""
    options = ChromeOptions()
    options.binary_location = _CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(argument)
    driver = Chrome(options=options, service=Service(_DRIVER))
    try:
        driver.get(address)
        yield driver
    finally:
        driver.quit()


def share(process: Watched, driver: Chrome | None = None) -> float:
    """Return how much of a core a process takes over some seconds."""
    process.sample()
    let_pass(process.process, SECONDS)
    process.sample()
    before, after = process.processor_seconds[-2:]
    assert driver is None or driver.title, "the page is shown"
    return (after - before) / SECONDS


def shown_after_ms(folder: Path, driver: Chrome) -> list[float]:
    """Return how long it took to show each change after the session had answered the word."""
    clock = WallClock()
    driver.execute_script(_NOTE_CHANGES)
    took = []
    for number in range(WORDS):
        word = "resume" if number % 2 else "pause"
        ask_session(folder, [word, str(1000 + number // 2)])
        answered_ns = clock.wall_ns()
        while len(changes := driver.execute_script("return window.changes")) <= number:
            pass
        took.append(changes[number] - answered_ns / 1e6)
    return took


def measure() -> None:
    """Run all parts, and print the figures."""
    with tempfile.TemporaryDirectory() as scratch:
        write_evening(Path(scratch) / "evening")
        served = ("-m", "sim", "serve", f"recording.path={scratch}/evening", "sandbox.port=0")
        with started(*served, folder=scratch) as sandbox:
            port = urlsplit(said(sandbox).split()[1]).port
            words = (f"sandbox.port={port}", "session.name=watched", "risk=open", _PERIODS)
            with started("-m", "live", "trade", *words, folder=scratch) as session:
                _measure_session(Path(scratch), Watched(session))
                session.send_signal(signal.SIGINT)
                session.wait()


def _measure_session(scratch: Path, session: Watched) -> None:
    folder = scratch / "sessions" / "watched"
    let_pass(session.process, _LEAD_SECONDS)
    alone = share(session)
    view = read_session(folder)
    assert view is not None, "the session runs"
    markets = sum(len(event.markets) for event in view.events)
    print(f"{len(view.events)} events, {markets} markets, {view.desk.open_wagers} open wagers")
    print(f"session alone               {100 * alone:5.1f} % of a core")
    words = ("-m", "live", "watch", "--web", "session.name=watched", "--port", "0")
    with started(*words, folder=str(scratch)) as page:
        said(page)
        address = said(page).split()[1]
        server = Watched(page)
        with browser(address) as driver:
            let_pass(page, 5)
            shares = share(server, driver), share(session, driver)
            print(f"server of the page          {100 * shares[0]:5.1f} % of a core")
            print(f"session while it is watched {100 * shares[1]:5.1f} % of a core")
            took = sorted(shown_after_ms(folder, driver))
            print(f"shown after a median of {median(took):.0f} ms, at most {took[-1]:.0f} ms")


if __name__ == "__main__":
    measure()
