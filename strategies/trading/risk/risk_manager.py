"""The risk manager: trims target quotes, and checks every wager before it is sent.

`trim` reduces or drops quotes, so that few wagers are denied. `admit` checks a wager against every
control, counting wagers in flight as open; the limits rely on it alone. Cancels are never checked.
A wager that cannot worsen the worst case of its pair is not subject to exposure limits.
"""

from collections import deque
from collections.abc import Mapping
from math import inf

from msgspec.structs import replace

from strategies.trading.accounting.ledger import Ledger
from strategies.trading.markets.market_states import MarketState, MarketStates
from strategies.trading.model.book import Book
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.event_state import EventState
from strategies.trading.model.events import RUN_ENDED, TradingState
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import EventStatus, MarketStatus, Pair
from strategies.trading.model.money import dollars_text
from strategies.trading.model.odds import Ladder
from strategies.trading.model.position import Exposure
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.control import Control, Proposal
from strategies.trading.ports.journal import Denial
from strategies.trading.ports.strategy import Quote
from strategies.trading.risk.back_off import BackOff
from strategies.trading.risk.controls import (
    BACK_OFF,
    EXPOSURE,
    MARKET_OPEN,
    ODDS,
    POSITION,
    PRICE_SANITY,
    STAKE,
    TRADING_STATE,
    Controls,
    least_stake_reason,
    odds_permitted,
    odds_reason,
)
from strategies.trading.risk.limits import Limits
from strategies.trading.risk.market_plan import MarketPlan
from strategies.trading.risk.pre_game_windows import NEWS, PreGameWindows, widened
from strategies.trading.risk.price_sanity import MispricedStreak, PriceSanityControl
from strategies.trading.wagers.wager import Wagers

FEED_STALE = "feed stale"
FEED_LATE = "feed late"


