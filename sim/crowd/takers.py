"""The takers of the crowd: some know the truth before the makers, the others nothing.

In-play they come in waves: the rate at which they do varies by the minute.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from math import exp, sqrt
from typing import assert_never

from numpy.random import Generator

from sim.crowd.activity_rates import ActivityRates, ProcessGenerator
from sim.crowd.crowd_types import CrowdType
from sim.crowd.fair_value import COURTSIDE, Sight
from sim.crowd.game_context import GameContext, OfferedPair
from sim.crowd.maker import BALANCE_CENTS
from sim.crowd.wager_sizes import log_normal_cents
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
# Stakes are log-normal: median in cents and sigma.
STAKE = (2_900, 2.15)
STAKE_CENTS = (100, 2_000_000)
# Bursts a minute; a burst is one taker or a few in short order.
BURSTS = ActivityRates(
    beyond_12h=0.01, within_12h=0.06, within_3h=0.34, last_hour=0.45, in_play=34.0
)
BREAK_SHARE = 0.24
ALONE_SHARE = 0.92
BURST_GAP_S = 1.0
OUTER_INTEREST = 0.05
# How far beyond the best offer a taker goes: in probability, and as a share of the implied one.
MAX_CONCESSION, MAX_CONCESSION_SHARE = 0.015, 0.1
# How much worse the price may become, in probability, during the in-play delay.
DELAY_ALLOWANCE = 0.01

# How much takers know differs between games. From the least to the most, by that: the share of
# bursts in-play that are of informed ones, how many of them come at a score as a multiple of the
# mean, and how many uninformed ones follow it.
INFORMED_SHARE = (0.78, 1.0)
SCORE_MULTIPLE, FOLLOWER_MULTIPLE = (0.0, 2.0), (1.7, 0.3)
# Informed ones take where their edge is larger than this, before the game and in it. Some come at
# news.
INFORMED_STAKE = (9_500, 2.15)
INFORMED_EDGE, INFORMED_EDGE_IN_PLAY = 0.002, 0.005
SCORE_TAKERS, INFORMED_LEAD_S = 5.0, (0.5, 2.0)
NEWS_TAKERS, NEWS_DELAY_S = 2.6, (0.3, 4.0)

# Takers who know nothing that an official score brings for each cent by which it moved the fair
# price, and how many seconds after it they come on average.
FOLLOWERS_A_CENT, FOLLOW_S = 1.75, 10.0
CENT = 0.01
# What was seen this long before a score did not know of it.
BEFORE_SCORE_S = 0.1

# In-play the rate of bursts is a multiple of the usual that changes every ten seconds: log-normal,
# with a mean of one, and remembered for about a minute and a half.
WAVE_STEP_NS = 10 * NS_PER_SECOND
WAVE_SIGMA, WAVE_PERSISTENCE = 0.9, 0.9


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
        self._wave = 0.0
        self._wave_step = 0
        self._knowledge = float(rng.uniform())

    def run(self, pair: OfferedPair) -> ProcessGenerator:
        """Take from a pair in bursts at random times until the game is settled."""
        interest = self._interest(pair)
        while interest and not self._context.is_over:
            gap_ns = self._gap_ns(interest)
            if self._context.is_in_play and gap_ns > self._ns_to_step():
                yield self._context.env.timeout(self._ns_to_step())
                continue
            yield self._context.env.timeout(gap_ns)
            if not self._context.is_break() or self._rng.random() < BREAK_SHARE:
                yield from self._burst(pair)

    def _gap_ns(self, interest: float) -> int:
        """Draw the time to the next burst at the present rate."""
        mean_ns = BURSTS.mean_gap_ns(self._context.ns_to_start) / interest
        if self._context.is_in_play:
            mean_ns /= self._tide()
        return int(self._rng.exponential(mean_ns))

    def _ns_to_step(self) -> int:
        """Return the time to the next change of the rate in-play."""
        return WAVE_STEP_NS - self._context.env.now_ns % WAVE_STEP_NS

    def on_score(self, official_ns: int) -> None:
        """Let informed takers take stale offers before the score is official, and others follow."""
        lag_s = (official_ns - self._context.env.now_ns) / NS_PER_SECOND
        mean = SCORE_TAKERS * self._by_knowledge(SCORE_MULTIPLE)
        self._send_informed(mean, lag_s - INFORMED_LEAD_S[1], lag_s - INFORMED_LEAD_S[0])
        self._context.env.process(self._send_followers(lag_s))

    def on_news(self) -> None:
        """Let informed takers take offers that became stale, before makers notice."""
        self._send_informed(NEWS_TAKERS, *NEWS_DELAY_S)

    def _send_informed(self, mean: float, from_s: float, to_s: float) -> None:
        """Send this many informed takers to each main pair, on average, within a range of times."""
        for pair in self._context.pairs:
            if pair.is_main:
                for _ in range(int(self._rng.poisson(mean * self._context.settings.informed))):
                    wait_s = float(self._rng.uniform(from_s, to_s))
                    self._context.env.process(self._take_informed_after(pair, wait_s))

    def _send_followers(self, lag_s: float) -> ProcessGenerator:
        """Send uninformed takers to main pairs once a score is official, by how far it moved them.

        Each of them waits on its own.
        """
        yield self._context.wait_s(lag_s)
        per_cent = FOLLOWERS_A_CENT * self._by_knowledge(FOLLOWER_MULTIPLE)
        before = Sight(lag_s + BEFORE_SCORE_S, COURTSIDE.news_s)
        for pair in self._context.pairs:
            if pair.is_main:
                moved = self._context.true_fair(pair, COURTSIDE)
                moved -= self._context.true_fair(pair, before)
                mean = per_cent * abs(moved) / CENT * self._interest(pair)
                for _ in range(int(self._rng.poisson(mean))):
                    self._context.env.process(self._follow(pair))

    def _follow(self, pair: OfferedPair) -> ProcessGenerator:
        yield self._context.wait_s(float(self._rng.exponential(FOLLOW_S)))
        self._take_uninformed(pair)

    def _take_informed_after(self, pair: OfferedPair, wait_s: float) -> ProcessGenerator:
        yield self._context.wait_s(wait_s)
        self._take_informed(pair)

    def _take_informed(self, pair: OfferedPair) -> None:
        """Take what is offered at more than its worth, if anything is."""
        edge = INFORMED_EDGE_IN_PLAY if self._context.is_in_play else INFORMED_EDGE
        fair = self._context.informed_fair(pair, COURTSIDE)
        stake_cents = self._stake_cents(INFORMED_STAKE)
        for side, probability in ((0, fair), (1, 1 - fair)):
            self._take(pair, side, levels(pair.books[side]), stake_cents, probability - edge)

    def _tide(self) -> float:
        """Return the present multiple of the rate of bursts, the same for all pairs."""
        step = self._context.env.now_ns // WAVE_STEP_NS
        # After a hundred steps nothing is remembered.
        for _ in range(min(step - self._wave_step, 100)):
            innovation = sqrt(1 - WAVE_PERSISTENCE**2) * self._rng.standard_normal()
            self._wave = WAVE_PERSISTENCE * self._wave + innovation
        self._wave_step = step
        return exp(WAVE_SIGMA * self._wave - WAVE_SIGMA**2 / 2)

    def _is_informed(self, pair: OfferedPair) -> bool:
        share = self._by_knowledge(INFORMED_SHARE) * min(1.0, self._context.settings.informed)
        return self._context.is_in_play and pair.is_main and self._rng.random() < share

    def _by_knowledge(self, range_: tuple[float, float]) -> float:
        """Return what lies as far into a range as the takers of this game know."""
        least, most = range_
        return least + (most - least) * self._knowledge

    def _burst(self, pair: OfferedPair) -> ProcessGenerator:
        if self._is_informed(pair):
            self._take_informed(pair)
            return
        for _ in range(int(self._rng.geometric(ALONE_SHARE))):
            self._take_uninformed(pair)
            yield self._context.wait_s(self._rng.exponential(BURST_GAP_S))

    def _take_uninformed(self, pair: OfferedPair) -> None:
        """Take the best offers on either side, whatever they are worth."""
        side = int(self._rng.integers(2))
        displayed = levels(pair.books[side])
        if displayed:
            implied = implied_probability(displayed[0].odds)
            concession = min(MAX_CONCESSION, MAX_CONCESSION_SHARE * implied)
            self._take(pair, side, displayed, self._stake_cents(STAKE), implied + concession)

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

    def _interest(self, pair: OfferedPair) -> float:
        """Return how often a pair is taken from, as a multiple of the main moneyline."""
        interest = _type_interest(pair.type) * self._context.settings.interest
        return interest * (1.0 if pair.is_main else OUTER_INTEREST)

    def _stake_cents(self, stake: tuple[int, float]) -> int:
        return log_normal_cents(self._rng, *stake, STAKE_CENTS)


def _cumulative_shares() -> list[float]:
    """Return the accounts' shares of the taking, added up: a uniform number draws an account."""
    weights = [(number + 1) ** -SHARE_EXPONENT for number in range(ACCOUNTS)]
    return list(accumulate(weight / sum(weights) for weight in weights))


def _ignore_events(_: tuple[Event, ...]) -> None:
    """Ignore events: takers do not react to their fills."""
