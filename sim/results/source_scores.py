"""How right each outside source was, beside the desk's pricing and the market's own price.

Every five minutes, before and in play, the newest price of each source of each open pair is kept
together with the desk's fair price and the middle of the touch. They are judged by the results,
and those from before the game by the market's last price before play started, the close.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import log
from typing import NamedTuple

from sim.results.price_scores import ANY_OVERROUND, EVERY_NS, MOST_CERTAIN
from sim.results.run_summary import Losses, SourceScore
from strategies.trading.desk.desk import Desk
from strategies.trading.markets.market_states import MarketState
from strategies.trading.model.book import Book
from strategies.trading.model.ids import EventId, PairId
from strategies.trading.model.market import EventStatus, MarketStatus, Pair, Result
from strategies.trading.ports.clock import Clock
from strategies.trading.pricing.overround import middle_of_touch


class _Sample(NamedTuple):
    source: str
    pair: Pair
    in_play: bool
    prices: tuple[float, float, float]


class SourceScores:
    """Compares the prices of outside sources with the desk's and the market's.

    It looks at prices of the exchange's own points that count and are no older than the time
    between two looks, whatever the pricing; `scores` is asked at the end of the run.
    """

    def __init__(self, desk: Desk, clock: Clock) -> None:
        """Sample `desk` by `clock` once started."""
        self._desk = desk
        self._clock = clock
        self._samples: list[_Sample] = []
        self._closes: dict[PairId, float] = {}

    def start(self) -> None:
        """Start; the first sample is at the next whole five minutes of the clock."""
        self._clock.call_at((self._clock.now_ns() // EVERY_NS + 1) * EVERY_NS, self._sample)

    def scores(self) -> list[SourceScore]:
        """Return the scores of each source in each game, none without outside prices."""
        by_game: dict[tuple[EventId, str], list[_Sample]] = defaultdict(list)
        for each in self._samples:
            by_game[each.pair.first.event_id, each.source].append(each)
        return [
            self._score(event_id, source, samples)
            for (event_id, source), samples in sorted(by_game.items())
        ]

    def _sample(self) -> None:
        now_ns = self._clock.now_ns()
        for market in self._desk.market_states.markets.values():
            if market.event.sources.names and market.status is MarketStatus.OPEN:
                for book in market.books:
                    self._sample_pair(market, book, now_ns)
        self._clock.call_at(now_ns + EVERY_NS, self._sample)

    def _sample_pair(self, market: MarketState, book: Book, now_ns: int) -> None:
        pair, event = book.pair, market.event
        middle = middle_of_touch(book, ANY_OVERROUND)
        in_play = event.status is not EventStatus.NOT_STARTED
        if middle is not None and not in_play:
            self._closes[pair.pair_id] = middle
        fair = self._desk.market_fair(pair.pair_id, now_ns)
        if middle is None or fair is None:
            return
        for source, price in event.sources.at(market.market.kind, pair.first.point).items():
            if price.refusal is None and now_ns - price.at_ns <= EVERY_NS:
                sample = _Sample(source, pair, in_play, (price.fair, fair, middle))
                self._samples.append(sample)

    def _score(self, event_id: EventId, source: str, samples: Sequence[_Sample]) -> SourceScore:
        settled, before = [], []
        for each in samples:
            result = self._desk.ledger.result_of(each.pair)
            if result in (Result.WON, Result.LOST):
                settled.append((each.prices, float(result is Result.WON)))
            close = self._closes.get(each.pair.pair_id)
            if close is not None and not each.in_play:
                before.append((each.prices, close))
        gaps = [abs(each.prices[0] - each.prices[1]) for each in samples]
        return SourceScore(
            event_id, source, len(samples), sum(gaps) / len(gaps), _losses(settled), _losses(before)
        )


def _losses(judged: Iterable[tuple[tuple[float, float, float], float]]) -> Losses:
    """Return the mean losses of source, desk and market against what each should have said."""
    found = [[_loss(price, truth) for price in prices] for prices, truth in judged]
    if not found:
        return Losses(0, 0.0, 0.0, 0.0)
    source, desk, market = (sum(column) / len(found) for column in zip(*found, strict=True))
    return Losses(len(found), source, desk, market)


def _loss(price: float, truth: float) -> float:
    """Return the log loss of a price beyond that of the truth, which is zero for a result."""
    price = min(max(price, 1.0 - MOST_CERTAIN), MOST_CERTAIN)
    return _cross_entropy(truth, price) - _cross_entropy(truth, truth)


def _cross_entropy(truth: float, price: float) -> float:
    """Return the mean log loss of a price where something happens with probability `truth`."""
    happens = -truth * log(price) if truth else 0.0
    return happens - (1.0 - truth) * log(1.0 - price) if truth < 1.0 else happens
