"""The baseline strategy: joins the best offer of others, and never makes a price of its own."""

from typing import Annotated

from msgspec import Meta

from strategies.trading import (
    DefaultStake,
    LineId,
    Odds,
    PairView,
    ProbabilityDistance,
    Quote,
    QuoteRefresh,
    View,
    cents_from_dollars,
    crosses,
    implied_probability,
    nanoseconds,
    opposite,
)


class AtTheTouch:
    """Rests one wager on each selection, at the odds of the best competing maker.

    A wager on one line is an offer on the other at the opposite odds, so the makers to join on a
    line are those whose offers are the touch of the other. If nobody else offers, nothing is
    quoted: our own offers do not count.
    """

    def __init__(
        self,
        min_edge: Annotated[
            ProbabilityDistance,
            Meta(description="How far below its fair price the joined offer must at least be."),
        ],
        default_stake: DefaultStake,
        quote_refresh_seconds: QuoteRefresh,
    ) -> None:
        """Take the settings."""
        self._min_edge = min_edge
        self._stake_cents = cents_from_dollars(default_stake)
        self.quote_refresh_ns = nanoseconds(quote_refresh_seconds)

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Return a quote for every line of a pair with a fair price that is worth joining."""
        return tuple(
            quote
            for pair in view.pairs
            if pair.fair is not None
            for quote in self._join_pair(pair, pair.fair)
            if quote is not None
        )

    def _join_pair(self, pair: PairView, fair: float) -> tuple[Quote | None, Quote | None]:
        lines, first_touch, second_touch = pair.pair, pair.first_touch, pair.second_touch
        first = None if first_touch is None else first_touch[0]
        second = None if second_touch is None else second_touch[0]
        return (
            self._join(lines.first.line_id, fair, second, first),
            self._join(lines.second.line_id, 1.0 - fair, first, second),
        )

    def _join(
        self, line_id: LineId, fair: float, joined: Odds | None, facing: Odds | None
    ) -> Quote | None:
        """Quote a line at the odds of `joined`, unless the offers `facing` would match it."""
        if joined is None:
            return None
        odds = opposite(joined)
        if facing is not None and crosses(odds, opposite(facing)):
            return None
        if fair - implied_probability(odds) < self._min_edge:
            return None
        return Quote(line_id, odds, self._stake_cents)
