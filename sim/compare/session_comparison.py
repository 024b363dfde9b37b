"""Compares a session with the simulator, start by start."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from conf.modes import Mode
from recordings.journal.recorded_run import RecordedRun, open_run
from recordings.parquet import TableWriter
from recordings.reader import Tape
from sim.backtest import Backtest
from sim.compare.comparison_text import Profit, outcome_lines, profit_lines
from sim.compare.counterfactual_tape import write_counterfactual
from sim.compare.fill_gate import FillGate
from sim.compare.open_loop import OpenLoop
from sim.compare.outcomes import TABLE, ComparedWager, outcome_of
from sim.compare.price_track import PriceTrack
from sim.engine.faults import Faults
from sim.engine.latency import Latency
from sim.engine.random_streams import RandomStreams
from sim.engine.virtual_clock import VirtualClock
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.queue_models import QueueModel
from sim.replay.session_replay import SessionReplay
from sim.results.summary import exchange_models
from sim.sources.recorded_source import RecordedSource
from sim.sources.source_tape import SourceTape
from strategies.trading.accounting.commission import Commission
from strategies.trading.desk.desk import Desk
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.counted import counted
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.events import (
    CancelRefused,
    MarketsAdded,
    MarketSettled,
    WagerCancelled,
)
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.settings import Seed
from strategies.trading.ports.control import Control
from strategies.trading.ports.strategy import Strategy
from strategies.trading.pricing.touch import Pricing
from strategies.trading.risk.controls import NO_CONTROLS
from strategies.trading.wagers.wager_settings import WagerSettings

# The queue models that every other one is between.
LEAST, MOST = "back", "front"


class SessionComparison:
    """Compares the starts of a session, built from the parts that the session was built of.

    `mode_name` is that of the session. A paper session's `exchange` is simulated and its recorded
    book holds nothing of ours; for any other mode `simulated` takes the place of `exchange`.
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
        seed: Seed,
        session: dict[str, Any],
        controls: Mapping[str, Control] = NO_CONTROLS,
    ) -> None:
        """Take the parts."""
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

    def run(self, folder: Path, number: int, gate: FillGate) -> Iterator[str]:
        """Compare a start of the session in a folder, add its wagers to a gate; yield the lines.

        On paper both outcomes are simulated, so nothing is added.

        The outcomes of its wagers are also written there, as `compare-NUMBER.parquet`. Raise
        JournalError or TapeError for what cannot be read, and ReplayDifferenceError if replaying
        the desk's inputs does not give its commands.
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
            tape = self._tape_without_us(run, wagers, refs, Path(scratch) / "tape")
            name = f"{run.tape.path} without us"
            feed = RecordedSource([SourceTape(tape, name)], name)
            yield f"start {number}: {counted(len(placed), 'wager')}; {self._own_stake_note()}"
            compared = self._compare(run, placed, feed, PriceTrack(tape))
            if not self._on_paper:
                gate.add(compared, self._models())
            yield from outcome_lines(compared, list(self._queues), LEAST, MOST)
            yield _write_table(folder / f"compare-{number:05d}.parquet", compared)
            real = self._replay().play(run).desk
            if run.run_context.earlier_refs:
                taken_over = counted(len(run.run_context.earlier_refs), "wager")
                yield f"the real profit is also that of {taken_over} of earlier starts"
            yield from profit_lines(_profit_of(real), self._closed_loop_profits(run, feed))

    def _own_stake_note(self) -> str:
        if self._on_paper:
            return "paper wagers are not in the recorded book: both outcomes are simulated"
        return "our own stake is taken out of the recorded book"

    def _models(self) -> dict[str, dict[str, str]]:
        """Return the models of the simulated exchange in words, by the name of its queue model."""
        latency = self._latency(RandomStreams(self._seed))
        return {
            name: exchange_models(str(queue()), latency) for name, queue in self._queues.items()
        }

    def _tape_without_us(
        self,
        run: RecordedRun,
        wagers: Sequence[EarlierWager],
        placed: Set[WagerRef],
        folder: Path,
    ) -> Tape:
        """Return the recording of a start as it would have been without us."""
        inputs = ((entry.now_ns, entry.payload) for entry in run.inputs())
        settled = [(at_ns, event) for at_ns, event in inputs if isinstance(event, MarketSettled)]
        ours: list[EarlierWager] = []
        if not self._on_paper:
            # Wagers of earlier starts were cancelled before this start's desk was assembled.
            assembled_ns = next(run.inputs()).now_ns
            ours = [w if w.request.ref in placed else _ended(w, assembled_ns) for w in wagers]
        return write_counterfactual(run.tape, ours, settled, folder)

    def _compare(
        self,
        run: RecordedRun,
        placed: Sequence[EarlierWager],
        feed: RecordedSource,
        prices: PriceTrack,
    ) -> list[ComparedWager]:
        """Return the wagers with their outcomes under every queue model, valued at prices."""
        inputs = [entry.payload for entry in run.inputs()]
        added = (event.market_keys for event in inputs if isinstance(event, MarketsAdded))
        loop = OpenLoop(
            feed=feed,
            exchange=self._exchange_for(run),
            latency=self._latency,
            fees=self._fees,
            seed=self._seed,
            market_keys=[*run.run_context.market_keys, *chain.from_iterable(added)],
            commands=list(run.commands()),
            refused=(event.ref for event in inputs if isinstance(event, CancelRefused)),
        )
        replayed = {name: loop.play(queue()) for name, queue in self._queues.items()}
        lines, compared = run.tape.info.catalogue().lines, []
        for wager in placed:
            request, placed_ns = wager.request, wager.placed_ns
            simulated = {
                queue: outcome_of(request, placed_ns, updates.get(request.ref, ()), prices)
                for queue, updates in replayed.items()
            }
            real = outcome_of(request, placed_ns, wager.updates, prices)
            event_id = lines[request.line_id].event_id
            compared.append(ComparedWager(request, placed_ns, real, simulated, event_id))
        return compared

    def _closed_loop_profits(self, run: RecordedRun, feed: RecordedSource) -> dict[str, Profit]:
        """Return the profits of the same desk trading the recording without its own wagers."""
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
        """Return a factory of exchanges whose accounts begin with the balance of a run's desk."""

        def made(**parts: Any) -> SimulatedProphet:
            exchange = self._exchange(**parts)
            balance_cents = run.run_context.starting_balance_cents
            exchange.settings = replace(exchange.settings, starting_balance_cents=balance_cents)
            return exchange

        return made


def _ended(wager: EarlierWager, at_ns: int) -> EarlierWager:
    """Return a wager with a cancellation at a time."""
    end = (at_ns, WagerCancelled(wager.request.ref, 0))
    return EarlierWager(wager.request, wager.placed_ns, [*wager.updates, end])


def _profit_of(desk: Desk) -> Profit:
    return Profit(desk.ledger.profit_cents, desk.ledger.marked_cents)


def _write_table(path: Path, compared: Sequence[ComparedWager]) -> str:
    """Write the outcomes, and return the path."""
    table = TableWriter(path, TABLE)
    for wager in compared:
        for row in wager.rows():
            table.append(row)
    table.close()
    return str(path.resolve())
