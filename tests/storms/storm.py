"""A storm: a short randomised simulation with a desk, checked after every event."""

from collections.abc import Callable

from live.export.session_account import AccountRow, RowKind, SessionAccount
from recordings.journal.entries import Entry
from sim.engine.virtual_clock import VirtualClock
from sim.exchange.exchange_connection import Inbox
from sim.exchange.faulty_connection import FaultyConnection
from sim.exchange.publisher import Publisher
from sim.results.monthly_rebates import monthly_rebates
from sim.results.profit_split import split_of, splits_by
from sim.results.run_journal import RunJournal
from sim.results.wager_recorder import WagerRecorder
from strategies.trading.desk.assembly import DeskSettings, assemble_desk
from strategies.trading.model.events import (
    Event,
    OfferChanged,
    TradeSeen,
    TradingState,
    TradingStateSet,
)
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.schedule import Priority
from tests.storms.exchange_observer import ExchangeObserver, ObservedProphet
from tests.storms.feed_faults import FeedGuard, LateDelay, schedule_gaps
from tests.storms.invariants import CheckedExchange, Invariants
from tests.storms.scenario import MAX_BROKEN_WITHIN_NS, Scenario, draw_scenario
from tests.storms.simulation import CrowdGame, SmallGame

# The time after the last row within which every wager must have ended.
_MAX_SECONDS_TO_REST = 300

# Often, so that many accounts meet updates on their way.
_ACCOUNT_NS = 4 * NS_PER_SECOND

MakeConnection = Callable[..., FaultyConnection]


