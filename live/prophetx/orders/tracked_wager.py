"""Our view of one wager at the exchange.

Responses, private updates and the history report the same facts, more than once and in any order.
Each report is compared with what is known already, and only what changed becomes events.
"""

from collections import Counter
from collections.abc import Sequence

from live.decode import unreadable
from live.prophetx.orders.order_history import UNKNOWN, is_void
from live.prophetx.wire.orders import OrderReport, WireMatch, WireOrder
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import (
    Event,
    ProfitCorrected,
    TradeBroken,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.market import Line, Result
from strategies.trading.model.money import fill_profit_cents
from strategies.trading.model.odds import Odds

_RESULTS = {
    "profit": Result.WON,
    "won": Result.WON,
    "manually_won": Result.WON,
    "loss": Result.LOST,
    "lost": Result.LOST,
    "manually_lost": Result.LOST,
    "push": Result.PUSHED,
    "draw": Result.PUSHED,
    "no_result": Result.VOIDED,
}
# What stands in its place until then.
_NO_RESULT_YET = (None, "", "tbd")
_WAITING = "inactive"
_INVALID = "invalid"
_CANCELLED = ("canceled", "cancelled")
_WIPED = "wiped"


class TrackedWager:
    """A wager that was requested. Amounts are cents.

    `ref` is our own id, `number` the exchange's, None before it is known; `sent_ns` is when it was
    sent. `ended` is true once nothing of it can be matched any more, `rejected` once it was
    reported as refused, `is_lost` if that is only because it was not found without a response: the
    exchange may still execute it. `shows_less` is whether a report had less matched than was
    received: it may be out of date, or a trade was broken.
    """

    def __init__(self, request: PlaceWager, line: Line | None) -> None:
        """Start with nothing reported; a line that is not on offer is None."""
        self.request = request
        self.ref = request.ref
        self.line = line
        self.number: str | None = None
        self.ended = False
        self.rejected = False
        self.is_lost = False
        self.sent_ns = 0
        self.result: Result | None = None
        self.matched_cents = 0
        self.shows_less = False
        self.may_be_broken = False
        self._broken_cents = 0
        self._accepted = False
        self._opened = False
        self._known_cents = 0
        self._complete_cents = 0
        self._profit_cents = 0
        self._priced_cents = 0
        self._totals: set[int] = set()
        self._fills: Counter[tuple[Odds, int]] = Counter()
        self._staked_at: Counter[Odds] = Counter()

    @property
    def answered(self) -> bool:
        """Return whether the exchange is known to have accepted or refused it."""
        return self._accepted or self.rejected

    @property
    def lacks_fill(self) -> bool:
        """Return whether more was matched than the sum of the fills that were reported."""
        return self.matched_cents < self._known_cents

    @property
    def open_cents(self) -> int:
        """Return what may still be matched."""
        return 0 if self.ended else self._stake_cents - self.matched_cents

    @property
    def _stake_cents(self) -> int:
        """Return the stake without what broken trades returned."""
        return self.request.stake_cents - self._broken_cents

    @property
    def _is_broken_whole(self) -> bool:
        return self.ended and self._broken_cents > 0 and not self.matched_cents

    @property
    def has_doubtful_trades(self) -> bool:
        """Return whether a report does not agree with what was matched: a trade may be broken."""
        return self.shows_less or self.may_be_broken

    @property
    def is_void(self) -> bool:
        """Return whether it is void, for whatever reason."""
        return self.may_be_broken or self.result is Result.VOIDED

    @property
    def awaits_result(self) -> bool:
        """Return whether something was matched whose result is not known."""
        return self.matched_cents > 0 and self.result is None

    @property
    def profit_is_estimated(self) -> bool:
        """Return whether the exchange may yet report another profit of a fill than computed.

        It is exact for a maker; what a taker wins is its maker's stake, which may be cents off.
        """
        return self._priced_cents < self.matched_cents and self.request.intent != Intent.ADD_ONLY

    def restore(self, event: Event) -> None:
        """Apply an event of an earlier start, in order, from its journal."""
        match event:
            case WagerMatched():
                fill = self._fill(event.odds, event.stake_cents, event.total_cents)
                self._profit_cents += event.profit_cents - fill.profit_cents
                self._known_cents = max(self._known_cents, event.total_cents, self.matched_cents)
                self._priced_cents = self.matched_cents
            case ProfitCorrected():
                self._profit_cents += event.change_cents
            case TradeBroken():
                self._break(event.stake_cents, event.profit_cents)
            case WagerRejected():
                self.rejected = self.ended = True
            case WagerInvalid():
                self.ended = True
            case WagerCancelled() | WagerWiped():
                self.ended = True
                matched_cents = self._stake_cents - event.unmatched_cents
                self._known_cents = max(self._known_cents, matched_cents)
        self._accepted = not self.rejected
        self._opened = self._opened or not isinstance(event, WagerAccepted | WagerRejected)

    def reject(self, code: str) -> list[Event]:
        """Apply a refusal; return the event, unless the wager was accepted or rejected before."""
        if self._accepted or self.rejected:
            return []
        self.rejected = self.ended = True
        self.is_lost = code == UNKNOWN
        return [WagerRejected(self.ref, code)]

    def apply(self, order: WireOrder) -> list[Event]:
        """Apply a response, a private update or a row of the history; return what it changes.

        Raise ProtocolError for one that cannot be read, is of another wager or has more than the
        stake matched, and change nothing.
        """
        # Whatever may raise is read before anything is changed.
        report = order.report()
        contradiction = self.contradiction(order)
        if contradiction is not None:
            raise unreadable("order", contradiction, repr(order))
        if self._is_broken_whole:
            # A void wager is shown with the fills that it had.
            self.number = report.number
            return []
        if self._matched_after(order, report) > self._stake_cents:
            raise unreadable("order", f"has more matched than the stake of {self.ref}", repr(order))
        if report.filled_cents and order.update_type is not None:
            _odds(order)
        self.number = report.number
        events: list[Event] = []
        if not self.answered:
            events.append(WagerAccepted(self.ref))
            self._accepted = True
        if order.status not in (_WAITING, _INVALID) and not (self._opened or self.ended):
            events.append(WagerOpened(self.ref))
            self._opened = True
        events += self._apply_fill(order, report)
        events += self._apply_end(order, report)
        shown = order.total_filled_quantity if order.update_type else order.filled_quantity
        shown_cents = report.total_filled_cents if order.update_type else report.filled_cents
        if shown is not None and shown_cents < self.matched_cents:
            self.shows_less = True
        if not self.shows_less:
            self._apply_result(order)
        return events

    def contradiction(self, order: WireOrder) -> str | None:
        """Return why a report with our reference is of another wager, None if it may be ours.

        The line is always that which was requested: a result of another one must not be booked. The
        first report decides: odds and stake must be those that were requested. From then on the
        exchange's id must be the same. The odds of a private update may be those of a fill.
        """
        request = self.request
        if order.strike_id not in (None, request.line_id):
            return f"has the reference of {self.ref}, and another line"
        if self.number is not None:
            return None if order.number == self.number else f"is not {self.ref}, {self.number}"
        if order.update_type is None and order.price not in (None, request.odds):
            return f"has the reference of {self.ref}, and other odds"
        if order.stake_cents > request.stake_cents:
            return f"has the reference of {self.ref}, and another stake"
        return None

    def _matched_after(self, order: WireOrder, report: OrderReport) -> int:
        """Return the most that is matched if a report is true, by its fill or by its total."""
        reported_cents = max(report.filled_cents, report.total_filled_cents)
        is_new = order.update_type is not None and self._is_new(report)
        new_cents = report.filled_cents if is_new else 0
        return max(reported_cents, self.matched_cents + new_cents)

    def _is_new(self, report: OrderReport) -> bool:
        """Return whether the fill of a private update was not booked before."""
        total_cents = report.total_filled_cents
        return total_cents > self._complete_cents and total_cents not in self._totals

    def _apply_result(self, order: WireOrder) -> None:
        # A wager of which all trades were broken is void, which is no result of its line.
        if not self.matched_cents and self._broken_cents:
            return
        result = _RESULTS.get(order.winning_status or "", self.result)
        is_first_void = result is Result.VOIDED and self.result is None
        self.may_be_broken = is_first_void and self.matched_cents > 0
        if not self.may_be_broken:
            self.result = result

    def break_all(self) -> list[Event]:
        """Take the whole wager for broken, of which a report said that it is void."""
        self.may_be_broken, self.ended = False, True
        broken = TradeBroken(self.ref, self.matched_cents, self._profit_cents)
        self._break(broken.stake_cents, broken.profit_cents)
        return [broken]

    def accept_void(self) -> None:
        """Take void for the result of its market."""
        self.may_be_broken, self.result = False, Result.VOIDED

    def apply_broken(self, order: WireOrder, matches: Sequence[WireMatch]) -> list[Event]:
        """Apply a single order and its list of fills, if both show that trades were broken.

        One that lags behind alone cannot undo a fill: the two must agree.
        """
        self.shows_less = False
        total_cents = order.report().filled_cents
        listed_cents = sum(match.filled_cents for match in matches)
        if not total_cents == listed_cents < self.matched_cents:
            self._apply_result(order)
            return []
        broken_cents = self.matched_cents - total_cents
        broken = TradeBroken(self.ref, broken_cents, self._profit_cents - _profit_of(matches))
        self._break(broken_cents, broken.profit_cents)
        self._fills = Counter((_odds(match), match.filled_cents) for match in matches)
        self._staked_at = Counter()
        for match in matches:
            self._staked_at[_odds(match)] += match.filled_cents
        self._apply_result(order)
        return [broken]

    def _break(self, stake_cents: int, profit_cents: int) -> None:
        self.matched_cents -= stake_cents
        self._profit_cents -= profit_cents
        self._broken_cents += stake_cents
        self._known_cents = self._complete_cents = self._priced_cents = self.matched_cents

    def apply_fills(self, matches: Sequence[WireMatch]) -> list[Event]:
        """Apply the list of all fills; return those that were not reported yet.

        A list that lacks a known fill is out of date, and ignored. Raise ProtocolError for one that
        cannot be read, or has more than the stake.
        """
        listed = Counter((_odds(match), match.filled_cents) for match in matches)
        total_cents = sum(cents * count for (_, cents), count in listed.items())
        if total_cents > self._stake_cents:
            why = f"have more matched than the stake of {self.ref}"
            raise unreadable("fills", why, repr(matches))
        if total_cents < self._known_cents:
            return []
        missing = listed - self._fills
        self._known_cents = self._complete_cents = self._priced_cents = total_cents
        fills = [self._fill(odds, cents, 0) for odds, cents in missing.elements()]
        return [*fills, *self._correct_profit([match.profit_cents for match in matches])]

    def _correct_profit(self, reported_cents: list[int | None]) -> list[ProfitCorrected]:
        """Replace the computed profit by what the exchange reports, if it reports all fills."""
        cents = [each for each in reported_cents if each is not None]
        change_cents = sum(cents) - self._profit_cents
        if len(cents) < len(reported_cents) or not change_cents:
            return []
        self._profit_cents += change_cents
        return [ProfitCorrected(self.ref, change_cents)]

    def _apply_fill(self, order: WireOrder, report: OrderReport) -> list[Event]:
        """Apply the fill of a private update, or the matched total of another report."""
        if order.update_type is None:
            self._known_cents = max(self._known_cents, report.filled_cents)
            return []
        self._known_cents = max(self._known_cents, report.total_filled_cents)
        if not report.filled_cents or not self._is_new(report):
            return []
        return [self._fill(_odds(order), report.filled_cents, report.total_filled_cents)]

    def _fill(self, odds: Odds, cents: int, total_cents: int) -> WagerMatched:
        """Count a fill; its profit follows from all that was matched at the same odds."""
        profit_cents = fill_profit_cents(self._staked_at[odds], cents, odds)
        self._profit_cents += profit_cents
        self._staked_at[odds] += cents
        self._fills[odds, cents] += 1
        self.matched_cents += cents
        if total_cents:
            self._totals.add(total_cents)
        self.ended = self.ended or self.matched_cents >= self._stake_cents
        return WagerMatched(self.ref, odds, cents, profit_cents, total_cents)

    def _apply_end(self, order: WireOrder, report: OrderReport) -> list[Event]:
        if self.ended:
            return []
        stake_cents = self._stake_cents
        if order.status == _INVALID:
            self.ended = True
            return [WagerInvalid(self.ref, _INVALID)]
        # Nothing of a void wager rests, whatever was matched of it.
        if order.status in _CANCELLED or is_void(order):
            self.ended = True
            return [WagerCancelled(self.ref, stake_cents - self._known_cents)]
        if order.status == _WIPED:
            self.ended = True
            return [WagerWiped(self.ref, stake_cents - self._known_cents)]
        # A wager cancelled after a partial match is reported with the matched part as its stake.
        if self._known_cents and order.quantity is not None and report.stake_cents < stake_cents:
            self.ended = True
            return [WagerCancelled(self.ref, stake_cents - report.stake_cents)]
        return []


def is_settled(order: WireOrder) -> bool:
    """Return whether a wager has its result."""
    return order.winning_status in _RESULTS


def has_unknown_result(order: WireOrder) -> bool:
    """Return whether a wager has a result that the exchange does not document."""
    return not is_settled(order) and order.winning_status not in _NO_RESULT_YET


def _profit_of(matches: Sequence[WireMatch]) -> int:
    """Return what fills can win, in cents: as reported, else computed from their odds."""
    staked: Counter[Odds] = Counter()
    total_cents = 0
    for match in matches:
        odds, cents = _odds(match), match.filled_cents
        computed_cents = fill_profit_cents(staked[odds], cents, odds)
        total_cents += computed_cents if match.profit_cents is None else match.profit_cents
        staked[odds] += cents
    return total_cents


def _odds(fill: WireOrder | WireMatch) -> Odds:
    odds = fill.fill_price or fill.price or 0
    if -100 <= odds < 100:
        raise unreadable("fill", "has no odds", repr(fill))
    return Odds(odds)
