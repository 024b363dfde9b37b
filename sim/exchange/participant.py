"""A participant of the exchange: its money, its wagers, and where their updates go."""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sim.exchange.exchange_settings import BalanceMode, ExchangeRules
from sim.exchange.line_results import result_of
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import AccountState, Event, WagerCancelled, WagerMatched
from strategies.trading.model.ids import LineId, MarketKey, WagerRef
from strategies.trading.model.market import Catalogue, Pair, Result
from strategies.trading.model.money import fill_profit_cents
from strategies.trading.model.odds import Odds, opposite
from strategies.trading.model.units import NS_PER_SECOND


class Ended(StrEnum):
    """The end of a wager; the value is the error code with which a later cancel is refused."""

    MATCHED = "order_already_filled"
    CANCELLED = "order_already_cancelled"
    INVALID = "order_is_invalid"


class ExchangeWager:
    """A live wager: its open stake, its matched stake by odds, and its queue position.

    `line_index` is the position of its line in the tape's dictionaries. It is displayed to takers
    on the opposite line at `displayed_odds`; `ahead_cents` is what recorded makers have ahead of
    it there, in takers' cents. `number` is its sequence number of acceptance: of two wagers at the
    same odds the lower number has priority. `delayed` wagers count against the limit of wagers in
    the in-play delay. `due_ns` is when it is activated, `opened_ns` when it was, `matched_ns` the
    time of its last fill.
    """

    __slots__ = (
        "ahead_cents",
        "delayed",
        "displayed_odds",
        "due_ns",
        "filled_cents",
        "intent",
        "line_id",
        "line_index",
        "matched_ns",
        "number",
        "odds",
        "open_cents",
        "opened_ns",
        "owner",
        "ref",
        "stake_cents",
    )

    def __init__(
        self, owner: "Participant", request: PlaceWager, line_index: int, number: int
    ) -> None:
        """Accept a request with sequence number `number`; it is pending until activated."""
        self.owner = owner
        self.ref: WagerRef = request.ref
        self.line_id: LineId = request.line_id
        self.line_index = line_index
        self.number = number
        self.odds: Odds = request.odds
        self.displayed_odds: Odds = opposite(request.odds)
        self.intent: Intent = request.intent
        self.stake_cents = self.open_cents = request.stake_cents
        self.filled_cents: dict[Odds, int] = {}
        self.ahead_cents = 0
        self.due_ns = 0
        self.delayed = False
        self.opened_ns: int | None = None
        self.matched_ns: int | None = None

    @property
    def matched_cents(self) -> int:
        """Return the stake that has been matched, in cents."""
        return self.stake_cents - self.open_cents

    def profit_of_fill(self, odds: Odds, stake_cents: int) -> int:
        """Return the profit of a fill in cents, rounded so that all fills at `odds` add up."""
        return fill_profit_cents(self.filled_cents.get(odds, 0), stake_cents, odds)

    def displayed_cents(self) -> int:
        """Return how many cents a taker can still stake against this wager."""
        return self.profit_of_fill(self.odds, self.open_cents)

    def fill(self, odds: Odds, stake_cents: int) -> None:
        """Move a fill's stake from the open part to the matched part."""
        assert 0 < stake_cents <= self.open_cents
        self.filled_cents[odds] = self.filled_cents.get(odds, 0) + stake_cents
        self.open_cents -= stake_cents


@dataclass(slots=True)
class _LineTotal:
    """The matched stakes on a line and the profit that they win if the line wins."""

    stake_cents: int = 0
    profit_cents: int = 0

    def gross_cents(self, result: Result) -> int:
        if result is Result.WON:
            return self.profit_cents
        return -self.stake_cents if result is Result.LOST else 0


@dataclass(slots=True)
class _MarketTotal:
    """The matched wagers in a market, and the outcome of its settlement once settled."""

    lines: dict[LineId, _LineTotal] = field(default_factory=dict)
    settled: bool = False
    gross_cents: int = 0
    commission_cents: int = 0

    def line(self, line_id: LineId) -> _LineTotal:
        return self.lines.setdefault(line_id, _LineTotal())

    def covered_cents(self, pair: Pair) -> int:
        """Return how much of a pair's stakes no result can lose, as the lines offset each other."""
        first, second = self.line(pair.first.line_id), self.line(pair.second.line_id)
        worst_cents = min(
            0,
            first.profit_cents - second.stake_cents,
            second.profit_cents - first.stake_cents,
        )
        return max(0, worst_cents + first.stake_cents + second.stake_cents)