class Storm:
    """The storm of one seed. `run` raises AssertionError for a violated invariant."""

    def __init__(self, seed: int, make_connection: MakeConnection = FaultyConnection) -> None:
        """Build exchange, connection and desk."""
        self.scenario: Scenario = draw_scenario(seed)
        self.received: list[Event] = []
        self.received_ns: list[int] = []
        scenario = self.scenario
        self.game = SmallGame(scenario) if scenario.crowd is None else CrowdGame(scenario)
        self.env, self.info = self.game.env, self.game.info
        self.inbox = Inbox(self.env)
        self.exchange = ObservedProphet(
            self.env,
            self.info,
            scenario.latency.activation,
            scenario.queue,
            scenario.fees,
            scenario.exchange,
        )
        keys = tuple(market.key for market in self.info.markets)
        opens_ns, feed = self.game.opens_ns, scenario.feed
        delay = LateDelay(self.env, opens_ns, scenario.latency.feed, feed.late)
        publisher = Publisher(self.env, self.inbox, delay, self.info.clocks, keys)
        schedule_gaps(self.env, opens_ns, publisher, delay, feed.gaps)
        self.connection = make_connection(
            *(self.env, self.exchange, scenario.latency, self.inbox, publisher.markets),
            *(scenario.faults, scenario.streams["faults"]),
        )
        self.ended = self.game.join(self.exchange, publisher)
        self.observer = ExchangeObserver(self.exchange, recorded=self.recorded)
        self._open_desk()

    @property
    def recorded(self) -> bool:
        """Return whether the tape has anonymous recorded stake."""
        return self.scenario.crowd is None and self.scenario.timetable.recorded

    def run(self) -> "Storm":
        """Run the game to its end, stop the desk, and compare its books with the exchange's."""
        scenario = self.scenario
        self.desk.start()
        self._ask_regularly()
        self._run_until(lambda: self.ended.processed)
        last_ns = self.env.now_ns + 15 * NS_PER_SECOND
        self._run_until(lambda: self.env.now_ns >= last_ns)
        self.desk.stop("the storm is over")
        deadline_ns = last_ns + _MAX_SECONDS_TO_REST * NS_PER_SECOND
        self._run_until(lambda: self._at_rest() or self.env.now_ns >= deadline_ns)
        assert self._at_rest(), "the desk does not come to rest"
        self.port.stopped = True
        self.connection.ask_state()
        # Late or missed settlements and broken trades may still arrive.
        quiet_ns = self.env.now_ns + 60 * NS_PER_SECOND
        if scenario.faults.trade_broken:
            quiet_ns += MAX_BROKEN_WITHIN_NS
        self._run_until(lambda: self.env.now_ns >= quiet_ns)
        self.recorder.close()
        self._check_end()
        return self

    def _open_desk(self) -> None:
        scenario = self.scenario
        self.port = CheckedExchange(self.connection, self.observer)
        self.feed_guard = FeedGuard(self.port, scenario.feed.max_delay_ns)
        clock = VirtualClock(self.env, self.inbox.drain)
        self.journal = RunJournal(self.info.catalogue(), None)
        self.desk = assemble_desk(
            DeskSettings(
                strategy=lambda: scenario.strategy,
                pricing=scenario.pricing,
                limits=scenario.limits,
                wagers=scenario.wagers,
                commission=scenario.fees,
                starting_balance_cents=scenario.balance_cents,
                session_name="storm",
                start_number=1,
            ),
            catalogue=self.info.catalogue(),
            market_keys=tuple(market.key for market in self.info.markets),
            ladder=self.info.ladder,
            clock=clock,
            exchange=self.feed_guard,
            journal=self.journal,
        )
        self.recorder = WagerRecorder(self.desk, clock, None)
        self.port.desk = self.desk
        self.invariants = Invariants(self.observer, self.port, self.desk, scenario.limits)
        self.inbox.connect(self._on_event, self.desk.act, self.desk.wants_every_change)
        for halted_s, active_s in scenario.timetable.halts:
            self._schedule_trading_state(halted_s, TradingState.HALTED)
            self._schedule_trading_state(active_s, TradingState.ACTIVE)

    def _schedule_trading_state(self, at_s: float, state: TradingState) -> None:
        """Schedule an operator's change of the trading state."""
        at_ns = self.game.opens_ns + int(at_s * NS_PER_SECOND)
        change = TradingStateSet(state, "the operator's word")
        self.env.schedule_call(at_ns, Priority.DESK, lambda: self.inbox.deliver((change,)))

    def _ask_regularly(self) -> None:
        """Let the desk compare its books with the account, whatever is in flight."""
        if not self.port.stopped:
            self.connection.ask_state()
            at_ns = self.env.now_ns + _ACCOUNT_NS
            self.env.schedule_call(at_ns, Priority.DESK, self._ask_regularly)

    def _on_event(self, event: Event, at_ns: int) -> None:
        if not isinstance(event, OfferChanged | TradeSeen):
            self.received.append(event)
            self.received_ns.append(at_ns)
        self.feed_guard.on_event(event)
        self.recorder.take(event, at_ns)
        self.invariants.on_event(event)

    def _run_until(self, over: Callable[[], bool]) -> None:
        while not over():
            self.env.step()
            self.invariants.check(recorded=self.recorded)

    def _at_rest(self) -> bool:
        return not self.desk.wagers.live_count and self.desk.wagers.at_rest

    def _check_end(self) -> None:
        """Check that nothing is open, every wager ended once, and the ledgers agree."""
        us, ledger, exposure = self.connection.participant, self.desk.ledger, self.desk.exposure
        assert self._at_rest()
        assert not us.live, f"left open at the exchange: {list(us.live)}"
        assert exposure.open_cents == us.open_cents == 0
        assert ledger.balance_cents == us.account.cash_cents
        assert ledger.commission_cents == us.account.commission_cents
        assert ledger.available_cents == us.available_cents
        assert exposure.matched_cents == us.account.matched_cents
        for book in self.exchange.books:
            position = exposure.position(self.desk.market_states.catalogue.pair_of(book.line_id))
            side = 0 if position.pair.first.line_id == book.line_id else 1
            tally = self.observer.tally("desk", book.line_id)
            assert position.matched_cents[side] == tally.stake_cents
        for ref in self.port.placed:
            self._check_final_state(ref)
        self._check_board()
        self._check_profit_split()
        self._check_account_rows()

    def _check_profit_split(self) -> None:
        """Check that the terms of every fill and of any sum of them add up to the cent."""
        parts = [part for part in self.recorder.parts if part.settled_cents is not None]
        ledger = self.desk.ledger
        rebates = monthly_rebates(self.recorder.fills, ledger)
        paid_back_cents = sum(each.rebate_cents for each in rebates)
        assert sum(each.commission_cents for each in rebates) in (0, ledger.commission_cents)
        profit_cents = ledger.profit_cents + paid_back_cents
        whole = split_of(parts)
        assert (whole.profit_cents, whole.rebate_cents) == (profit_cents, paid_back_cents)
        for part in parts:
            assert part.fill is not None, "a fill of an earlier start, which there was none of"
            terms = part.edge_cents + part.adverse_cents + part.drift_cents + part.outcome_cents
            assert terms == part.settled_cents
            assert 0 <= part.rebate_cents <= part.commission_cents
        named = splits_by(parts, lambda part: (part.pair.pair_id, str(part.line)))
        assert sum(each.split.profit_cents for each in named) == profit_cents

    def _check_account_rows(self) -> None:
        """Check that the rows of an export add up to the ledger, and have each fill once."""
        ledger, exposure = self.desk.ledger, self.desk.exposure
        rows, account = self.account_rows()
        assert not account.problems
        charges = (RowKind.COMMISSION, RowKind.COMMISSION_CORRECTION)
        charged_cents = -sum(row.profit_cents for row in rows if row.kind in charges)
        assert sum(row.profit_cents for row in rows) == ledger.profit_cents
        assert charged_cents == ledger.commission_cents
        matched = (RowKind.FILL, RowKind.BROKEN_TRADE)
        stake_cents = sum(row.stake_cents for row in rows if row.kind in matched)
        settled_cents = sum(w.stake_cents for w in account.wagers.values() if w.result is not None)
        assert stake_cents - settled_cents == exposure.matched_cents

    def account_rows(self) -> tuple[list[AccountRow], SessionAccount]:
        """Return the rows of an export, from what the desk placed and received."""
        account = SessionAccount(self.info.catalogue(), lambda _: self.scenario.fees, lambda _: ())
        received = zip(self.received_ns, self.received, strict=True)
        placed = ((0, request) for request in self.port.placed.values())
        entries = (Entry(1, seq, *each) for seq, each in enumerate((*placed, *received)))
        return [row for entry in entries for row in account.rows_of(entry)], account

    def _check_board(self) -> None:
        """Check that the desk's market data is current, whatever it missed."""
        states, markets = self.desk.market_states, self.exchange.markets
        for book in self.exchange.books:
            assert states.offers[book.line_id].by_odds == self.game.displayed(book)
            assert states.markets[book.line.market_key].status == markets.status_of(
                book.market_index
            )
        (event,) = states.events.values()
        assert event.status == markets.event_status_of(0)
        assert event.score == self.game.score

    def _check_final_state(self, ref: WagerRef) -> None:
        wager = self.desk.wagers.find(ref)
        assert wager is not None, f"{ref} was forgotten"
        assert wager.ended, f"{ref} has no end"
        wager_state = self.observer.wagers["desk"].get(wager.ref)
        if wager_state is None:
            assert (wager.reason, wager.matched_cents) == ("rejected", 0)
            return
        matched_whole = wager_state.matched_cents == wager_state.request.stake_cents
        assert wager_state.ends + matched_whole == 1, f"{ref} ended {wager_state.ends} times"
        assert wager.matched_cents + wager.broken.stake_cents == wager_state.matched_cents
        assert (wager.reason == "matched") == matched_whole
