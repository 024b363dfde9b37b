"""Those who take: many who come for their own reasons, and a few who saw the score first."""

from numpy.random import Generator

from sim.crowd.activity_rates import NS_PER_S, ActivityRates, Steps
from sim.crowd.game import Score
from sim.crowd.game_context import GameContext, OfferedPair
from sim.crowd.maker import BALANCE_CENTS
from sim.exchange.displayed_book import levels
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import Event
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.market import MarketType
from strategies.trading.model.odds import Odds, implied_probability, prophetx_ladder

ACCOUNTS = 12
# A few accounts do most of the taking.
SHARE_FALLS = 1.5
STAKE_MEDIAN_CENTS = 2_300
STAKE_SIGMA = 1.85
STAKE_CENTS = (100, 2_000_000)
# Bursts a minute; a burst is one taker or a few at once.
BURSTS = ActivityRates(day=0.01, far=0.06, near=0.34, last_hour=0.5, in_play=9.6)
QUIET_SHARE = 0.24
ALONE_SHARE = 0.85
BURST_GAP_S = 1.0
TYPE_INTEREST = {MarketType.MONEYLINE: 1.0, MarketType.SPREAD: 0.7, MarketType.TOTAL: 0.6}
OUTER_INTEREST = 0.05
# How far beyond the best offer a taker goes: in probability, and as a share of what it implies.
REACH, REACH_SHARE = 0.02, 0.1
# By how much worse it may become while a wager waits in the in-play delay.
SLACK = 0.01

INFORMED_STAKE_MEDIAN_CENTS = 12_000
INFORMED_EDGE = 0.01
INFORMED_AHEAD_S = (0.5, 2.0)


class Takers:
    """All takers of one game."""

    def __init__(self, stage: GameContext, rng: Generator) -> None:
        """Open their accounts; nothing is taken before the markets open."""
        self._stage = stage
        self._rng = rng
        self.participants = [
            stage.exchange.open_account(f"taker{number}", BALANCE_CENTS, _do_not_care)
            for number in range(ACCOUNTS)
        ]
        shares = [(number + 1) ** -SHARE_FALLS for number in range(ACCOUNTS)]
        self._shares = [share / sum(shares) for share in shares]
        self._wagers = 0

    def arrive(self, pair: OfferedPair) -> Steps:
        """Come to a pair in bursts, as long as there is a game."""
        interest = TYPE_INTEREST[pair.type] * self._stage.shape.interest
        interest *= 1.0 if pair.is_main else OUTER_INTEREST
        while interest and not self._stage.is_over:
            pause_ns = BURSTS.pause_ns(self._stage.ahead_ns) / interest
            yield self._stage.env.timeout(int(self._rng.exponential(pause_ns)))
            if not self._stage.is_quiet() or self._rng.random() < QUIET_SHARE:
                yield from self._burst(pair)

    def see(self, score: Score, official_ns: int) -> None:
        """Let some see a score before it is official, and come for what it made stale."""
        for pair in self._stage.pairs:
            if pair.is_main:
                for _ in range(int(self._rng.poisson(self._stage.shape.informed))):
                    ahead_ns = int(self._rng.uniform(*INFORMED_AHEAD_S) * NS_PER_S)
                    self._stage.env.process(self._pounce(pair, score, official_ns - ahead_ns))

    def _pounce(self, pair: OfferedPair, score: Score, when_ns: int) -> Steps:
        yield self._stage.env.timeout(max(0, when_ns - self._stage.env.now_ns))
        fair = self._stage.fair(pair, score)
        stake_cents = self._stake_cents(INFORMED_STAKE_MEDIAN_CENTS)
        for side, probability in ((0, fair), (1, 1 - fair)):
            self._take(pair, side, stake_cents, probability - INFORMED_EDGE)

    def _burst(self, pair: OfferedPair) -> Steps:
        for _ in range(int(self._rng.geometric(ALONE_SHARE))):
            side = int(self._rng.integers(2))
            stake_cents = self._stake_cents(STAKE_MEDIAN_CENTS)
            best = next(iter(levels(pair.books[side])), None)
            if best is not None:
                implied = implied_probability(best.odds)
                reach = min(REACH, REACH_SHARE * implied)
                self._take(pair, side, stake_cents, implied + reach)
            yield self._stage.wait_s(self._rng.exponential(BURST_GAP_S))

    def _take(self, pair: OfferedPair, side: int, stake_cents: int, implied_most: float) -> None:
        """Ask for as many of the offers shown as the stake is worth, but none that imply more."""
        odds: Odds | None = None
        left_cents = stake_cents
        for level in levels(pair.books[side]):
            if left_cents <= 0 or implied_probability(level.odds) > implied_most:
                break
            odds = level.odds
            left_cents -= level.value_cents
        if odds is None or not self._stage.is_open(pair):
            return
        slack = min(SLACK, implied_most - implied_probability(odds))
        odds = (
            prophetx_ladder().shortest_implying_at_most(implied_probability(odds) + slack) or odds
        )
        self._wagers += 1
        who = self.participants[int(self._rng.choice(ACCOUNTS, p=self._shares))]
        ref, line_id = WagerRef(f"taken-{self._wagers}"), pair.books[side].line_id
        request = PlaceWager(ref, line_id, odds, stake_cents, Intent.TAKE)
        self._stage.exchange.place(who, [request])

    def _stake_cents(self, median_cents: int) -> int:
        drawn_cents = int(median_cents * self._rng.lognormal(0, STAKE_SIGMA))
        return min(max(drawn_cents, STAKE_CENTS[0]), STAKE_CENTS[1])


def _do_not_care(_: tuple[Event, ...]) -> None:
    """Take what comes: takers of the crowd look at nothing that happened to them."""
