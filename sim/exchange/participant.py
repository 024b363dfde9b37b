"""A participant of the exchange: an account, the wagers on it, and who hears of them."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sim.exchange.exchange_account import ExchangeAccount
from sim.exchange.exchange_settings import BalanceMode, ExchangeSettings
from sim.exchange.exchange_wager import Ended, ExchangeWager
from strategies.trading.model.events import AccountState, Event
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.units import NS_PER_SECOND

# Private updates that belong together; they are heard together.
Tell = Callable[[tuple[Event, ...]], None]


@dataclass(slots=True)
class Counters:
    """What happened to one participant's wagers, for the report."""

    fills: int = 0
    refusals: Counter[str] = field(default_factory=Counter)


class Participant:
    """One account's side of the exchange.

    `live` holds the wagers that wait for activation or are open, in the order of acceptance;
    `ended` how each other one ended, for ever. `delayed` counts those in the in-play delay;
    `opened_cents` is the part of `open_cents` that waits no more.
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
        "open_cents",
        "opened_cents",
        "placing_allowed",
        "tell",
    )

    def __init__(
        self, name: str, account: ExchangeAccount, settings: ExchangeSettings, tell: Tell
    ) -> None:
        """Join with an account and nothing wagered; `tell` takes the private updates."""
        self.name = name
        self.account = account
        self.tell = tell
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

    def knows(self, ref: WagerRef) -> bool:
        """Tell whether a reference was used before."""
        return ref in self.live or ref in self.ended

    def may_request(self, now_ns: int) -> bool:
        """Count a request, unless as many as are allowed came within the second before it."""
        requests = self._requests_ns
        while requests and requests[0] <= now_ns - NS_PER_SECOND:
            requests.popleft()
        if len(requests) >= self._settings.requests_per_second:
            return False
        requests.append(now_ns)
        return True

    @property
    def available_cents(self) -> int:
        """Return what is neither matched at risk nor open, the exposure credit apart."""
        return self.account.cash_cents - self.account.matched_cents - self.open_cents

    def credit_cents(self, now_ns: int) -> int:
        """Return the exposure credit as of its last refresh.

        It only grows between settlements, so one that is late never promises too much.
        """
        self.refresh_credit(now_ns)
        return self._credit_cents

    def refresh_credit(self, now_ns: int) -> None:
        """Take a refresh that has been due; to be called before anything is matched."""
        if not self._settings.exposure_credit:
            return
        tick = now_ns // max(1, self._settings.credit_refresh_ns)
        if tick != self._credit_tick:
            self._credit_tick = tick
            self._credit_cents = self.account.covered_cents

    def renew_credit(self) -> None:
        """Reckon the credit anew, as a settlement may have taken away what it rested on."""
        self._credit_cents = min(self._credit_cents, self.account.covered_cents)

    def payable_cents(self, now_ns: int) -> int:
        """Return what the account can pay for wagers that are matched now."""
        account = self.account
        return max(0, account.cash_cents - account.matched_cents + self.credit_cents(now_ns))

    def stakeable_cents(self, now_ns: int) -> int:
        """Return how much one more wager may stake, given the mode of the account."""
        payable_cents = self.payable_cents(now_ns)
        if self._settings.balance_mode is BalanceMode.IMMEDIATE:
            return payable_cents - self.open_cents
        return payable_cents

    def overdrawn_by(self, wager: ExchangeWager, now_ns: int) -> bool:
        """Tell whether with one more wager more would be open than the mode of the account allows.

        Those that still wait are behind it.
        """
        multiple = self._settings.open_stake_multiple
        if self._settings.balance_mode is BalanceMode.IMMEDIATE:
            multiple = 1
        return self.opened_cents + wager.open_cents > multiple * self.payable_cents(now_ns)

    def backed_off(self, stake_cents: int, now_ns: int) -> bool:
        """Tell whether so much more would be so far beyond the account that it must slow down."""
        most_cents = self._settings.back_off_multiple * self.payable_cents(now_ns)
        return self.open_cents + stake_cents > most_cents

    def accept(self, wager: ExchangeWager) -> None:
        """Take a wager in."""
        self.live[wager.ref] = wager
        self.open_cents += wager.open_cents
        self.delayed += wager.delayed

    def open(self, wager: ExchangeWager, now_ns: int) -> None:
        """Note that a live wager waits no more."""
        wager.opened_ns = now_ns
        self.delayed -= wager.delayed
        self.opened_cents += wager.open_cents

    def match(self, wager: ExchangeWager, stake_cents: int) -> None:
        """Note that so much of a live wager was matched, and its end if that was the rest."""
        self.counters.fills += 1
        self.open_cents -= stake_cents
        self.opened_cents -= stake_cents
        if not wager.open_cents:
            del self.live[wager.ref]
            self.ended[wager.ref] = Ended.MATCHED

    def end(self, wager: ExchangeWager, how: Ended) -> None:
        """End a live wager that is not fully matched."""
        del self.live[wager.ref]
        self.ended[wager.ref] = how
        self.open_cents -= wager.open_cents
        if wager.opened_ns is None:
            self.delayed -= wager.delayed
        else:
            self.opened_cents -= wager.open_cents

    def state(self, now_ns: int) -> AccountState:
        """Return the account as the exchange tells it."""
        open_cents = tuple(self._open())
        return AccountState(self.available_cents, open_cents, self.credit_cents(now_ns))

    def _open(self) -> Iterator[tuple[WagerRef, int]]:
        return ((wager.ref, wager.open_cents) for wager in self.live.values())
