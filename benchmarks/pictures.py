"""The pictures of the README: python -m benchmarks.pictures [DIR]

Writes them to docs/pictures, or to DIR: the report of the first command, and the page of a session
that trades at the sandbox, as a browser without a window shows what the commands themselves made.
Takes some minutes, and needs Chromium with its driver.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

PROJECT = Path(__file__).parents[1]
PICTURES = PROJECT / "docs" / "pictures"
_WIDTH, _HEIGHT = 1280, 900
_GAME = "+experiment=nba_in_play"
_SPEED = "sandbox.speed=20"
# Of the session, so that there is a game with fills to be seen.
_WATCHED_SECONDS = 120
_DRIVER_WAIT_SECONDS = 60


def make_pictures(folder: Path) -> None:
    """Write the pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, _browser() as driver:
        _picture_of_report(driver, Path(home), folder / "report.png")
        _picture_of_page(driver, Path(home), folder / "event.png")


def _picture_of_report(driver: Chrome, home: Path, picture: Path) -> None:
    """Show the beginning of the report of the first command."""
    run = home / "run"
    words = ("sim", "run", "+experiment=nba", f"hydra.run.dir={run}")
    subprocess.run(_command(*words), cwd=home, env=_environ(), check=True)
    driver.get((run / "report.html").as_uri())
    driver.save_screenshot(str(picture))


def _picture_of_page(driver: Chrome, home: Path, picture: Path) -> None:
    """Show the game of a session on its page, some minutes into it."""
    with ExitStack() as running:

        def begin(until: str, *words: str) -> str:
            return running.enter_context(_running(home, until, *words))

        served = begin(
            r"http://\S+:(\d+)/partner", "sim", "serve", _GAME, _SPEED, "sandbox.port=0",
            "sandbox.begin_minutes_before_start=10",
        )  # fmt: skip
        port = f"sandbox.port={served}"
        begin("(start 1:)", "live", "trade", _GAME, _SPEED, port, "session.name=first")
        address = begin(
            r"(http://\S+token=\S+)", "live", "watch", "--web", "--port", "0", "session.name=first"
        )
        driver.get(address)
        waiting = WebDriverWait(driver, _WATCHED_SECONDS + _DRIVER_WAIT_SECONDS, poll_frequency=2)
        waiting.until(_has_played_long)
        # By the page's own script: its rows are replaced as they change.
        driver.execute_script("document.querySelector('tbody a').click()")
        WebDriverWait(driver, _DRIVER_WAIT_SECONDS).until(_has_a_book)
        driver.save_screenshot(str(picture))


def _has_played_long(driver: Chrome) -> bool:
    age_ms = driver.execute_script("return performance.now()")
    return bool(age_ms > _WATCHED_SECONDS * 1_000)


def _has_a_book(driver: Chrome) -> bool:
    text = driver.execute_script("return document.querySelector('.book')?.innerText ?? ''")
    return "$" in text


@contextmanager
def _running(home: Path, until: str, *words: str) -> Iterator[str]:
    """Run a command for as long as the context lasts; yield what its output has in a pattern."""
    process = subprocess.Popen(
        _command(*words),
        cwd=home,
        env=_environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = ""
        for line in process.stdout:
            lines += line
            found = re.search(until, lines)
            if found is not None:
                yield found[1]
                return
        message = f"{' '.join(words)} ended: {lines}"
        raise RuntimeError(message)
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def _browser() -> Iterator[Chrome]:
    options = ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in (
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
        f"--window-size={_WIDTH},{_HEIGHT}",
    ):
        options.add_argument(argument)
    driver = Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        yield driver
    finally:
        driver.quit()


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", *words]


def _environ() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(PROJECT)}


if __name__ == "__main__":
    make_pictures(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
