"""A day of odds, made by simulation: what the stub of The Odds API lists at any moment of it.

The books are those of `python -m sim generate ... --books 4`: nothing of them is measured.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from recordings.reader import Tape
from recordings.reference_text import reference_price
from recordings.tape import PROBABILITY_PARTS, Kind
from strategies.trading.model.market import Line, SportEvent
from strategies.trading.model.market_types import MarketType
from tests.live.reference.odds_stub import book, game

KEYS = {MarketType.MONEYLINE: "h2h", MarketType.SPREAD: "spreads", MarketType.TOTAL: "totals"}


class Offered(NamedTuple):
    """Prices that a simulated book has from a time on, and the stamp that it gives them."""

    from_ns: int
    at_ns: int
    prices: tuple[float | int, ...]


class SimulatedOdds:
    """What each simulated book offered on one game, over time."""

    def __init__(self, folder: Path) -> None:
        """Read the books of a recording that was generated with them."""
        tape = Tape(folder)
        (self.event,) = tape.info.events
        types = {market.key: market.type for market in tape.info.markets}
        self._offered: dict[tuple[str, str], list[Offered]] = defaultdict(list)
        for chunk in tape.chunks():
            for row in chunk.rows():
                if row.kind == Kind.REFERENCE:
                    line = tape.info.lines[row.line]
                    self._add(row.received_ns, line, types[line.market_key], row.state, row.text)

    def game(self, now_ns: int) -> dict[str, Any]:
        """Return the game as the source lists it at a time."""
        event: SportEvent = self.event
        by_book: dict[str, dict[str, Offered]] = defaultdict(dict)
        for (name, key), offered in self._offered.items():
            found = bisect_right(offered, now_ns, key=lambda each: each.from_ns)
            if found:
                by_book[name][key] = offered[found - 1]
        books = []
        for name, of_book in by_book.items():
            shown = book(name, event.home, event.away, 0)
            for key, offer in of_book.items():
                one = book(name, event.home, event.away, offer.at_ns, **{key: offer.prices})
                shown["markets"] += one["markets"]
                shown["last_update"] = max(shown["last_update"], one["last_update"])
            books.append(shown)
        return game(event.home, event.away, event.scheduled_ns, *books)

    def _add(self, at_ns: int, line: Line, type_: MarketType, parts: int, text: str | None) -> None:
        price = reference_price(line.line_id, parts / PROBABILITY_PARTS, text)
        assert price.opposite is not None, "a simulated book offers both selections"
        point = line.point if price.point is None else price.point
        odds = (_american(price.probability), _american(price.opposite))
        prices = (point, *odds) if type_.row.has_point else odds
        name = price.source.replace("-", "_")
        self._offered[name, KEYS[type_]].append(Offered(at_ns, price.at_ns, prices))


def _american(probability: float) -> int:
    """Return the whole odds that imply a probability, as the simulated books round theirs."""
    if probability >= 0.5:
        return -round(100 * probability / (1 - probability))
    return round(100 * (1 - probability) / probability)


def listed(games: Sequence[SimulatedOdds], now_ns: int) -> list[dict[str, Any]]:
    """Return what the source lists at a time: games on that day that are not long over."""
    return [each.game(now_ns) for each in games]
