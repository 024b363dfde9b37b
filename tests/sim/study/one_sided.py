"""A strategy that backs one side of every pair, to find out whether the market is off."""

from strategies.simple_market_maker import SimpleMarketMaker
from strategies.trading import DefaultStake, ProbabilityDistance, Quote, QuoteRefresh, View


class OneSided(SimpleMarketMaker):
    """Quotes as `SimpleMarketMaker`, on the first or the second lines of the pairs, or on both."""

    def __init__(
        self,
        spread_margin: ProbabilityDistance,
        default_stake: DefaultStake,
        quote_refresh_seconds: QuoteRefresh,
        side: str,
    ) -> None:
        """Take the settings; `side` is both, first or second."""
        super().__init__(spread_margin, default_stake, quote_refresh_seconds)
        self._side = side

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Return the quotes on the side."""
        first = {pair.pair.first.line_id for pair in view.pairs}
        return tuple(
            quote
            for quote in super().quote(view)
            if self._side == "both" or (quote.line_id in first) is (self._side == "first")
        )
