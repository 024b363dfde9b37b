"""Naive makers on a recorded moneyline, who only join the best offer of others on each side.

They run through the simulated exchange on their own, without desk or strategy, so that what their
fills are worth is a property of the market alone. Each is at an exchange of its own, as one would
join the other's offers otherwise.
"""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from recordings.reader import Tape
from recordings.tape import Kind, TapeInfo
from recordings.tape_columns import tape_columns
from sim.engine.exchange_rows import exchange_rows
from sim.engine.latency import Constant, NoDelay
from sim.engine.replay_environment import ReplayEnvironment, TimedRow
from sim.exchange.books import LineBook
from sim.exchange.displayed_book import best_level
from sim.exchange.exchange_connection import Inbox
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.queue_models import Prorata
from sim.exchange.tape_replayer import TapeReplayer
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import CancelRefused, Event, WagerMatched
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.odds import Odds, crosses, implied_probability, opposite
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.schedule import Priority

NS_PER_MS = 1_000_000
# From a change of the book to the request that answers it: the median delays of the feed and of a
# placement, which was measured from a home line.
LATENCY_NS = 140 * NS_PER_MS
ACTIVATION_MS = 20
# What a wager pays if it wins, small against what others offer; the stake is at least the least.
PAYOUT_CENTS = 1_000
BALANCE_CENTS = 1_000_000_000
# Joiners that look at intervals, by when they look: what they are worth is no matter of which
# seconds of the game they happened to look at. In shares of the interval.
OFFSETS = (0.0, 1 / 3, 2 / 3)


class JoinerFill(NamedTuple):
    """A fill: when, on the first or the second line, at which price, and what it pays."""

    at_ns: int
    is_first: bool
    price: float
    payout_cents: int


class TouchJoiner:
    """Rests one wager on each line of a pair, at the odds of the best competing maker.

    It looks every `every_ns`, `offset_ns` after its multiples, or with zero LATENCY_NS after every
    change of the book. What cannot be cancelled at a look is looked at again as soon as it can be.
    """

    def __init__(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        books: tuple[LineBook, LineBook],
        every_ns: int,
        offset_ns: int = 0,
    ) -> None:
        """Open an account; the first look is at the first change of the book."""
        self.fills: list[JoinerFill] = []
        self._env = env
        self._exchange = exchange
        self._books = books
        self._every_ns = every_ns
        self._offset_ns = offset_ns
        self._settings = exchange.settings
        self.account = exchange.open_account("joiner", BALANCE_CENTS, self._on_events)
        self._refs: tuple[list[WagerRef], list[WagerRef]] = ([], [])
        self._side_of: dict[WagerRef, int] = {}
        self._due_ns = 0

    def on_change(self) -> None:
        """Look at the book when the change is known, or at the next time of the interval."""
        due_ns = self._env.now_ns + LATENCY_NS
        if self._every_ns:
            intervals = (due_ns - self._offset_ns) // self._every_ns + 1
            due_ns = intervals * self._every_ns + self._offset_ns
        self._look_at(due_ns)

    def _look_at(self, when_ns: int) -> None:
        """Look at a time, unless a look is due before."""
        if not self._env.now_ns < self._due_ns <= when_ns:
            self._due_ns = when_ns
            self._env.schedule_call(when_ns, Priority.DESK, lambda: self._look(when_ns))

    def _look(self, due_ns: int) -> None:
        if due_ns != self._due_ns:
            return
        self._due_ns = 0
        if self._exchange.markets.is_open(self._books[0]):
            for side, odds in enumerate(self._targets()):
                self._requote(side, odds)

    def _targets(self) -> tuple[Odds | None, Odds | None]:
        """Return the odds to join at on each line, None where nobody else offers."""
        best = [best_level(book, without=self.account) for book in self._books]
        first, second = (None if level is None else level.odds for level in best)
        return _joined(second, first), _joined(first, second)

    def _requote(self, side: int, odds: Odds | None) -> None:
        """Keep the wager that is at the odds, cancel every other, and place a missing one."""
        live = self.account.live
        kept = [ref for ref in self._refs[side] if ref in live]
        stale = [ref for ref in kept if live[ref].odds != odds]
        if stale:
            for response in self._exchange.cancel(self.account, stale):
                if isinstance(response, CancelRefused) and response.retry_at_ns is not None:
                    self._look_at(response.retry_at_ns)
        self._refs[side][:] = [ref for ref in kept if ref in live]
        if odds is not None and not self._refs[side]:
            self._place(side, odds)

    def _place(self, side: int, odds: Odds) -> None:
        ref = WagerRef(f"joiner-{len(self._side_of)}")
        stake_cents = max(
            self._settings.min_stake_cents, round(PAYOUT_CENTS * implied_probability(odds))
        )
        line_id = self._books[side].line_id
        self._side_of[ref] = side
        self._refs[side].append(ref)
        request = PlaceWager(ref, line_id, odds, stake_cents, Intent.ADD_ONLY)
        self._exchange.place(self.account, [request])

    def _on_events(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, WagerMatched):
                self.fills.append(
                    JoinerFill(
                        self._env.now_ns,
                        self._side_of[event.ref] == 0,
                        implied_probability(event.odds),
                        event.stake_cents + event.profit_cents,
                    )
                )
        self.on_change()


