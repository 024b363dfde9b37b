"""Shadow wagers: hypothetical wagers among a crowd, whose true place in the queue is known.

A shadow wager joins the touch behind everything that rests there, and is never placed: nobody sees
it, and the market is what it would be without it. The crowd's exchange knows whose stake rests
where, so that what would be matched of it is exact: an order that opens against its level spends
its stake on the levels at longer odds, on those who were ahead of the shadow wager and still rest,
and then on the shadow wager.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from numpy.random import Generator
from simpy import Event as SimPyEvent

from sim.crowd.activity_rates import NS_PER_MS, ProcessGenerator
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.displayed_book import best_level
from sim.exchange.matching import OnChange
from sim.exchange.offers import Offer
from sim.exchange.participant import ExchangeWager, OnUpdates, Participant
from sim.exchange.prophet import SimulatedProphet
from strategies.trading.model.events import Event, WagerOpened
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import Odds, opposite
from strategies.trading.model.units import NS_PER_SECOND

STAKE_CENTS = 100
# A wager is cancelled a cancel's round trip after the touch has left it, and at last after this.
REACTION_NS = 100 * NS_PER_MS
HOLD_NS = 900 * NS_PER_SECOND
# How long it takes until the next one joins, at most.
PAUSE_S = 1.0
# What takers can stake against a shadow wager: its price is between 5 and 95 %.
DISPLAYED_CENTS = (5, 1_900)


class ShadowWager(NamedTuple):
    """A wager of STAKE_CENTS on a line of a recording; what is left at `ends_ns` is cancelled.

    `ahead_cents` is what takers could stake at its odds when it joined. Both times are whole
    milliseconds, as the stamps of a recording are: it joins after everything with an earlier stamp
    and before everything with the same one.
    """

    line: int
    odds: Odds
    joins_ns: int
    ends_ns: int
    ahead_cents: int


class ShadowFill(NamedTuple):
    """What was matched of a wager: the share of its stake, and when first, None if nothing was."""

    filled: float
    filled_ns: int | None


class Cancel(NamedTuple):
    """A cancel at the level of a shadow wager: what stood ahead and behind, and what left ahead."""

    ahead_cents: int
    behind_cents: int
    cancelled_cents: int
    cancelled_ahead_cents: int


@dataclass(slots=True)
class _QueuedShadow:
    """A shadow wager in the queue, which takers see at `odds`, and those ahead of it and behind.

    `left` is triggered when its level is no longer the touch.
    """

    odds: Odds
    joins_ns: int
    ahead_at_first_cents: int
    displayed_cents: int
    ahead: list[ExchangeWager]
    left: SimPyEvent
    behind: list[ExchangeWager] = field(default_factory=list)
    taken_cents: int = 0
    filled_ns: int | None = None

    @property
    def left_cents(self) -> int:
        return self.displayed_cents - self.taken_cents


class ShadowQueue:
    """Shadow wagers at the touch of both lines of one pair, one after the other on each.

    `outcomes` are those of the wagers that have ended. One that rested while the market was
    suspended has none. `cancels` are those that happened at the levels of resting ones.
    """

    def __init__(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        books: Sequence[LineBook],
        rng: Generator,
    ) -> None:
        """Watch the orders of all present participants, until the environment ends."""
        self._env = env
        self._exchange = exchange
        self._rng = rng
        # By the line on which takers would see it.
        self._resting: dict[LineBook, _QueuedShadow] = {}
        self.outcomes: list[tuple[ShadowWager, ShadowFill]] = []
        self.cancels: list[Cancel] = []
        for participant in exchange.participants:
            participant.notify = partial(self._on_events, participant, participant.notify)
        exchange.on_change = partial(self._on_change, exchange.on_change)
        for book in books:
            env.process(self._join_repeatedly(book))

    def _join_repeatedly(self, book: LineBook) -> ProcessGenerator:
        while True:
            yield self._stamped(int(self._rng.uniform(0, PAUSE_S) * NS_PER_SECOND))
            status, resting = self._status(book), self._join(book)
            if resting is None:
                continue
            yield resting.left | self._env.timeout(HOLD_NS - REACTION_NS)
            yield self._stamped(REACTION_NS)
            del self._resting[book.opposite]
            if self._status(book) == status:
                self.outcomes.append(self._ended(book, resting))

    def _stamped(self, least_ns: int) -> SimPyEvent:
        """Return the event of the first whole millisecond after this time."""
        return self._env.timeout(least_ns + -(self._env.now_ns + least_ns) % NS_PER_MS)

    def _status(self, book: LineBook) -> tuple[bool, int]:
        markets = self._exchange.markets
        return markets.is_open(book), markets.event_status_of(book.event_index)

    def _join(self, book: LineBook) -> _QueuedShadow | None:
        """Join the touch; return None where nothing is offered, or at too certain a price."""
        best = best_level(book.opposite)
        if best is None:
            return None
        odds, value_cents, _ = best
        displayed_cents = profit_cents(STAKE_CENTS, opposite(odds))
        if not DISPLAYED_CENTS[0] <= displayed_cents <= DISPLAYED_CENTS[1]:
            return None
        ahead = list(book.opposite.offers[odds].wagers)
        now_ns, left = self._env.now_ns, self._env.event()
        resting = _QueuedShadow(odds, now_ns, value_cents, displayed_cents, ahead, left)
        self._resting[book.opposite] = resting
        return resting

    def _ended(self, book: LineBook, resting: _QueuedShadow) -> tuple[ShadowWager, ShadowFill]:
        shadow = ShadowWager(
            book.line_index,
            opposite(resting.odds),
            resting.joins_ns,
            self._env.now_ns,
            resting.ahead_at_first_cents,
        )
        filled = resting.taken_cents / resting.displayed_cents
        return shadow, ShadowFill(filled, resting.filled_ns)

    def _on_events(
        self, participant: Participant, notify: OnUpdates, events: tuple[Event, ...]
    ) -> None:
        for event in events:
            if isinstance(event, WagerOpened):
                self._match(participant.live[event.ref])
        notify(events)

    def _match(self, order: ExchangeWager) -> None:
        """Fill the shadow wager that an order opens against, after all that is ahead of it."""
        book = self._exchange.books_by_line[order.line_id]
        resting = self._resting.get(book)
        if resting is None or not resting.left_cents or order.odds > resting.odds:
            return
        ahead_cents = sum(_displayed_ahead(book, resting))
        taken_cents = min(resting.left_cents, order.open_cents - ahead_cents)
        if taken_cents > 0:
            resting.taken_cents += taken_cents
            resting.filled_ns = resting.filled_ns or self._env.now_ns

    def _on_change(self, publish: OnChange, book: LineBook, offer: Offer) -> None:
        publish(book, offer)
        resting = self._resting.get(book)
        if resting is None or offer.odds < resting.odds:
            return
        at_level = offer.odds == resting.odds
        if at_level:
            self._note_cancel(resting, offer)
        # Stake at longer odds is the touch; so is its own level while there is stake at it.
        if at_level != bool(offer.displayed_cents()) and not resting.left.triggered:
            resting.left.succeed()

    def _note_cancel(self, resting: _QueuedShadow, offer: Offer) -> None:
        """Bring those behind up to date; note what was cancelled ahead or behind, if any was."""
        gone = [
            _displayed([wager for wager in side if wager not in offer.wagers])
            for side in (resting.ahead, resting.behind)
        ]
        before = _displayed(resting.ahead), _displayed(resting.behind)
        if any(gone):
            self.cancels.append(Cancel(*before, sum(gone), gone[0]))
        resting.ahead = [wager for wager in resting.ahead if wager in offer.wagers]
        resting.behind = [wager for wager in offer.wagers if wager not in resting.ahead]


def _displayed(wagers: Sequence[ExchangeWager]) -> int:
    return sum(wager.displayed_cents for wager in wagers)


def _displayed_ahead(book: LineBook, resting: _QueuedShadow) -> Iterator[int]:
    """Yield what takers find before a wager: longer odds, and those ahead of it at its own."""
    for offer in book.offered_from(resting.odds):
        for wager in offer.wagers:
            if offer.odds > resting.odds or wager in resting.ahead:
                yield wager.displayed_cents
