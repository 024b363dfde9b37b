"""Punters who ask for more than is offered: small wagers on one side, for a while.

They are not makers: they price nothing, and take their wager back after some time or at a score.
Most join the best wagers of their side, so that queues have many owners. In-play the others rest
inside the spread, which makes it narrow at times, the best offers small, and the middle bounce.
"""

from numpy.random import Generator

from sim.crowd.activity_rates import NS_PER_MINUTE, ActivityRates, ProcessGenerator
from sim.crowd.game_context import GameContext, OfferedPair
from sim.crowd.maker import BALANCE_CENTS
from sim.crowd.wager_sizes import log_normal_cents, size_share
from sim.exchange.displayed_book import best_level
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import Event
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.odds import Odds, implied_probability, opposite, prophetx_ladder

# Wagers a minute on a main line, and the median of how long one stays: who has stayed for long will
# stay on, so that cancels come from the back of a queue more often.
WAGERS = ActivityRates(beyond_12h=0.0, within_12h=0.01, within_3h=2.8, last_hour=3.0, in_play=9.0)
STAY_S, STAY_IN_PLAY_S, STAY_SIGMA = 45.0, 4.0, 1.6
STAKE_MEDIAN_CENTS, STAKE_SIGMA = 2_400, 1.3
STAKE_CENTS = (100, 20_000)
# How many join the best wager of their own side, and where the others rest, as a share of the
# spread from it; before the game most of those hope for more than that.
JOIN_SHARE, JOIN_SHARE_IN_PLAY = 0.992, 0.55
PLACE, PLACE_IN_PLAY = (-4.0, 0.9), (0.2, 0.6)
BREAK_SHARE = 0.24
SCORE_DELAY_S = (2.0, 4.0)


class Punters:
    """All punters of one game, in one account."""

    def __init__(self, context: GameContext, rng: Generator) -> None:
        """Open the account; nothing is placed before the markets open."""
        self._context = context
        self._rng = rng
        self._participant = context.exchange.open_account("punters", BALANCE_CENTS, _ignore)
        self._wagers = 0

    def run(self, pair: OfferedPair) -> ProcessGenerator:
        """Rest wagers on a pair at random times until the game is settled."""
        interest = self._context.settings.interest
        while interest and not self._context.is_over:
            rate = WAGERS.per_minute(self._context.ns_to_start) * interest
            # Without any rate they look again after a minute.
            mean_ns = NS_PER_MINUTE / rate if rate else NS_PER_MINUTE
            yield self._context.env.timeout(int(self._rng.exponential(mean_ns)))
            if rate and (not self._context.is_break() or self._rng.random() < BREAK_SHARE):
                self._rest(pair)

    def on_score(self) -> ProcessGenerator:
        """See a score a few seconds later, and take every wager back that can be."""
        yield self._context.wait_s(self._rng.uniform(*SCORE_DELAY_S))
        self._context.exchange.cancel(self._participant, list(self._participant.live))

    def _rest(self, pair: OfferedPair) -> None:
        side = int(self._rng.integers(2))
        odds = self._odds(pair, side)
        if odds is None or not self._context.is_open(pair):
            return
        share = size_share(odds) if self._context.is_in_play else 1.0
        median = STAKE_MEDIAN_CENTS * share
        stake_cents = log_normal_cents(self._rng, median, STAKE_SIGMA, STAKE_CENTS)
        self._wagers += 1
        ref = WagerRef(f"punter-{self._wagers}")
        request = PlaceWager(ref, pair.books[side].line_id, odds, stake_cents, Intent.ADD_ONLY)
        self._context.exchange.place(self._participant, [request])
        self._context.env.process(self._take_back(ref))

    def _odds(self, pair: OfferedPair, side: int) -> Odds | None:
        """Return odds below what is offered on a side, None if nothing is, or that leaves none."""
        offered, across = (best_level(pair.books[each]) for each in (side, 1 - side))
        if offered is None or across is None:
            return None
        in_play = self._context.is_in_play
        if self._rng.random() < (JOIN_SHARE_IN_PLAY if in_play else JOIN_SHARE):
            return opposite(across.odds)
        best, ask = 1 - implied_probability(across.odds), implied_probability(offered.odds)
        wanted = best + float(self._rng.uniform(*(PLACE_IN_PLAY if in_play else PLACE))) * (
            ask - best
        )
        return prophetx_ladder().shortest_implying_at_most(wanted)

    def _take_back(self, ref: WagerRef) -> ProcessGenerator:
        in_play = self._context.is_in_play
        delay_s = self._context.in_play_delay_s if in_play else 0.0
        median_s = STAY_IN_PLAY_S if in_play else STAY_S
        stay_s = median_s * float(self._rng.lognormal(0, STAY_SIGMA))
        yield self._context.wait_s(delay_s + 1.0 + stay_s)
        self._context.exchange.cancel(self._participant, [ref])


def _ignore(_: tuple[Event, ...]) -> None:
    """Ignore events: punters do not react to their fills."""
