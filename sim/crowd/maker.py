"""A maker of the crowd, and its quotes: the targets, what is stale, and what is missing."""

from collections.abc import Sequence
from functools import cache
from math import sqrt
from typing import TypeAlias, assert_never

from numpy.random import Generator

from sim.crowd.activity_rates import ActivityRates, ProcessGenerator
from sim.crowd.crowd_types import CrowdType
from sim.crowd.game import Score
from sim.crowd.game_context import GameContext, OfferedPair
from sim.crowd.maker_profiles import MakerProfile
from sim.exchange.participant import ExchangeWager
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import Event, WagerMatched
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.odds import (
    Odds,
    crosses,
    implied_probability,
    opposite,
    payout_ratio,
    prophetx_ladder,
)
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.exchange import BATCH_LIMIT

SIZE_SIGMA = 0.9
SIZE_CENTS = (2_500, 500_000)
MIN_STAKE_CENTS = 100
# Factor of the width of main lines in-play. Outer lines are wide before the game already.
IN_PLAY_WIDTH = 2.5
# The half spread is at most this share of the fair probability, for the sake of longshots.
MAX_PROBABILITY_SHARE = 0.65
# However certain the outcome, quotes keep this share of the width from fair value.
MIN_UNCERTAINTY = 0.5
# S.d. of a maker's error about fair value, as a share of the half spread.
BIAS_SHARE = 0.3
# Quotes stay until their centre has moved by more than this share of the half spread.
ANCHOR_SHARE = 0.35
# A wager with less edge than this share of the half spread is cancelled as unprofitable.
MIN_EDGE_SHARE = 0.6
# This net position on one outcome moves a maker's quotes by its half spread.
FULL_SKEW_CENTS = 1_000_000
REFRESH_SHARE = 0.5
CANCEL_TO_PLACE_S = (0.05, 0.8)
REFILL_S = (1.0, 6.0)
BREAK_SHARE = 0.25
# Requotes a minute of a maker on a main line; outer lines are requoted less often.
REQUOTES = ActivityRates(
    beyond_12h=0.02, within_12h=0.13, within_3h=0.5, last_hour=1.65, in_play=3.6
)
OUTER_REQUOTES_SHARE = 0.2
# Probabilities, per requote, that an outer line loses one side, and that it gets both again.
ONE_SIDED_SHARE = 0.015
TWO_SIDED_SHARE = 0.2

# A wager with its side of the pair, 0 or 1.
PlacedQuote: TypeAlias = tuple[int, ExchangeWager]
# The odds to rest at on each side.
Targets: TypeAlias = tuple[Sequence[Odds], Sequence[Odds]]


def _type_width(type_: CrowdType) -> float:
    """Return the factor of the width of markets of a type."""
    match type_:
        case MarketType.MONEYLINE:
            return 1.0
        case MarketType.SPREAD | MarketType.TOTAL:
            return 1.6
        case _:
            assert_never(type_)


