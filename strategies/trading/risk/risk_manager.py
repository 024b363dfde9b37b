"""The risk manager: asked twice, once to shape wishes and once as the gate before the exchange.

`trim` shrinks or drops quotes; `admit` holds every wager against every control, counting what is
in flight as if it were there, and only it is relied on. Cancels are never asked about. A wager
that cannot raise the worst case of its pair is not held back by exposure limits.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from strategies.trading.accounting.exposure import Exposure
from strategies.trading.accounting.ledger import Ledger
from strategies.trading.markets.market_states import MarketState, MarketStates
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import TradingState
from strategies.trading.model.market import EventStatus, MarketStatus, Pair
from strategies.trading.model.money import dollars_text
from strategies.trading.model.odds import Ladder
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.journal import Denial
from strategies.trading.ports.strategy import Quote
from strategies.trading.risk.limits import Limits
from strategies.trading.risk.market_plan import MarketPlan
from strategies.trading.wagers.wager_manager import WagerManager

# The one control that time alone relaxes.
COMMAND_RATE = "command_rate"


@dataclass(frozen=True, slots=True)
class _Proposal:
    """A wager held against the controls, with what it would add to its pair's worst case."""

    command: PlaceWager
    pair: Pair
    side: int
    added_cents: int
    now_ns: int


