"""How good the pricing of a run was in play: its log loss beside that of the market's own price."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import log
from typing import NamedTuple

from sim.results.phases import PHASES, phase_of
from sim.results.run_summary import PriceScore
from strategies.trading.desk.desk import Desk
from strategies.trading.model.market import EventStatus, MarketStatus, Pair, Result
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.clock import Clock
from strategies.trading.pricing.overround import middle_of_touch

EVERY_NS = 300 * NS_PER_SECOND
# A price that is certain and wrong would make every sum infinite.
MOST_CERTAIN = 0.999
# The market's price is the middle of the touch, however wide it is.
ANY_OVERROUND = 1.0


class _Sample(NamedTuple):
    pair: Pair
    phase: str
    pricing: float
    market: float


class PriceScores:
    """Compares the fair prices of a desk's pricing with the middle of the touch, every 5 minutes.

    It looks at the pairs of open markets in play that have both prices. They are judged by the
    results, so `scores` is asked at the end of the run.
    """

    def __init__(self, desk: Desk, clock: Clock) -> None:
        """Sample `desk` by `clock` once started."""
        self._desk = desk
        self._clock = clock
        self._samples: list[_Sample] = []

    def start(self) -> None:
        """Start; the first sample is at the next whole five minutes of the clock."""
        self._clock.call_at((self._clock.now_ns() // EVERY_NS + 1) * EVERY_NS, self._sample)

    def scores(self) -> list[PriceScore]:
        """Return the log losses by phase, of settled pairs; none if both prices were always alike.

        Pairs without a winner, as in a push, do not count.
        """
        if all(each.pricing == each.market for each in self._samples):
            return []
        losses: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for each in self._samples:
            result = self._desk.ledger.result_of(each.pair)
            if result in (Result.WON, Result.LOST):
                won = result is Result.WON
                losses[each.phase].append((_loss(each.pricing, won), _loss(each.market, won)))
        return [_score(phase, losses[phase]) for phase in PHASES if losses[phase]]

    def _sample(self) -> None:
        now_ns = self._clock.now_ns()
        states = self._desk.market_states
        for pair_id, book in states.books.items():
            state = states.events[book.pair.first.event_id]
            market_status = states.markets[book.pair.market_key].status
            if state.status is EventStatus.LIVE and market_status is MarketStatus.OPEN:
                fair = self._desk.market_fair(pair_id, now_ns)
                market = middle_of_touch(book, ANY_OVERROUND)
                if fair is not None and market is not None:
                    phase = phase_of(state.event.tournament, None, state.clock_ns)
                    self._samples.append(_Sample(book.pair, phase, fair, market))
        self._clock.call_at(now_ns + EVERY_NS, self._sample)


def added_scores(scores: Iterable[PriceScore]) -> list[PriceScore]:
    """Return the scores of several runs, phase by phase, as those of one."""
    by_phase: dict[str, list[PriceScore]] = defaultdict(list)
    for score in scores:
        by_phase[score.phase].append(score)
    return [joined_score(phase, by_phase[phase]) for phase in PHASES if by_phase[phase]]


def joined_score(phase: str, scores: Sequence[PriceScore]) -> PriceScore:
    """Return several scores as one under a name, each weighted by its samples."""
    samples = sum(score.samples for score in scores)
    return PriceScore(
        phase,
        samples,
        sum(score.samples * score.pricing for score in scores) / samples,
        sum(score.samples * score.market for score in scores) / samples,
    )


def _loss(price: float, won: bool) -> float:
    likely = price if won else 1.0 - price
    return -log(min(max(likely, 1.0 - MOST_CERTAIN), MOST_CERTAIN))


def _score(phase: str, losses: list[tuple[float, float]]) -> PriceScore:
    pricing, market = (sum(column) / len(losses) for column in zip(*losses, strict=True))
    return PriceScore(phase, len(losses), pricing, market)
