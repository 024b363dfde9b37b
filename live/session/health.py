"""The health of a session's start: what a person watches while it runs, and reads when it is over.

It is told what passes through the journal, and counts; the rest it asks of the desk and the feed
when it is to say how they are. Latencies are of the session's clock.
"""

from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Protocol

from live.prophetx.wire.decode_errors import DecodeErrors
from recordings.journal.session_journal import Payload
from strategies.trading.desk.desk import Desk
from strategies.trading.model.commands import CancelWager, PlaceWager
from strategies.trading.model.events import (
    CancelRefused,
    TradingState,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerRejected,
)
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.money import dollars_text
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.clock import Clock
from strategies.trading.ports.journal import Denial

_LAST_ROUND_TRIPS = 1_000
# Of so many requests the answer is awaited at most; those that never get one are forgotten.
_MOST_AWAITED = 10_000
_MILLISECOND_NS = 1_000_000


class FeedStatus(Protocol):
    """The market's stream, as far as its health goes."""

    @property
    def gaps(self) -> int:
        """Return how often it was lost."""

    @property
    def updated_ns(self) -> int:
        """Return when a message came last, zero if none did."""


class Health:
    """Counts what a desk heard, asked for and was denied, from the moment it is made."""

    def __init__(
        self, desk: Desk, feed: FeedStatus, decode_errors: DecodeErrors, clock: Clock
    ) -> None:
        """Begin with nothing counted."""
        self._desk = desk
        self._feed = feed
        self._decode_errors = decode_errors
        self._clock = clock
        self._placed = self._taken = self._refused = 0
        self._fills = self._matched_cents = 0
        self._denials: Counter[str] = Counter()
        self._quoted: set[LineId] = set()
        self._placing = _RoundTrips()
        self._cancelling = _RoundTrips()
        self._takes: dict[type, Callable[[int, Any], None]] = {
            PlaceWager: self._take_place,
            WagerAccepted: self._take_answer,
            WagerRejected: self._take_answer,
            WagerInvalid: self._take_invalid,
            WagerMatched: self._take_fill,
            CancelWager: self._take_cancel,
            WagerCancelled: self._take_cancelled,
            CancelRefused: self._take_cancelled,
            Denial: self._take_denial,
        }

    def note(self, now_ns: int, told: Payload | Denial) -> None:
        """Take what passed through the journal."""
        take = self._takes.get(type(told))
        if take is not None:
            take(now_ns, told)

    def line(self) -> str:
        """Return how things are, in one line."""
        desk = self._desk
        quoting = {wager.pair.market_key for wager in desk.wagers.live()}
        state = desk.risk.state
        parts = [
            *([] if state is TradingState.ACTIVE else [state.value]),
            f"{len(quoting)} of {len(desk.board.markets)} markets quoted",
            f"{desk.wagers.live_count} wagers open, {self._answers()}",
            f"matched {dollars_text(self._matched_cents)}",
            f"exposure {dollars_text(desk.exposure.total_cents)}",
            f"profit {dollars_text(desk.ledger.profit_cents)}",
            f"equity {dollars_text(desk.ledger.equity_cents)}",
            f"place {self._placing}",
            f"cancel {self._cancelling}",
            f"feed {self._feed_text()}",
            f"{self._denials.total()} denials",
        ]
        return "; ".join(parts)

    def totals(self) -> list[str]:
        """Return what the start came to, line by line."""
        desk, ledger = self._desk, self._desk.ledger
        pair_of = desk.board.catalogue.pair_of
        quoted = {pair_of(line_id).market_key for line_id in self._quoted}
        exposure = desk.exposure
        denials = [f"{count} {control}" for control, count in self._denials.most_common()]
        rows = [
            ("markets", f"{len(desk.board.markets)} followed, {len(quoted)} quoted"),
            ("wagers", f"{self._answers()}; {desk.wagers.live_count} open"),
            ("matched", f"{dollars_text(self._matched_cents)} in {self._fills} fills"),
            (
                "exposure",
                f"{dollars_text(exposure.total_cents)}, "
                f"{dollars_text(exposure.max_total_cents)} at most",
            ),
            (
                "profit",
                f"{dollars_text(ledger.profit_cents)} settled, "
                f"equity {dollars_text(ledger.equity_cents)}",
            ),
            ("placing", str(self._placing)),
            ("cancelling", str(self._cancelling)),
            ("feed", self._feed_text()),
            ("denials", ", ".join(denials) or "none"),
        ]
        return [f"{name:<12}{text}" for name, text in rows]

    # What is told -----------------------------------------------------------------------------

    def _take_place(self, now_ns: int, place: PlaceWager) -> None:
        self._placed += 1
        self._quoted.add(place.line_id)
        self._placing.begin(place.ref, now_ns)

    def _take_answer(self, now_ns: int, answer: WagerAccepted | WagerRejected) -> None:
        if self._placing.end(answer.ref, now_ns):
            self._taken += isinstance(answer, WagerAccepted)
            self._refused += isinstance(answer, WagerRejected)

    def _take_invalid(self, _: int, __: WagerInvalid) -> None:
        self._taken -= 1
        self._refused += 1

    def _take_fill(self, _: int, fill: WagerMatched) -> None:
        self._fills += 1
        self._matched_cents += fill.stake_cents

    def _take_cancel(self, now_ns: int, cancel: CancelWager) -> None:
        self._cancelling.begin(cancel.ref, now_ns)

    def _take_cancelled(self, now_ns: int, answer: WagerCancelled | CancelRefused) -> None:
        self._cancelling.end(answer.ref, now_ns)

    def _take_denial(self, _: int, denial: Denial) -> None:
        self._denials[denial.control] += 1

    # How it is told ---------------------------------------------------------------------------

    def _answers(self) -> str:
        answers = self._taken + self._refused
        share = f" ({100 * self._taken / answers:.1f} %)" if answers else ""
        return f"{self._placed} placed, {self._taken} taken{share}, {self._refused} refused"

    def _feed_text(self) -> str:
        feed = self._feed
        ago_ns = max(0, self._clock.now_ns() - feed.updated_ns)
        return (
            f"heard {ago_ns / NS_PER_SECOND:.1f} s ago, {feed.gaps} gaps, "
            f"{self._decode_errors.total} unreadable"
        )


class _RoundTrips:
    """From requests to their answers: the last of them, so that memory is bounded."""

    def __init__(self) -> None:
        self._begun_ns: dict[WagerRef, int] = {}
        self._last_ns: deque[int] = deque(maxlen=_LAST_ROUND_TRIPS)

    def begin(self, ref: WagerRef, now_ns: int) -> None:
        self._begun_ns[ref] = now_ns
        if len(self._begun_ns) > _MOST_AWAITED:
            del self._begun_ns[next(iter(self._begun_ns))]

    def end(self, ref: WagerRef, now_ns: int) -> bool:
        """Take an answer; tell whether it was awaited."""
        begun_ns = self._begun_ns.pop(ref, None)
        if begun_ns is None:
            return False
        self._last_ns.append(now_ns - begun_ns)
        return True

    def __str__(self) -> str:
        if not self._last_ns:
            return "-"
        ordered = sorted(self._last_ns)
        median_ns, high_ns = (ordered[len(ordered) * part // 100] for part in (50, 99))
        return f"{median_ns / _MILLISECOND_NS:.1f} ms, 99 % {high_ns / _MILLISECOND_NS:.1f} ms"
