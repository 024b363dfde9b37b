"""The simple market maker with a skew: its quotes shift against the inventory of their pair."""

from msgspec.structs import replace

from strategies.simple_market_maker import SimpleMarketMaker
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.ids import LineId
from strategies.trading.model.money import cents_from_dollars
from strategies.trading.model.odds import Ladder, Odds
from strategies.trading.model.position import Position
from strategies.trading.model.settings import probability_distance
from strategies.trading.ports.strategy import PairView, Quote, View


class SkewedMarketMaker:
    """Quotes as `SimpleMarketMaker` does, around a fair price shifted against the inventory.

    The inventory of a pair is half the difference between what it gains if its first line wins
    and if its second does: at even odds, the stake matched on the one beyond that on the other.
    The shift is in proportion to it, after the reservation price of Avellaneda and Stoikov (2008)
    without its terms for volatility and for the time left. Each pair counts for itself, also where
    a market has several.
    """

    def __init__(
        self,
        spread_margin: float,
        skew: float,
        max_position: float,
        default_stake: float,
        quote_refresh_seconds: float,
    ) -> None:
        """Take margin and skew as probabilities, position and stake in dollars.

        `skew` is the shift once the inventory has reached `max_position`; from there on, the line
        that would add to it is not quoted, though what rested by then may still be matched.
        Raise ConfigError for what cannot be meant.
        """
        self._maker = SimpleMarketMaker(spread_margin, default_stake, quote_refresh_seconds)
        self._skew = probability_distance("strategy.skew", skew)
        self._max_position_cents = cents_from_dollars("strategy.max_position", max_position)
        if not self._max_position_cents:
            message = "strategy.max_position: the skew cannot be full at no position"
            raise ConfigError(message)
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
            quotes.append(self._quote(first, shifted, pair.first_touch, ladder))
        if fullness > -1.0:
            quotes.append(self._quote(second, 1.0 - shifted, pair.second_touch, ladder))
        return quotes

    def _fullness(self, position: Position) -> float:
        """Return the inventory as a share of the most: 1 full of the first line, -1 the second."""
        difference_cents = position.profit_if[0] - position.profit_if[1]
        return max(-1.0, min(difference_cents / (2 * self._max_position_cents), 1.0))

    def _quote(
        self, line_id: LineId, fair: float, touch: tuple[Odds, int] | None, ladder: Ladder
    ) -> Quote | None:
        """Quote a line, no shorter than one rung beyond the offer that would match it."""
        quote = self._maker.quote_line(line_id, fair, ladder)
        if quote is None or touch is None or quote.odds > touch[0]:
            return quote
        odds = ladder.step(touch[0], 1)
        return replace(quote, odds=odds) if odds > touch[0] else None
