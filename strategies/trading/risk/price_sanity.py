"""Price sanity: no quote far from what others show or traded, nor from an outside price.

The exchange breaks trades whose price is further than a share of the price from the fair value, so
a limit is a share of the price too: 7.5 % is 3.75 cents at 50, and 0.75 at 10. What a strategy
prices by may be wrong in any way; the check uses none of it.
"""

from collections.abc import Sequence

from strategies.trading.model.book import Book
from strategies.trading.model.event_state import EventState
from strategies.trading.model.ids import MarketKey
from strategies.trading.model.odds import implied_probability
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.control import Proposal
from strategies.trading.risk.limits import Limits

# A last trade counts as the last price for this long: in-play a minute changes the price.
_TRADE_COUNTS_NS = 60 * NS_PER_SECOND
# Outside prices come less often: every few minutes before a game.
_REFERENCE_COUNTS_NS = 300 * NS_PER_SECOND


class PriceSanityControl:
    """A wager's price must be near the last price and the newest outside price, where known.

    The last price is the middle of the touch, if the touch is no wider than what the limit permits
    on both sides of it; otherwise that of a trade within a minute. With neither a last price nor an
    outside price there is nothing to compare with, and the wager may not be sent.
    """

    def __init__(self, limits: Limits) -> None:
        """Check by `max_price_deviation_percent`; zero checks nothing."""
        self._share = float(limits.max_price_deviation_percent) / 100

    def check(self, proposal: Proposal) -> str | None:
        """Return why the wager may not be sent, None if it may."""
        return self.problem(
            proposal.book, proposal.event, proposal.side, proposal.command.odds, proposal.now_ns
        )

    def problem(
        self, book: Book, event: EventState, side: int, odds: int, now_ns: int
    ) -> str | None:
        """Return why odds on the first (0) or second (1) line are too far off, None if near."""
        if not self._share:
            return None
        known = self._known(book, event, side, now_ns)
        if not known:
            return "no last price and no reference to compare with"
        price = implied_probability(odds)
        for name, fair in known:
            if abs(price - fair) > self._share * fair:
                return (
                    f"{odds:+d} is a price of {price:.3f}, {100 * abs(price / fair - 1):.1f} % off "
                    f"the {name}, {fair:.3f}; risk.max_price_deviation_percent is "
                    f"{100 * self._share:g}"
                )
        return None

    def overpays(self, book: Book, event: EventState, side: int, odds: int, now_ns: int) -> bool:
        """Return whether odds cost more than twice what is permitted, as of a wrong price.

        A model may well differ by more than is permitted from the last price of a line at long
        odds; beyond twice that the exchange itself may break a trade as an error. A quote that asks
        for more than others do costs nothing while it rests.
        """
        price = implied_probability(odds)
        return bool(self._share) and any(
            price - fair > 2 * self._share * fair
            for _, fair in self._known(book, event, side, now_ns)
        )

    def _known(
        self, book: Book, event: EventState, side: int, now_ns: int
    ) -> Sequence[tuple[str, float]]:
        """Return the prices of a line to compare with, by name."""
        known = []
        last = self._last_price(book, now_ns)
        if last is not None:
            known.append(last)
        reference = event.references.get(book.pair.pair_id)
        if reference is not None and now_ns - reference.updated_ns <= _REFERENCE_COUNTS_NS:
            known.append(("reference", reference.probability))
        return [(name, 1.0 - first if side else first) for name, first in known]

    def _last_price(self, book: Book, now_ns: int) -> tuple[str, float] | None:
        first, second = book.touches()
        if first is not None and second is not None:
            ask, bid = implied_probability(first[0]), 1.0 - implied_probability(second[0])
            middle = (ask + bid) / 2
            if 0.0 <= ask - middle <= self._share * min(middle, 1.0 - middle):
                return "middle of the touch", middle
        if book.trade is not None and now_ns - book.trade.at_ns <= _TRADE_COUNTS_NS:
            return "last trade", book.trade.probability
        return None


class MispricedStreak:
    """Counts the decisions in a row of one market whose quotes cost too much."""

    def __init__(self, limits: Limits) -> None:
        """Halt at `max_mispriced_in_row`; zero sets no limit."""
        self._most = limits.max_mispriced_in_row
        self._counts: dict[MarketKey, int] = {}

    def count(self, key: MarketKey) -> int:
        """Return how many decisions in a row cost too much."""
        return self._counts.get(key, 0)

    def add(self, key: MarketKey, problem: str | None) -> str | None:
        """Count a decision with quotes, `problem` of one that costs too much; return why to halt.

        A decision without such a quote ends the row of its market.
        """
        if problem is None:
            self._counts.pop(key, None)
            return None
        count = self._counts[key] = self._counts.get(key, 0) + 1
        if not 0 < self._most <= count:
            return None
        # A person who lets the desk trade again gives it as many decisions again.
        self._counts.clear()
        return f"price_sanity: {count} decisions in a row, last {problem}"
