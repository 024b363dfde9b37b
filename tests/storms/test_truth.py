"""Where the queue is known, each wager's outcome lies between back and front.

In a crowd every wager has its true queue position. We place wagers of one dollar there, add-only,
so that we are always makers; the crowd is recorded without them, as the anonymous market that we
would see, and the same commands are sent at the same times on that recording.

In the crowd fills are whole cents of stake. A taker can be left with a cent for which the makers
ahead of us have no whole cent, and spend it on us; on the recording those ahead are one divisible
stake. So every trade at our odds can differ by a cent, and no more.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from numpy.random import Generator, default_rng

from recordings.reader import Tape
from recordings.tape import Clocks, Kind, TapeInfo
from recordings.writer import TapeWriter
from sim.core.core_loader import is_compiled
from sim.crowd.crowd import Crowd
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.row_sinks import TapeListener
from sim.engine.exchange_rows import exchange_rows
from sim.engine.latency import Constant, NoDelay
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.displayed_book import levels
from sim.exchange.exchange_connection import Inbox
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.offers import Offer
from sim.exchange.participant import ExchangeWager
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.queue_models import Back, Front, Prorata, QueueModel
from sim.exchange.tape_replayer import TapeReplayer
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import Event, WagerMatched, WagerOpened
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.odds import opposite
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.schedule import Priority

pytestmark = pytest.mark.slow  # games of a crowd, traded again

SEEDS = range(3)
WAGERS = 250
STAKE_CENTS = 100
ACTIVATION_MS = 20
MS = 1_000_000
GAME_S = 200
SHAPE = CrowdSettings(
    opens_before_s=400, requote_rate=3, interest=20, informed=1, in_play_delay_s=0, game_s=GAME_S
)

Command = Callable[[SimulatedProphet, "Ours"], object]


@dataclass
class Ours:
    """Our private updates of each wager, and when it opened."""

    env: ReplayEnvironment
    filled_cents: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    opened_ns: dict[str, int] = field(default_factory=dict)

    def join(self, exchange: SimulatedProphet) -> "Ours":
        """Open an account that is never short of money."""
        self.account = exchange.open_account("we", 10**9, self._on_event)
        return self

    def _on_event(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, WagerOpened):
                self.opened_ns[event.ref] = self.env.now_ns
            if isinstance(event, WagerMatched):
                self.filled_cents[event.ref] += event.stake_cents


class AddOnlyTrader:
    """Places wagers in a crowd at random times, cancels some, and records all its commands.

    The crowd's exchange stamps messages in whole milliseconds, so we act at the end of one: then
    what a message reports of its millisecond happened before us, there as on the recording.
    """

    def __init__(self, crowd: Crowd, exchange: SimulatedProphet, ours: Ours, rng: Generator):
        """Draw the times."""
        self.commands: list[tuple[int, Command]] = []
        self.placed: dict[str, PlaceWager] = {}
        self._exchange, self._ours, self._rng = exchange, ours, rng
        self._ladder = crowd.info.ladder
        span_s = SHAPE.opens_before_s + GAME_S - 60
        for at_s in sorted(rng.uniform(20, span_s, WAGERS).tolist()):
            at_ns = crowd.opens_ns + int(at_s * 1000) * MS + MS - 1
            self._at(at_ns, self._place)

    def _at(self, at_ns: int, act: Callable[[int], None]) -> None:
        self._ours.env.schedule_call(at_ns, Priority.EXCHANGE, partial(act, at_ns))

    def _place(self, at_ns: int) -> None:
        """Join one of the best levels of a line, or go one rung ahead of it."""
        book = self._exchange.books[int(self._rng.integers(len(self._exchange.books)))]
        displayed = levels(book.opposite, self._ours.account)
        if not displayed or not self._exchange.markets.accepts_wagers(book):
            return
        odds = opposite(displayed[min(int(self._rng.integers(4)), len(displayed) - 1)].odds)
        odds = self._ladder.step(odds, -int(self._rng.random() < 0.2))
        ref = WagerRef(f"w{len(self.placed)}")
        request = PlaceWager(ref, book.line_id, odds, STAKE_CENTS, Intent.ADD_ONLY)
        self.placed[ref] = request
        self._command(at_ns, lambda exchange, us: exchange.place(us.account, [request]))
        if self._rng.random() < 0.5:
            later_ns = at_ns + int(self._rng.integers(1_000, 120_000)) * MS
            self._at(later_ns, partial(self._cancel, ref))

    def _cancel(self, ref: WagerRef, at_ns: int) -> None:
        self._command(at_ns, lambda exchange, us: exchange.cancel(us.account, [ref]))

    def _command(self, at_ns: int, command: Command) -> None:
        command(self._exchange, self._ours)
        self.commands.append((at_ns, command))


@dataclass(frozen=True)
class CrowdTruth:
    """The outcomes of our wagers in a crowd, its recording without us, and our commands."""

    truth: Ours
    tape: Tape
    placed: dict[str, PlaceWager]
    commands: list[tuple[int, Command]]
    _replayed: dict[str, Ours] = field(default_factory=dict)

    def replayed(self, queue: QueueModel) -> Ours:
        """Return the outcomes on the recording under a queue model, replayed once."""
        if str(queue) not in self._replayed:
            self._replayed[str(queue)] = replay(self, queue)
        return self._replayed[str(queue)]


def open_exchange(env: ReplayEnvironment, info: TapeInfo, queue: QueueModel) -> SimulatedProphet:
    """Return the same exchange for crowd and recording."""
    activation = Constant(ACTIVATION_MS)
    return SimulatedProphet(env, info, activation, queue, Commission(2), ExchangeRules())


def trade_in_crowd(folder: Path, seed: int) -> CrowdTruth:
    """Trade tiny stakes in a crowd, and record the market without them."""
    crowd = Crowd("nba", seed, SHAPE)
    env = ReplayEnvironment(start_ns=crowd.opens_ns)
    exchange = open_exchange(env, crowd.info, Back())
    ours = Ours(env).join(exchange)
    trader = AddOnlyTrader(crowd, exchange, ours, default_rng([seed, 1]))
    with TapeWriter(folder, source="a crowd", simulated=True, clocks=Clocks.TWO) as writer:
        listener = TapeListener(writer, crowd.info, default_rng([seed, 2]), ours.account)
        env.run(until=crowd.join(env, exchange, [listener]).ended)
    return CrowdTruth(ours, Tape(folder), trader.placed, trader.commands)


def replay(known: CrowdTruth, queue: QueueModel) -> Ours:
    """Send the same commands at the same times on the recording."""
    info = known.tape.info
    env = ReplayEnvironment(exchange_rows(known.tape))
    exchange = open_exchange(env, info, queue)
    keys = [market.key for market in info.markets]
    publisher = Publisher(env, Inbox(env), NoDelay(), info.clocks, keys)
    market = TapeReplayer(env, info, exchange, publisher)
    ours = Ours(env).join(exchange)

    def send(command: Command) -> None:
        command(exchange, ours)

    for at_ns, command in known.commands:
        env.schedule_call(at_ns, Priority.EXCHANGE, partial(send, command))
    env.replay_to(market.apply_row)
    env.run(until=env.rows_ended)
    env.run(until=env.now_ns + NS_PER_SECOND)
    return ours


def trades_at_our_odds(known: CrowdTruth) -> dict[str, int]:
    """Return how many trades there were at the odds that each wager showed to takers."""
    info = known.tape.info
    catalogue = info.catalogue()
    times = defaultdict(list)
    for chunk in known.tape.chunks():
        for row in chunk.rows():
            if row.kind == Kind.TRADE:
                times[info.lines[row.line].line_id, row.odds].append(row.exchange_ns)
    return {
        ref: sum(
            at_ns >= known.truth.opened_ns.get(ref, 0) - MS
            for at_ns in times[catalogue.opposite(wager.line_id).line_id, opposite(wager.odds)]
        )
        for ref, wager in known.placed.items()
    }


def outside(known: CrowdTruth, least: Ours, most: Ours) -> Iterator[str]:
    """Yield the wagers whose truth lies outside, by more than the cents that takers are left."""
    trades = trades_at_our_odds(known)
    for ref in known.placed:
        true_cents = known.truth.filled_cents[ref]
        least_cents, most_cents = least.filled_cents[ref], most.filled_cents[ref]
        if not least_cents - trades[ref] <= true_cents <= most_cents + trades[ref]:
            yield f"{ref}: back {least_cents}, truth {true_cents}, front {most_cents}"


@pytest.fixture(scope="module")
def crowd_truths(tmp_path_factory: pytest.TempPathFactory) -> list[CrowdTruth]:
    """Return the outcomes of our trading in the crowd of every seed."""
    folder = tmp_path_factory.mktemp("crowds")
    return [trade_in_crowd(folder / str(seed), seed) for seed in SEEDS]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_truth_lies_between_back_and_front(crowd_truths: list[CrowdTruth], seed: int) -> None:
    """Each wager's fill in the crowd lies between those under `back` and under `front`."""
    known = crowd_truths[seed]
    back, prorata, front = (known.replayed(queue) for queue in (Back(), Prorata(), Front()))
    assert list(outside(known, back, front)) == []
    assert back.opened_ns == known.truth.opened_ns == front.opened_ns
    for ref in known.placed:
        fills = [run.filled_cents[ref] for run in (back, prorata, front)]
        assert fills == sorted(fills)


def test_the_bounds_usually_agree_but_not_always(crowd_truths: list[CrowdTruth]) -> None:
    """Enough wagers are filled for the comparison, and most outcomes agree under both models."""
    differing = filled = 0
    for known in crowd_truths:
        back, front = known.replayed(Back()), known.replayed(Front())
        for ref in known.placed:
            filled += known.truth.filled_cents[ref] > 0
            differing += back.filled_cents[ref] != front.filled_cents[ref]
    assert filled > 100
    assert 0 < differing < filled // 4


@pytest.mark.skipif(is_compiled(), reason="compiled classes cannot be changed")
@pytest.mark.parametrize("wrong", ["first", "last"])
def test_a_wrong_queue_position_is_detected(
    crowd_truths: list[CrowdTruth], wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue position ahead of others, or behind twice their stake, fails the comparison."""
    join = Offer.join

    def wrongly(offer: Offer, now_ns: int, wager: ExchangeWager) -> None:
        join(offer, now_ns, wager)
        wager.ahead_cents *= 0 if wrong == "first" else 2

    monkeypatch.setattr(Offer, "join", wrongly)
    assert any(
        list(outside(known, replay(known, Back()), replay(known, Front())))
        for known in crowd_truths
    )