class RiskManager:
    """Enforces the `limits` of a session. `state` is what the desk may do.

    `back_off` has the prices at which the exchange refuses wagers, for now.
    `halt_reason` is why it is halted; None if it is not, or only because its run has ended.
    """

    def __init__(
        self,
        limits: Limits,
        ladder: Ladder,
        market_states: MarketStates,
        exposure: Exposure,
        ledger: Ledger,
        wagers: Wagers,
        controls: Mapping[str, Control],
    ) -> None:
        """Start active; raise ConfigError for an own control without a method `check`."""
        self.state = TradingState.ACTIVE
        self.halt_reason: str | None = None
        self._ladder = ladder
        self._market_states = market_states
        self._exposure = exposure
        self._ledger = ledger
        self._wagers = wagers
        self._command_times: deque[int] = deque()
        self._own_controls = controls
        self.back_off = BackOff()
        self.max_open_times_cash = 0.0
        self.use(limits)

    def use(self, limits: Limits) -> None:
        """Enforce these limits from now on."""
        self.limits = limits
        self._controls = Controls(limits, self._ladder, self._own_controls)
        self._prices = PriceSanityControl(limits)
        self._mispriced = MispricedStreak(limits)
        self._before_game = PreGameWindows(limits.begin_before_start_ns, limits.news_windows)

    def set_state(self, state: TradingState, reason: str) -> None:
        """Set what the desk may do; the end of a run does not hide why it was halted before."""
        self.state = state
        if state is not TradingState.HALTED:
            self.halt_reason = None
        elif reason != RUN_ENDED:
            self.halt_reason = reason

    def block_reason(self, market: MarketState, now_ns: int) -> str | None:
        """Return why a market may not be quoted now, None if it may."""
        event = market.event
        if self.state is TradingState.HALTED or self.state is TradingState.PAUSED:
            return self.state.value
        if market.status is not MarketStatus.OPEN:
            return f"market {market.status.name.lower()}"
        if event.status is EventStatus.ENDED:
            return "event ended"
        if event.paused or market.paused:
            return "event paused" if event.paused else "market paused"
        if self._market_states.feed_lost or event.feed_lost:
            return "feed lost"
        if now_ns - event.updated_ns > self.limits.max_feed_age_ns:
            return FEED_STALE
        if 0 < self.limits.max_feed_delay_ns < event.feed_delay_ns:
            return FEED_LATE
        closed = None if self.limits.in_play else self._closed_before_game(market, now_ns)
        return closed or self._before_game.block_reason(event, now_ns)

    def next_block_ns(self, event: EventState, now_ns: int) -> int:
        """Return when time alone next changes whether an event may be quoted, or earlier."""
        age_ns = self.limits.max_feed_age_ns + 1
        stale_ns = event.updated_ns + age_ns
        # A feed that is stale by now may be fresh a moment later.
        times = [stale_ns if stale_ns > now_ns else now_ns + age_ns]
        closing_ns = event.scheduled_ns - self.limits.stop_before_start_ns
        if not self.limits.in_play and closing_ns > now_ns:
            times.append(closing_ns)
        window_ns = self._before_game.next_change_ns(event, now_ns)
        if window_ns is not None:
            times.append(window_ns)
        return min(times)

    def widening(self, event: EventState, now_ns: int) -> float:
        """Return by how much probability quotes on an event are widened for news now."""
        return self._before_game.widening(event, now_ns)[0]

    def trim(
        self, market: MarketState, quotes: tuple[Quote, ...], now_ns: int
    ) -> tuple[tuple[Quote, ...], list[Denial]]:
        """Return the quotes that fit the limits, with reduced stakes if needed, and the denials.

        The quotes are assumed to replace every open wager of the market.
        """
        allowed: list[Quote] = []
        denials: list[Denial] = []
        plan = self._plan(market)
        quotes = self._widened(market, quotes, now_ns, denials)
        for quote in quotes:
            problem = self._price_problem(market, quote, now_ns)
            if problem is not None:
                denials.append(_denial(quote, PRICE_SANITY, problem))
                continue
            refusals = self.back_off.against(quote, now_ns)
            if refusals is not None:
                denials.append(_denial(quote, BACK_OFF, refusals.reason()))
                continue
            most_cents, control = self._most(quote, plan)
            if most_cents < quote.stake_cents:
                denials.append(_denial(quote, control, self._fit_text(quote, most_cents, control)))
            elif quote.stake_cents < self.limits.min_stake_cents:
                denials.append(
                    _denial(quote, STAKE, least_stake_reason(quote.stake_cents, self.limits))
                )
            stake_cents = min(most_cents, quote.stake_cents)
            if stake_cents >= max(1, self.limits.min_stake_cents):
                plan.add(quote.line_id, stake_cents)
                allowed.append(
                    quote
                    if stake_cents == quote.stake_cents
                    else replace(quote, stake_cents=stake_cents)
                )
        return tuple(allowed), denials

    def _widened(
        self, market: MarketState, quotes: tuple[Quote, ...], now_ns: int, denials: list[Denial]
    ) -> tuple[Quote, ...]:
        """Return quotes as a news window widens them; each that it changes is a denial."""
        by, window = self._before_game.widening(market.event, now_ns)
        if not by:
            return quotes
        wider = []
        for quote in quotes:
            other = widened(quote, by, self._ladder)
            if other is not None:
                wider.append(other)
            if other != quote:
                denials.append(_denial(quote, NEWS, f"widened by {by:g}: {window}"))
        return tuple(wider)

    def headroom_cents(self, market: MarketState, line_id: LineId) -> int:
        """Return the largest stake that the limits leave a quote on a line of a market, in cents.

        That is if it is the market's only quote, and replaces every open wager there; 0 if less
        than the least stake fits. Limits on odds and on numbers of wagers and commands, and a
        person's own controls, are not counted.
        """
        limits, plan = self.limits, self._plan(market)
        most_cents = min(
            limits.max_stake_cents,
            plan.most_by_position(line_id),
            plan.most_by_exposure(
                line_id, limits.max_stake_cents, reducing=self.state is TradingState.REDUCING
            ),
            self._payable_cents(market),
        )
        return most_cents if most_cents >= max(1, limits.min_stake_cents) else 0

    def prices_hold(self, market: MarketState, quotes: tuple[Quote, ...], now_ns: int) -> bool:
        """Return whether no quote has become too far from the prices of its market."""
        return all(self._price_problem(market, quote, now_ns) is None for quote in quotes)

    def halt_if_mispriced(
        self, market: MarketState, quotes: tuple[Quote, ...], now_ns: int
    ) -> str | None:
        """Count a decision; return why to halt if too many in a row cost too much, else None."""
        problem = None
        for quote in quotes:
            book, side = self._book_side(quote.line_id)
            if self._prices.overpays(book, market.event, side, quote.odds, now_ns):
                problem = self._price_problem(market, quote, now_ns)
        return self._mispriced.add(market.key, problem)

    def open_times_cash(self) -> float:
        """Return the open stake over the cash that can pay for it; `inf` without cash."""
        open_cents = self._exposure.open_cents
        if not open_cents:
            return 0.0
        cash_cents = self._exposure.cash_cents(
            self._ledger.available_cents, with_credit=self.limits.exposure_credit
        )
        return open_cents / cash_cents if cash_cents > 0 else inf

    def mispriced_in_row(self, market: MarketState) -> int:
        """Return how many decisions in a row of a market had a quote that costs too much."""
        return self._mispriced.count(market.key)

    def note_open_stake(self) -> None:
        """Keep the largest open stake over cash."""
        self.max_open_times_cash = max(self.max_open_times_cash, self.open_times_cash())

    def admit(self, command: PlaceWager, now_ns: int) -> Denial | None:
        """Return the first control that a wager fails, None if it may be sent."""
        pair = self._market_states.catalogue.pair_of(command.line_id)
        side = 0 if pair.first.line_id == command.line_id else 1
        position = self._exposure.position(pair)
        added_cents = position.added_worst_case_cents(side, command.stake_cents)
        if not self._state_permits(pair, side, command.stake_cents, added_cents):
            return _denial(command, TRADING_STATE, f"the desk is {self.state}")
        market = self._market_states.markets.get(pair.market_key)
        if market is None:
            return _denial(command, MARKET_OPEN, "the market is not one that the desk follows")
        blocked = self.block_reason(market, now_ns)
        if blocked is not None:
            return _denial(command, MARKET_OPEN, blocked)
        failed = self._controls.first_failed(
            Proposal(
                command=command,
                now_ns=now_ns,
                event=market.event,
                market=market.market,
                book=self._market_states.books[pair.pair_id],
                side=side,
                position=position,
                added_cents=added_cents,
                market_exposure_cents=self._exposure.of_market(market.key),
                event_exposure_cents=self._exposure.of_event(market.key.event_id),
                total_exposure_cents=self._exposure.total_cents,
                exposure=self._exposure,
                available_cents=self._ledger.available_cents,
                credit_cents=self._exposure.credit_cents,
                live_wagers=self._wagers.live_count,
                commands_last_second=self._commands_last_second(now_ns),
            )
        )
        return None if failed is None else _denial(command, *failed)

    def count_command(self, now_ns: int) -> None:
        """Count a command against the command rate; cancels count, and always pass."""
        self._forget_commands_until(now_ns - NS_PER_SECOND)
        self._command_times.append(now_ns)

    def permitted_ns(self, now_ns: int) -> int | None:
        """Return from when the command rate permits another wager, None if it never does."""
        times, most = self._command_times, self.limits.max_commands_per_second
        if not most:
            return None
        return times[-most] + NS_PER_SECOND if len(times) >= most else now_ns

    def commands_since(self, since_ns: int) -> int:
        """Return how many commands of the last second were sent after a time."""
        return sum(at_ns > since_ns for at_ns in self._command_times)

    def _plan(self, market: MarketState) -> MarketPlan:
        plan = MarketPlan(self._exposure, self.limits, market.key)
        for book in market.books:
            plan.include(book.pair)
        return plan

    def _payable_cents(self, market: MarketState) -> int:
        """Return what may be open in a market by the balance, and by the open stake over cash."""
        limits, exposure, available_cents = (
            self.limits,
            self._exposure,
            self._ledger.available_cents,
        )
        positions = [exposure.position_or_flat(book.pair) for book in market.books]
        replaced_cents = sum([sum(position.open_cents) for position in positions])
        credit_cents = exposure.credit_cents if limits.exposure_credit else 0
        payable_cents = available_cents + credit_cents + replaced_cents
        if not limits.max_open_stake_times_cash:
            return payable_cents
        cash_cents = exposure.cash_cents(available_cents, with_credit=limits.exposure_credit)
        others_cents = exposure.open_cents - replaced_cents
        by_cash_cents = int(limits.max_open_stake_times_cash * max(0, cash_cents)) - others_cents
        return min(payable_cents, by_cash_cents)

    def _price_problem(self, market: MarketState, quote: Quote, now_ns: int) -> str | None:
        book, side = self._book_side(quote.line_id)
        return self._prices.problem(book, market.event, side, quote.odds, now_ns)

    def _book_side(self, line_id: LineId) -> tuple[Book, int]:
        pair = self._market_states.catalogue.pair_of(line_id)
        return self._market_states.books[pair.pair_id], int(pair.first.line_id != line_id)

    def _closed_before_game(self, market: MarketState, now_ns: int) -> str | None:
        event = market.event
        if event.status is EventStatus.LIVE:
            return "in-play"
        if now_ns >= event.scheduled_ns - self.limits.stop_before_start_ns:
            return "start is near"
        return None

    def _most(self, quote: Quote, plan: MarketPlan) -> tuple[int, str]:
        """Return the largest stake that fits, in cents, and the control that limits it."""
        if not odds_permitted(quote.odds, self.limits, self._ladder):
            return 0, ODDS
        reducing = self.state is TradingState.REDUCING
        stake_cents = self.limits.max_stake_cents
        position_cents = plan.most_by_position(quote.line_id)
        exposure_cents = plan.most_by_exposure(quote.line_id, quote.stake_cents, reducing=reducing)
        most_cents = min(stake_cents, position_cents, exposure_cents)
        # Of two that limit it alike, the first by name.
        if most_cents == exposure_cents:
            return most_cents, EXPOSURE
        return most_cents, POSITION if most_cents == position_cents else STAKE

    def _fit_text(self, quote: Quote, most_cents: int, control: str) -> str:
        """Return how much of a quote fits, or why nothing does, for people."""
        limits = self.limits
        if control == ODDS:
            return odds_reason(quote.odds, limits, self._ladder)
        if most_cents >= max(1, limits.min_stake_cents):
            return f"{dollars_text(most_cents)} fits"
        if most_cents > 0:
            least = dollars_text(limits.min_stake_cents)
            return f"{dollars_text(most_cents)} fits, less than risk.min_stake, {least}"
        if control == STAKE:
            return f"nothing fits: risk.max_stake_per_wager is {dollars_text(0)}"
        if control == POSITION:
            most = dollars_text(limits.max_position_cents)
            return f"nothing fits: the line is at risk.max_position_size, {most}"
        if self.state is TradingState.REDUCING:
            return "nothing fits: the desk takes only what reduces its exposure"
        return "nothing fits: risk.max_market_exposure, of the event or of all, is reached"

    def _state_permits(self, pair: Pair, side: int, stake_cents: int, added_cents: int) -> bool:
        if self.state is not TradingState.REDUCING:
            return self.state is TradingState.ACTIVE
        if added_cents:
            return False
        # What hedges its own pair may have been a hedge of another market of the event.
        now_cents = self._exposure.joint_of_event(pair.first.event_id)
        return self._exposure.joint_if_added(pair, side, stake_cents) <= now_cents

    def _commands_last_second(self, now_ns: int) -> int:
        self._forget_commands_until(now_ns - NS_PER_SECOND)
        return len(self._command_times)

    def _forget_commands_until(self, when_ns: int) -> None:
        while self._command_times and self._command_times[0] <= when_ns:
            self._command_times.popleft()


def _denial(asked: PlaceWager | Quote, control: str, reason: str) -> Denial:
    return Denial(control, reason, asked.line_id, asked.odds, asked.stake_cents)