class ExchangeAccount:
    """One participant's money at the exchange, in cents.

    A fill takes nothing from `cash_cents`: its stake is at risk, part of `matched_cents`, until the
    market settles. Then each line wins its profit, loses its stake or returns it, and commission
    is charged on the market's net winnings. A repeated settlement replaces the earlier one.

    `covered_cents` is the part of the matched stakes that no result can lose, because matched
    wagers on both lines of a pair offset each other: the exchange returns it as exposure credit.
    """

    def __init__(
        self, catalogue: Catalogue, starting_balance_cents: int, commission: Commission
    ) -> None:
        """Open an account with a balance."""
        self.cash_cents = starting_balance_cents
        self.matched_cents = 0
        self.covered_cents = 0
        self._catalogue = catalogue
        self._commission = commission
        self._markets: dict[MarketKey, _MarketTotal] = {}

    @property
    def commission_cents(self) -> int:
        """Return the commission taken so far."""
        return sum(total.commission_cents for total in self._markets.values())

    def book_fill(self, pair: Pair, line_id: LineId, stake_cents: int, profit_cents: int) -> None:
        """Book a fill on a line of a pair, in a market that is not settled."""
        market = self._markets.setdefault(pair.market_key, _MarketTotal())
        covered_cents = market.covered_cents(pair)
        total = market.line(line_id)
        total.stake_cents += stake_cents
        total.profit_cents += profit_cents
        self.matched_cents += stake_cents
        self.covered_cents += market.covered_cents(pair) - covered_cents

    def settle(self, market_key: MarketKey, results: Mapping[LineId, Result]) -> None:
        """Pay a market out by its results; replace its earlier settlement if there is one.

        A line without a result is paid by the reverse of its opposite's; if neither line has one,
        the stakes are returned.
        """
        market = self._markets.get(market_key)
        if market is None:
            return
        pairs = self._catalogue.pairs_by_market[market_key]
        if market.settled:
            self.cash_cents -= market.gross_cents - market.commission_cents
        else:
            self.matched_cents -= sum(total.stake_cents for total in market.lines.values())
            self.covered_cents -= sum(market.covered_cents(pair) for pair in pairs)
        by_pair = [self._pair_gross_cents(market, pair, results) for pair in pairs]
        market.settled = True
        market.gross_cents = sum(by_pair)
        market.commission_cents = self._commission.on(by_pair)
        self.cash_cents += market.gross_cents - market.commission_cents

    @staticmethod
    def _pair_gross_cents(
        market: _MarketTotal, pair: Pair, results: Mapping[LineId, Result]
    ) -> int:
        gross_cents = 0
        for line, other in ((pair.first, pair.second), (pair.second, pair.first)):
            total = market.lines.get(line.line_id)
            if total is not None:
                gross_cents += total.gross_cents(result_of(line.line_id, other.line_id, results))
        return gross_cents


# Receives private updates of one cause, which reach the participant together.
OnUpdates = Callable[[tuple[Event, ...]], None]


@dataclass(slots=True)
class Counters:
    """Counts of fills and of refusals by error code, for the report."""

    fills: int = 0
    refusals: Counter[str] = field(default_factory=Counter)


