"""Quotes of a desk under test, and the wagers that it places for them."""

from typing import Any

from strategies.trading.model.ids import WagerRef
from tests.strategies.trading.conftest import DeskHarness


def rest_quotes(harness: DeskHarness, *quotes: Any) -> None:
    """Let the strategy's quotes be placed and opened, and clear the recorded commands."""
    harness.set_quotes(*quotes)
    harness.open_pending()
    harness.refresh()
    harness.exchange.forget()


def one_open(harness: DeskHarness) -> WagerRef:
    """Let one quote of $10 at +110 on the home team rest; return its wager."""
    rest_quotes(harness, harness.quote("home", 110, 1_000))
    (wager,) = harness.desk.wagers.live()
    return WagerRef(wager.ref)


def placed(harness: DeskHarness) -> list[tuple[str, int, int]]:
    """Return the wagers placed, as (line, odds, stake)."""
    return [(place.line_id, place.odds, place.stake_cents) for place in harness.exchange.places]
