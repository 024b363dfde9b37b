"""The state of a running session, line by line, for the person at the wheel."""

from collections.abc import Iterable, Iterator

from live.session.control.limit_usage import line_limit, session_limits, used_of
from live.session.control.settable_settings import SettableSettings
from live.session.monitoring.health import Health
from live.session.monitoring.source_lines import pair_text
from live.wall_clock import utc_text
from strategies.trading.desk.desk import Desk
from strategies.trading.markets.market_states import MarketState
from strategies.trading.model.book import Book
from strategies.trading.model.counted import counted
from strategies.trading.model.event_state import EventState
from strategies.trading.model.ids import EventId
from strategies.trading.model.money import dollars_text
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.clock import Clock
from strategies.trading.wagers.wager import Wager

# Offers of a line that are shown, the best first.
_LEVELS = 3


class SessionStatus:
    """Reads a desk, and changes nothing of it."""

    def __init__(
        self, heading: str, desk: Desk, health: Health, settings: SettableSettings, clock: Clock
    ) -> None:
        """Show a desk under a heading, which says what session and which start it is."""
        self._settings = settings
        self._heading = heading
        self._desk = desk
        self._health = health
        self._clock = clock

    def lines(self) -> list[str]:
        """Return the present state: the whole first, then every game with its markets.

        Few lines exceed 80 columns.
        """
        rows = [("session", self._heading), *self._totals()]
        heading = ("limit", "used", "permitted")
        limits = (heading, *session_limits(self._desk, self._clock.now_ns()))
        return [
            *(f"{name:<12}{text}" for name, text in rows),
            "",
            *(f"{name:<32}{used:>12}{permitted:>12}" for name, used, permitted in limits),
            *(line for event in self._events() for line in self._event_lines(event)),
        ]

    def _totals(self) -> Iterator[tuple[str, str]]:
        ledger = self._desk.ledger
        yield "state", self._state_text()
        yield from self._health.figures()
        yield (
            "profit",
            f"{dollars_text(ledger.profit_cents)} settled, "
            f"{dollars_text(ledger.marked_cents)} open at the last fair prices",
        )
        yield "equity", dollars_text(ledger.equity_cents)
        yield "available", dollars_text(ledger.available_cents)
        for name, value in self._settings.present.values.items():
            yield "changed", f"{name}={value}"
        for at_ns, halt in self._health.halts:
            yield "halt", f"{utc_text(at_ns)} {halt.reason}"

    def _state_text(self) -> str:
        desk, last = self._desk, self._health.last_state
        feed = "; the feed is lost" if desk.market_states.feed_lost else ""
        if last is None or last.state is not desk.risk.state:
            reason = f": {desk.risk.halt_reason}" if desk.risk.halt_reason else ""
            return f"{desk.risk.state}{reason}{feed}"
        return f"{desk.risk.state}: {last.reason}{feed}"

    def _events(self) -> Iterable[EventState]:
        return sorted(
            self._desk.market_states.events.values(), key=lambda event: event.scheduled_ns
        )

    def _event_lines(self, event: EventState) -> Iterator[str]:
        desk, event_id = self._desk, event.event.event_id
        most_cents = desk.risk.limits.max_event_exposure_cents
        status = event.status.name.lower().replace("_", " ")
        open_cents = sum(p.mark_cents for p in desk.exposure.positions_of(event_id))
        yield ""
        yield event.event.name
        yield (
            f"  game {event_id}, {status}{', PAUSED' * event.paused}, starts "
            f"{utc_text(event.scheduled_ns)}"
        )
        yield f"  updated {self._age_text(event.updated_ns)}"
        yield (
            f"  profit {dollars_text(self._settled_cents(event_id))} settled, "
            f"{dollars_text(open_cents)} open at the last fair prices"
        )
        yield "  exposure " + used_of(
            desk.exposure.joint_of_event(event_id), "risk.max_event_exposure", most_cents
        )
        for market in desk.market_states.markets_of(event_id):
            yield from self._market_lines(market)

    def _settled_cents(self, event_id: EventId) -> int:
        settlements = self._desk.ledger.settlements.items()
        return sum(each.net_cents for key, each in settlements if key.event_id == event_id)

    def _market_lines(self, market: MarketState) -> Iterator[str]:
        label = market.market.label(market.event.event)
        exposure = used_of(
            self._desk.exposure.of_market(market.key),
            "risk.max_market_exposure",
            self._desk.risk.limits.max_market_exposure_cents,
        )
        yield f"  {label} (market {market.key.market_id}): {self._quoting_text(market)}"
        yield f"    exposure {exposure}"
        mispriced = self._desk.risk.mispriced_in_row(market)
        if mispriced:
            most = self._desk.risk.limits.max_mispriced_in_row
            yield f"    {mispriced} mispriced in a row, of {most} (risk.max_mispriced_in_row)"
        # Both lines of a pair may be denied for the same reason.
        yield from dict.fromkeys(f"    {each.control}: {each.reason}" for each in market.denials)
        for book in market.books:
            yield from self._pair_lines(market, book)

    def _quoting_text(self, market: MarketState) -> str:
        silence = self._health.silences.current(market.key)
        since = "" if silence is None else f" since {utc_text(silence.since_ns)}"
        reason = self._desk.risk.block_reason(market, self._clock.now_ns())
        if reason is not None:
            return f"not quoted{since}: {reason}"
        live = sum(1 for line in market.line_ids for _ in self._desk.wagers.live_on(line))
        if live:
            return f"{counted(live, 'wager')} open"
        return f"nothing open{since}{market.silence and f': {market.silence}'}"

    def _pair_lines(self, market: MarketState, book: Book) -> Iterator[str]:
        desk, event = self._desk, market.event.event
        position = desk.exposure.positions.get(book.pair.pair_id)
        fair = desk.market_fair(book.pair.pair_id, self._clock.now_ns())
        sides = ((book.pair.first, book.first, fair), (book.pair.second, book.second, fair))
        said = pair_text(market.event, book.pair, self._clock.now_ns())
        if said is not None:
            yield f"    sources of {book.pair.first.label(market.market, event)}: {said}"
        for side, (line, offers, first_fair) in enumerate(sides):
            wagers = list(desk.wagers.live_on(line.line_id))
            profit = 0 if position is None or position.flat else position.profit_if[side]
            at_risk = line_limit(desk, book.pair, side)
            if not (wagers or profit or at_risk or len(market.books) == 1):
                continue
            of_line = first_fair if first_fair is None or side == 0 else 1 - first_fair
            offered = [
                f"{dollars_text(cents)} at {odds:+d}" for odds, cents in offers.best_of(_LEVELS)
            ]
            parts = [
                "no fair price" if of_line is None else f"fair {100 * of_line:.1f} %",
                *([f"{dollars_text(profit)} if it wins"] if profit else []),
            ]
            yield f"    {line.label(market.market, event)}: {', '.join(parts)}"
            yield f"      offered {', '.join(offered) or 'nothing'}"
            if at_risk is not None:
                yield f"      at risk {at_risk}"
            for wager in wagers:
                yield f"      {_wager_text(wager)}"

    def _age_text(self, at_ns: int) -> str:
        most = self._desk.risk.limits.max_feed_age_ns / NS_PER_SECOND
        age = max(0, self._clock.now_ns() - at_ns) / NS_PER_SECOND
        ago = f"{age:.1f} s ago" if at_ns else "never"
        return f"{ago}, of {most:g} s (risk.max_feed_age_seconds)"


def _wager_text(wager: Wager) -> str:
    """Return a wager under the heading of its selection: what it is on stands there."""
    matched = f", {dollars_text(wager.matched_cents)} matched" if wager.matched_cents else ""
    stake = f"{dollars_text(wager.unmatched_cents)} at {wager.odds:+d}"
    return f"{stake:<20} {wager.state}{matched}: {wager.ref}"
