"""Those who take: many who come for their own reasons, and a few who saw the score first."""

from numpy.random import Generator
from simpy import Event

from sim.crowd.game import Score
from sim.crowd.market import CrowdMarket
from sim.crowd.outlook import Outlook
from sim.crowd.tempo import NS_PER_MS, NS_PER_S, Steps, Tempo
from strategies.trading.market import MarketType

STAKE_MEDIAN_CENTS = 2_500
STAKE_SIGMA = 1.6
STAKE_CENTS_LEAST = 100
# Bursts a minute; a burst is one taker or a few at once.
BURSTS = Tempo(far=0.08, near=0.25, last_hour=0.6, in_play=3.5)
ALONE_SHARE = 0.7
BURST_GAP_NS = 150 * NS_PER_MS
TYPE_INTEREST = {MarketType.MONEYLINE: 1.0, MarketType.SPREAD: 0.7, MarketType.TOTAL: 0.6}
# How far beyond the best offer a taker sweeps, in probability.
REACH = 0.02

# The sharp are faster than the official score, as seen on an exchange without an in-play delay.
SHARP_COUNT_MEAN = 0.6
SHARP_STAKE_MEDIAN_CENTS = 6_000
SHARP_EDGE = 0.01
SHARP_AHEAD_S = (0.5, 2.0)


class Takers:
    """All takers of one market."""

    def __init__(self, market: CrowdMarket, outlook: Outlook, rng: Generator) -> None:
        """Watch a market; nothing is taken before it opens."""
        self._environment = market.environment
        self._market = market
        self._outlook = outlook
        self._rng = rng

    def arrive(self) -> Steps:
        """Come in bursts, at a rate that grows towards the game, for ever."""
        while True:
            pause_ns = BURSTS.pause_ns(self._outlook.ahead_ns(int(self._environment.now)))
            interest = TYPE_INTEREST[self._market.type]
            yield self._wait_ns(self._rng.exponential(pause_ns / interest))
            for _ in range(int(self._rng.geometric(ALONE_SHARE))):
                self._take_any()
                yield self._wait_ns(self._rng.exponential(BURST_GAP_NS))

    def see(self, score: Score, official_ns: int) -> None:
        """Let some see a score before it is official, and come for what it made stale."""
        for _ in range(int(self._rng.poisson(SHARP_COUNT_MEAN))):
            ahead_ns = self._rng.uniform(*SHARP_AHEAD_S) * NS_PER_S
            wait_ns = official_ns - self._environment.now - ahead_ns
            self._environment.process(self._pounce(score, wait_ns))

    def _pounce(self, score: Score, wait_ns: float) -> Steps:
        yield self._wait_ns(wait_ns)
        self._take_stale(score)

    def _take_any(self) -> None:
        line = int(self._rng.integers(2))
        stake_cents = self._stake_cents(STAKE_MEDIAN_CENTS)
        best = self._market.book.best_probability(line)
        if best is not None:
            self._market.take(line, stake_cents, best + REACH)

    def _take_stale(self, score: Score) -> None:
        now_ns = int(self._environment.now)
        first = self._outlook.fair(self._market.type, self._market.lines[0].point, score, now_ns)
        stake_cents = self._stake_cents(SHARP_STAKE_MEDIAN_CENTS)
        for line, fair in ((0, first), (1, 1 - first)):
            self._market.take(line, stake_cents, fair - SHARP_EDGE)

    def _stake_cents(self, median_cents: int) -> int:
        return max(STAKE_CENTS_LEAST, int(median_cents * self._rng.lognormal(0, STAKE_SIGMA)))

    def _wait_ns(self, wait_ns: float) -> Event:
        return self._environment.timeout(int(wait_ns))
