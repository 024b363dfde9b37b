"""The stage: the simulated exchange, what plays on it, and the clock that both go by."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Protocol, TypeVar

from recordings.reader import Tape
from recordings.tape import Clocks, Kind, TapeInfo
from sim.clock import ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.recorded import RecordedMarket
from sim.feed import ExchangeRow, exchange_rows
from sim.inbox import Act, Hear, Inbox
from sim.latency import NoDelay
from strategies.trading.clock import Timer
from strategies.trading.odds import Odds

_Answer = TypeVar("_Answer")


class PacedClock(Protocol):
    """A clock that steps an environment as its own time passes."""

    def now_ns(self) -> int:
        """Return the time."""

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Timer:
        """Call back at a time."""

    def enter(self, callback: Callable[[], None]) -> None:
        """Let all that is due happen, then the callback at the present."""

    async def run(self) -> None:
        """Step what is due as it becomes due, until cancelled."""


class Stage:
    """An exchange on which a recording plays. What it publishes is heard as it happens.

    `make_exchange` takes the environment, `make_clock` too.
    """

    def __init__(
        self,
        info: TapeInfo,
        rows: Iterable[ExchangeRow],
        make_exchange: Callable[..., SimulatedProphet],
        make_clock: Callable[..., PacedClock],
    ) -> None:
        """Set it; nothing happens before it is opened."""
        self.info = info
        self.env = ReplayEnvironment(rows)
        self.exchange = make_exchange(env=self.env, info=info)
        self.clock = make_clock(env=self.env)
        self._inbox = Inbox(self.env)
        everything = [market.key for market in info.markets]
        publisher = Publisher(self.env, self._inbox, NoDelay(), Clocks.ONE, everything)
        market = RecordedMarket(self.env, info, self.exchange, publisher)

        def publish_trade(book: LineBook, odds: Odds, stake_cents: int) -> None:
            publisher.tell_trade(book, odds, stake_cents, self.env.now_ns)

        self.exchange.on_trade = publish_trade
        self.env.replay_to(market.take_row)

    def open(self, hear: Hear, act: Act) -> None:
        """Let everything happen that lies before the present, and tell what the exchange says."""
        self._inbox.connect(hear, act, wake_on_every_change=True)
        self.at_present(lambda: None)

    def at_present(self, ask: Callable[[], _Answer]) -> _Answer:
        """Return what is answered at the present, once all that is due has happened."""
        answers: list[_Answer] = []
        self.clock.enter(lambda: answers.append(ask()))
        return answers[0]


def begin_ns(tape: Tape, before_start_ns: int) -> int:
    """Return the time of a recording that is to be the present when it begins to play."""
    first_ns = next((row[0] for row in exchange_rows(tape)), 0)
    scheduled = [event.scheduled_ns for event in tape.info.events]
    return max(first_ns, min(scheduled, default=0) - before_start_ns)


def shifted_info(info: TapeInfo, shift_ns: int) -> TapeInfo:
    """Return what a recording says of itself, moved in time; it is heard as it happens."""
    events = [replace(e, scheduled_ns=e.scheduled_ns + shift_ns) for e in info.events]
    return replace(info, events=events, clocks=Clocks.ONE)


def shifted_rows(rows: Iterable[ExchangeRow], shift_ns: int) -> Iterator[ExchangeRow]:
    """Yield the rows of a recording moved in time, announced starts with them."""
    for at_ns, received_ns, seq, kind, *where, state, text in rows:
        line, market, event, odds, cents, quantity_cents, side = where
        yield (
            *(at_ns + shift_ns, received_ns + shift_ns, seq, kind, line, market, event),
            *(odds, cents, quantity_cents, side),
            *(state + shift_ns if kind == Kind.SCHEDULE else state, text),
        )
