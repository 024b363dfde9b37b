"""The health of a session's start: one line for a person while it runs, totals when it ends.

Counts and latencies come from what passes through the journal; the rest is read from the desk and
the market data when a line is due. Latencies are of the session's clock.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from live.session.gateway import MarketData
from live.session.monitoring.silence_lines import SilenceLines
from live.session.monitoring.source_lines import refused_text, source_rows
from recordings.journal.entries import Payload
from recordings.journal.quote_coverage import MarketCoverage, QuoteCoverage
from strategies.trading.desk.desk import Desk
from strategies.trading.model.commands import CancelWager, PlaceWager
from strategies.trading.model.counted import counted
from strategies.trading.model.events import (
    CancelRefused,
    TradingState,
    TradingStateSet,
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
from strategies.trading.ports.journal import Decision, Denial
from strategies.trading.snapshot.snapshot_types import (
    AlarmLine,
    FeedView,
    OrderCounts,
    RoundTripTimes,
)

_LAST_ROUND_TRIPS = 1_000
# Beyond this many requests without a response the oldest is forgotten, to bound memory.
_MAX_PENDING = 10_000
_LAST_HALTS = 20
_LAST_ALARMS = 50
_MILLISECOND_NS = 1_000_000


class Health:
    """Counts the wagers, fills, round trips and denials of one desk."""

    def __init__(self, desk: Desk, market: MarketData, clock: Clock) -> None:
        """Start with nothing counted."""
        self._desk = desk
        self._market = market
        self._clock = clock
        self._placed = self._accepted = self._refused = 0
        self._fills = self._matched_cents = 0
        self._denials: Counter[str] = Counter()
        self._quoted: set[LineId] = set()
        # The last alarms and halts with their times, the oldest first, and the last change of the
        # state.
        self.alarms: deque[AlarmLine] = deque(maxlen=_LAST_ALARMS)
        self.halts: deque[tuple[int, TradingStateSet]] = deque(maxlen=_LAST_HALTS)
        self.last_state: TradingStateSet | None = None
        self.coverage = QuoteCoverage(desk.market_states.catalogue, clock.now_ns())
        self.silences = SilenceLines(desk.market_states.catalogue)
        self._placing = _LastRoundTrips()
        self._cancelling = _LastRoundTrips()
        self._handlers: dict[type, Callable[[int, Any], None]] = {
            PlaceWager: self._on_place,
            WagerAccepted: self._on_response,
            WagerRejected: self._on_response,
            WagerInvalid: self._on_invalid,
            WagerMatched: self._on_fill,
            CancelWager: self._on_cancel,
            WagerCancelled: self._on_cancelled,
            CancelRefused: self._on_cancel_refused,
            Denial: self._on_denial,
            TradingStateSet: self._on_state,
            Decision: self.silences.note,
        }

    def note(self, now_ns: int, payload: Payload | Denial | Decision) -> None:
        """Count what was journaled, a denial or a decision."""
        if not isinstance(payload, Denial | Decision):
            self.coverage.note(now_ns, payload)
        handler = self._handlers.get(type(payload))
        if handler is not None:
            handler(now_ns, payload)

    def note_alarm(self, text: str) -> None:
        """Keep a line that a person must know of."""
        self.alarms.append(AlarmLine(self._clock.now_ns(), text))

    def line(self) -> str:
        """Return the present state in one line."""
        desk = self._desk
        markets = desk.market_states.markets
        live = {wager.pair.market_key for wager in desk.wagers.live()}
        # What is still to be cancelled is open, and no quote.
        quoting = [key for key in live if markets[key].block_reason is None]
        parts = [
            *self._state_texts(),
            f"{len(quoting)} of {counted(len(markets), 'market')} quoted",
            f"{counted(desk.wagers.live_count, 'wager')} open, {self._responses_text()}",
            f"matched {dollars_text(self._matched_cents)}",
            f"exposure {dollars_text(desk.exposure.total_cents)}",
            f"largest open stake {desk.risk.max_open_times_cash:.2f} x cash",
            f"profit {dollars_text(desk.ledger.profit_cents)}",
            f"equity {dollars_text(desk.ledger.equity_cents)}",
            f"place {self._placing}",
            f"cancel {self._cancelling}",
            f"feed {self._feed_text()}",
            counted(self._denials.total(), "denial"),
        ]
        refused = refused_text(desk.market_states, self._market.unreadable_prices)
        return "; ".join(parts if refused is None else [*parts, refused])

    @property
    def placing(self) -> RoundTripTimes:
        """Return the last round trips of placements."""
        return self._placing.view()

    @property
    def cancelling(self) -> RoundTripTimes:
        """Return the last round trips of cancels."""
        return self._cancelling.view()

    def counts(self) -> OrderCounts:
        """Return the outcomes of the requests so far."""
        return OrderCounts(
            self._placed,
            self._accepted,
            self._refused,
            self._fills,
            self._matched_cents,
            self.denials,
        )

    def feed_view(self) -> FeedView:
        """Return how old, late and whole the market data is."""
        market, states = self._market, self._desk.market_states
        return FeedView(
            market.updated_ns,
            {str(key): state.updated_ns for key, state in states.events.items()},
            max((state.feed_delay_ns for state in states.events.values()), default=0),
            market.gaps,
            states.feed.gaps(self._clock.now_ns()).total_ns,
            market.unreadable,
        )

    @property
    def denials(self) -> dict[str, int]:
        """Return how many wagers each of our own controls denied, the most first."""
        return dict(self._denials.most_common())

    @property
    def placed(self) -> int:
        """Return how many wagers were placed."""
        return self._placed

    @property
    def gaps(self) -> int:
        """Return how often the feed was lost."""
        return self._market.gaps

    def totals(self) -> list[str]:
        """Return the totals of the start, line by line."""
        desk, ledger = self._desk, self._desk.ledger
        pair_of = desk.market_states.catalogue.pair_of
        quoted = {pair_of(line_id).market_key for line_id in self._quoted}
        exposure = desk.exposure
        denials = [f"{count} {control}" for control, count in self._denials.most_common()]
        rows = [
            ("markets", f"{len(desk.market_states.markets)} followed, {len(quoted)} quoted"),
            ("wagers", f"{self._responses_text()}; {desk.wagers.live_count} open"),
            ("matched", f"{dollars_text(self._matched_cents)} in {counted(self._fills, 'fill')}"),
            (
                "exposure",
                f"{dollars_text(exposure.total_cents)}, "
                f"{dollars_text(exposure.max_total_cents)} at most",
            ),
            ("open stake", f"{desk.risk.max_open_times_cash:.2f} x cash at most"),
            (
                "profit",
                f"{dollars_text(ledger.profit_cents)} settled, "
                f"equity {dollars_text(ledger.equity_cents)}",
            ),
            ("placing", str(self._placing)),
            ("cancelling", str(self._cancelling)),
            ("feed", self._feed_text()),
            ("denials", ", ".join(denials) or "none"),
            *self._source_rows(),
        ]
        coverage = self.coverage_rows(self.coverage.markets(self._clock.now_ns()))
        rows += [("quotes", f"{market}: {text}") for market, text in coverage]
        return [f"{name:<12}{text}" for name, text in rows]

    def coverage_rows(self, markets: Iterable[MarketCoverage]) -> Iterator[tuple[str, str]]:
        """Yield the name of each market, and its quotes in words."""
        catalogue = self._desk.market_states.catalogue
        for each in markets:
            event = catalogue.events[each.market_key.event_id]
            yield f"{event.name}, {catalogue.markets[each.market_key].label(event)}", each.text()

    def figures(self) -> list[tuple[str, str]]:
        """Return what is counted, as pairs of a name and a text."""
        denials = [f"{count} {control}" for control, count in self._denials.most_common()]
        return [
            ("feed", self._feed_text()),
            ("placing", str(self._placing)),
            ("cancelling", str(self._cancelling)),
            ("wagers", self._responses_text()),
            ("matched", f"{dollars_text(self._matched_cents)} in {counted(self._fills, 'fill')}"),
            ("denials", ", ".join(denials) or "none"),
            *self._source_rows(),
        ]

    def _source_rows(self) -> Iterator[tuple[str, str]]:
        states, now_ns = self._desk.market_states, self._clock.now_ns()
        return source_rows(states, self._market.unreadable_prices, now_ns)

    # Counting ---------------------------------------------------------------------------------

    def _on_place(self, now_ns: int, place: PlaceWager) -> None:
        self._placed += 1
        self._quoted.add(place.line_id)
        self._placing.sent(place.ref, now_ns)

    def _on_response(self, now_ns: int, response: WagerAccepted | WagerRejected) -> None:
        if self._placing.responded(response.ref, now_ns):
            self._accepted += isinstance(response, WagerAccepted)
            self._refused += isinstance(response, WagerRejected)

    def _on_invalid(self, _: int, __: WagerInvalid) -> None:
        self._accepted -= 1
        self._refused += 1

    def _on_fill(self, _: int, fill: WagerMatched) -> None:
        self._fills += 1
        self._matched_cents += fill.stake_cents

    def _on_cancel(self, now_ns: int, cancel: CancelWager) -> None:
        self._cancelling.sent(cancel.ref, now_ns)

    def _on_cancelled(self, now_ns: int, response: WagerCancelled) -> None:
        self._cancelling.responded(response.ref, now_ns)

    def _on_cancel_refused(self, _: int, refusal: CancelRefused) -> None:
        # It may be ours: no connection was made, which takes no time.
        self._cancelling.forget(refusal.ref)

    def _on_denial(self, _: int, denial: Denial) -> None:
        self._denials[denial.control] += 1

    def _on_state(self, now_ns: int, event: TradingStateSet) -> None:
        self.last_state = event
        if event.state is TradingState.HALTED:
            self.halts.append((now_ns, event))

    # Text -------------------------------------------------------------------------------------

    def _state_texts(self) -> list[str]:
        risk = self._desk.risk
        if risk.state is TradingState.ACTIVE:
            return []
        if risk.state is TradingState.HALTED:
            # Without a reason it is the end of the session, which is no halt.
            return [f"halted ({risk.halt_reason})" if risk.halt_reason else "ending"]
        return [risk.state.value]

    def _responses_text(self) -> str:
        responses = self._accepted + self._refused
        share = f" ({100 * self._accepted / responses:.1f} %)" if responses else ""
        return f"{self._placed} placed, {self._accepted} accepted{share}, {self._refused} refused"

    def _feed_text(self) -> str:
        market, states, now_ns = self._market, self._desk.market_states, self._clock.now_ns()
        age_ns = max(0, now_ns - market.updated_ns)
        delay_ns = max((event.feed_delay_ns for event in states.events.values()), default=0)
        late = f"{delay_ns // NS_PER_SECOND} s late, " if delay_ns else ""
        lost_ns = states.feed.gaps(now_ns).total_ns
        length = f" of {lost_ns / NS_PER_SECOND:.1f} s" if lost_ns else ""
        return (
            f"updated {age_ns / NS_PER_SECOND:.1f} s ago, {late}{counted(market.gaps, 'gap')}"
            f"{length}, {market.unreadable} unreadable"
        )


class _LastRoundTrips:
    """The last times between a request and its response."""

    def __init__(self) -> None:
        self._sent_ns: dict[WagerRef, int] = {}
        self._last_ns: deque[int] = deque(maxlen=_LAST_ROUND_TRIPS)
        # Sorted once for each new round trip, however often it is shown.
        self._number = self._sorted_of = 0
        self._sorted: list[int] = []

    def sent(self, ref: WagerRef, now_ns: int) -> None:
        self._sent_ns[ref] = now_ns
        if len(self._sent_ns) > _MAX_PENDING:
            del self._sent_ns[next(iter(self._sent_ns))]

    def forget(self, ref: WagerRef) -> None:
        """Count no time for a request."""
        self._sent_ns.pop(ref, None)

    def responded(self, ref: WagerRef, now_ns: int) -> bool:
        """Note a response; return whether its request was pending."""
        sent_ns = self._sent_ns.pop(ref, None)
        if sent_ns is None:
            return False
        self._last_ns.append(now_ns - sent_ns)
        self._number += 1
        return True

    def view(self) -> RoundTripTimes:
        """Return their number, median and 99th percentile."""
        if self._sorted_of != self._number:
            self._sorted, self._sorted_of = sorted(self._last_ns), self._number
        ordered = self._sorted
        if not ordered:
            return RoundTripTimes(0, 0, 0)
        median_ns, high_ns = (ordered[len(ordered) * part // 100] for part in (50, 99))
        return RoundTripTimes(len(ordered), median_ns, high_ns)

    def __str__(self) -> str:
        view = self.view()
        if not view.number:
            return "-"
        median, high = view.median_ns / _MILLISECOND_NS, view.high_ns / _MILLISECOND_NS
        return f"{median:.1f} ms, 99 % {high:.1f} ms"
