"""Checks of what a strategy returns for a market, as an author may return anything."""

import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from strategies.trading.model.commands import Intent
from strategies.trading.model.errors import ConfigError, StrategyError
from strategies.trading.model.ids import LineId
from strategies.trading.ports.strategy import Quote, Strategy
from strategies.trading.ports.view import View

_LONGEST = 120


def quotes_of(strategy: Strategy, view: View) -> tuple[Quote, ...]:
    """Return what a strategy quotes; raise StrategyError with its name if it raises anything."""
    try:
        return strategy.quote(view)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}, line {last.lineno}"
        what = " ".join(f"{type(error).__name__}: {error}".split())
        message = f"{type(strategy).__name__}.quote raised {what} ({where}; --debug shows more)"
        raise StrategyError(message) from error


def require_quotes(strategy: Strategy, quotes: Any, line_ids: Sequence[LineId]) -> None:
    """Raise ConfigError unless a strategy returned a tuple of quotes on lines of the market."""
    name = type(strategy).__name__
    if not isinstance(quotes, tuple | list):
        message = f"strategy: {name}.quote returned {shown(quotes)}; return a tuple of Quote"
        raise ConfigError(message)
    for quote in quotes:
        problem = _problem(quote, line_ids)
        if problem is not None:
            message = f"strategy: {name}.quote returned {shown(quote)}; {problem}"
            raise ConfigError(message)


def _problem(quote: Any, line_ids: Sequence[LineId]) -> str | None:
    if not isinstance(quote, Quote):
        return "return Quote objects only"
    # A strategy may put anything into a quote, whatever the declared types are.
    stake: Any = quote.stake_cents
    odds: Any = quote.odds
    intent: Any = quote.intent
    if quote.line_id not in line_ids:
        return "its line_id is not a line of this market"
    if type(stake) is not int or stake < 0:
        return "its stake_cents must be a whole number of cents, 0 or more"
    if type(odds) is not int:
        return "its odds must be whole American odds"
    if not isinstance(intent, Intent):
        return "its intent must be an Intent"
    return None


def shown(value: object) -> str:
    """Return a value as short text of one line, for a message."""
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
