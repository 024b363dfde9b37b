"""The open loop: resends the commands of a session, at their times, to the simulated exchange.

No strategy decides anything, and responses change nothing, with one exception: a cancel that the
session's exchange accepted but the simulated one refuses for now is sent again at the time that the
refusal names. Otherwise a difference of milliseconds would leave the wager open.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import cast

from recordings.journal.entries import Entry
from sim.engine.latency import Latency
from sim.engine.random_streams import RandomStreams
from sim.exchange.exchange_connection import ExchangeConnection, Inbox
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.queue_models import QueueModel
from sim.sources.market_source import MarketSource
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.commands import CancelAll, CancelWager, Command, PlaceWager
from strategies.trading.model.events import CancelRefused, Event
from strategies.trading.model.ids import MarketKey, WagerRef
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.exchange import BATCH_LIMIT
from strategies.trading.ports.schedule import Priority

# Time for the responses to the last commands.
_GRACE_NS = 60 * NS_PER_SECOND

# The updates of each wager, with their times.
Updates = dict[WagerRef, list[tuple[int, Event]]]


class OpenLoop:
    """Sends the same commands to a new exchange on the same recording, once for each call."""

    def __init__(
        self,
        *,
        feed: MarketSource,
        exchange: Callable[..., SimulatedProphet],
        latency: Callable[..., Latency],
        fees: Commission,
        seed: int,
        market_keys: Sequence[MarketKey],
        commands: Sequence[Entry[Command]],
        refused: Iterable[WagerRef],
    ) -> None:
        """Take the parts, and the commands in order; the account follows `market_keys`.

        `refused` holds a wager once for each cancel of it that was refused in the session.
        """
        self._feed = feed
        self._exchange = exchange
        self._latency = latency
        self._fees = fees
        self._seed = seed
        self._market_keys = market_keys
        self._batches = list(_batches(commands))
        self._taken_ns = _taken_cancels(commands, Counter(refused))

    def play(self, queue: QueueModel) -> Updates:
        """Return the updates of each wager under a queue model."""
        env = self._feed.environment(f"queue {queue}", _show_nothing, self._market_keys)
        inbox = Inbox(env)
        info, latency = self._feed.info, self._latency(RandomStreams(self._seed))
        exchange = self._exchange(
            env=env, info=info, activation=latency.activation, queue=queue, fees=self._fees
        )
        publisher = Publisher(env, inbox, latency.feed, info.clocks, self._market_keys)
        connection = ExchangeConnection(env, exchange, latency, inbox, publisher.markets)
        source_run = self._feed.join(env, exchange, publisher, connection.participant)
        updates: Updates = {}

        def note(event: Event, at_ns: int) -> None:
            ref = getattr(event, "ref", None)
            if ref is not None:
                updates.setdefault(ref, []).append((at_ns, event))
            if isinstance(event, CancelRefused) and self._must_ask_again(event, at_ns):
                due_ns = max(event.retry_at_ns or 0, at_ns)
                env.schedule_call(due_ns, Priority.DESK, partial(connection.cancel, [event.ref]))

        inbox.connect(note, _decide_nothing)
        last_ns = env.now_ns
        for at_ns, commands in self._batches:
            env.schedule_call(at_ns, Priority.DESK, partial(_send, connection, commands))
            last_ns = at_ns
        env.run(until=source_run.ended)
        env.run(until=max(last_ns, env.now_ns) + _GRACE_NS)
        return updates

    def _must_ask_again(self, refusal: CancelRefused, now_ns: int) -> bool:
        """Return whether this refuses for now the cancel of a wager that the session's accepted."""
        taken_ns = self._taken_ns.get(refusal.ref)
        return refusal.retry_at_ns is not None and taken_ns is not None and taken_ns <= now_ns


def _taken_cancels(
    commands: Iterable[Entry[Command]], refused: Counter[WagerRef]
) -> dict[WagerRef, int]:
    """Return when the last cancel of each wager was sent, unless all of them were refused."""
    asked: Counter[WagerRef] = Counter()
    last_ns: dict[WagerRef, int] = {}
    for command in commands:
        if isinstance(command.payload, CancelWager):
            asked[command.payload.ref] += 1
            last_ns[command.payload.ref] = command.now_ns
    return {ref: at_ns for ref, at_ns in last_ns.items() if asked[ref] > refused[ref]}


def _batches(commands: Iterable[Entry[Command]]) -> Iterator[tuple[int, Sequence[Command]]]:
    """Yield the commands as they were batched: of one kind and time, at most BATCH_LIMIT each."""
    for (at_ns, _), together in groupby(
        commands, key=lambda each: (each.now_ns, type(each.payload))
    ):
        payloads = [each.payload for each in together]
        for start in range(0, len(payloads), BATCH_LIMIT):
            yield at_ns, payloads[start : start + BATCH_LIMIT]


def _send(connection: ExchangeConnection, commands: Sequence[Command]) -> None:
    match commands[0]:
        case PlaceWager():
            connection.place(cast("Sequence[PlaceWager]", commands))
        case CancelWager():
            refs = [command.ref for command in cast("Sequence[CancelWager]", commands)]
            connection.cancel(refs)
        case CancelAll():
            connection.cancel_all()


def _decide_nothing(_: int) -> None:
    """Decide nothing: the commands are those of the session."""


def _show_nothing(_label: str, _rows: int, _rows_total: int) -> None:
    """Show no progress."""
