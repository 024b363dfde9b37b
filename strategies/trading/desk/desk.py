"""The desk: a synchronous object that takes events and may send commands to the exchange.

`take` applies an event, `act` decides on the markets that are due, `on_event` does both. The desk
has no threads and no clock of its own: every event comes with the time of its arrival. A market is
due at the next refresh after it changed, and at once after a fill, a status change, a lost feed,
or a response that a decision was waiting for. Without a refresh every change is due at once. When
time alone changes something, the desk is woken (`wakeups.py`).

Responses and private updates may be lost and repeated later, duplicated, and out of order. What
is not confirmed counts against us: a wager as open, a cancel as not done. A cancel without a
response is sent again; a wager never is.
"""

from collections.abc import Callable, Iterable
from typing import Any

from strategies.trading.accounting.held_positions import held_positions, take_over_marks
from strategies.trading.accounting.ledger import Ledger
from strategies.trading.desk.account_check import AccountCheck
from strategies.trading.desk.alarm import Alarm
from strategies.trading.desk.command_sender import CommandSender
from strategies.trading.desk.denied_markets import DeniedMarkets
from strategies.trading.desk.market_view import DeskViews, Fairs, decision_on
from strategies.trading.desk.quote_checks import quotes_of, require_quotes
from strategies.trading.desk.strategy_checks import change_strategy
from strategies.trading.desk.wakeups import Wakeups
from strategies.trading.markets.market_states import MarketState, MarketStates
from strategies.trading.model.earlier_runs import EarlierRuns, LossRecord
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.errors import InvariantError
from strategies.trading.model.events import (
    AccountState,
    CancelRefused,
    Event,
    MarketSettled,
    OfferChanged,
    QuotesPulled,
    SettingsChanged,
    TimerFired,
    TradeSeen,
    TradingState,
    TradingStateSet,
    WagerAccepted,
    WagerInvalid,
    WagerMatched,
    WagerRejected,
)
from strategies.trading.model.ids import PairId
from strategies.trading.model.odds import Ladder
from strategies.trading.model.position import Exposure
from strategies.trading.model.settings import of_part
from strategies.trading.ports.clock import Clock
from strategies.trading.ports.exchange import Exchange
from strategies.trading.ports.journal import Journal
from strategies.trading.ports.strategy import Quote, Strategy
from strategies.trading.pricing.touch import Pricing
from strategies.trading.risk.back_off import RETRY_NS
from strategies.trading.risk.limits import changed_limits
from strategies.trading.risk.loss_limits import LossLimits
from strategies.trading.risk.rejections import RejectionStreak
from strategies.trading.risk.risk_manager import FEED_STALE, RiskManager
from strategies.trading.wagers.private_updates import (
    CHANGES_OF_MATCHED,
    ON_THE_WAY,
    PRIVATE_UPDATES,
    RESULTS_OF_OPENING,
    PrivateUpdate,
)
from strategies.trading.wagers.wager import Wagers
from strategies.trading.wagers.wager_manager import WagerManager
from strategies.trading.wagers.wager_settings import changed_wager_settings
from strategies.trading.wagers.wager_state import CANCEL_PATIENCE_NS, WagerState


