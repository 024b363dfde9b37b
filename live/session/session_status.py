"""The state of a running session, line by line, for the person at the wheel."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from live.session.health import Health
from live.session.settable_settings import SettableSettings
from strategies.trading.desk.desk import Desk
from strategies.trading.markets.market_states import MarketState
from strategies.trading.model.book import Book
from strategies.trading.model.counted import counted
from strategies.trading.model.event_state import EventState
from strategies.trading.model.ids import EventId
from strategies.trading.model.market import Line
from strategies.trading.model.money import dollars_text
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.clock import Clock
from strategies.trading.wagers.wager import Wager


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
        """Return the present state: the whole first, then every game with its markets."""
        rows = [("session", self._heading), *self._totals()]
        return [
            *(f"{name:<12}{text}" for name, text in rows),
            *(line for event in self._events() for line in self._event_lines(event)),
        ]

    def _totals(self) -> Iterator[tuple[str, str]]:
        desk, ledger, exposure = self._desk, self._desk.ledger, self._desk.exposure
        limits = desk.risk.limits
        yield "state", self._state_text()
        yield from self._health.figures()
        yield (
            "profit",
            f"{dollars_text(ledger.profit_cents)} settled, "
            f"{dollars_text(ledger.marked_cents)} open at the last fair prices, "
            f"equity {dollars_text(ledger.equity_cents)}",
        )
        yield "available", dollars_text(ledger.available_cents)
        yield (
            "exposure",
            _used(exposure.total_cents, "risk.max_total_exposure", limits.max_total_exposure_cents),
        )
        losses = desk.losses
        yield (
            "losses",
            f"{_used(losses.lost_today_cents, 'risk.max_daily_loss', limits.max_daily_loss_cents)}"
            f" today; {dollars_text(losses.fall_cents)} from the highest equity of "
            f"risk.stop_loss_percentage {dollars_text(losses.stop_cents)}; 0 sets no limit",
        )
        yield (
            "open stake",
            f"{dollars_text(exposure.open_cents)}, at most {limits.max_open_stake_times_cash:g} "
            "times cash by risk.max_open_stake_times_cash",
        )
        yield (
            "wagers",
            f"{desk.wagers.live_count} open of risk.max_concurrent_wagers "
            f"{limits.max_concurrent_wagers:,}",
        )
        for name, value in self._settings.present.values.items():
            yield "changed", f"{name}={value}"
        for at_ns, halt in self._health.halts:
            yield "halt", f"{_time_text(at_ns)} {halt.reason}"

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
        limits = desk.risk.limits
        exposure = desk.exposure.of_event(event_id)
        parts = [
            event.status.name.lower().replace("_", " "),
            *(["paused"] if event.paused else []),
            f"starts {_time_text(event.scheduled_ns)}",
            f"profit {dollars_text(self._settled_cents(event_id))} settled, "
            f"{dollars_text(sum(p.mark_cents for p in desk.exposure.positions_of(event_id)))} open",
            "exposure "
            + _used(exposure, "risk.max_event_exposure", limits.max_event_exposure_cents),
            f"updated {self._age_text(event.updated_ns)}",
        ]
        yield ""
        yield f"{event.event.name} (game {event_id}): {'; '.join(parts)}"
        for market in desk.market_states.markets_of(event_id):
            yield from self._market_lines(market)

    def _settled_cents(self, event_id: EventId) -> int:
        settlements = self._desk.ledger.settlements.items()
        return sum(each.net_cents for key, each in settlements if key.event_id == event_id)

    def _market_lines(self, market: MarketState) -> Iterator[str]:
        limits = self._desk.risk.limits
        exposure = self._desk.exposure.of_market(market.key)
        used = _used(exposure, "risk.max_market_exposure", limits.max_market_exposure_cents)
        label = market.market.label(market.event.event)
        yield f"  {label} (market {market.key.market_id}): {self._quoting_text(market)}; {used}"
        for book in market.books:
            yield from self._pair_lines(market, book)

    def _quoting_text(self, market: MarketState) -> str:
        reason = self._desk.risk.block_reason(market, self._clock.now_ns())
        if reason is not None:
            return f"not quoted: {reason}"
        live = sum(1 for line in market.line_ids for _ in self._desk.wagers.live_on(line))
        reasons = dict.fromkeys(f"; {each.control}: {each.reason}" for each in market.denials)
        return (f"{counted(live, 'wager')} open" if live else "nothing open") + "".join(reasons)

    def _pair_lines(self, market: MarketState, book: Book) -> Iterator[str]:
        desk, event = self._desk, market.event.event
        position = desk.exposure.positions.get(book.pair.pair_id)
        fair = desk.fair_of(book.pair.pair_id, self._clock.now_ns())
        sides = ((book.pair.first, book.first, fair), (book.pair.second, book.second, fair))
        for side, (line, offers, first_fair) in enumerate(sides):
            wagers = list(desk.wagers.live_on(line.line_id))
            profit = 0 if position is None or position.flat else position.profit_if[side]
            if not (wagers or profit or len(market.books) == 1):
                continue
            touch = offers.touch()
            of_line = first_fair if first_fair is None or side == 0 else 1 - first_fair
            offer = None if touch is None else f"{dollars_text(touch[1])} at {touch[0]:+d} offered"
            parts = [
                "no fair price" if of_line is None else f"fair {100 * of_line:.1f} %",
                offer or "nothing offered",
                *([f"{dollars_text(profit)} if it wins"] if profit else []),
            ]
            yield f"    {line.label(market.market, event)}: {', '.join(parts)}"
            for wager in wagers:
                yield f"      {self._wager_text(wager, line)}"

    def _wager_text(self, wager: Wager, line: Line) -> str:
        catalogue = self._desk.market_states.catalogue
        text = catalogue.wager_text(wager.ref, line.line_id, wager.odds, wager.unmatched_cents)
        matched = f", {dollars_text(wager.matched_cents)} matched" if wager.matched_cents else ""
        return f"{text} ({wager.state}{matched})"

    def _age_text(self, at_ns: int) -> str:
        if not at_ns:
            return "never"
        return f"{max(0, self._clock.now_ns() - at_ns) / NS_PER_SECOND:.1f} s ago"


def _used(cents: int, name: str, limit_cents: int) -> str:
    return f"{dollars_text(cents)} of {name} {dollars_text(limit_cents)}"


def _time_text(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns // NS_PER_SECOND, UTC):%Y-%m-%d %H:%M:%S} UTC"
