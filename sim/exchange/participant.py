"""A participant of the exchange: its money, its wagers, and where their updates go."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from sim.exchange.exchange_account import ExchangeAccount
from sim.exchange.exchange_settings import BalanceMode, ExchangeRules
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import (
    AccountState,
    Event,
    TradeBroken,
    WagerCancelled,
    WagerMatched,
)
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.market import Pair
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
        "_displayed_cents",
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
        self._displayed_cents: int | None = None
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

    @property
    def displayed_cents(self) -> int:
        """Return how many cents a taker can still stake against this wager."""
        if self._displayed_cents is None:
            self._displayed_cents = self.profit_of_fill(self.odds, self.open_cents)
        return self._displayed_cents

    def fill(self, odds: Odds, stake_cents: int) -> None:
        """Move a fill's stake from the open part to the matched part."""
        assert 0 < stake_cents <= self.open_cents
        self.filled_cents[odds] = self.filled_cents.get(odds, 0) + stake_cents
        self.open_cents -= stake_cents
        self._displayed_cents = None


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
    other wager ended, so that its reference is never accepted again. `broken_cents` is the stake of
    each wager whose trades were broken. `delayed` counts wagers in the in-play delay. `open_cents`
    is the unmatched stake of live wagers, `opened_cents` the part of it that is activated. `notify`
    receives the private updates.
    """

    __slots__ = (
        "_credit_cents",
        "_credit_tick",
        "_requests_ns",
        "_settings",
        "account",
        "broken_cents",
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
        self.broken_cents: Counter[WagerRef] = Counter()
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

    def is_too_fast(self, now_ns: int) -> bool:
        """Return whether one more request would exceed the rate limit, over a sliding second."""
        requests = self._requests_ns
        while requests and requests[0] <= now_ns - NS_PER_SECOND:
            requests.popleft()
        return len(requests) >= self._settings.requests_per_second

    def admit_request(self, now_ns: int) -> bool:
        """Count a request and return True, or return False if it exceeds the rate limit.

        A request beyond the limit is not counted.
        """
        if self.is_too_fast(now_ns):
            return False
        self._requests_ns.append(now_ns)
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

    def break_trade(
        self, ref: WagerRef, pair: Pair, line_id: LineId, stake_cents: int, profit_cents: int
    ) -> None:
        """Void a fill of a wager on a line of `pair`."""
        self.account.break_fill(pair, line_id, stake_cents, profit_cents)
        self.limit_credit()
        self.broken_cents[ref] += stake_cents
        self.notify((TradeBroken(ref, stake_cents, profit_cents, self.broken_cents[ref]),))

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
