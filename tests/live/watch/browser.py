"""A real browser without a window, and the page of a session in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.chromium import chromium

_WAIT_SECONDS = 30
_POLL_SECONDS = 0.1


class Browser:
    """A browser that is asked in terms of what a person sees; every call waits for its page."""

    def __init__(self, driver: Chrome) -> None:
        """Use a driver."""
        self.driver = driver

    def open(self, address: str) -> None:
        """Open an address."""
        self.driver.get(address)

    def text(self, selector: str) -> str:
        """Return the text of the first element that a selector fits, empty if none does."""
        return str(
            self.script(
                "const found = document.querySelector(arguments[0]);"
                "return found === null ? '' : found.innerText;",
                selector,
            )
        )

    def click(self, selector: str) -> None:
        """Click on an element once it is there."""

        def is_clicked(_: Chrome) -> bool:
            found = self.driver.find_elements(By.CSS_SELECTOR, selector)
            if not found or not found[0].is_enabled():
                return False
            found[0].click()
            return True

        self._wait(is_clicked, f"no {selector} to click on")

    def write(self, selector: str, text: str) -> None:
        """Write into a field."""
        element = self.driver.find_element(By.CSS_SELECTOR, selector)
        element.clear()
        element.send_keys(text)

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def script(self, script: str, *arguments: object) -> Any:
        """Return what a script returns."""
        return self.driver.execute_script(script, *arguments)

    def until_text(self, selector: str, holds: Callable[[str], object]) -> str:
        """Return the text of an element once something holds of it."""

        def found(_: Chrome) -> str | bool:
            text = self.text(selector)
            return text if text and holds(text) else False

        return str(self._wait(found, f"{selector} has {self.text(selector)!r}"))

    def _wait(self, condition: Callable[[Chrome], Any], problem: str) -> Any:
        wait = WebDriverWait(
            self.driver,
            _WAIT_SECONDS,
            poll_frequency=_POLL_SECONDS,
            ignored_exceptions=[StaleElementReferenceException],
        )
        return wait.until(condition, problem)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Run a browser for as long as the context lasts; skip the test where it is not installed."""
    with chromium() as driver:
        yield Browser(driver)
