"""Replays a session: feeds its inputs to the same desk, which must send the same commands.

The exchange sends nothing and the clock does not advance between inputs: all responses and timers
that the desk received are among the inputs, with their numbers and times. The desk is recorded as
in a backtest, so that a start has the same report.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from recordings.journal.entries import Entry, Input
from recordings.journal.recorded_run import RecordedRun, open_run
from recordings.reader import Tape
from sim.engine.manual_clock import ManualClock
from sim.results.price_sampler import PriceSampler
from sim.results.run_journal import RunJournal
from sim.results.run_tables import RunTables
from sim.results.wager_recorder import WagerRecorder
from strategies.trading.accounting.commission import Commission
from strategies.trading.desk.assembly import DeskSettings, assemble_desk
from strategies.trading.desk.desk import Desk
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Command
from strategies.trading.model.errors import InvariantError, TradingError
from strategies.trading.model.events import Event, OfferChanged, TimerFired, TradeSeen
from strategies.trading.model.ids import EventId, MarketId
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.control import Control
from strategies.trading.ports.journal import (
    AccountSnapshot,
    DecideRequested,
    Decision,
    Denial,
    DeskStarted,
)
from strategies.trading.ports.strategy import Strategy
from strategies.trading.pricing.touch import Pricing
from strategies.trading.risk.controls import NO_CONTROLS
from strategies.trading.risk.limits import Limits
from strategies.trading.wagers.wager_settings import WagerSettings


class ReplayDifferenceError(TradingError):
    """A replayed desk differs from the journal of its session."""


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """A replayed start: its desk at the end, its records, and its recording.

    All its `commands` were as journaled. It ran from `began_ns`, None if the desk never began, to
    `ended_ns`, and received `inputs` inputs. `limits` are those it traded with;
    `turnover_before_cents` had been matched of the wagers of earlier starts that it restored.
    """

    desk: Desk
    journal: RunJournal
    wagers: WagerRecorder
    tape: Tape
    limits: Limits
    began_ns: int | None
    ended_ns: int
    inputs: int
    turnover_before_cents: int

    @property
    def commands(self) -> int:
        """Return how many commands the desk sent."""
        return self.journal.digest.commands


class SessionReplay:
    """Replays the starts of a session, built from the parts that the session was built of."""

    def __init__(
        self,
        *,
        strategy: Callable[[], Strategy],
        pricing: Pricing,
        wagers: WagerSettings,
        fees: Commission,
        session: dict[str, Any],
        controls: Mapping[str, Control] = NO_CONTROLS,
    ) -> None:
        """Take the parts."""
        self._strategy = strategy
        self._pricing = pricing
        self._wagers = wagers
        self._fees = fees
        self._name = str(session["name"])
        self._controls = controls

    def run(
        self, folder: Path, number: int, tables: RunTables | None = None
    ) -> ReplayResult | None:
        """Replay a start of the session in a folder; return None if it never had a desk.

        The desk is recorded in `tables`, if given. Raise ReplayDifferenceError at the first command
        that differs, JournalError or TapeError for what cannot be read.
        """
        with open_run(folder, number) as run:
            return None if run is None else self.play(run, tables)

    def play(self, run: RecordedRun, tables: RunTables | None = None) -> ReplayResult:
        """Replay a run that is open."""
        catalogue = run.info.catalogue()
        record = RunJournal(catalogue, tables)
        journal = _Comparison(run.number, run.commands(), record)
        clock, watch = ManualClock(), ManualClock()
        desk = self._desk(run, catalogue, clock, journal)
        if record.silences is not None:
            record.silences.observe(desk.market_states)
        with journal.paused():
            desk.restore(run.earlier_wagers())
        turnover_before_cents = desk.ledger.turnover_cents
        wagers = WagerRecorder(desk, watch, tables)
        sampler = None if tables is None else PriceSampler(desk, watch, tables, NS_PER_SECOND)
        player = _InputPlayer(desk, wagers, clock, journal, watch, sampler)
        for entry in run.inputs():
            player.play(entry)
        journal.close()
        wagers.close()
        if record.silences is not None:
            record.silences.close(clock.now_ns())
        return ReplayResult(
            desk=desk,
            journal=record,
            wagers=wagers,
            tape=run.tape,
            limits=run.run_context.limits,
            began_ns=player.began_ns,
            ended_ns=clock.now_ns(),
            inputs=player.inputs,
            turnover_before_cents=turnover_before_cents,
        )

    def _desk(
        self,
        run: RecordedRun,
        catalogue: Catalogue,
        clock: ManualClock,
        journal: "_Comparison",
    ) -> Desk:
        settings = DeskSettings(
            strategy=self._strategy,
            pricing=self._pricing,
            limits=run.run_context.limits,
            wagers=self._wagers,
            commission=self._fees,
            starting_balance_cents=run.run_context.starting_balance_cents,
            session_name=self._name,
            start_number=run.number,
            controls=self._controls,
            ref_token=run.run_context.ref_token,
        )
        return assemble_desk(
            settings,
            catalogue=catalogue,
            market_keys=run.run_context.market_keys,
            ladder=run.info.ladder,
            clock=clock,
            exchange=_SilentExchange(),
            journal=journal,
            earlier_runs=run.run_context.earlier_runs,
        )


class _Sent(NamedTuple):
    """A command, the number of the last input before it, and its time."""

    input_seq: int
    now_ns: int
    command: Command


class _Comparison:
    """The journal of a replayed desk: compares every command with the session's, and records it."""

    def __init__(self, run: int, journaled: Iterator[Entry[Command]], record: RunJournal) -> None:
        self._run = run
        self._journaled = journaled
        self._record = record
        self._is_silent = False
        self.input_seq = 0
        self._received: dict[int, Event] = {}

    def close(self) -> None:
        """Raise ReplayDifferenceError if the session sent more commands."""
        self._compare(None)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Record nothing within the context: it restores wagers of earlier starts."""
        self._is_silent = True
        try:
            yield
        finally:
            self._is_silent = False

    def received(self, input_seq: int, now_ns: int, event: Event) -> None:
        self.input_seq = input_seq
        if not self._is_silent:
            self._received[input_seq] = event
            self._record.received(input_seq, now_ns, event)

    def require_received(self, input_seq: int, event: Event) -> None:
        """Raise ReplayDifferenceError unless this was the input of that number."""
        received = self._received.pop(input_seq, None)
        if received != event:
            text = f"input {input_seq} of the session was {event}, of the replay {received}"
            raise self._difference(text)

    def sent(self, now_ns: int, command: Command) -> None:
        self._compare(_Sent(self.input_seq, now_ns, command))
        self._record.sent(now_ns, command)

    def decided(self, now_ns: int, decision: Decision) -> None:
        self._record.decided(now_ns, decision)

    def denied(self, now_ns: int, denial: Denial) -> None:
        self._record.denied(now_ns, denial)

    def account_changed(self, now_ns: int, accounts: AccountSnapshot) -> None:
        if not self._is_silent:
            self._record.account_changed(now_ns, accounts)

    def _compare(self, replayed: _Sent | None) -> None:
        entry = next(self._journaled, None)
        journaled = None if entry is None else _Sent(entry.input_seq, entry.now_ns, entry.payload)
        if journaled != replayed:
            ours, theirs = _sent_text(replayed), _sent_text(journaled)
            text = f"the session sent {theirs}, the replay sent {ours}"
            raise self._difference(text)

    def _difference(self, text: str) -> ReplayDifferenceError:
        agreed = self._record.digest.commands
        return ReplayDifferenceError(f"start {self._run}, after {agreed} that agree: {text}")


def _sent_text(sent: _Sent | None) -> str:
    if sent is None:
        return "nothing"
    return f"{sent.command} (input {sent.input_seq}, {sent.now_ns} ns)"


class _SilentExchange:
    """An exchange that never responds: its responses are among the inputs."""

    def place(self, requests: object) -> None:
        pass

    def cancel(self, refs: object) -> None:
        pass

    def cancel_all(
        self, event_id: EventId | None = None, market_id: MarketId | None = None
    ) -> None:
        pass

    def ask_state(self) -> None:
        pass


class _InputPlayer:
    """Feeds inputs to a desk, and samples it on a clock of its own, `watch`."""

    def __init__(
        self,
        desk: Desk,
        wagers: WagerRecorder,
        clock: ManualClock,
        journal: _Comparison,
        watch: ManualClock,
        sampler: PriceSampler | None,
    ) -> None:
        self._desk = desk
        self._wagers = wagers
        self._clock = clock
        self._journal = journal
        self._watch = watch
        self._sampler = sampler
        self.began_ns: int | None = None
        self.inputs = 0

    def play(self, entry: Entry[Input]) -> None:
        self._sample_until(entry.now_ns)
        self._set(entry.now_ns)
        match entry.payload:
            case DeskStarted():
                self._begin(entry.now_ns)
            case DecideRequested():
                self._desk.act(entry.now_ns)
            case event:
                self.inputs += 1
                # Events that the desk emits itself, such as a reached loss limit, it received
                # together with the input that caused them.
                if entry.input_seq > self._journal.input_seq:
                    self._feed(event, entry.input_seq, entry.now_ns)
                self._journal.require_received(entry.input_seq, event)

    def _begin(self, now_ns: int) -> None:
        self.began_ns = now_ns
        if self._sampler is not None:
            self._sampler.start()
        self._desk.start()

    def _sample_until(self, now_ns: int) -> None:
        """Make the calls of the sampler that are due by now."""
        while (due_ns := self._watch.next_ns()) is not None and due_ns <= now_ns:
            self._set(due_ns)
            self._watch.call_next()

    def _set(self, now_ns: int) -> None:
        self._clock.set(now_ns)
        self._watch.set(now_ns)

    def _feed(self, event: Event, input_seq: int, now_ns: int) -> None:
        if isinstance(event, TimerFired):
            self._fire(input_seq)
            return
        if isinstance(event, OfferChanged | TradeSeen):
            # A desk numbers these, and does not journal them.
            self._journal.received(self._journal.input_seq + 1, now_ns, event)
        # Books that contradict the account ended the session too, after it had halted: what the
        # desk did about it is compared like anything else.
        with suppress(InvariantError):
            self._wagers.take(event, now_ns)

    def _fire(self, input_seq: int) -> None:
        """Make the calls that are due, until a timer of the desk was among them."""
        while self._journal.input_seq < input_seq and self._clock.call_next():
            pass
