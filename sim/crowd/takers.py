"""The takers of the crowd: most are uninformed, a few see scores before they are official."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import assert_never

from numpy.random import Generator

from sim.crowd.activity_rates import ActivityRates, ProcessGenerator
from sim.crowd.crowd_types import CrowdType
from sim.crowd.game import Score
from sim.crowd.game_context import GameContext, OfferedPair
from sim.crowd.maker import BALANCE_CENTS
from sim.exchange.displayed_book import Level, levels
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import Event
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.odds import Odds, implied_probability, prophetx_ladder
from strategies.trading.model.units import NS_PER_SECOND

ACCOUNTS = 12
# Zipf exponent of the accounts' shares: a few accounts do most of the taking.
SHARE_EXPONENT = 1.5
STAKE_MEDIAN_CENTS = 2_300
STAKE_SIGMA = 1.85
STAKE_CENTS = (100, 2_000_000)
# Bursts a minute; a burst is one taker or a few in short order.
BURSTS = ActivityRates(beyond_12h=0.01, within_12h=0.06, within_3h=0.34, last_hour=0.5, in_play=9.6)
BREAK_SHARE = 0.24
ALONE_SHARE = 0.85
BURST_GAP_S = 1.0
OUTER_INTEREST = 0.05
# How far beyond the best offer a taker goes: in probability, and as a share of the implied one.
MAX_CONCESSION, MAX_CONCESSION_SHARE = 0.02, 0.1
# How much worse the price may become, in probability, during the in-play delay.
DELAY_ALLOWANCE = 0.01

INFORMED_STAKE_MEDIAN_CENTS = 12_000
INFORMED_EDGE = 0.01
INFORMED_LEAD_S = (0.5, 2.0)


def _type_interest(type_: CrowdType) -> float:
    """Return how often markets of a type are taken from, as a multiple of the moneyline."""
    match type_:
        case MarketType.MONEYLINE:
            return 1.0
        case MarketType.SPREAD:
            return 0.7
        case MarketType.TOTAL:
            return 0.6
        case _:
            assert_never(type_)


class Takers:
    """All takers of one game, in a dozen accounts that they share."""

    def __init__(self, context: GameContext, rng: Generator) -> None:
        """Open the accounts; nothing is taken before the markets open."""
        self._context = context
        self._rng = rng
        self.participants = [
            context.exchange.open_account(f"taker{number}", BALANCE_CENTS, _ignore_events)
            for number in range(ACCOUNTS)
        ]
        self._shares = _cumulative_shares()
        self._wagers = 0

    def run(self, pair: OfferedPair) -> ProcessGenerator:
        """Take from a pair in bursts at random times until the game is settled."""
        interest = _type_interest(pair.type) * self._context.settings.interest
        interest *= 1.0 if pair.is_main else OUTER_INTEREST
        while interest and not self._context.is_over:
            mean_ns = BURSTS.mean_gap_ns(self._context.ns_to_start) / interest
            yield self._context.env.timeout(int(self._rng.exponential(mean_ns)))
            if not self._context.is_break() or self._rng.random() < BREAK_SHARE:
                yield from self._burst(pair)

    def on_score(self, score: Score, official_ns: int) -> None:
        """Let informed takers see a score before it is official and take stale offers."""
        for pair in self._context.pairs:
            if pair.is_main:
                for _ in range(int(self._rng.poisson(self._context.settings.informed))):
                    lead_ns = int(self._rng.uniform(*INFORMED_LEAD_S) * NS_PER_SECOND)
                    self._context.env.process(
                        self._take_informed(pair, score, official_ns - lead_ns)
                    )

    def _take_informed(self, pair: OfferedPair, score: Score, when_ns: int) -> ProcessGenerator:
        yield self._context.env.timeout(max(0, when_ns - self._context.env.now_ns))
        fair = self._context.fair(pair, score)
        stake_cents = self._stake_cents(INFORMED_STAKE_MEDIAN_CENTS)
        for side, probability in ((0, fair), (1, 1 - fair)):
            displayed = levels(pair.books[side])
            self._take(pair, side, displayed, stake_cents, probability - INFORMED_EDGE)

    def _burst(self, pair: OfferedPair) -> ProcessGenerator:
        for _ in range(int(self._rng.geometric(ALONE_SHARE))):
            side = int(self._rng.integers(2))
            stake_cents = self._stake_cents(STAKE_MEDIAN_CENTS)
            displayed = levels(pair.books[side])
            if displayed:
                implied = implied_probability(displayed[0].odds)
                concession = min(MAX_CONCESSION, MAX_CONCESSION_SHARE * implied)
                self._take(pair, side, displayed, stake_cents, implied + concession)
            yield self._context.wait_s(self._rng.exponential(BURST_GAP_S))

    def _take(
        self,
        pair: OfferedPair,
        side: int,
        displayed: Sequence[Level],
        stake_cents: int,
        max_implied: float,
    ) -> None:
        """Take displayed offers up to the stake, none that implies more than `max_implied`."""
        odds: Odds | None = None
        remaining_cents = stake_cents
        for level in displayed:
            if remaining_cents <= 0 or implied_probability(level.odds) > max_implied:
                break
            odds = level.odds
            remaining_cents -= level.value_cents
        if odds is None or not self._context.is_open(pair):
            return
        allowance = min(DELAY_ALLOWANCE, max_implied - implied_probability(odds))
        odds = (
            prophetx_ladder().shortest_implying_at_most(implied_probability(odds) + allowance)
            or odds
        )
        self._wagers += 1
        account = self.participants[bisect_right(self._shares, self._rng.random())]
        ref, line_id = WagerRef(f"taken-{self._wagers}"), pair.books[side].line_id
        request = PlaceWager(ref, line_id, odds, stake_cents, Intent.TAKE)
        self._context.exchange.place(account, [request])

    def _stake_cents(self, median_cents: int) -> int:
        drawn_cents = int(median_cents * self._rng.lognormal(0, STAKE_SIGMA))
        return min(max(drawn_cents, STAKE_CENTS[0]), STAKE_CENTS[1])


def _cumulative_shares() -> list[float]:
    """Return the accounts' shares of the taking, added up: a uniform number draws an account."""
    weights = [(number + 1) ** -SHARE_EXPONENT for number in range(ACCOUNTS)]
    return list(accumulate(weight / sum(weights) for weight in weights))


def _ignore_events(_: tuple[Event, ...]) -> None:
    """Ignore events: takers do not react to their fills."""
