"""The default strategy: quotes every selection a margin away from its fair price."""

from typing import Annotated

from msgspec import Meta

from strategies.trading import (
    DefaultStake,
    Ladder,
    LineId,
    ProbabilityDistance,
    Quote,
    QuoteRefresh,
    View,
    cents_from_dollars,
    nanoseconds,
)


class SimpleMarketMaker:
    """Rests one wager on each selection, `spread_margin` of probability below its fair price."""

    def __init__(
        self,
        spread_margin: Annotated[
            ProbabilityDistance, Meta(description="How far below its fair price a line is quoted.")
        ],
        default_stake: DefaultStake,
        quote_refresh_seconds: QuoteRefresh,
    ) -> None:
        """Take the settings."""
        self._margin = spread_margin
        self._stake_cents = cents_from_dollars(default_stake)
        self.quote_refresh_ns = nanoseconds(quote_refresh_seconds)

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Return a quote for both lines of every pair that has a fair price."""
        quotes = []
        for pair in view.pairs:
            if pair.fair is not None:
                lines = pair.book.pair
                quotes.append(self.quote_line(lines.first.line_id, pair.fair, view.ladder))
                quotes.append(self.quote_line(lines.second.line_id, 1.0 - pair.fair, view.ladder))
        return tuple(quote for quote in quotes if quote is not None)

    def quote_line(self, line_id: LineId, fair: float, ladder: Ladder) -> Quote | None:
        """Return the quote on a line of this fair probability, None if no odds leave the margin."""
        odds = ladder.shortest_implying_at_most(fair - self._margin)
        return None if odds is None else Quote(line_id, odds, self._stake_cents)
