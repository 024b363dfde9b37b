"""Activation: from the acceptance of a wager until it is open or found invalid."""

from functools import partial

from sim.engine.delay_line import DelayLine
from sim.engine.latency import Delay
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.cancels import Cancels
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.market_status import MarketStatuses
from sim.exchange.matching import Matcher
from sim.exchange.participant import Ended, ExchangeWager, Participant
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import WagerCancelled, WagerInvalid, WagerOpened
from strategies.trading.ports.schedule import Priority


class Activation:
    """Queues of accepted wagers that wait for activation: one per pair, first in, first out."""

    def __init__(
        self,
        env: ReplayEnvironment,
        delay: Delay,
        settings: ExchangeRules,
        markets: MarketStatuses,
        matcher: Matcher,
        cancels: Cancels,
    ) -> None:
        """Start with empty queues; `delay` is how long activation itself takes."""
        self._env = env
        self._scheduler = env.scheduler
        self._delay = delay
        self._settings = settings
        self._markets = markets
        self._matcher = matcher
        self._cancels = cancels
        self._queues: dict[LineBook, DelayLine] = {}
        self._accepted = 0

    def accept(self, participant: Participant, request: PlaceWager, book: LineBook) -> None:
        """Create a wager from a valid request and queue it, with the in-play delay if in-play."""
        # From here on the queue ahead of a resting wager must be known on both lines of the pair.
        book.tracked = book.opposite.tracked = True
        self._accepted += 1
        wager = ExchangeWager(participant, request, book.line_index, self._accepted)
        in_play_delay_ns = self._markets.in_play_delay_ns(book)
        wager.delayed = in_play_delay_ns > 0
        participant.add(wager)
        book.pending.append(wager)
        activate = partial(self._activate, wager, book)
        wager.due_ns = self._queue_of(book).send(activate, in_play_delay_ns)

    def _queue_of(self, book: LineBook) -> DelayLine:
        queue = self._queues.get(book)
        if queue is None:
            queue = DelayLine(self._env, Priority.EXCHANGE, self._delay)
            self._queues[book] = self._queues[book.opposite] = queue
        return queue

    def _activate(self, wager: ExchangeWager, book: LineBook) -> None:
        participant = wager.owner
        if wager.ref not in participant.live:
            return
        book.pending.remove(wager)
        code = self._invalidity(wager, book)
        if code is None:
            self._open(wager, book)
            return
        participant.counters.refusals[code] += 1
        participant.end(wager, Ended.INVALID)
        participant.notify((WagerInvalid(wager.ref, code),))

    def _invalidity(self, wager: ExchangeWager, book: LineBook) -> str | None:
        """Return the error code with which a wager fails its activation, None if it is valid.

        A match with a wager of the same account need not be checked here: placement checks
        pending wagers too.
        """
        if not self._markets.accepts_wagers(book):
            return "event_not_available"
        if wager.intent is Intent.ADD_ONLY and self._matcher.would_match(book, wager.odds):
            return "add_liquidity_only"
        return (
            "insufficient_amount"
            if wager.owner.would_overdraw(wager, self._scheduler.now_ns)
            else None
        )

    def _open(self, wager: ExchangeWager, book: LineBook) -> None:
        participant, now_ns = wager.owner, self._scheduler.now_ns
        participant.mark_opened(wager, now_ns)
        participant.notify((WagerOpened(wager.ref),))
        if not self._matcher.open_wager(book, now_ns, wager):
            participant.end(wager, Ended.CANCELLED)
            participant.notify((WagerCancelled(wager.ref, wager.open_cents),))
        elif wager.intent is Intent.TAKE and wager.open_cents:
            due_ns = now_ns + self._settings.fill_or_kill_ns
            self._scheduler.schedule_call(due_ns, Priority.EXCHANGE, partial(self._expire, wager))

    def _expire(self, wager: ExchangeWager) -> None:
        if wager.ref in wager.owner.live:
            wager.owner.notify((self._cancels.withdraw(wager),))