class Participant:
    """One account's side of the exchange.

    `live` holds the pending and open wagers in the order of acceptance; `ended` keeps how every
    other wager ended, so that its reference is never accepted again. `delayed` counts wagers in the
    in-play delay. `open_cents` is the unmatched stake of live wagers, `opened_cents` the part of it
    that is activated. `notify` receives the private updates.
    """

    __slots__ = (
        "_credit_cents",
        "_credit_tick",
        "_requests_ns",
        "_settings",
        "account",
        "counters",
        "delayed",
        "ended",
        "live",
        "name",
        "notify",
        "open_cents",
        "opened_cents",
        "placing_allowed",
    )

    def __init__(
        self, name: str, account: ExchangeAccount, settings: ExchangeRules, notify: OnUpdates
    ) -> None:
        """Start with an account and no wagers."""
        self.name = name
        self.account = account
        self.notify = notify
        self.counters = Counters()
        self.live: dict[WagerRef, ExchangeWager] = {}
        self.ended: dict[WagerRef, Ended] = {}
        self.open_cents = 0
        self.opened_cents = 0
        self.delayed = 0
        self.placing_allowed = True
        self._settings = settings
        self._requests_ns: deque[int] = deque()
        self._credit_cents = 0
        self._credit_tick = 0

    def has_used(self, ref: WagerRef) -> bool:
        """Return whether a wager with this reference was accepted before."""
        return ref in self.live or ref in self.ended

    def admit_request(self, now_ns: int) -> bool:
        """Count a request and return True, or return False if it exceeds the rate limit.

        The limit holds over a sliding second; a request beyond it is not counted.
        """
        requests = self._requests_ns
        while requests and requests[0] <= now_ns - NS_PER_SECOND:
            requests.popleft()
        if len(requests) >= self._settings.requests_per_second:
            return False
        requests.append(now_ns)
        return True

    @property
    def available_cents(self) -> int:
        """Return the cash that is neither at risk nor in open wagers, without exposure credit."""
        return self.account.cash_cents - self.account.matched_cents - self.open_cents

    def credit_cents(self, now_ns: int) -> int:
        """Return the exposure credit as of its last refresh.

        It only increases between settlements, so a stale value is never too high.
        """
        self.refresh_credit(now_ns)
        return self._credit_cents

    def refresh_credit(self, now_ns: int) -> None:
        """Refresh the credit if a refresh is due; call this before anything is matched."""
        if not self._settings.exposure_credit:
            return
        tick = now_ns // max(1, self._settings.credit_refresh_ns)
        if tick != self._credit_tick:
            self._credit_tick = tick
            self._credit_cents = self.account.covered_cents

    def limit_credit(self) -> None:
        """Reduce the credit to what is still covered, as a settlement can remove cover."""
        self._credit_cents = min(self._credit_cents, self.account.covered_cents)

    def payable_cents(self, now_ns: int) -> int:
        """Return the most stake that the account can pay for if it is matched now."""
        account = self.account
        return max(0, account.cash_cents - account.matched_cents + self.credit_cents(now_ns))

    def stakeable_cents(self, now_ns: int) -> int:
        """Return the most that one more wager may stake, by the balance mode."""
        payable_cents = self.payable_cents(now_ns)
        if self._settings.balance_mode is BalanceMode.IMMEDIATE:
            return payable_cents - self.open_cents
        return payable_cents

    def would_overdraw(self, wager: ExchangeWager, now_ns: int) -> bool:
        """Return whether opening a wager would exceed the open stake that the account allows.

        Wagers still pending do not count: they are behind this one in the queue.
        """
        multiple = self._settings.open_stake_multiple
        if self._settings.balance_mode is BalanceMode.IMMEDIATE:
            multiple = 1
        return self.opened_cents + wager.open_cents > multiple * self.payable_cents(now_ns)

    def exceeds_back_off(self, stake_cents: int, now_ns: int) -> bool:
        """Return whether `stake_cents` more open stake would exceed the back-off multiple."""
        limit_cents = self._settings.back_off_multiple * self.payable_cents(now_ns)
        return self.open_cents + stake_cents > limit_cents

    def add(self, wager: ExchangeWager) -> None:
        """Add an accepted wager, pending."""
        self.live[wager.ref] = wager
        self.open_cents += wager.open_cents
        self.delayed += wager.delayed

    def mark_opened(self, wager: ExchangeWager, now_ns: int) -> None:
        """Mark a pending wager as open."""
        wager.opened_ns = now_ns
        self.delayed -= wager.delayed
        self.opened_cents += wager.open_cents

    def book_fill(
        self,
        wager: ExchangeWager,
        pair: Pair,
        odds: Odds,
        stake_cents: int,
        profit_cents: int,
        now_ns: int,
    ) -> None:
        """Book a fill of a live wager on a line of `pair`: its stake, and its profit if it wins.

        The wager ends if nothing of it is left open.
        """
        self.refresh_credit(now_ns)
        wager.fill(odds, stake_cents)
        wager.matched_ns = now_ns
        self.counters.fills += 1
        self.open_cents -= stake_cents
        self.opened_cents -= stake_cents
        if not wager.open_cents:
            del self.live[wager.ref]
            self.ended[wager.ref] = Ended.MATCHED
        self.account.book_fill(pair, wager.line_id, stake_cents, profit_cents)
        total_cents = wager.matched_cents
        self.notify((WagerMatched(wager.ref, odds, stake_cents, profit_cents, total_cents),))

    def end_unpaid(self, wager: ExchangeWager) -> None:
        """End a wager that the account cannot pay for in full; it has left the book already."""
        self.end(wager, Ended.CANCELLED)
        self.notify((WagerCancelled(wager.ref, wager.open_cents),))

    def end(self, wager: ExchangeWager, how: Ended) -> None:
        """End a live wager that is not fully matched."""
        del self.live[wager.ref]
        self.ended[wager.ref] = how
        self.open_cents -= wager.open_cents
        if wager.opened_ns is None:
            self.delayed -= wager.delayed
        else:
            self.opened_cents -= wager.open_cents

    def account_state(self, now_ns: int) -> AccountState:
        """Return the account as the exchange reports it."""
        open_cents = tuple(self._open_wagers())
        return AccountState(self.available_cents, open_cents, self.credit_cents(now_ns))

    def _open_wagers(self) -> Iterator[tuple[WagerRef, int]]:
        return ((wager.ref, wager.open_cents) for wager in self.live.values())
