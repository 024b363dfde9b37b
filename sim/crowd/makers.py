"""Those who quote: each with a view of the fair price, a width, some levels and a reaction time."""

from dataclasses import dataclass
from math import sqrt

from numpy.random import Generator
from simpy import Event

from sim.crowd.book import RestingWager
from sim.crowd.game import Score
from sim.crowd.market import CrowdMarket
from sim.crowd.outlook import Outlook
from sim.crowd.tempo import NS_PER_MS, NS_PER_S, Steps, Tempo
from strategies.trading.market import MarketType
from strategies.trading.odds import Odds, prophetx_ladder

SIZE_SIGMA = 0.9
SIZE_CENTS = (2_500, 200_000)
# Views err by a share of the maker's width, and slowly: so much of an error lives to the next look.
ERROR_SHARE = 0.2
ERROR_KEPT = 0.8
# A probability from which on nobody quotes: the ladder ends at about the same place.
DECIDED = 0.004
IN_PLAY_WIDTH = 2.2
TYPE_WIDTH = {MarketType.MONEYLINE: 1.0, MarketType.SPREAD: 1.3, MarketType.TOTAL: 1.3}
REPLACE_ANYWAY_SHARE = 0.3
CANCEL_TO_PLACE_NS = (50 * NS_PER_MS, 800 * NS_PER_MS)
COME_BACK_S = (0.8, 5.0)
# Looks of one maker a minute; five makers and 1.7 messages a look give the market's updates.
LOOKS = Tempo(far=0.18, near=0.6, last_hour=1.5, in_play=4.7)


@dataclass(frozen=True, slots=True)
class Temper:
    """How a maker quotes: half spread as probability, median size by the larger of stake and win.

    `reaction_s` is the range of times it takes to pull stale wagers after a score.
    """

    half_spread: float
    levels: int
    rungs_apart: int
    size_cents: int
    reaction_s: tuple[float, float]


TEMPERS = (
    Temper(0.0034, 3, 1, 12_000, (0.9, 1.6)),
    Temper(0.0046, 2, 1, 20_000, (1.0, 2.0)),
    Temper(0.0060, 4, 2, 15_000, (1.2, 2.4)),
    Temper(0.0085, 3, 2, 40_000, (1.5, 3.0)),
    Temper(0.0130, 3, 3, 60_000, (2.0, 4.5)),
)


class Maker:
    """One maker in one market."""

    def __init__(self, number: int, market: CrowdMarket, outlook: Outlook, rng: Generator) -> None:
        """Join a market with the temper of this number; nothing is quoted before it opens."""
        self._number = number
        self._temper = TEMPERS[number]
        self._environment = market.environment
        self._market = market
        self._outlook = outlook
        self._rng = rng
        self._score = Score(0, 0)
        self._error = 0.0
        self._is_away = False

    def quote(self) -> Steps:
        """Look at the market again and again, for ever."""
        while True:
            pause_ns = LOOKS.pause_ns(self._outlook.ahead_ns(int(self._environment.now)))
            yield self._wait_ns(self._rng.exponential(pause_ns))
            if not self._is_away:
                yield from self._look()

    def come_back(self) -> Steps:
        """Quote soon after the market opened."""
        yield self._wait_ns(self._rng.uniform(*COME_BACK_S) * NS_PER_S)
        yield from self._look()

    def notice(self, score: Score) -> Steps:
        """See a score after a while, pull what is stale because of it, and quote anew."""
        yield self._wait_ns(self._rng.uniform(*self._temper.reaction_s) * NS_PER_S)
        before = self._fair()
        self._score = score
        if abs(self._fair() - before) > self._half_spread():
            self._is_away = True
            self._market.cancel(self._resting())
            yield self._wait_ns(self._rng.uniform(*COME_BACK_S) * NS_PER_S)
            self._is_away = False
        yield from self._look()

    def _look(self) -> Steps:
        """Cancel what is no longer wanted and then, as no wager can be amended, place the rest."""
        sigma = ERROR_SHARE * self._half_spread() * sqrt(1 - ERROR_KEPT**2)
        self._error = ERROR_KEPT * self._error + float(self._rng.normal(0, sigma))
        stale = self._stale()
        if stale:
            self._market.cancel(stale)
            yield self._wait_ns(self._rng.uniform(*CANCEL_TO_PLACE_NS))
        if self._market.is_open and not self._is_away:
            self._market.rest(self._missing())

    def _stale(self) -> list[RestingWager]:
        wanted = self._wanted()
        resting = self._resting()
        stale = [wager for wager in resting if (wager.line, wager.odds) not in wanted]
        if resting and not stale and self._rng.random() < REPLACE_ANYWAY_SHARE:
            stale = [resting[int(self._rng.integers(len(resting)))]]
        return stale

    def _missing(self) -> list[RestingWager]:
        there = {(wager.line, wager.odds) for wager in self._resting()}
        return [
            RestingWager(self._number, line, odds, self._stake_cents(odds))
            for line, odds in self._wanted()
            if (line, odds) not in there
        ]

    def _wanted(self) -> dict[tuple[int, Odds], None]:
        """Return lines and odds to rest at, in order: a dictionary where a set would not be."""
        fair = self._fair() + self._error
        wanted: dict[tuple[int, Odds], None] = {}
        if not DECIDED < fair < 1 - DECIDED:
            return wanted
        for line, probability in ((0, fair), (1, 1 - fair)):
            implied_most = probability - self._half_spread()
            odds = prophetx_ladder().shortest_implying_at_most(implied_most)
            odds = None if odds is None else self._market.book.passive_odds(line, odds)
            if odds is not None:
                wanted.update(((line, level), None) for level in self._levels(odds))
        return wanted

    def _levels(self, best: Odds) -> list[Odds]:
        rungs_apart = self._temper.rungs_apart
        steps = range(0, self._temper.levels * rungs_apart, rungs_apart)
        return [prophetx_ladder().step(best, step) for step in steps]

    def _resting(self) -> list[RestingWager]:
        return [wager for wager in self._market.book.wagers if wager.maker == self._number]

    def _fair(self) -> float:
        point = self._market.lines[0].point
        return self._outlook.fair(self._market.type, point, self._score, int(self._environment.now))

    def _half_spread(self) -> float:
        """Return this maker's distance from fair now: narrower where the outcome is clear."""
        fair = self._fair()
        width = self._temper.half_spread * TYPE_WIDTH[self._market.type]
        doubt = max(0.3, sqrt(4 * fair * (1 - fair)))
        return width * doubt * (IN_PLAY_WIDTH if self._market.is_in_play else 1.0)

    def _stake_cents(self, odds: Odds) -> int:
        """Draw the larger of stake and profit, in whole dollars, and return the stake."""
        drawn_cents = self._rng.lognormal(0, SIZE_SIGMA) * self._temper.size_cents
        size_cents = round(min(max(drawn_cents, SIZE_CENTS[0]), SIZE_CENTS[1]), -2)
        return int(size_cents if odds < 0 else size_cents * 100 / odds)

    def _wait_ns(self, wait_ns: float) -> Event:
        return self._environment.timeout(int(wait_ns))
