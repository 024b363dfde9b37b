"""What a recording offers, what is left of it once participants took their part, and the queue.

A recorded offer is the stake of anonymous makers at one line and odds, in takers' cents: what a
taker there may stake. The recording itself is never altered: what was taken is a debit against it.
Wagers of participants stand in the same queue; where nothing is recorded, they are the queue.
"""

from sim.exchange.exchange_wager import ExchangeWager
from sim.exchange.queue_models import QueueModel
from strategies.trading.model.odds import Odds

# When, how much is left of it, and by how much the offer had risen in all until then.
_Entry = tuple[int, int, int]

# Where no wager of ours joined, drops are only kept in case one does, and looked at this seldom.
_MOST_DROPS = 16


class Offer:
    """The offer on one line at one odds, and the wagers that show there, oldest first.

    When stake leaves the recorded offer it was traded or cancelled, and a trade is told apart
    from the fall it causes, before or after it. Each cent is explained once: a fall without a
    trade waits as a *drop* for so long, a trade without a fall waits as a *print*. A drop that
    nothing explained in time was cancelled, and the queue model says by whom. Waiting times are
    looked at only when the offer is touched, which gives the same as a timer for each.

    `quantity_cents` is what the makers still there came with, zero if the tape does not tell it. A
    cancel takes all that its maker came with out of it; so while it stays as it is nobody left,
    and a fall is a trade. It counts at once, and waits as *unreported*, so that it counts once.

    So nobody ever has more ahead of him than others show and the drops that wait; stake that
    comes back after leaving stands behind.
    """

    __slots__ = (
        "_drops",
        "_prints",
        "_queue",
        "_risen_cents",
        "_untold",
        "_window_ns",
        "debit_cents",
        "odds",
        "quantity_cents",
        "recorded_cents",
        "told_cents",
        "wagers",
    )

    def __init__(self, odds: Odds, queue: QueueModel, window_ns: int) -> None:
        """Start with nothing offered."""
        self.odds = odds
        self.recorded_cents = 0
        self.quantity_cents = 0
        self.debit_cents = 0
        self.told_cents = 0
        self.wagers: list[ExchangeWager] = []
        self._queue = queue
        self._window_ns = window_ns
        self._drops: list[_Entry] = []
        self._untold: list[_Entry] = []
        self._prints: list[_Entry] = []
        self._risen_cents = 0

    @property
    def available_cents(self) -> int:
        """Return what is left of the recorded offer."""
        return self.recorded_cents - self.debit_cents

    def shown_cents(self) -> int:
        """Return what takers see: what is left of the recorded offer, and the wagers beside it."""
        shown_cents = self.recorded_cents - self.debit_cents
        for wager in self.wagers:
            shown_cents += wager.shown_cents()
        return shown_cents

    def set_recorded(self, now_ns: int, amount_cents: int, quantity_cents: int) -> int:
        """Take what is recorded from now on; return by how much the available stake rose.

        Below zero, it is what was traded and not told yet: that is still to be passed to `trade`.
        """
        if quantity_cents and quantity_cents == self.quantity_cents:
            if amount_cents < self.recorded_cents:
                return -self._trade_by_fall(now_ns, amount_cents)
        else:
            self.quantity_cents = quantity_cents
        if self._prints or self.wagers:
            self.lapse(now_ns)
        before_cents = self.recorded_cents - self.debit_cents
        self.recorded_cents = amount_cents
        if self.debit_cents:
            self.debit_cents = min(self.debit_cents, amount_cents)
        change_cents = amount_cents - self.debit_cents - before_cents
        if change_cents < 0:
            self._drop(now_ns, -change_cents)
            return 0
        self._risen_cents += change_cents
        return change_cents

    def hear_trade(self, now_ns: int, stake_cents: int) -> int:
        """Take a trade that is told; return what of it no fall has told already.

        That is still to be passed to `trade`.
        """
        self.lapse(now_ns)
        news_cents = _take_all_from(self._untold, stake_cents)
        left_cents = _take_all_from(self._drops, news_cents)
        if left_cents:
            self._prints.append((now_ns, left_cents, self._risen_cents))
        return news_cents

    def trade(self, stake_cents: int) -> None:
        """Let a taker stake so much here: it comes off the front of the queue."""
        for wager in self.wagers:
            wager.ahead_cents = max(0, wager.ahead_cents - stake_cents)

    def take(self, stake_cents: int) -> None:
        """Note that a participant took so much of what is available, off the front of it."""
        assert 0 < stake_cents <= self.available_cents
        self.debit_cents += stake_cents
        self.trade(stake_cents)

    def join(self, now_ns: int, wager: ExchangeWager) -> None:
        """Let a wager of ours join the queue, behind all that is there.

        A drop that waits is counted as still there: if a trade explains it, the trade takes it.
        """
        self.lapse(now_ns)
        wager.ahead_cents = self._there_cents()
        self.wagers.append(wager)

    def lapse(self, now_ns: int) -> None:
        """Give up waiting for what has waited too long."""
        oldest_ns = now_ns - self._window_ns
        while self._drops and self._drops[0][0] < oldest_ns:
            if self.wagers:
                self._cancel(self._drops[0])
            self._drops.pop(0)
        for told in (self._untold, self._prints):
            while told and told[0][0] < oldest_ns:
                told.pop(0)

    def _there_cents(self) -> int:
        """Return what others show, or may still prove to have had matched."""
        return self.available_cents + sum(cents for _, cents, _ in self._drops)

    def _cancel(self, drop: _Entry) -> None:
        """Say that a drop, still counted as there, was cancelled."""
        there_cents, older_cents = self._there_cents(), 0
        for wager in self.wagers:
            left_cents = wager.ahead_cents - self._cancelled_ahead(wager, drop, there_cents)
            # A model looks at each wager alone, but none of ours can overtake an older one.
            wager.ahead_cents = older_cents = max(left_cents, older_cents)

    def _cancelled_ahead(self, wager: ExchangeWager, drop: _Entry, there_cents: int) -> int:
        """Ask the queue model; for a wager that joined after the drop all of it stood ahead."""
        _, cancelled_cents, risen_cents = drop
        # What came after the drop may stand behind us, but it was not there to leave; some of it
        # may have been traded since.
        newer_cents = self._risen_cents - risen_cents
        ahead_cents = wager.ahead_cents
        behind_cents = max(there_cents - newer_cents, cancelled_cents, ahead_cents) - ahead_cents
        return self._queue.cancelled_ahead_cents(cancelled_cents, ahead_cents, behind_cents)

    def _trade_by_fall(self, now_ns: int, amount_cents: int) -> int:
        """Take a fall that is a trade; return what of it was not told before.

        A taker staked all that fell; where we had taken it already, he finds what is behind it.
        """
        self.lapse(now_ns)
        traded_cents = self.recorded_cents - amount_cents
        self.recorded_cents = amount_cents
        self.debit_cents = min(self.debit_cents, amount_cents)
        if self._prints:
            traded_cents = self._explain(traded_cents)
        if traded_cents:
            self._untold.append((now_ns, traded_cents, self._risen_cents))
        return traded_cents

    def _drop(self, now_ns: int, dropped_cents: int) -> None:
        """Explain a fall by trades that were told before it, and let the rest wait."""
        if self._prints:
            dropped_cents = self._explain(dropped_cents)
        drops = self._drops
        if dropped_cents:
            drops.append((now_ns, dropped_cents, self._risen_cents))
            if len(drops) > _MOST_DROPS:
                self.lapse(now_ns)

    def _explain(self, dropped_cents: int) -> int:
        """Set a fall against trades told before it; return what they do not explain."""
        while self._prints and dropped_cents:
            at_ns, explained_cents = _take_from(self._prints, dropped_cents)
            dropped_cents -= explained_cents
            for wager in self.wagers:
                # Matched before the wager joined, but still shown then: it counted as ahead.
                if _opened_after(wager, at_ns):
                    wager.ahead_cents = max(0, wager.ahead_cents - explained_cents)
        return dropped_cents


def _take_from(entries: list[_Entry], wanted_cents: int) -> tuple[int, int]:
    """Take up to so much of the oldest entry; return its time and what was taken."""
    at_ns, cents, risen_cents = entries[0]
    if cents <= wanted_cents:
        entries.pop(0)
        return at_ns, cents
    entries[0] = (at_ns, cents - wanted_cents, risen_cents)
    return at_ns, wanted_cents


def _take_all_from(entries: list[_Entry], wanted_cents: int) -> int:
    """Take up to so much of the entries, the oldest first; return what is wanted still."""
    while entries and wanted_cents:
        wanted_cents -= _take_from(entries, wanted_cents)[1]
    return wanted_cents


def _opened_after(wager: ExchangeWager, at_ns: int) -> bool:
    """Tell whether a wager joined after a row; at one instant rows come first."""
    return wager.opened_ns is not None and wager.opened_ns >= at_ns