class Desk:
    """One strategy with its managers, between a feed and an exchange.

    Build it with `assemble_desk`, then call `start`. Feed it with `take` and `act`, or `on_event`,
    from one thread, in order of arrival; times are nanoseconds since the epoch. It sends commands
    only from `act`, from its own timers and from `stop`, each one after it is in the journal.
    `wants_every_change` says whether it decides on every change instead of at a refresh.

    Raise InvariantError from `take` if the desk's books contradict the exchange's: the desk is
    halted then, and as its books can no longer be trusted, the caller must cancel everything.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        exchange: Exchange,
        journal: Journal,
        strategy: Strategy,
        strategy_factory: Callable[..., Strategy],
        pricing: Pricing,
        ladder: Ladder,
        market_states: MarketStates,
        exposure: Exposure,
        ledger: Ledger,
        wagers: Wagers,
        manager: WagerManager,
        risk: RiskManager,
        losses: LossLimits,
        rejections: RejectionStreak,
        earlier_runs: EarlierRuns,
    ) -> None:
        """Connect the parts; nothing happens before `start`.

        The factory made the strategy; given settings by name, it makes one with these changed.
        """
        self.market_states = market_states
        self.exposure = exposure
        self.ledger = ledger
        self.wagers = wagers
        self.manager = manager
        self.risk = risk
        self.losses = losses
        self.decisions = 0
        self.rejections = rejections
        self._earlier_losses = earlier_runs.losses
        risk.set_state(earlier_runs.state, earlier_runs.reason)
        self._clock = clock
        self._exchange = exchange
        self._journal = journal
        self._strategy_factory = strategy_factory
        self._strategy = strategy
        self._first_limits = risk.limits
        self._first_wager_settings = manager.settings
        self._pricing = pricing
        self.views = DeskViews(market_states, exposure, wagers, risk, pricing, ladder)
        self._input_seq = 0
        self._accounts = ledger.snapshot()
        resend = Alarm(clock, self._resend_cancels)
        self._sender = CommandSender(exchange, journal, wagers, manager, risk, resend)
        self._account_check = AccountCheck(wagers, ledger)
        self._refresh_ns = strategy.quote_refresh_ns
        self.wants_every_change = self._refresh_ns == 0
        self._appliers = self._appliers_by_type()
        self._denied = DeniedMarkets(journal, market_states, exposure, ledger, wagers)
        self._wakeups = Wakeups(
            clock, market_states, risk, pricing,
            wants_every_change=self.wants_every_change, by_time=self._look, retry=self._retry,
        )  # fmt: skip

    def restore(self, wagers: Iterable[EarlierWager]) -> None:
        """Take over what earlier runs left, with these wagers of theirs; call before `start`.

        Pause the journal meanwhile: it has their updates already.
        """
        for wager in wagers:
            self.wagers.register(wager.request, wager.placed_ns)
            for at_ns, event in wager.updates:
                self.take(event, at_ns)
        losses = self._earlier_losses
        missing = take_over_marks(self.exposure, losses.positions, self.market_states.books)
        self.rejections.clear()
        self.losses.take_over(losses, missing, self.ledger.equity_cents)

    def loss_record(self) -> LossRecord:
        """Return what the loss limits of the next run must know of this one and those before."""
        return self.losses.record(self.ledger.profit_cents, held_positions(self.exposure))

    def start(self) -> None:
        """Begin to look and to refresh; halt if earlier runs have used up a loss limit."""
        now_ns = self._clock.now_ns()
        self._halt(self.losses.update(now_ns, self.ledger.equity_cents), now_ns)
        self._wakeups.watch(now_ns)
        if self._refresh_ns:
            self._clock.call_at(now_ns + self._refresh_ns, self._refresh)

    def stop(self, reason: str) -> None:
        """Halt and cancel everything."""
        self.on_event(TradingStateSet(TradingState.HALTED, reason), self._clock.now_ns())

    def on_event(self, event: Event, now_ns: int) -> None:
        """Apply an event and decide."""
        self.take(event, now_ns)
        self.act(now_ns)

    def take(self, event: Event, at_ns: int) -> None:
        """Apply an event that arrived at `at_ns`; decide nothing."""
        self._input_seq += 1
        if type(event) is OfferChanged:
            self.market_states.put_offer(event, at_ns)
            return
        if type(event) is not TradeSeen:
            self._journal.received(self._input_seq, at_ns, event)
        try:
            self._appliers.get(type(event), self._apply_market_data)(event, at_ns)
        except InvariantError as error:
            name = "drift" if isinstance(event, AccountState) else "books"
            self._halt(f"{name}: {error}", at_ns)
            raise

    def act(self, now_ns: int) -> None:
        """Decide on every market that cannot wait for the next refresh, and send commands."""
        if self._denied.usage_at_denial and self.wants_every_change:
            self._denied.mark_freed()
        for market in self.market_states.pop_urgent():
            self._decide(market, now_ns)

    def market_fair(self, pair_id: PairId, now_ns: int) -> float | None:
        """Return the market's fair probability of a pair's first line, None without a price."""
        book = self.market_states.books[pair_id]
        event = self.market_states.events[book.pair.first.event_id]
        return self._pricing.fair(book, event, now_ns)

    def _refresh(self) -> None:
        now_ns = self._woken()
        self._wakeups.mark_moved(now_ns)
        self._denied.mark_freed()
        for market in self.market_states.pop_due():
            self._decide(market, now_ns)
        self._clock.call_at(now_ns + self._refresh_ns, self._refresh)

    def _woken(self) -> int:
        """Record that time alone woke the desk, as a replay must; return the time."""
        now_ns = self._clock.now_ns()
        self.take(TimerFired(), now_ns)
        return now_ns

    def _look(self) -> None:
        """Decide on the markets that time permits or forbids to quote, or whose prices it moves."""
        now_ns = self._woken()
        for market in self.market_states.markets.values():
            self._wakeups.look_at(market, now_ns)
        if self.wants_every_change:
            self._wakeups.mark_moved(now_ns)
        self.act(now_ns)
        self._wakeups.watch(now_ns)

    def _resend_cancels(self) -> None:
        self._sender.resend_cancels(self._woken())

    def _retry(self, market: MarketState) -> None:
        now_ns = self._woken()
        market.targets = None
        self.market_states.mark_urgent(market)
        self.act(now_ns)

    # Applying ---------------------------------------------------------------------------------

    def _appliers_by_type(self) -> dict[type, Callable[[Any, int], None]]:
        return {
            MarketSettled: self._settle,
            TradingStateSet: self._set_trading_state,
            QuotesPulled: self._pull,
            SettingsChanged: self._change_settings,
            AccountState: self._check_account,
            **dict.fromkeys(PRIVATE_UPDATES, self._apply_private),
        }

    def _apply_market_data(self, event: Event, at_ns: int) -> None:
        self.market_states.apply(event, at_ns)
        self._wakeups.note(event, at_ns)

    def _settle(self, event: MarketSettled, at_ns: int) -> None:
        self.ledger.settle(event, at_ns)
        self._update_accounts(at_ns)

    def _check_account(self, event: AccountState, at_ns: int) -> None:
        if self._account_check.needs_another(event, at_ns):
            self._clock.call_at(at_ns + CANCEL_PATIENCE_NS, self._exchange.ask_state)

    def _apply_private(self, event: PrivateUpdate, at_ns: int) -> None:
        wager = self.wagers.apply(event, at_ns)
        if wager is None:
            return
        kind = type(event)
        if kind is WagerAccepted:
            self.rejections.clear()
        elif isinstance(event, WagerRejected):
            self._halt(self.rejections.add(event, wager.placed_ns, at_ns), at_ns)
        elif kind in RESULTS_OF_OPENING:
            self.risk.back_off.note(wager, event, at_ns)
        market = self.market_states.markets[wager.pair.market_key]
        # A wager that is accepted or opened covers its quote as it did in flight.
        if market.waiting or kind not in ON_THE_WAY:
            market.targets = None
        if kind in CHANGES_OF_MATCHED:
            self.ledger.pay_late_fill(market.key)
            self._update_accounts(at_ns)
        # After a refusal, deciding at once would send the same again.
        if kind is CancelRefused:
            self._wakeups.retry_at(market, wager.retry_at_ns)
        elif kind is WagerRejected or kind is WagerInvalid:
            self._wakeups.later(market, at_ns + RETRY_NS)
        elif kind is WagerMatched or market.waiting:
            self.market_states.mark_urgent(market)
        else:
            self.market_states.mark(market)

    def _set_trading_state(self, event: TradingStateSet, at_ns: int) -> None:
        # A pause is no statement about losses: only one who lifts a halt has looked at them.
        if event.state is TradingState.ACTIVE and self.risk.state is TradingState.HALTED:
            self.losses.accept(self.ledger.equity_cents)
            self.rejections.clear()
        self.risk.set_state(event.state, event.reason)
        self.market_states.mark_all_urgent()
        if event.state is TradingState.HALTED:
            self._sender.cancel_all(at_ns)

    def _pull(self, event: QuotesPulled, at_ns: int) -> None:
        """Cancel what is open in the scope of the event; the strategy quotes there as before."""
        refs = []
        for wager in self.wagers.live():
            key = wager.pair.market_key
            if event.event_id in (None, key.event_id) and event.market_id in (None, key.market_id):
                market = self.market_states.markets[key]
                market.targets = None
                self._wakeups.later(market, at_ns + RETRY_NS)
                if wager.state is WagerState.OPEN:
                    refs.append(wager.ref)
        self._sender.cancel(refs, at_ns)

    def _change_settings(self, event: SettingsChanged, at_ns: int) -> None:
        """Use other limits and tolerances, and another strategy of the same class."""
        limits = changed_limits(self._first_limits, of_part("risk", event.values))
        self.risk.use(limits)
        self.losses.use(limits)
        self.rejections.use(limits)
        self.manager.min_stake_cents = limits.min_stake_cents
        self.manager.settings = changed_wager_settings(
            self._first_wager_settings, of_part("wagers", event.values)
        )
        changes = of_part("strategy", event.values)
        self._strategy = change_strategy(self._strategy, self._strategy_factory, changes)
        self.market_states.mark_all_urgent()
        self._wakeups.watch(at_ns)
        # A loss may be above a lower limit already.
        self._halt(self.losses.update(at_ns, self.ledger.equity_cents), at_ns)

    def _update_accounts(self, now_ns: int) -> None:
        """Journal changed accounts, and halt if a loss limit is reached."""
        accounts = self.ledger.snapshot()
        if accounts != self._accounts:
            self._accounts = accounts
            self._journal.account_changed(now_ns, accounts)
            self._halt(self.losses.update(now_ns, self.ledger.equity_cents), now_ns)

    def _halt(self, reason: str | None, now_ns: int) -> None:
        """Halt for a named reason, if there is one, unless the desk is halted already."""
        if reason is not None and self.risk.state is not TradingState.HALTED:
            self.take(TradingStateSet(TradingState.HALTED, reason), now_ns)

    # Deciding ---------------------------------------------------------------------------------

    def _decide(self, market: MarketState, now_ns: int) -> None:
        """Ask the strategy for its target quotes, trim them, and send the changes."""
        self.decisions += 1
        fairs = self._mark(market, now_ns)
        self._update_accounts(now_ns)
        self.risk.note_open_stake()
        market.block_reason = self.risk.block_reason(market, now_ns)
        if market.block_reason == FEED_STALE:
            market.event.is_stale = True
        self.views.forget_own_fairs(market)
        targets = () if market.block_reason else self._quote(market, fairs, now_ns)
        same = targets == market.targets and targets is not None
        holds = same and self.risk.prices_hold(market, targets, now_ns)
        if holds and self.views.silence_holds(market, fairs, targets, now_ns):
            return
        require_quotes(self._strategy, targets, market.line_ids)
        mispriced = self.risk.halt_if_mispriced(market, targets, now_ns)
        if mispriced is not None:
            self._halt(mispriced, now_ns)
            return
        allowed, denials = self.risk.trim(market, targets, now_ns)
        changes = self.manager.converge(market.line_ids, targets, allowed, now_ns)
        if changes.cancels or changes.places:
            denials += self._sender.send(changes, now_ns)
        market.silence = self.views.silence_reason(market, fairs, targets, denials, now_ns)
        self._journal.decided(now_ns, decision_on(market, fairs, allowed))
        self._denied.note(market, denials, now_ns)
        market.waiting = not changes.complete
        market.targets = None if denials else targets
        if changes.retry_at_ns is not None:
            self._wakeups.retry_at(market, changes.retry_at_ns)
        if denials:
            self._wakeups.after_denials(market, denials, now_ns)

    def _quote(self, market: MarketState, fairs: Fairs, now_ns: int) -> tuple[Quote, ...]:
        quotes = quotes_of(self._strategy, self.views.of(market, fairs, now_ns))
        if self.views.notes:
            self._journal.noted(now_ns, self.views.take_notes())
        return quotes

    def _mark(self, market: MarketState, now_ns: int) -> tuple[float | None, ...]:
        """Price the pairs of a market, and value its positions."""
        event, pricing = market.event, self._pricing
        fairs: list[float | None] = []
        for book in market.books:
            fair = pricing.fair(book, event, now_ns)
            if fair is not None:
                event.keep_fair(book.pair, fair)
                self.exposure.mark(book.pair, fair)
            if self.wants_every_change:
                book.mark_touches()
            fairs.append(fair)
        return tuple(fairs)
