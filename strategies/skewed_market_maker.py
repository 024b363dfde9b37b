"""The simple market maker with a skew: its quotes shift against the inventory of their pair."""

from typing import Annotated

from msgspec import Meta

from strategies.simple_market_maker import SimpleMarketMaker
from strategies.trading import (
    DefaultStake,
    Ladder,
    PairView,
    Position,
    PositiveDollars,
    ProbabilityDistance,
    Quote,
    QuoteRefresh,
    View,
    cents_from_dollars,
)


class SkewedMarketMaker:
    """Quotes as `SimpleMarketMaker` does, around a fair price shifted against the inventory.

    The inventory of a pair is half the difference between what it gains if its first line wins
    and if its second does: at even odds, the stake matched on one line beyond that on the other.
    The shift is proportional to it, as in the reservation price of Avellaneda and Stoikov (2008)
    without its terms for volatility and for the time left. Pairs of one market are independent.
    """

    def __init__(
        self,
        spread_margin: Annotated[
            ProbabilityDistance,
            Meta(description="How far below its shifted fair price a line is quoted."),
        ],
        skew: Annotated[
            ProbabilityDistance,
            Meta(description="How far an inventory of `max_position` shifts the fair price."),
        ],
        max_position: Annotated[
            PositiveDollars,
            Meta(
                description="The inventory at which the skew is full; the line that would add to "
                "it is then no longer quoted.",
            ),
        ],
        default_stake: DefaultStake,
        quote_refresh_seconds: QuoteRefresh,
    ) -> None:
        """Take the settings."""
        self._maker = SimpleMarketMaker(
            spread_margin=spread_margin,
            default_stake=default_stake,
            quote_refresh_seconds=quote_refresh_seconds,
        )
        self._skew = skew
        self._max_position_cents = cents_from_dollars(max_position)
        self.quote_refresh_ns = self._maker.quote_refresh_ns

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Return the quotes for every pair that has a fair price; none crosses the touch."""
        return tuple(
            quote
            for pair in view.pairs
            if pair.fair is not None
            for quote in self._quote_pair(pair, pair.fair, view.ladder)
            if quote is not None
        )

    def _quote_pair(self, pair: PairView, fair: float, ladder: Ladder) -> list[Quote | None]:
        first, second = pair.pair.first.line_id, pair.pair.second.line_id
        fullness = self._fullness(pair.position)
        shifted = fair - self._skew * fullness
        quotes = []
        if fullness < 1.0:
            quotes.append(self._maker.quote_line(first, shifted, pair.first_touch, ladder))
        if fullness > -1.0:
            quotes.append(self._maker.quote_line(second, 1.0 - shifted, pair.second_touch, ladder))
        return quotes

    def _fullness(self, position: Position) -> float:
        """Return the inventory as a share of `max_position`: 1 all on the first line, -1 second."""
        difference_cents = position.profit_if[0] - position.profit_if[1]
        return max(-1.0, min(difference_cents / (2 * self._max_position_cents), 1.0))
