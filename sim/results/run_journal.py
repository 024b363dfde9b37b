"""The journal of a run: its commands as a digest, its decisions, denials and accounts as tables."""

from collections import Counter
from dataclasses import dataclass, field

from recordings.journal.quote_coverage import QuoteCoverage
from sim.results.decision_digest import DecisionDigest
from sim.results.run_tables import RunTables
from sim.results.silence_record import SilenceRecord
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Command, PlaceWager
from strategies.trading.model.events import (
    RUN_ENDED,
    Event,
    EventStatusChanged,
    TradingStateSet,
)
from strategies.trading.model.market import EventStatus
from strategies.trading.ports.journal import AccountSnapshot, Decision, Denial


@dataclass(slots=True)
class Counts:
    """Wagers placed, and denials by control."""

    wagers_placed: int = 0
    denials: Counter[str] = field(default_factory=Counter)


class RunJournal:
    """The desk's journal in a simulation: counts, digest, and rows for tables, if given.

    A desk cannot be recovered from it. `WagerRecorder` records fills and how wagers ended.
    `silences`, kept with tables only, needs the state of the markets before the first decision;
    `coverage`, kept with tables only, begins with the first input.
    """

    def __init__(self, catalogue: Catalogue, tables: RunTables | None) -> None:
        """Start an empty record."""
        self.digest = DecisionDigest()
        self.counts = Counts()
        self.event_times: dict[tuple[str, EventStatus], int] = {}
        self._catalogue = catalogue
        self._tables = tables
        self.silences = None if tables is None else SilenceRecord(tables)
        self.coverage: QuoteCoverage | None = None
        self._has_ended = False

    def received(self, _input_seq: int, now_ns: int, event: Event) -> None:
        """Keep when an event first had a status, and that the run ends."""
        if self._tables is not None:
            self._cover(now_ns, event)
        if isinstance(event, EventStatusChanged):
            self.event_times.setdefault((event.event_id, event.status), now_ns)
        elif isinstance(event, TradingStateSet) and event.reason == RUN_ENDED:
            self._has_ended = True

    def decided(self, now_ns: int, decision: Decision) -> None:
        """Keep a decision, a row for each pair that has a price or a quote."""
        if self._tables is None:
            return
        if self.silences is not None and not self._has_ended:
            self.silences.decided(now_ns, decision)
        fairs = dict(decision.fairs)
        quoted = {quote.line_id: quote for quote in decision.quotes}
        for pair in self._catalogue.pairs_by_market[decision.market_key]:
            first = quoted.get(pair.first.line_id)
            second = quoted.get(pair.second.line_id)
            row = (
                now_ns,
                pair.pair_id,
                fairs.get(pair.pair_id),
                first.odds if first else None,
                second.odds if second else None,
                first.stake_cents if first else None,
                second.stake_cents if second else None,
            )
            self._tables.quotes.append(row)

    def _cover(self, now_ns: int, payload: Event | Command) -> None:
        """Measure how long markets are quoted, from the first input on."""
        if self.coverage is None:
            self.coverage = QuoteCoverage(self._catalogue, now_ns)
        self.coverage.note(now_ns, payload)

    def denied(self, now_ns: int, denial: Denial) -> None:
        """Keep a denial."""
        self.counts.denials[denial.control] += 1
        if self._tables is not None:
            row = (
                now_ns,
                denial.control,
                denial.reason,
                denial.line_id,
                denial.odds,
                denial.stake_cents,
            )
            self._tables.denials.append(row)

    def sent(self, now_ns: int, command: Command) -> None:
        """Keep a command."""
        self.digest.add(now_ns, command)
        if self._tables is not None:
            self._cover(now_ns, command)
        if isinstance(command, PlaceWager):
            self.counts.wagers_placed += 1

    def account_changed(self, now_ns: int, accounts: AccountSnapshot) -> None:
        """Keep the accounts."""
        if self._tables is not None:
            equity_cents = accounts.balance_cents + accounts.marked_cents
            row = (
                now_ns,
                accounts.profit_cents,
                accounts.marked_cents,
                equity_cents,
                accounts.exposure_cents,
            )
            self._tables.equity.append(row)
