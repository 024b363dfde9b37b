"""The open loop: the commands of a session, sent again at their times to the simulated exchange.

No strategy decides anything. What the exchange answers is noted, and changes nothing, save that a
cancel which it refuses for now is sent again when it says, as the session would have.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import cast

from sim.clock import Priority
from sim.driver import Feed
from sim.exchange.link import Link
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.queue import QueueModel
from sim.inbox import Inbox
from sim.journaled import Journaled
from sim.latency import Latency
from sim.streams import Streams
from strategies.trading.clock import NANOSECONDS
from strategies.trading.commands import CancelAll, CancelWager, Command, PlaceWager
from strategies.trading.commission import Commission
from strategies.trading.events import CancelRefused, Event
from strategies.trading.exchange import BATCH_LIMIT
from strategies.trading.ids import MarketKey, WagerRef

# For answers to what was sent last.
_GRACE_NS = 60 * NANOSECONDS

# What was told of each wager, and when.
Answers = dict[WagerRef, list[tuple[int, Event]]]


class OpenLoop:
    """Sends the same commands to a new exchange on the same recording, as often as asked."""

    def __init__(
        self,
        *,
        feed: Feed,
        exchange: Callable[..., SimulatedProphet],
        latency: Callable[..., Latency],
        fees: Commission,
        seed: int,
        market_keys: Sequence[MarketKey],
        commands: Iterable[Journaled[Command]],
    ) -> None:
        """Take the parts, and the commands in order; the account follows these markets."""
        self._feed = feed
        self._exchange = exchange
        self._latency = latency
        self._fees = fees
        self._seed = seed
        self._market_keys = market_keys
        self._batches = list(_batches(commands))

    def play(self, queue: QueueModel) -> Answers:
        """Return what the exchange tells of each wager under a queue model."""
        env = self._feed.environment(f"queue {queue}", _show_nothing)
        inbox = Inbox(env)
        info, latency = self._feed.info, self._latency(Streams(self._seed))
        exchange = self._exchange(
            env=env, info=info, activation=latency.activation, queue=queue, fees=self._fees
        )
        publisher = Publisher(env, inbox, latency.feed, info.clocks, self._market_keys)
        link = Link(env, exchange, latency, inbox, publisher)
        course = self._feed.join(env, exchange, publisher, link.participant)
        answers: Answers = {}

        def note(event: Event, at_ns: int) -> None:
            ref = getattr(event, "ref", None)
            if ref is not None:
                answers.setdefault(ref, []).append((at_ns, event))
            if isinstance(event, CancelRefused) and event.retry_at_ns is not None:
                due_ns = max(event.retry_at_ns, env.now_ns)
                env.schedule_call(due_ns, Priority.DESK, partial(link.cancel, [event.ref]))

        inbox.connect(note, _decide_nothing)
        last_ns = env.now_ns
        for at_ns, commands in self._batches:
            env.schedule_call(at_ns, Priority.DESK, partial(_send, link, commands))
            last_ns = at_ns
        env.run(until=course.ended)
        env.run(until=max(last_ns, env.now_ns) + _GRACE_NS)
        return answers


def _batches(commands: Iterable[Journaled[Command]]) -> Iterator[tuple[int, Sequence[Command]]]:
    """Yield the commands as they were sent: of one kind, at one time, so many in a request."""
    for (at_ns, _), together in groupby(commands, key=lambda each: (each.now_ns, type(each.told))):
        told = [each.told for each in together]
        for start in range(0, len(told), BATCH_LIMIT):
            yield at_ns, told[start : start + BATCH_LIMIT]


def _send(link: Link, commands: Sequence[Command]) -> None:
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
