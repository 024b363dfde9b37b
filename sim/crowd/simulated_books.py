"""Simulated outside books, which publish what they offer on the main lines of a simulated game.

A book prices the true fair value as it was some seconds ago, with an error of its own
that lasts for a while, adds its vig so that long shots pay more of it, and rounds to whole American
odds. One of them offers spreads and totals a point away from those of the exchange.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import exp, log, sqrt

from numpy.random import Generator

from recordings.reference_text import reference_text
from sim.crowd.activity_rates import ProcessGenerator
from sim.crowd.book_profiles import BookProfile
from sim.crowd.change_publisher import ChangePublisher, RowWrite
from sim.crowd.fair_value import Sight
from sim.crowd.game_context import GameContext, OfferedPair
from strategies.trading.model.events import ReferencePrice
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.odds import implied_probability
from strategies.trading.model.units import NS_PER_SECOND

# How long an error lasts, and by how much the delay of a feed of prices varies.
ERROR_LASTS_S = 1_800.0
DELAY_S = (0.5, 3.0)
# No book quotes a line that is all but decided.
LEAST, MOST = 0.02, 0.98
_STEPS = 50


class SimulatedBook:
    """One book on one game; its chance is its own, so that nobody else in the crowd differs."""

    def __init__(
        self,
        profile: BookProfile,
        context: GameContext,
        publisher: ChangePublisher,
        rng: Generator,
    ) -> None:
        """Offer the main pairs of a game."""
        self._profile = profile
        self._context = context
        self._publisher = publisher
        self._rng = rng
        main = [pair for pair in context.pairs if pair.is_main]
        self._pairs = [self._shifted(pair) for pair in main]
        self._errors = rng.normal(0.0, profile.error, len(main)).tolist()

    def run(self) -> ProcessGenerator:
        """Publish prices until the process is interrupted or the game is over."""
        yield self._context.wait_s(self._rng.uniform(0.0, self._profile.every_s))
        while not self._context.is_over:
            self._move_errors()
            rows = [
                row
                for pair, error in zip(self._pairs, self._errors, strict=True)
                for row in self._rows(pair, error)
            ]
            if rows:
                self._publisher.publish(*rows)
            yield self._context.wait_s(self._profile.every_s)

    def _shifted(self, pair: OfferedPair) -> OfferedPair:
        if pair.type is MarketType.MONEYLINE or not self._profile.point_shift:
            return pair
        return replace(pair, point=pair.point + self._profile.point_shift)

    def _move_errors(self) -> None:
        kept = exp(-self._profile.every_s / ERROR_LASTS_S)
        drawn = self._rng.normal(0.0, self._profile.error * sqrt(1 - kept * kept), len(self._pairs))
        self._errors = [
            kept * error + new for error, new in zip(self._errors, drawn.tolist(), strict=True)
        ]

    def _rows(self, pair: OfferedPair, error: float) -> Sequence[RowWrite]:
        """Return the row of a pair, none while it is all but decided."""
        lag_s = self._profile.lag_s
        fair = self._context.true_fair(pair, Sight(lag_s, lag_s))
        if not LEAST < fair < MOST:
            return ()
        fair = 1 / (1 + exp(-(log(fair / (1 - fair)) + error)))
        first, second = map(_rounded, with_vig((fair, 1 - fair), self._profile.vig))
        delay_ns = int(self._rng.uniform(*DELAY_S) * NS_PER_SECOND)
        book = pair.books[0]
        price = ReferencePrice(
            book.line.line_id,
            first,
            self._profile.name,
            self._context.env.now_ns - delay_ns,
            second,
            point=None if pair.point == book.line.point else pair.point,
        )
        text = reference_text(price)
        return (lambda sink: sink.reference(book.line_index, first, text),)


def with_vig(fair: Sequence[float], vig: float) -> tuple[float, ...]:
    """Return prices that sum to one and the vig, each fair probability to the same power."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        power = (low + high) / 2
        if sum(each**power for each in fair) > 1 + vig:
            low = power
        else:
            high = power
    return tuple([each**high for each in fair])


def _rounded(price: float) -> float:
    """Return what whole American odds imply, those that pay no more than a price."""
    odds = int(100 * (1 - price) / price) if price < 0.5 else -int(100 * price / (1 - price) + 1)
    return implied_probability(odds if abs(odds) > 100 else 100)
