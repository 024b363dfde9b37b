"""One maker on one pair: where quotes are wanted, what is stale, and what is missing."""

from collections.abc import Iterator
from math import sqrt
from typing import TYPE_CHECKING

from numpy.random import Generator

from sim.crowd.activity_rates import ActivityRates, Steps
from sim.crowd.game_context import GameContext, OfferedPair
from sim.crowd.maker_profiles import MakerProfile
from sim.exchange.exchange_wager import ExchangeWager
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.market import MarketType
from strategies.trading.model.odds import (
    Odds,
    crosses,
    implied_probability,
    opposite,
    payout_ratio,
    prophetx_ladder,
)

if TYPE_CHECKING:
    from sim.crowd.maker import Maker

SIZE_SIGMA = 0.9
SIZE_CENTS = (2_500, 500_000)
STAKE_CENTS_LEAST = 100
# In-play main lines are quoted so much wider. Outer lines are wide before the game already.
IN_PLAY_WIDTH = 2.5
# Nobody asks a long shot to give up more than this share of its chance.
CHANCE_SHARE_MOST = 0.65
TYPE_WIDTH = {MarketType.MONEYLINE: 1.0, MarketType.SPREAD: 1.6, MarketType.TOTAL: 1.6}
# However clear the outcome, quotes are no closer to fair than this share of the width.
DOUBT_LEAST = 0.5
# No two makers see the same fair price: shares of the half spread.
BIAS_SHARE = 0.3
# Quotes stay until what they are built around has moved by so much of the half spread.
ANCHOR_SHARE = 0.35
# A wager whose edge fell to this share of the half spread is given away.
GIVEN_AWAY_SHARE = 0.6
# So much matched on one outcome, net, moves a maker's quotes by his half spread.
LEAN_FULL_CENTS = 1_000_000
REFRESH_SHARE = 0.5
CANCEL_TO_PLACE_S = (0.05, 0.8)
REFILL_S = (1.0, 6.0)
QUIET_SHARE = 0.25
# Looks a minute of a maker on a main line; at outer lines he looks less.
LOOKS = ActivityRates(day=0.02, far=0.13, near=0.5, last_hour=1.65, in_play=3.6)
OUTER_LOOKS_SHARE = 0.2
# Now and then an outer line is quoted on one side only, and after a while on both again.
ONE_SIDED_SHARE = 0.015
TWO_SIDED_SHARE = 0.2


