"""A recorded offer, the part of it that participants have taken, and the queue at its odds.

A recorded offer is the stake of anonymous makers at one line and odds, in takers' cents: what a
taker there may stake. The recording itself is never altered: what participants take is a debit
against it. Wagers of participants stand in the same queue; where nothing is recorded, they are the
queue.
"""

from bisect import insort

from sim.exchange.participant import ExchangeWager
from sim.exchange.queue_models import QueueModel
from strategies.trading.model.odds import Odds

# Time in nanoseconds, cents left of it, and the offer's total increase up to that time.
_Entry = tuple[int, int, int]
# The time of a reported trade, and the part of a decrease that it explains.
_Pair = tuple[int, _Entry]

# With no wager in the queue, decreases are only kept in case one joins, so they are expired only
# when there are more than this.
_MAX_DECREASES = 16


class Offer:
    """The offer on one line at one odds, and the wagers displayed there, oldest first.

    When stake leaves the recorded offer it was traded or cancelled. A trade is reported separately
    from the decrease that it causes, before or after it, and the two are paired so that each cent
    counts once: a decrease without a trade is kept in `_decreases`, a reported trade without a
    decrease in `_trades`, each for the pairing window. A decrease that no trade explains in that
    time was a cancel, and the queue model says whose. Expiry is checked only when the offer is
    touched, which gives the same result as a timer for each entry.

    `quantity_cents` is the original stake of the makers still there, zero if the tape does not
    have it. A cancel removes all of its maker's quantity; so while the quantity is unchanged nobody
    cancelled, and a decrease is a trade. It counts at once, and is kept in `_unreported` so that
    the report of it does not count again. A reported trade belongs to such a decrease before it
    belongs to one that may be a cancel: `_pairs` keeps for the window what trades explain of the
    latter, so that this can be undone.

    So no wager ever has more ahead of it than others display plus the unexplained decreases; stake
    that returns after it left is behind.
    """

    __slots__ = (
        "_decreases",
        "_increased_cents",
        "_pairs",
        "_queue",
        "_trades",
        "_unreported",
        "_window_ns",
        "debit_cents",
        "odds",
        "published_cents",
        "quantity_cents",
        "recorded_cents",
        "wagers",
    )

    def __init__(self, odds: Odds, queue: QueueModel, window_ns: int) -> None:
        """Start with nothing offered; trades and decreases are paired within `window_ns`."""
        self.odds = odds
        self.recorded_cents = 0
        self.quantity_cents = 0
        self.debit_cents = 0
        self.published_cents = 0
        self.wagers: list[ExchangeWager] = []
        self._queue = queue
        self._window_ns = window_ns
        self._decreases: list[_Entry] = []
        self._unreported: list[_Entry] = []
        self._trades: list[_Entry] = []
        self._pairs: list[_Pair] = []
        self._increased_cents = 0

    @property
    def available_cents(self) -> int:
        """Return what is left of the recorded offer."""
        return self.recorded_cents - self.debit_cents

    def displayed_cents(self) -> int:
        """Return what takers see: what is left of the recorded offer, plus the wagers."""
        displayed_cents = self.recorded_cents - self.debit_cents
        for wager in self.wagers:
            displayed_cents += wager.displayed_cents
        return displayed_cents

    def set_recorded(self, now_ns: int, amount_cents: int, quantity_cents: int) -> int:
        """Set the recorded amount and quantity; return the increase of the available stake.

        A negative return value is a trade that was not reported before: the caller passes it on
        to `advance_queue`, after matching it.
        """
        if quantity_cents and quantity_cents == self.quantity_cents:
            if amount_cents < self.recorded_cents:
                return -self._trade_by_decrease(now_ns, amount_cents)
        else:
            self.quantity_cents = quantity_cents
        if self._trades or self.wagers:
            self.expire_entries(now_ns)
        before_cents = self.recorded_cents - self.debit_cents
        self.recorded_cents = amount_cents
        if self.debit_cents:
            self.debit_cents = min(self.debit_cents, amount_cents)
        change_cents = amount_cents - self.debit_cents - before_cents
        if change_cents < 0:
            self._on_decrease(now_ns, -change_cents)
            return 0
        self._increased_cents += change_cents
        return change_cents

    def on_reported_trade(self, now_ns: int, stake_cents: int) -> int:
        """Apply a reported trade; return the part that no decrease has shown already.

        The caller passes that part on to `advance_queue`, after matching it.
        """
        self.expire_entries(now_ns)
        left_cents = new_cents = _consume_all(self._unreported, stake_cents)
        while self._decreases and left_cents:
            explained = _consume_oldest(self._decreases, left_cents)
            self._pairs.append((now_ns, explained))
            left_cents -= explained[1]
        if left_cents:
            self._trades.append((now_ns, left_cents, self._increased_cents))
        return new_cents

    def advance_queue(self, stake_cents: int) -> None:
        """Remove a traded stake from the front of the queue."""
        for wager in self.wagers:
            wager.ahead_cents = max(0, wager.ahead_cents - stake_cents)

    def consume(self, stake_cents: int) -> None:
        """Debit what a participant takes of the available stake, from the front of the queue."""
        assert 0 <= stake_cents <= self.available_cents
        self.debit_cents += stake_cents
        self.advance_queue(stake_cents)

    def join(self, now_ns: int, wager: ExchangeWager) -> None:
        """Add a participant's wager at the end of the queue.

        An unexplained decrease still counts as ahead: if a trade explains it, that trade removes
        it from the queue.
        """
        self.expire_entries(now_ns)
        wager.ahead_cents = self._others_cents()
        self.wagers.append(wager)

    def expire_entries(self, now_ns: int) -> None:
        """Drop the entries older than the pairing window; expired decreases were cancels."""
        oldest_ns = now_ns - self._window_ns
        while self._decreases and self._decreases[0][0] < oldest_ns:
            if self.wagers:
                self._cancel(self._decreases[0])
            self._decreases.pop(0)
        for entries in (self._unreported, self._trades):
            while entries and entries[0][0] < oldest_ns:
                entries.pop(0)
        while self._pairs and self._pairs[0][0] < oldest_ns:
            self._pairs.pop(0)

    def _others_cents(self) -> int:
        """Return what others display, plus the decreases that may still prove to be trades."""
        return self.available_cents + sum(cents for _, cents, _ in self._decreases)

    def _cancel(self, decrease: _Entry) -> None:
        """Treat a decrease, which still counts as ahead, as a cancel."""
        others_cents, older_cents = self._others_cents(), 0
        for wager in self.wagers:
            left_cents = wager.ahead_cents - self._cancelled_ahead(wager, decrease, others_cents)
            # A model looks at each wager alone, but no wager can overtake an older one.
            wager.ahead_cents = older_cents = max(left_cents, older_cents)

    def _cancelled_ahead(self, wager: ExchangeWager, decrease: _Entry, others_cents: int) -> int:
        """Return what the queue model cancels ahead of a wager.

        For a wager that joined after the decrease, all of it was ahead.
        """
        _, cancelled_cents, increased_cents = decrease
        # Stake added after the decrease may be behind us, but could not have left in it; some
        # of it may have been traded since.
        newer_cents = self._increased_cents - increased_cents
        ahead_cents = wager.ahead_cents
        behind_cents = max(others_cents - newer_cents, cancelled_cents, ahead_cents) - ahead_cents
        return self._queue.cancelled_ahead_cents(cancelled_cents, ahead_cents, behind_cents)

    def _trade_by_decrease(self, now_ns: int, amount_cents: int) -> int:
        """Apply a decrease that is a trade; return the part that was not reported before.

        The taker staked the whole decrease; where a participant had taken that stake already, the
        taker is matched with what is behind it.
        """
        self.expire_entries(now_ns)
        traded_cents = self.recorded_cents - amount_cents
        self.recorded_cents = amount_cents
        self.debit_cents = min(self.debit_cents, amount_cents)
        if self._trades:
            traded_cents = self._match_reported_trades(traded_cents)
        if self._pairs:
            traded_cents = self._undo_pairs(traded_cents)
        if traded_cents:
            self._unreported.append((now_ns, traded_cents, self._increased_cents))
        return traded_cents

    def _on_decrease(self, now_ns: int, decrease_cents: int) -> None:
        """Explain a decrease by trades reported before it, and keep the rest unexplained."""
        increased_cents = self._increased_cents
        while self._trades and decrease_cents:
            at_ns, explained_cents = self._use_trade(decrease_cents)
            insort(self._pairs, (at_ns, (now_ns, explained_cents, increased_cents)))
            decrease_cents -= explained_cents
        decreases = self._decreases
        if decrease_cents:
            decreases.append((now_ns, decrease_cents, increased_cents))
            if len(decreases) > _MAX_DECREASES:
                self.expire_entries(now_ns)

    def _match_reported_trades(self, traded_cents: int) -> int:
        """Set a traded decrease off against trades reported before it; return what is left."""
        while self._trades and traded_cents:
            traded_cents -= self._use_trade(traded_cents)[1]
        return traded_cents

    def _use_trade(self, decrease_cents: int) -> tuple[int, int]:
        """Let the oldest reported trade explain a decrease; return its time and how much it does.

        What was traded before a wager joined but was still displayed then had counted as ahead.
        """
        at_ns, explained_cents, _ = _consume_oldest(self._trades, decrease_cents)
        for wager in self.wagers:
            if _opened_after(wager, at_ns):
                wager.ahead_cents = max(0, wager.ahead_cents - explained_cents)
        return at_ns, explained_cents

    def _undo_pairs(self, traded_cents: int) -> int:
        """Set a traded decrease off against trades that had explained others; return what is left.

        The others are unexplained again. Nothing moves in the queue: what the trade removed ahead
        of a wager it removed already, and a wager that joined after both saw neither.
        """
        while self._pairs and traded_cents:
            trade_ns, (at_ns, cents, increased_cents) = self._pairs.pop(0)
            undone_cents = min(cents, traded_cents)
            if undone_cents < cents:
                self._pairs.insert(0, (trade_ns, (at_ns, cents - undone_cents, increased_cents)))
            insort(self._decreases, (at_ns, undone_cents, increased_cents))
            traded_cents -= undone_cents
        return traded_cents


def _consume_oldest(entries: list[_Entry], wanted_cents: int) -> _Entry:
    """Take up to `wanted_cents` off the oldest entry; return what was taken."""
    at_ns, cents, increased_cents = entries[0]
    if cents <= wanted_cents:
        return entries.pop(0)
    entries[0] = (at_ns, cents - wanted_cents, increased_cents)
    return at_ns, wanted_cents, increased_cents


def _consume_all(entries: list[_Entry], wanted_cents: int) -> int:
    """Take up to `wanted_cents` off the entries, oldest first; return the cents still wanted."""
    while entries and wanted_cents:
        wanted_cents -= _consume_oldest(entries, wanted_cents)[1]
    return wanted_cents


def _opened_after(wager: ExchangeWager, at_ns: int) -> bool:
    """Return whether a wager joined after a row of that time; at one instant rows come first."""
    return wager.opened_ns is not None and wager.opened_ns >= at_ns
