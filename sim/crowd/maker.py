"""A maker of the crowd, and its quotes: the targets, what is stale, and what is missing."""

from collections.abc import Sequence
from functools import cache
from math import sqrt
from typing import TypeAlias, assert_never

from numpy.random import Generator

from sim.crowd.activity_rates import NS_PER_HOUR, ActivityRates, ProcessGenerator
from sim.crowd.crowd_types import CrowdType
from sim.crowd.fair_value import Sight
from sim.crowd.game_context import GameContext, OfferedPair
from sim.crowd.maker_profiles import MakerProfile
from sim.crowd.wager_sizes import drawn_stake_cents
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
    prophetx_ladder,
)
from strategies.trading.ports.exchange import BATCH_LIMIT

# A point is worth more in probability as less of the game is left; so that factor increases with a
# power of the share left. Before the game main lines become tighter until three hours ahead.
LATE_EXPONENT, MIN_LEFT = 0.2, 0.01
EARLY_NS, EARLY_EXPONENT = 3 * NS_PER_HOUR, 1.39
# A quote is at most this share of the fair probability away from it, for the sake of longshots. An
# outer line is wide, and would often have no odds to offer on one side with more of it.
MAX_PROBABILITY_SHARE, MAX_OUTER_PROBABILITY_SHARE = 0.95, 0.8
# However certain the outcome, quotes keep this share of the width from fair value.
MIN_UNCERTAINTY = 0.5
# S.d. of a maker's error about fair value, as a share of the half spread.
BIAS_SHARE = 0.2
# Quotes stay until their centre has moved by more than this share of the half spread.
ANCHOR_SHARE = 0.35
# A wager with less edge than this share of the half spread is cancelled as unprofitable.
MIN_EDGE_SHARE = 0.75
# This net position on one outcome moves a maker's quotes by its half spread.
FULL_SKEW_CENTS = 1_000_000
REFRESH_SHARE = 0.5
CANCEL_TO_PLACE_S = (0.1, 1.0)
REFILL_S = (1.0, 6.0)
BREAK_SHARE = 0.25
# Requotes a minute of a maker on a main line; outer lines are requoted less often.
REQUOTES = ActivityRates(
    beyond_12h=0.02, within_12h=0.13, within_3h=0.5, last_hour=1.0, in_play=0.8
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

    @property
    def is_main(self) -> bool:
        """Return whether it quotes the main pair of a market."""
        return self._pair.is_main

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
        fairs, half_spread = (fair, 1 - fair), self._half_spread(fair)
        return [
            wager
            for side, wager in self._cancellable()
            if fairs[side] - implied_probability(wager.odds)
            < MIN_EDGE_SHARE * self._distance(half_spread, fairs[side])
        ]

    def record_fill(self, fill: WagerMatched) -> None:
        """Add a fill of one of the quotes to the net position."""
        side = next(side for side, wager in self._quotes if wager.ref == fill.ref)
        net_cents = fill.stake_cents + fill.profit_cents
        self._net_cents += net_cents if side == 0 else -net_cents
        context = self._context
        self._pair.flow.on_match(side, net_cents, context.env.now_ns, in_play=context.is_in_play)

    def _stale_quotes(self, targets: Targets) -> list[ExchangeWager]:
        cancellable = self._cancellable()
        stale = [wager for side, wager in cancellable if wager.odds not in targets[side]]
        if self._context.is_in_play and self._pair.is_main:
            stale = self._replaced(cancellable, targets)
        if cancellable and not stale and self._rng.random() < REFRESH_SHARE:
            # Rather a later one: real cancels come from the back of the queue more often.
            chosen = max(self._rng.integers(len(cancellable), size=6).tolist())
            stale = [cancellable[chosen][1]]
        return stale

    def _replaced(
        self, cancellable: Sequence[PlacedQuote], targets: Targets
    ) -> list[ExchangeWager]:
        """Return the stale wagers that are unprofitable, or beside which a target rests already.

        What replaces the others waits in the in-play delay. Until then they stand: without them a
        side of the book would be empty after every score.
        """
        resting = {side for side, wager in cancellable if wager.odds in targets[side]}
        unprofitable = {wager.ref for wager in self.unprofitable_wagers()}
        return [
            wager
            for side, wager in cancellable
            if wager.odds not in targets[side] and (side in resting or wager.ref in unprofitable)
        ]

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
        stake_cents = drawn_stake_cents(
            self._rng, self._profile.size_cents, odds, in_play=self._context.is_in_play
        )
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
        move = self._pair.flow.move(self._context.env.now_ns, in_play=self._context.is_in_play)
        centre = fair + (self._bias - self._inventory_skew() + move) * half_spread
        if abs(centre - self._anchor) > ANCHOR_SHARE * half_spread:
            self._anchor = centre
        first = self._side_targets(0, self._anchor, half_spread)
        return first, self._side_targets(1, 1 - self._anchor, half_spread)

    def _side_targets(self, side: int, probability: float, half_spread: float) -> tuple[Odds, ...]:
        if side == self._withheld_side:
            return ()
        best = self._odds_below(side, probability, half_spread)
        if best is None:
            return ()
        if not (self._context.is_in_play and self._pair.is_main):
            return _quoted_rungs(best, self._profile.levels, self._profile.rungs_apart)
        factor = self._context.in_play_quotes.level_factor
        deeper = (factor**level for level in range(1, self._profile.levels))
        odds = [self._odds_below(side, probability, share * half_spread) for share in deeper]
        return tuple(dict.fromkeys([best, *(each for each in odds if each is not None)]))

    def _odds_below(self, side: int, probability: float, distance: float) -> Odds | None:
        """Return the shortest odds of a wager that rests this far below a probability."""
        max_implied = probability - self._distance(distance, probability)
        odds = prophetx_ladder().shortest_implying_at_most(max_implied)
        return None if odds is None else self._resting_odds(side, odds)

    def _distance(self, wanted: float, probability: float) -> float:
        """Return a distance below a probability that leaves some of it."""
        is_main = self._pair.is_main
        share = MAX_PROBABILITY_SHARE if is_main else MAX_OUTER_PROBABILITY_SHARE
        return min(wanted, share * probability)

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
        return self._context.makers_fair(self._pair, self._maker.sight)

    def _half_spread(self, fair: float) -> float:
        """Return the distance from a fair value, narrower as the outcome becomes certain."""
        uncertainty = max(MIN_UNCERTAINTY, sqrt(4 * fair * (1 - fair)))
        return self._width * uncertainty * (self._time_width() if self._pair.is_main else 1.0)

    def _time_width(self) -> float:
        """Return the factor of the width of a main line by the time to the start and to the end."""
        if self._context.is_in_play:
            left = max(self._context.share_left(), MIN_LEFT)
            factor = self._context.width() * self._context.in_play_quotes.width
            return factor / float(left**LATE_EXPONENT)
        early = max(1.0, self._context.ns_to_start / EARLY_NS)
        return self._context.width() * float(early**EARLY_EXPONENT)

    def _inventory_skew(self) -> float:
        return max(-1.0, min(1.0, self._net_cents / FULL_SKEW_CENTS))


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
REQUOTE_DELAY_S = (0.1, 3.0)
# How often a maker quotes a main line again after the ball changed sides, and when.
BALL_SHARE, BALL_DELAY_S = 0.45, (0.0, 6.0)
# Time from seeing to acting, so that what was just seen counts.
NOTICE_S = 0.05
# Margin after the in-play delay, when wagers that waited in it can be cancelled.
SECOND_CANCEL_S = 0.5


class Maker:
    """One maker in one game."""

    def __init__(
        self, name: str, profile: MakerProfile, context: GameContext, rng: Generator
    ) -> None:
        """Open an account; nothing is quoted before the markets open."""
        self._context = context
        self._rng = rng
        self.participant = context.exchange.open_account(name, BALANCE_CENTS, self._on_events)
        self._quoter_of: dict[WagerRef, Quoter] = {}
        self._refs = 0
        self.sight = Sight(float(rng.uniform(*profile.play_s)), float(rng.uniform(*profile.news_s)))
        self.quoters = [
            Quoter(self, pair, profile, context, rng)
            for pair in context.pairs
            if profile.quotes(pair)
        ]

    def requote(self) -> ProcessGenerator:
        """Quote every pair again within a few seconds, in any order."""
        for index in self._rng.permutation(len(self.quoters)).tolist():
            yield self._context.wait_s(self._rng.uniform(*REQUOTE_DELAY_S) / len(self.quoters))
            yield from self.quoters[index].requote()

    def on_ball(self) -> ProcessGenerator:
        """See the ball change sides a little later; requote main lines one after the other."""
        yield self._context.wait_s(self.sight.play_s + NOTICE_S)
        for quoter in self.quoters:
            if quoter.is_main and self._rng.random() < BALL_SHARE:
                yield self._context.wait_s(self._rng.uniform(*BALL_DELAY_S))
                yield from quoter.requote()

    def on_score(self) -> ProcessGenerator:
        """See a score a little later; cancel what it made unprofitable, then requote."""
        yield self._context.wait_s(self.sight.play_s + NOTICE_S)
        self._cancel_unprofitable()
        yield from self.requote()
        # Wagers that were in the in-play delay at the score are active by now.
        yield self._context.wait_s(self._context.in_play_delay_s + SECOND_CANCEL_S)
        self._cancel_unprofitable()

    def on_news(self) -> ProcessGenerator:
        """See news a little later; cancel what it made unprofitable, then requote."""
        yield self._context.wait_s(self.sight.news_s + NOTICE_S)
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
