"""A harness for desk tests: a small catalogue, a stepped clock and a scripted exchange."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from strategies.trading.accounting.commission import Commission
from strategies.trading.desk.assembly import DeskSettings, assemble_desk
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.earlier_runs import NO_EARLIER_RUNS, EarlierRuns
from strategies.trading.model.events import (
    Event,
    MarketSettled,
    MarketStatusChanged,
    OfferChanged,
    WagerAccepted,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import Line, Market, MarketStatus, Pair, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.money import fill_profit_cents
from strategies.trading.model.odds import Odds, prophetx_ladder
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.control import Control
from strategies.trading.ports.strategy import Quote
from strategies.trading.pricing.touch import Consensus, Pricing
from strategies.trading.risk.controls import NO_CONTROLS
from strategies.trading.risk.limits import Limits
from strategies.trading.wagers.wager import Wager
from strategies.trading.wagers.wager_manager import Changes
from strategies.trading.wagers.wager_settings import WagerSettings
from strategies.trading.wagers.wager_state import CANCEL_AFTER_OPEN_NS
from tests.strategies.trading.scripted_desk import FixedStrategy, RecordingJournal, ScriptedExchange

START_NS = 1_790_000_000 * NS_PER_SECOND
TIP_OFF_NS = START_NS + 3600 * NS_PER_SECOND
REFRESH_NS = 5 * NS_PER_SECOND

_MARKETS = (
    ("g1", "219", MarketType.MONEYLINE),
    ("g1", "223", MarketType.SPREAD),
    ("g1", "225", MarketType.TOTAL),
    ("g2", "219", MarketType.MONEYLINE),
)
_LINES = (
    ("home", "g1", "219", Selection.HOME, 0.0),
    ("away", "g1", "219", Selection.AWAY, 0.0),
    ("home-4.5", "g1", "223", Selection.HOME, -4.5),
    ("away+4.5", "g1", "223", Selection.AWAY, 4.5),
    ("home-3", "g1", "223", Selection.HOME, -3.0),
    ("away+3", "g1", "223", Selection.AWAY, 3.0),
    ("over", "g1", "225", Selection.OVER, 219.5),
    ("under", "g1", "225", Selection.UNDER, 219.5),
    ("home2", "g2", "219", Selection.HOME, 0.0),
    ("away2", "g2", "219", Selection.AWAY, 0.0),
)


def small_catalogue() -> Catalogue:
    """Return two games: one with a moneyline, two spreads and a total, one with a moneyline."""
    events = [
        SportEvent(EventId(name), name, "Home", "Away", league, "basketball", TIP_OFF_NS)
        for name, league in (("g1", "NBA"), ("g2", "WNBA"))
    ]
    markets = [
        Market(EventId(event), MarketId(market), type_, type_.value)
        for event, market, type_ in _MARKETS
    ]
    lines = [
        Line(LineId(name), EventId(event), MarketId(market), selection, point)
        for name, event, market, selection, point in _LINES
    ]
    return Catalogue(events, markets, lines)


GENEROUS = Limits(
    min_stake_cents=100,
    max_stake_cents=10_000_000,
    max_position_cents=10_000_000,
    max_market_exposure_cents=10_000_000,
    max_event_exposure_cents=10_000_000,
    max_total_exposure_cents=10_000_000,
    max_concurrent_wagers=1_000,
    max_daily_loss_cents=0,
    stop_loss_percent=Decimal(0),
    shortest_odds=-25_000,
    longest_odds=25_000,
    max_feed_age_ns=86_400 * NS_PER_SECOND,
    max_commands_per_second=1_000,
    in_play=False,
    stop_before_start_ns=120 * NS_PER_SECOND,
    exposure_credit=False,
    nets_positions=True,
)


@dataclass(eq=False)
class SteppedTimer:
    """A call at a time, until it is cancelled."""

    when_ns: int
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        """Cancel the call."""
        self.cancelled = True


class SteppedClock:
    """A clock that changes only when a test moves it."""

    def __init__(self) -> None:
        """Set the clock to START_NS."""
        self._now_ns = START_NS
        self._timers: list[SteppedTimer] = []

    def now_ns(self) -> int:
        """Return the time."""
        return self._now_ns

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> SteppedTimer:
        """Schedule a call."""
        timer = SteppedTimer(max(when_ns, self._now_ns), callback)
        self._timers.append(timer)
        return timer

    def advance(self, by_ns: int) -> None:
        """Move the time on, making every call that falls due, in order of time."""
        until_ns = self._now_ns + by_ns
        while due := [timer for timer in self._timers if timer.when_ns <= until_ns]:
            timer = min(due, key=lambda timer: timer.when_ns)
            self._timers.remove(timer)
            self._now_ns = timer.when_ns
            if not timer.cancelled:
                timer.callback()
        self._now_ns = until_ns

    def skip(self, by_ns: int) -> None:
        """Move the time on without making calls, as if the process were suspended."""
        self._now_ns += by_ns


class DeskHarness:
    """A whole desk with clock, exchange, journal and strategy controlled by the test.

    Other keywords are limits; limits not given are too wide to matter.
    """

    def __init__(
        self,
        refresh_ns: int = REFRESH_NS,
        odds_tolerance_rungs: int = 0,
        stake_tolerance_percent: int = 0,
        commission: Commission = Commission(2),  # noqa: B008 - immutable
        balance_cents: int = 100_000_000,
        controls: Mapping[str, Control] = NO_CONTROLS,
        opened: bool = True,
        started: bool = True,
        pricing: Pricing = Consensus(0.2),  # noqa: B008 - immutable
        make_strategy: Callable[[int], Any] = FixedStrategy,
        earlier_runs: EarlierRuns = NO_EARLIER_RUNS,
        **limits: Any,
    ) -> None:
        """Make a desk that follows every market; by default it is started, and all are open."""
        self.log: list[tuple[str, Any]] = []
        self.clock = SteppedClock()
        self.exchange = ScriptedExchange(self.log)
        self.journal = RecordingJournal(self.log)
        self.strategy = make_strategy(refresh_ns)
        self.catalogue = small_catalogue()
        self.limits = replace(GENEROUS, **limits)
        self._count = 0
        settings = DeskSettings(
            strategy=lambda: self.strategy,
            pricing=pricing,
            limits=self.limits,
            wagers=WagerSettings(odds_tolerance_rungs, stake_tolerance_percent),
            commission=commission,
            starting_balance_cents=balance_cents,
            session_name="test",
            start_number=1,
            controls=controls,
        )
        self.desk = assemble_desk(
            settings,
            catalogue=self.catalogue,
            market_keys=tuple(self.catalogue.markets),
            ladder=prophetx_ladder(),
            clock=self.clock,
            exchange=self.exchange,
            journal=self.journal,
            earlier_runs=earlier_runs,
        )
        self.desk.restore(())
        if started:
            self.desk.start()
        if opened:
            for key in self.catalogue.markets:
                self.on_event(MarketStatusChanged(key, MarketStatus.OPEN))

    # Names ------------------------------------------------------------------------------------

    @staticmethod
    def key(event_id: str = "g1", market_id: str = "219") -> MarketKey:
        """Return the key of a market, by default the first moneyline."""
        return MarketKey(EventId(event_id), MarketId(market_id))

    def pair(self, line: str = "home") -> Pair:
        """Return the pair of a line."""
        return self.catalogue.pair_of(LineId(line))

    def market(self, line: str = "home") -> Any:
        """Return the desk's state of the market of a line."""
        return self.desk.market_states.markets[self.pair(line).market_key]

    def wager(self, ref: WagerRef) -> Wager:
        """Return a wager that the desk knows."""
        found = self.desk.wagers.find(ref)
        assert found is not None
        return found

    def resting(self) -> list[tuple[str, int, int]]:
        """Return what may still be matched as (line, odds, cents), in order of placing."""
        return [(w.line_id, w.odds, w.unmatched_cents) for w in self.desk.wagers.live()]

    # Quotes and commands ----------------------------------------------------------------------

    @staticmethod
    def quote(line: str, odds: int, cents: int, intent: Intent = Intent.ADD_ONLY) -> Quote:
        """Return a quote."""
        return Quote(LineId(line), Odds(odds), cents, intent)

    def request(
        self, line: str, odds: int, cents: int, intent: Intent = Intent.ADD_ONLY
    ) -> PlaceWager:
        """Return a command to place a wager, with a reference of its own."""
        self._count += 1
        return PlaceWager(WagerRef(f"asked-{self._count}"), LineId(line), Odds(odds), cents, intent)

    def register(
        self, line: str, odds: int, cents: int, intent: Intent = Intent.ADD_ONLY
    ) -> WagerRef:
        """Put a wager in flight, bypassing strategy and risk; return its reference."""
        request = self.request(line, odds, cents, intent)
        self.desk.wagers.register(request, self.clock.now_ns())
        return request.ref

    def rest(self, line: str, odds: int, cents: int) -> WagerRef:
        """Put a wager in the book that can be cancelled now; return its reference.

        It bypasses strategy and risk.
        """
        ref = self.register(line, odds, cents)
        self.take(WagerAccepted(ref))
        self.take(WagerOpened(ref))
        self.clock.skip(CANCEL_AFTER_OPEN_NS)
        return ref

    def set_quotes(self, *quotes: Quote) -> None:
        """Let the strategy return these quotes, and advance to the next refresh, if it has one."""
        self.strategy.quotes = quotes
        for market in self.desk.market_states.markets.values():
            self.desk.market_states.mark(market)
        if self.desk.wants_every_change:
            self.desk.act(self.clock.now_ns())
        else:
            self.refresh()

    def converge(self, *quotes: Quote) -> Changes:
        """Return what the wager manager sends for moneyline quotes, registered as sent."""
        wagers, manager, now_ns = self.desk.wagers, self.desk.manager, self.clock.now_ns()
        changes = manager.converge((LineId("home"), LineId("away")), quotes, quotes, now_ns)
        for ref in changes.cancels:
            wagers.begin_cancel(ref, now_ns)
        for place in changes.places:
            manager.register(place, now_ns)
        return changes

    # Events -----------------------------------------------------------------------------------

    def on_event(self, event: Event) -> None:
        """Give the desk an event, and let it act on it."""
        self.desk.on_event(event, self.clock.now_ns())

    def take(self, event: Event) -> None:
        """Give the desk an event, without letting it act on it."""
        self.desk.take(event, self.clock.now_ns())

    def refresh(self) -> None:
        """Advance the clock by one refresh interval."""
        self.clock.advance(self.strategy.quote_refresh_ns or NS_PER_SECOND)

    def offer(self, line: str, odds: int, cents: int) -> None:
        """Give the desk a changed offer."""
        self.on_event(OfferChanged(LineId(line), Odds(odds), cents))

    def matched(self, ref: WagerRef, cents: int) -> WagerMatched:
        """Return a fill of a wager at its own odds."""
        wager = self.wager(ref)
        profit = fill_profit_cents(wager.matched_cents, cents, wager.odds)
        return WagerMatched(ref, wager.odds, cents, profit)

    def fill(self, ref: WagerRef, cents: int) -> None:
        """Give the desk a fill of a wager at its own odds, without letting it act on it."""
        self.take(self.matched(ref, cents))

    def fill_new(self, line: str, odds: int, cents: int) -> None:
        """Create a position: a wager that is matched in full."""
        self.fill(self.rest(line, odds, cents), cents)

    def settle(self, key: MarketKey, results: dict[str, Result]) -> None:
        """Settle a market."""
        line_results = tuple((LineId(line), result) for line, result in results.items())
        self.on_event(MarketSettled(key, line_results))

    def open_pending(self) -> None:
        """Accept and open every pending wager."""
        for wager in list(self.desk.wagers.live()):
            if wager.state in ("pending", "accepted"):
                self.on_event(WagerAccepted(wager.ref))
                self.on_event(WagerOpened(wager.ref))

    def confirm_cancels(self) -> None:
        """Confirm every cancel in flight."""
        for wager in list(self.desk.wagers.live()):
            if wager.state == "cancelling":
                self.on_event(WagerCancelled(wager.ref, wager.unmatched_cents))


@pytest.fixture(scope="session")
def make_harness() -> Callable[..., DeskHarness]:
    """Return the class of desk harnesses, to be built with a test's own settings."""
    return DeskHarness


@pytest.fixture(scope="session")
def make_limits() -> Callable[..., Limits]:
    """Return a function that builds limits that are too wide to matter, except those given."""

    def make(**limits: Any) -> Limits:
        return replace(GENEROUS, **limits)

    return make


@pytest.fixture
def harness() -> DeskHarness:
    """Return a desk harness with the default settings."""
    return DeskHarness()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """Return the small catalogue."""
    return small_catalogue()
