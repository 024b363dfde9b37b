"""The default strategy: quotes every selection a margin away from its fair price."""

from typing import Annotated

from msgspec import Meta

from strategies.trading import (
    DefaultStake,
    Ladder,
    LineId,
    Odds,
    ProbabilityDistance,
    Quote,
    QuoteRefresh,
    View,
    cents_from_dollars,
    nanoseconds,
)


class SimpleMarketMaker:
    """Rests one wager on each selection, `spread_margin` of probability below its fair price.

    Where others offer longer odds than that, it rests one rung beyond the best offer: the exchange
    refuses an add-only wager that would take one.
    """

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
        """Return a quote for both lines of every pair with a fair price; none crosses the touch."""
        quotes = []
        for pair in view.pairs:
            fair = pair.fair
            if fair is not None:
                first, second = pair.pair.first.line_id, pair.pair.second.line_id
                quotes.append(self.quote_line(first, fair, pair.first_touch, view.ladder))
                quotes.append(self.quote_line(second, 1.0 - fair, pair.second_touch, view.ladder))
        return tuple(quote for quote in quotes if quote is not None)

    def quote_line(
        self, line_id: LineId, fair: float, touch: tuple[Odds, int] | None, ladder: Ladder
    ) -> Quote | None:
        """Return the quote on a line of this fair probability, None if no odds can rest there.

        `touch` is the best offer of others on the line, as odds and cents.
        """
        odds = ladder.shortest_implying_at_most(fair - self._margin)
        if odds is not None and touch is not None and odds <= touch[0]:
            odds = ladder.step(touch[0], 1)
            if odds == touch[0]:
                return None
        return None if odds is None else Quote(line_id, odds, self._stake_cents)