def joiner_fills_on_tape(tape: Tape, every_s: Sequence[float]) -> list[list[JoinerFill]]:
    """Return the fills of joiners on a tape's moneyline, by their time between two looks.

    Those with an interval are of as many joiners as there are OFFSETS, one after the other.
    """
    env = ReplayEnvironment(exchange_rows(tape_columns(tape)))
    replayers: list[TapeReplayer] = []
    joiners: list[list[TouchJoiner]] = []
    for seconds in every_s:
        joiners.append([])
        every_ns = int(seconds * NS_PER_SECOND)
        for offset in OFFSETS if every_ns else (0.0,):
            exchange = new_exchange(env, tape.info)
            publisher = Publisher(env, Inbox(env), NoDelay(), tape.info.clocks, [])
            replayers.append(TapeReplayer(env, tape.info, exchange, publisher))
            books = moneyline_books(exchange)
            offset_ns = int(every_ns * offset)
            joiners[-1].append(TouchJoiner(env, exchange, books, every_ns, offset_ns))

    seen_ns = 0

    def apply(row: TimedRow) -> None:
        nonlocal seen_ns
        for replayer in replayers:
            replayer.apply_row(row)
        # When they look depends on the time of a change alone.
        if (row[3] == Kind.OFFER or row[3] == Kind.MARKET_STATUS) and env.now_ns != seen_ns:
            seen_ns = env.now_ns
            for joiner in chain.from_iterable(joiners):
                joiner.on_change()

    env.replay_to(apply)
    env.run(until=env.rows_ended)
    return [[fill for joiner in alike for fill in joiner.fills] for alike in joiners]


def new_exchange(env: ReplayEnvironment, info: TapeInfo) -> SimulatedProphet:
    """Return an exchange without commission, for the markets of a tape or a crowd."""
    return SimulatedProphet(
        env,
        info,
        Constant(ACTIVATION_MS),
        Prorata(),
        Commission(rate_percent=0),
        ExchangeRules(),
    )


def moneyline_books(exchange: SimulatedProphet) -> tuple[LineBook, LineBook]:
    """Return the books of the moneyline."""
    pair = next(
        pair
        for pair in exchange.catalogue.pairs.values()
        if pair.market.type is MarketType.MONEYLINE
    )
    books = exchange.books_by_line
    return books[pair.first.line_id], books[pair.second.line_id]


def _joined(competing: Odds | None, facing: Odds | None) -> Odds | None:
    """Return the odds at which `competing` rests, None if a wager there would match `facing`."""
    if competing is None:
        return None
    odds = opposite(competing)
    return None if facing is not None and crosses(odds, opposite(facing)) else odds