class Quoter:
    """Keeps a maker's quotes on a pair where he wants them. The two sides are 0 and 1."""

    def __init__(
        self,
        maker: "Maker",
        pair: OfferedPair,
        temper: MakerProfile,
        stage: GameContext,
        rng: Generator,
    ) -> None:
        """Draw how this maker errs on this pair."""
        self._maker = maker
        self._pair = pair
        self._temper = temper
        self._stage = stage
        self._rng = rng
        self._width = temper.half_spread_of(pair) * TYPE_WIDTH[pair.type]
        self._bias = float(rng.normal(0, BIAS_SHARE))
        self._anchor = 0.0
        self._held_back: int | None = None
        self._net_cents = 0
        self._pace = stage.shape.pace * (1.0 if pair.is_main else OUTER_LOOKS_SHARE)

    def quote(self) -> Steps:
        """Look at the pair again and again, as long as there is a game."""
        while self._pace and not self._stage.is_over:
            pause_ns = LOOKS.pause_ns(self._stage.ahead_ns) / self._pace
            yield self._stage.env.timeout(int(self._rng.exponential(pause_ns)))
            if not self._stage.is_quiet() or self._rng.random() < QUIET_SHARE:
                yield from self.look()

    def look(self) -> Steps:
        """Cancel what is no longer wanted and then, as no wager can be amended, place the rest."""
        stale = self._stale()
        if stale:
            self._maker.cancel(stale)
            yield self._stage.wait_s(self._rng.uniform(*CANCEL_TO_PLACE_S))
        if self._stage.is_open(self._pair):
            self._maker.place(self, list(self._missing()))

    def refill(self) -> Steps:
        """Look again soon after a wager was matched whole."""
        yield self._stage.wait_s(self._rng.uniform(*REFILL_S))
        yield from self.look()

    def given_away(self) -> list[ExchangeWager]:
        """Return the open wagers that lost their edge."""
        fair, least = self._fair(), GIVEN_AWAY_SHARE * self._half_spread()
        fairs = (fair, 1 - fair)
        return [
            wager
            for side, wager in self._live()
            if self._is_cancellable(wager) and fairs[side] - implied_probability(wager.odds) < least
        ]

    def book_fill(self, side: int, net_cents: int) -> None:
        """Note what a fill wins on its side, and does not win on the other."""
        self._net_cents += net_cents if side == 0 else -net_cents

    def _stale(self) -> list[ExchangeWager]:
        self._choose_sides()
        wanted = self._wanted()
        resting = [(s, wager) for s, wager in self._live() if self._is_cancellable(wager)]
        stale = [wager for side, wager in resting if (side, wager.odds) not in wanted]
        if resting and not stale and self._rng.random() < REFRESH_SHARE:
            stale = [resting[int(self._rng.integers(len(resting)))][1]]
        return stale

    def _missing(self) -> Iterator[tuple[int, PlaceWager]]:
        live = list(self._live())
        there = {(side, wager.odds) for side, wager in live}
        for side, odds in self._wanted():
            own_across = (w.odds for other, w in live if other != side)
            if (side, odds) not in there and not any(crosses(odds, own) for own in own_across):
                line_id = self._pair.books[side].line_id
                stake_cents = self._stake_cents(odds)
                ref = self._maker.next_ref()
                yield side, PlaceWager(ref, line_id, odds, stake_cents, Intent.ADD_ONLY)

    def _choose_sides(self) -> None:
        if self._pair.is_main:
            return
        if self._held_back is None and self._rng.random() < ONE_SIDED_SHARE:
            self._held_back = int(self._rng.integers(2))
        elif self._rng.random() < TWO_SIDED_SHARE:
            self._held_back = None

    def _wanted(self) -> dict[tuple[int, Odds], None]:
        """Return sides and odds to rest at, in order: a dictionary where a set would not be."""
        half_spread = self._half_spread()
        view = self._fair() + (self._bias - self._lean()) * half_spread
        if abs(view - self._anchor) > ANCHOR_SHARE * half_spread:
            self._anchor = view
        wanted: dict[tuple[int, Odds], None] = {}
        for side, probability in ((0, self._anchor), (1, 1 - self._anchor)):
            implied_most = probability - min(half_spread, CHANCE_SHARE_MOST * probability)
            odds = prophetx_ladder().shortest_implying_at_most(implied_most)
            odds = None if odds is None or side == self._held_back else self._passive(side, odds)
            if odds is not None:
                wanted.update(((side, level), None) for level in self._levels(odds))
        return wanted

    def _passive(self, side: int, odds: Odds) -> Odds | None:
        """Return these odds, or the shortest longer ones at which a wager would rest."""
        across = self._pair.books[1 - side].wagers
        if not across or odds > opposite(across[0].odds):
            return odds
        most = opposite(across[0].odds)
        stepped = prophetx_ladder().step(most, 1)
        return stepped if stepped > most else None

    def _levels(self, best: Odds) -> list[Odds]:
        rungs_apart = self._temper.rungs_apart
        steps = range(0, self._temper.levels * rungs_apart, rungs_apart)
        return [prophetx_ladder().step(best, step) for step in steps]

    def _live(self) -> Iterator[tuple[int, ExchangeWager]]:
        first, second = (book.line for book in self._pair.books)
        for wager in self._maker.participant.live.values():
            if wager.line == first:
                yield 0, wager
            elif wager.line == second:
                yield 1, wager

    def _is_cancellable(self, wager: ExchangeWager) -> bool:
        return wager.opened_ns is not None and self._stage.is_settled(wager.opened_ns)

    def _fair(self) -> float:
        return self._stage.fair(self._pair, self._maker.score)

    def _half_spread(self) -> float:
        """Return the distance from fair now: narrower where the outcome is clear."""
        fair = self._fair()
        doubt = max(DOUBT_LEAST, sqrt(4 * fair * (1 - fair)))
        wider = self._pair.is_main and self._stage.ahead_ns <= 0
        return self._width * doubt * (IN_PLAY_WIDTH if wider else 1.0)

    def _lean(self) -> float:
        return max(-1.0, min(1.0, self._net_cents / LEAN_FULL_CENTS))

    def _stake_cents(self, odds: Odds) -> int:
        """Draw a size, the geometric mean of stake and profit, and return the stake."""
        drawn_cents = self._rng.lognormal(0, SIZE_SIGMA) * self._temper.size_cents
        size_cents = min(max(drawn_cents, SIZE_CENTS[0]), SIZE_CENTS[1])
        numerator, denominator = payout_ratio(odds)
        stake_cents = round(size_cents * sqrt(denominator / numerator), -2)
        return max(STAKE_CENTS_LEAST, int(stake_cents))
