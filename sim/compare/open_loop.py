"""The open loop: the commands of a session, sent again at their times to the simulated exchange.

No strategy decides anything. What the exchange answers is noted, and changes nothing, save where it
refuses for now a cancel that was taken in the session: that is sent again when it says. Otherwise a
wager would live on for want of some milliseconds.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import cast

from recordings.journal.entries import Entry
from sim.engine.inbox import Inbox
from sim.engine.latency import Latency
from sim.engine.random_streams import RandomStreams
from sim.exchange.exchange_connection import ExchangeConnection
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.queue_models import QueueModel
from sim.market_source import MarketSource
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.commands import CancelAll, CancelWager, Command, PlaceWager
from strategies.trading.model.events import CancelRefused, Event
from strategies.trading.model.ids import MarketKey, WagerRef
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.exchange import BATCH_LIMIT
from strategies.trading.ports.schedule import Priority

# For answers to what was sent last.
_GRACE_NS = 60 * NS_PER_SECOND

# The updates of each wager, with their times.
Answers = dict[WagerRef, list[tuple[int, Event]]]


class OpenLoop:
    """Sends the same commands to a new exchange on the same recording, as often as asked."""

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
        """Take the parts, and the commands in order; the account follows these markets.

        `refused` names a wager as often as a cancel of it was refused in the session.
        """
        self._feed = feed
        self._exchange = exchange
        self._latency = latency
        self._fees = fees
        self._seed = seed
        self._market_keys = market_keys
        self._batches = list(_batches(commands))
        self._taken_ns = _taken_cancels(commands, Counter(refused))

    def play(self, queue: QueueModel) -> Answers:
        """Return what the exchange tells of each wager under a queue model."""
        env = self._feed.environment(f"queue {queue}", _show_nothing)
        inbox = Inbox(env)
        info, latency = self._feed.info, self._latency(RandomStreams(self._seed))
        exchange = self._exchange(
            env=env, info=info, activation=latency.activation, queue=queue, fees=self._fees
        )
        publisher = Publisher(env, inbox, latency.feed, info.clocks, self._market_keys)
        link = ExchangeConnection(env, exchange, latency, inbox, publisher)
        course = self._feed.join(env, exchange, publisher, link.participant)
        answers: Answers = {}

        def note(event: Event, at_ns: int) -> None:
            ref = getattr(event, "ref", None)
            if ref is not None:
                answers.setdefault(ref, []).append((at_ns, event))
            if isinstance(event, CancelRefused) and self._must_ask_again(event, at_ns):
                due_ns = max(event.retry_at_ns or 0, at_ns)
                env.schedule_call(due_ns, Priority.DESK, partial(link.cancel, [event.ref]))

        inbox.connect(note, _decide_nothing)
        last_ns = env.now_ns
        for at_ns, commands in self._batches:
            env.schedule_call(at_ns, Priority.DESK, partial(_send, link, commands))
            last_ns = at_ns
        env.run(until=course.ended)
        env.run(until=max(last_ns, env.now_ns) + _GRACE_NS)
        return answers

    def _must_ask_again(self, refusal: CancelRefused, now_ns: int) -> bool:
        """Return whether a cancel is refused for now that was the last of its wager, and taken."""
        taken_ns = self._taken_ns.get(refusal.ref)
        return refusal.retry_at_ns is not None and taken_ns is not None and taken_ns <= now_ns


def _taken_cancels(
    commands: Iterable[Entry[Command]], refused: Counter[WagerRef]
) -> dict[WagerRef, int]:
    """Return when the last cancel of each wager was sent, where not all of them were refused."""
    asked: Counter[WagerRef] = Counter()
    last_ns: dict[WagerRef, int] = {}
    for command in commands:
        if isinstance(command.payload, CancelWager):
            asked[command.payload.ref] += 1
            last_ns[command.payload.ref] = command.now_ns
    return {ref: at_ns for ref, at_ns in last_ns.items() if asked[ref] > refused[ref]}


def _batches(commands: Iterable[Entry[Command]]) -> Iterator[tuple[int, Sequence[Command]]]:
    """Yield the commands as they were sent: of one kind, at one time, so many in a request."""
    for (at_ns, _), together in groupby(
        commands, key=lambda each: (each.now_ns, type(each.payload))
    ):
        payloads = [each.payload for each in together]
        for start in range(0, len(payloads), BATCH_LIMIT):
            yield at_ns, payloads[start : start + BATCH_LIMIT]


def _send(link: ExchangeConnection, commands: Sequence[Command]) -> None:
    match commands[0]:
        case PlaceWager():
            link.place(cast("Sequence[PlaceWager]", commands))
        case CancelWager():
            link.cancel([command.ref for command in cast("Sequence[CancelWager]", commands)])
        case CancelAll():
            link.cancel_all()


def _decide_nothing(_: int) -> None:
    """Decide nothing: it was decided in the session."""


def _show_nothing(_label: str, _rows: int, _rows_total: int) -> None:
    """Show no progress."""