class RiskManager:
    """Holds a session to its limits. `state` says what the desk may do."""

    def __init__(
        self,
        limits: Limits,
        ladder: Ladder,
        board: MarketStates,
        exposure: Exposure,
        ledger: Ledger,
        wagers: WagerManager,
    ) -> None:
        """Start active."""
        self.state = TradingState.ACTIVE
        self._limits = limits
        self._ladder = ladder
        self._board = board
        self._exposure = exposure
        self._ledger = ledger
        self._wagers = wagers
        self._command_times: deque[int] = deque()
        self._controls: tuple[tuple[str, Callable[[_Proposal], str | None]], ...] = (
            ("trading_state", self._check_trading_state),
            ("market_open", self._check_market_open),
            ("odds", self._check_odds),
            ("stake", self._check_stake),
            ("concurrent_wagers", self._check_concurrent_wagers),
            ("position", self._check_position),
            ("exposure", self._check_exposure),
            ("balance", self._check_balance),
            (COMMAND_RATE, self._check_command_rate),
        )

    def block_reason(self, market: MarketState, now_ns: int) -> str | None:
        """Return why a market may not be quoted now, None if it may."""
        event = market.event
        if self.state is TradingState.HALTED:
            return "halted"
        if market.status is not MarketStatus.OPEN:
            return f"market {market.status.name.lower()}"
        if event.status is EventStatus.ENDED:
            return "event ended"
        if event.paused:
            return "event paused"
        if self._board.feed_lost:
            return "feed lost"
        if now_ns - event.updated_ns > self._limits.max_feed_age_ns:
            return "feed stale"
        return None if self._limits.in_play else self._closed_before_game(market, now_ns)

    def trim(
        self, market: MarketState, quotes: tuple[Quote, ...]
    ) -> tuple[tuple[Quote, ...], list[Denial]]:
        """Return the quotes that fit the limits, shrunk where need be, and what was refused.

        The quotes are taken to replace every open wager of the market.
        """
        allowed: list[Quote] = []
        denials: list[Denial] = []
        plan = MarketPlan(self._exposure, self._limits, market.key)
        for book in market.books:
            plan.include(book.pair)
        for quote in quotes:
            most_cents, control = self._most(quote, plan)
            if most_cents < quote.stake_cents:
                reason = f"{dollars_text(max(0, most_cents))} fits"
                denials.append(_denial(quote, control, reason))
            stake_cents = min(most_cents, quote.stake_cents)
            if stake_cents >= max(1, self._limits.min_stake_cents):
                plan.add(quote.line_id, stake_cents)
                allowed.append(
                    quote
                    if stake_cents == quote.stake_cents
                    else replace(quote, stake_cents=stake_cents)
                )
        return tuple(allowed), denials

    def admit(self, command: PlaceWager, now_ns: int) -> Denial | None:
        """Return the first control that a wager fails, None if it may be sent."""
        proposal = self._proposal(command, now_ns)
        for name, check in self._controls:
            reason = check(proposal)
            if reason is not None:
                return _denial(command, name, reason)
        return None

    def count_command(self, now_ns: int) -> None:
        """Count a command against the command rate; cancels count, and always pass."""
        self._forget_commands_until(now_ns - NS_PER_SECOND)
        self._command_times.append(now_ns)

    def _closed_before_game(self, market: MarketState, now_ns: int) -> str | None:
        event = market.event
        if event.status is EventStatus.LIVE:
            return "in-play"
        if now_ns >= event.scheduled_ns - self._limits.stop_before_start_ns:
            return "start is near"
        return None

    def _most(self, quote: Quote, plan: MarketPlan) -> tuple[int, str]:
        """Return the largest stake that fits, and the control that binds it."""
        if not self._odds_permitted(quote.odds):
            return 0, "odds"
        reducing = self.state is TradingState.REDUCING
        return min(
            (self._limits.max_stake_cents, "stake"),
            (plan.most_by_position(quote.line_id), "position"),
            (plan.most_by_exposure(quote.line_id, reducing=reducing), "exposure"),
        )

    def _proposal(self, command: PlaceWager, now_ns: int) -> _Proposal:
        pair = self._board.catalogue.pair_of(command.line_id)
        side = 0 if pair.first.line_id == command.line_id else 1
        added_cents = self._exposure.position(pair).added_worst_case_cents(
            side, command.stake_cents
        )
        return _Proposal(command, pair, side, added_cents, now_ns)

    def _check_trading_state(self, proposal: _Proposal) -> str | None:
        if self.state is TradingState.ACTIVE:
            return None
        if self.state is TradingState.REDUCING and proposal.added_cents == 0:
            return None
        return f"the desk is {self.state}"

    def _check_market_open(self, proposal: _Proposal) -> str | None:
        market = self._board.markets.get(proposal.pair.market_key)
        if market is None:
            return "the market is not one that the desk follows"
        return self.block_reason(market, proposal.now_ns)

    def _check_odds(self, proposal: _Proposal) -> str | None:
        odds = proposal.command.odds
        return None if self._odds_permitted(odds) else f"{odds:+d} is off the ladder or range"

    def _check_stake(self, proposal: _Proposal) -> str | None:
        stake_cents = proposal.command.stake_cents
        if self._limits.min_stake_cents <= stake_cents <= self._limits.max_stake_cents:
            return None
        return f"a stake of {dollars_text(stake_cents)} is out of bounds"

    def _check_concurrent_wagers(self, _proposal: _Proposal) -> str | None:
        count = self._wagers.live_count
        return None if count < self._limits.max_concurrent_wagers else f"{count} wagers are live"

    def _check_position(self, proposal: _Proposal) -> str | None:
        position, side = self._exposure.position(proposal.pair), proposal.side
        staked_cents = position.matched_cents[side] + position.open_cents[side]
        staked_cents += proposal.command.stake_cents
        if staked_cents <= self._limits.max_position_cents:
            return None
        return f"{dollars_text(staked_cents)} would be staked on the line"

    def _check_exposure(self, proposal: _Proposal) -> str | None:
        if proposal.added_cents == 0:
            return None
        limits, key = self._limits, proposal.pair.market_key
        for scope, now_cents, limit_cents in (
            ("market", self._exposure.of_market(key), limits.max_market_exposure_cents),
            ("event", self._exposure.of_event(key.event_id), limits.max_event_exposure_cents),
            ("total", self._exposure.total_cents, limits.max_total_exposure_cents),
        ):
            would_be_cents = now_cents + proposal.added_cents
            if would_be_cents > limit_cents:
                return f"{scope} exposure would be {dollars_text(would_be_cents)}"
        return None

    def _check_balance(self, proposal: _Proposal) -> str | None:
        available_cents = self._ledger.available_cents
        if self._limits.exposure_credit:
            available_cents += self._exposure.credit_cents
        if proposal.command.stake_cents <= available_cents:
            return None
        return f"{dollars_text(available_cents)} is available"

    def _check_command_rate(self, proposal: _Proposal) -> str | None:
        self._forget_commands_until(proposal.now_ns - NS_PER_SECOND)
        count = len(self._command_times)
        if count < self._limits.max_commands_per_second:
            return None
        return f"{count} commands in the last second"

    def _forget_commands_until(self, when_ns: int) -> None:
        while self._command_times and self._command_times[0] <= when_ns:
            self._command_times.popleft()

    def _odds_permitted(self, odds: int) -> bool:
        in_range = self._limits.shortest_odds <= odds <= self._limits.longest_odds
        return in_range and odds in self._ladder


def _denial(asked: PlaceWager | Quote, control: str, reason: str) -> Denial:
    return Denial(control, reason, asked.line_id, asked.odds, asked.stake_cents)