class Quoter:
    """Keeps the quotes of a maker on a pair at their targets. The two sides are 0 and 1."""

    def __init__(
        self,
        maker: "Maker",
        pair: OfferedPair,
        profile: MakerProfile,
        context: GameContext,
        rng: Generator,
    ) -> None:
        """Draw the maker's error on this pair."""
        self._maker = maker
        self._pair = pair
        self._profile = profile
        self._context = context
        self._rng = rng
        self._width = profile.half_spread_of(pair) * _type_width(pair.type)
        self._bias = float(rng.normal(0, BIAS_SHARE))
        self._anchor = 0.0
        self._withheld_side: int | None = None
        self._net_cents = 0
        # Those that have ended since are dropped by `_live`.
        self._quotes: list[PlacedQuote] = []
        self._rate = context.settings.requote_rate * (1.0 if pair.is_main else OUTER_REQUOTES_SHARE)

    def run(self) -> ProcessGenerator:
        """Requote the pair at random times until the game is settled."""
        while self._rate and not self._context.is_over:
            mean_ns = REQUOTES.mean_gap_ns(self._context.ns_to_start) / self._rate
            yield self._context.env.timeout(int(self._rng.exponential(mean_ns)))
            if not self._context.is_break() or self._rng.random() < BREAK_SHARE:
                yield from self.requote()

    def requote(self) -> ProcessGenerator:
        """Cancel stale quotes, then place the missing ones; the exchange amends no wager."""
        self._choose_sides()
        targets = self._target_quotes()
        stale = self._stale_quotes(targets)
        if stale:
            self._maker.cancel(stale)
            yield self._context.wait_s(self._rng.uniform(*CANCEL_TO_PLACE_S))
        if self._context.is_open(self._pair):
            # Without a wait nothing has moved since.
            self._place_missing(self._target_quotes() if stale else targets)

    def refill(self) -> ProcessGenerator:
        """Requote soon after a wager was fully matched."""
        yield self._context.wait_s(self._rng.uniform(*REFILL_S))
        yield from self.requote()

    def unprofitable_wagers(self) -> list[ExchangeWager]:
        """Return the cancellable wagers whose edge has become too small."""
        fair = self._fair()
        min_edge = MIN_EDGE_SHARE * self._half_spread(fair)
        fairs = (fair, 1 - fair)
        return [
            wager
            for side, wager in self._cancellable()
            if fairs[side] - implied_probability(wager.odds) < min_edge
        ]

    def record_fill(self, fill: WagerMatched) -> None:
        """Add a fill of one of the quotes to the net position."""
        side = next(side for side, wager in self._quotes if wager.ref == fill.ref)
        net_cents = fill.stake_cents + fill.profit_cents
        self._net_cents += net_cents if side == 0 else -net_cents

    def _stale_quotes(self, targets: Targets) -> list[ExchangeWager]:
        cancellable = self._cancellable()
        stale = [wager for side, wager in cancellable if wager.odds not in targets[side]]
        if cancellable and not stale and self._rng.random() < REFRESH_SHARE:
            stale = [cancellable[int(self._rng.integers(len(cancellable)))][1]]
        return stale

    def _place_missing(self, targets: Targets) -> None:
        resting: tuple[list[Odds], list[Odds]] = ([], [])
        for side, wager in self._live():
            resting[side].append(wager.odds)
        requests = [
            (side, self._request(side, odds))
            for side in (0, 1)
            for odds in _missing(targets[side], resting[side], resting[1 - side])
        ]
        self._quotes += self._maker.place(self, requests)

    def _request(self, side: int, odds: Odds) -> PlaceWager:
        stake_cents = self._stake_cents(odds)
        ref, line_id = self._maker.next_ref(), self._pair.books[side].line_id
        return PlaceWager(ref, line_id, odds, stake_cents, Intent.ADD_ONLY)

    def _choose_sides(self) -> None:
        if self._pair.is_main:
            return
        if self._withheld_side is None and self._rng.random() < ONE_SIDED_SHARE:
            self._withheld_side = int(self._rng.integers(2))
        elif self._rng.random() < TWO_SIDED_SHARE:
            self._withheld_side = None

    def _target_quotes(self) -> Targets:
        """Return the odds to rest at on each side, around fair value or where it was last."""
        fair = self._fair()
        half_spread = self._half_spread(fair)
        centre = fair + (self._bias - self._inventory_skew()) * half_spread
        if abs(centre - self._anchor) > ANCHOR_SHARE * half_spread:
            self._anchor = centre
        first = self._side_targets(0, self._anchor, half_spread)
        return first, self._side_targets(1, 1 - self._anchor, half_spread)

    def _side_targets(self, side: int, probability: float, half_spread: float) -> tuple[Odds, ...]:
        if side == self._withheld_side:
            return ()
        max_implied = probability - min(half_spread, MAX_PROBABILITY_SHARE * probability)
        odds = prophetx_ladder().shortest_implying_at_most(max_implied)
        best = None if odds is None else self._resting_odds(side, odds)
        if best is None:
            return ()
        return _quoted_rungs(best, self._profile.levels, self._profile.rungs_apart)

    def _resting_odds(self, side: int, odds: Odds) -> Odds | None:
        """Return these odds, or the shortest longer ones at which a wager would rest."""
        across = self._pair.books[1 - side].wagers
        if not across or odds > opposite(across[0].odds):
            return odds
        touching = opposite(across[0].odds)
        stepped = prophetx_ladder().step(touching, 1)
        return stepped if stepped > touching else None

    def _live(self) -> list[PlacedQuote]:
        """Return the quotes that are pending or open, in the order of acceptance."""
        live = self._maker.participant.live
        self._quotes = [quote for quote in self._quotes if quote[1].ref in live]
        return self._quotes

    def _cancellable(self) -> list[PlacedQuote]:
        """Return the open quotes that the exchange lets their owner cancel by now."""
        opened_by_ns = self._context.cancellable_if_opened_by_ns
        return [
            quote
            for quote in self._live()
            if quote[1].opened_ns is not None and quote[1].opened_ns <= opened_by_ns
        ]

    def _fair(self) -> float:
        return self._context.fair(self._pair, self._maker.score)

    def _half_spread(self, fair: float) -> float:
        """Return the distance from a fair value, narrower as the outcome becomes certain."""
        uncertainty = max(MIN_UNCERTAINTY, sqrt(4 * fair * (1 - fair)))
        wider = self._pair.is_main and self._context.ns_to_start <= 0
        return self._width * uncertainty * (IN_PLAY_WIDTH if wider else 1.0)

    def _inventory_skew(self) -> float:
        return max(-1.0, min(1.0, self._net_cents / FULL_SKEW_CENTS))

    def _stake_cents(self, odds: Odds) -> int:
        """Draw a size, the geometric mean of stake and profit, and return its stake."""
        drawn_cents = self._rng.lognormal(0, SIZE_SIGMA) * self._profile.size_cents
        size_cents = min(max(drawn_cents, SIZE_CENTS[0]), SIZE_CENTS[1])
        numerator, denominator = payout_ratio(odds)
        stake_cents = round(size_cents * sqrt(denominator / numerator), -2)
        return max(MIN_STAKE_CENTS, int(stake_cents))


