"""A session held against the simulator, start by start."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from conf.modes import Mode
from recordings.journal.recorded_run import RecordedRun, open_run
from recordings.parquet import TableWriter
from sim.backtest import Backtest
from sim.compare.comparison_text import Profit, told_fates, told_profits
from sim.compare.counterfactual_tape import write_without_us
from sim.compare.open_loop import OpenLoop
from sim.compare.outcomes import TABLE, ComparedWager, outcome_of
from sim.engine.faults import Faults
from sim.engine.latency import Latency
from sim.engine.virtual_clock import VirtualClock
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.queue_models import QueueModel
from sim.market_source import RecordedSource
from sim.replay.session_replay import SessionReplay
from sim.report.number_text import count
from strategies.trading.accounting.commission import Commission
from strategies.trading.desk.desk import Desk
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.events import (
    CancelRefused,
    MarketsAdded,
    MarketSettled,
    WagerCancelled,
)
from strategies.trading.model.ids import WagerRef
from strategies.trading.ports.control import Control
from strategies.trading.ports.strategy import Strategy
from strategies.trading.pricing.touch import Pricing
from strategies.trading.risk.controls import NO_CONTROLS
from strategies.trading.wagers.wager_manager import WagerSettings

# The queue models that every other one is between.
LEAST, MOST = "back", "front"


class SessionComparison:
    """Compares the starts of a session, from the parts that the session was built of.

    `mode_name` is that of the session: on paper nothing of ours is in the recorded book, and its
    own `exchange` is simulated; that of any other is stood in for by `simulated`.
    """

    def __init__(
        self,
        *,
        simulated: Callable[..., SimulatedProphet],
        queues: Mapping[str, Callable[[], QueueModel]],
        mode_name: str,
        exchange: Callable[..., SimulatedProphet],
        latency: Callable[..., Latency],
        faults: Faults,
        fees: Commission,
        pricing: Pricing,
        strategy: Callable[[], Strategy],
        wagers: WagerSettings,
        markets: MarketFilter,
        seed: int,
        session: dict[str, Any],
        controls: Mapping[str, Control] = NO_CONTROLS,
    ) -> None:
        """Take the parts, and the way to a start of a session."""
        self._queues = queues
        self._on_paper = Mode(mode_name) is Mode.PAPER
        self._exchange = exchange if self._on_paper else simulated
        self._latency = latency
        self._faults = faults
        self._fees = fees
        self._pricing = pricing
        self._strategy = strategy
        self._wagers = wagers
        self._markets = markets
        self._seed = seed
        self._session = session
        self._controls = controls

    def run(self, folder: Path, number: int) -> Iterator[str]:
        """Compare a start of the session in a folder; yield what people should read, line by line.

        The fates of its wagers are also written there, as `compare-NUMBER.parquet`. Raise
        JournalError or TapeError for what cannot be read, and DifferenceError where the desk's own
        profit does not come out of its inputs again.
        """
        with open_run(folder, number) as run, TemporaryDirectory() as scratch:
            if run is None:
                yield f"start {number}: it never had a desk"
                return
            wagers = run.wagers()
            refs = {c.payload.ref for c in run.commands() if isinstance(c.payload, PlaceWager)}
            placed = [wager for wager in wagers if wager.request.ref in refs]
            if not placed:
                yield f"start {number}: it placed no wagers"
                return
            feed = self._feed(run, wagers, refs, Path(scratch) / "tape")
            yield f"start {number}: {count(len(placed))} wagers; {self._told_taken_out()}"
            compared = self._compare(run, placed, feed)
            yield from told_fates(compared, list(self._queues), LEAST, MOST)
            yield _write_table(folder / f"compare-{number:05d}.parquet", compared)
            real = self._replay().play(run).desk
            if run.run_context.earlier_refs:
                taken_over = count(len(run.run_context.earlier_refs))
                yield f"the real profit is also that of {taken_over} wagers of earlier starts"
            yield from told_profits(_profit_of(real), self._profits_anew(run, feed))

    def _told_taken_out(self) -> str:
        if self._on_paper:
            return "on paper nothing of them was in the recorded book: both fates are simulated"
        return "our own stake is taken out of the recorded book"

    def _feed(
        self,
        run: RecordedRun,
        wagers: Sequence[EarlierWager],
        placed: Set[WagerRef],
        folder: Path,
    ) -> RecordedSource:
        """Return the recording of a start as it would have been without us."""
        inputs = ((entry.now_ns, entry.payload) for entry in run.inputs())
        settled = [(at_ns, event) for at_ns, event in inputs if isinstance(event, MarketSettled)]
        ours: list[EarlierWager] = []
        if not self._on_paper:
            # Whatever an earlier start left was cancelled before the desk was seated.
            seated_ns = next(run.inputs()).now_ns
            ours = [w if w.request.ref in placed else _ended(w, seated_ns) for w in wagers]
        tape = write_without_us(run.tape, ours, settled, folder)
        return RecordedSource(tape, f"{run.tape.path} without us")

    def _compare(
        self, run: RecordedRun, placed: Sequence[EarlierWager], feed: RecordedSource
    ) -> list[ComparedWager]:
        """Return the wagers with their fates under every queue model."""
        inputs = [entry.payload for entry in run.inputs()]
        grown = (event.market_keys for event in inputs if isinstance(event, MarketsAdded))
        loop = OpenLoop(
            feed=feed,
            exchange=self._exchange_for(run),
            latency=self._latency,
            fees=self._fees,
            seed=self._seed,
            market_keys=[*run.run_context.market_keys, *chain.from_iterable(grown)],
            commands=list(run.commands()),
            refused=(event.ref for event in inputs if isinstance(event, CancelRefused)),
        )
        answers = {name: loop.play(queue()) for name, queue in self._queues.items()}
        compared = []
        for wager in placed:
            request, placed_ns = wager.request, wager.placed_ns
            simulated = {
                queue: outcome_of(request, placed_ns, updates.get(request.ref, ()))
                for queue, updates in answers.items()
            }
            real = outcome_of(request, placed_ns, wager.updates)
            compared.append(ComparedWager(request, placed_ns, real, simulated))
        return compared

    def _profits_anew(self, run: RecordedRun, feed: RecordedSource) -> dict[str, Profit]:
        """Return the profits of a desk like that of a start, were it to trade without it."""
        backtest = Backtest(
            feed=feed,
            exchange=self._exchange_for(run),
            clock=VirtualClock,
            latency=self._latency,
            queue=self._queues[LEAST],
            faults=self._faults,
            fees=self._fees,
            pricing=self._pricing,
            strategy=self._strategy,
            risk=run.run_context.limits,
            wagers=self._wagers,
            markets=self._markets,
            seed=self._seed,
            starting_balance=run.run_context.starting_balance_cents / 100,
            session=self._session,
            controls=self._controls,
        )
        models = {queue: self._queues[queue]() for queue in (LEAST, MOST)}
        return {queue: _profit_of(backtest.run_pass(model).desk) for queue, model in models.items()}

    def _replay(self) -> SessionReplay:
        return SessionReplay(
            strategy=self._strategy,
            pricing=self._pricing,
            wagers=self._wagers,
            fees=self._fees,
            session=self._session,
            controls=self._controls,
        )

    def _exchange_for(self, run: RecordedRun) -> Callable[..., SimulatedProphet]:
        """Return what makes an exchange at which an account has the balance of a start's desk."""

        def made(**parts: Any) -> SimulatedProphet:
            exchange = self._exchange(**parts)
            balance_cents = run.run_context.starting_balance_cents
            exchange.settings = replace(exchange.settings, starting_balance_cents=balance_cents)
            return exchange

        return made


def _ended(wager: EarlierWager, at_ns: int) -> EarlierWager:
    """Return a wager that rests no longer than until a time."""
    end = (at_ns, WagerCancelled(wager.request.ref, 0))
    return EarlierWager(wager.request, wager.placed_ns, [*wager.updates, end])


def _profit_of(desk: Desk) -> Profit:
    return Profit(desk.ledger.profit_cents, desk.ledger.marked_cents)


def _write_table(path: Path, compared: Sequence[ComparedWager]) -> str:
    """Write the fates, and return where they are."""
    table = TableWriter(path, TABLE)
    for wager in compared:
        for row in wager.rows():
            table.append(row)
    table.close()
    return str(path.resolve())