@cache
def _quoted_rungs(best: Odds, levels: int, rungs_apart: int) -> tuple[Odds, ...]:
    """Return the odds of this many levels from the best one on; the ladder's end may cut them."""
    steps = range(0, levels * rungs_apart, rungs_apart)
    return tuple(dict.fromkeys(prophetx_ladder().step(best, step) for step in steps))


def _missing(
    targets: Sequence[Odds], resting: Sequence[Odds], across: Sequence[Odds]
) -> list[Odds]:
    """Return the targets at which none rests, less those that would match own wagers across."""
    nearest = min(across, default=None)
    return [
        odds
        for odds in targets
        if odds not in resting and (nearest is None or not crosses(odds, nearest))
    ]


BALANCE_CENTS = 1_000_000_000
# Time to quote again after a market opened or stale wagers were cancelled.
REQUOTE_DELAY_S = (0.5, 6.0)
# Time until news before the game is noticed.
NEWS_DELAY_S = (0.5, 3.0)
# Margin after the in-play delay, when wagers that waited in it can be cancelled.
SECOND_CANCEL_S = 0.5


class Maker:
    """One maker in one game."""

    def __init__(
        self, name: str, profile: MakerProfile, context: GameContext, rng: Generator
    ) -> None:
        """Open an account; nothing is quoted before the markets open."""
        self._context = context
        self._profile = profile
        self._rng = rng
        self.participant = context.exchange.open_account(name, BALANCE_CENTS, self._on_events)
        self._quoter_of: dict[WagerRef, Quoter] = {}
        self._refs = 0
        self.score = Score(0, 0)
        self.quoters = [
            Quoter(self, pair, profile, context, rng)
            for pair in context.pairs
            if profile.quotes(pair)
        ]

    def requote(self) -> ProcessGenerator:
        """Quote every pair again within a few seconds."""
        for quoter in self.quoters:
            yield self._context.wait_s(self._rng.uniform(*REQUOTE_DELAY_S) / len(self.quoters))
            yield from quoter.requote()

    def on_score(self, score: Score, official_ns: int) -> ProcessGenerator:
        """See a score near its official time; cancel what it made unprofitable, then requote."""
        lead_ns = int(self._rng.uniform(*self._profile.lead_s) * NS_PER_SECOND)
        yield self._context.env.timeout(max(0, official_ns - lead_ns - self._context.env.now_ns))
        self.score = score
        self._cancel_unprofitable()
        yield from self.requote()
        # Wagers that were in the in-play delay at the score are active by now.
        yield self._context.wait_s(self._context.in_play_delay_s + SECOND_CANCEL_S)
        self._cancel_unprofitable()

    def on_news(self) -> ProcessGenerator:
        """Cancel what the news made unprofitable, then requote."""
        yield self._context.wait_s(self._rng.uniform(*NEWS_DELAY_S))
        self._cancel_unprofitable()
        yield from self.requote()

    def place(
        self, quoter: Quoter, requests: Sequence[tuple[int, PlaceWager]]
    ) -> list[PlacedQuote]:
        """Place requests of a quoter, each with its side of the pair; return the accepted ones."""
        for start in range(0, len(requests), BATCH_LIMIT):
            batch = requests[start : start + BATCH_LIMIT]
            self._context.exchange.place(self.participant, [request for _, request in batch])
        live = self.participant.live
        accepted = [(side, live[each.ref]) for side, each in requests if each.ref in live]
        for _, wager in accepted:
            self._quoter_of[wager.ref] = quoter
        return accepted

    def next_ref(self) -> WagerRef:
        """Return a new wager reference."""
        self._refs += 1
        return WagerRef(f"{self.participant.name}-{self._refs}")

    def cancel(self, wagers: Sequence[ExchangeWager]) -> None:
        """Cancel wagers in batches; what is refused comes up again at the next requote."""
        refs = [wager.ref for wager in wagers]
        for start in range(0, len(refs), BATCH_LIMIT):
            self._context.exchange.cancel(self.participant, refs[start : start + BATCH_LIMIT])

    def _cancel_unprofitable(self) -> None:
        self.cancel([wager for quoter in self.quoters for wager in quoter.unprofitable_wagers()])

    def _on_events(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, WagerMatched):
                quoter = self._quoter_of[event.ref]
                quoter.record_fill(event)
                if event.ref not in self.participant.live:
                    self._context.env.process(quoter.refill())
