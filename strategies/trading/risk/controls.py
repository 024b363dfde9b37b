"""Risk controls: named checks that every wager must pass, the standard ones and a person's own.

The standard controls always apply: a limit is relaxed by its setting, never by removing its
control. Controls that a configuration adds under `controls` are checked after them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.money import dollars_text
from strategies.trading.model.odds import Ladder
from strategies.trading.ports.control import Control, Proposal
from strategies.trading.risk.limits import Limits
from strategies.trading.risk.market_plan import held_cents
from strategies.trading.risk.price_sanity import PriceSanityControl

# Checked by the risk manager itself before every control: that nothing is sent while halted, or
# into a closed market, must not depend on a list.
TRADING_STATE = "trading_state"
MARKET_OPEN = "market_open"
# Those that shape the quotes too, before any of them becomes a wager.
ODDS = "odds"
STAKE = "stake"
PRICE_SANITY = "price_sanity"
BACK_OFF = "back_off"
POSITION = "position"
EXPOSURE = "exposure"
# The one control whose denial ends merely because time passes.
COMMAND_RATE = "command_rate"

NO_CONTROLS: Mapping[str, Control] = MappingProxyType({})


class Controls:
    """The controls of a desk, in the order in which they are checked; cheap ones come first."""

    def __init__(self, limits: Limits, ladder: Ladder, own: Mapping[str, Control]) -> None:
        """Add a person's own controls, by name, after the standard ones; raise ConfigError."""
        require_controls(own)
        self._by_name: dict[str, Control] = {**_standard(limits, ladder), **own}

    def first_failed(self, proposal: Proposal) -> tuple[str, str] | None:
        """Return name and reason of the first control that the wager fails, None if it passes."""
        for name, control in self._by_name.items():
            # A person's own class may return anything, whatever the declared type is.
            reason: Any = control.check(proposal)
            if reason is None:
                continue
            if not isinstance(reason, str):
                message = (
                    f"controls.{name}: check returned {reason!r}; "
                    "return a reason as text, or None to let the wager pass"
                )
                raise ConfigError(message)
            return name, reason
        return None


def require_controls(own: Any) -> None:
    """Raise ConfigError unless `own` maps unused names to objects with a method `check`."""
    if not isinstance(own, Mapping):
        message = f"controls: {own!r} is no mapping; write controls.NAME._target_=module.Class"
        raise ConfigError(message)
    for name, control in own.items():
        if name in _STANDARD_NAMES:
            message = f"controls.{name}: a standard control has this name; choose another"
            raise ConfigError(message)
        if not callable(getattr(control, "check", None)) or isinstance(control, type):
            message = (
                f"controls.{name}: {control!r} is no control; give the _target_ of a class "
                "with a method check(proposal)"
            )
            raise ConfigError(message)


@dataclass(frozen=True, slots=True)
class OddsControl:
    """Odds must be a rung of the ladder within the configured range."""

    limits: Limits
    ladder: Ladder

    def check(self, proposal: Proposal) -> str | None:
        """Return why the wager may not be sent, None if it may."""
        odds = proposal.command.odds
        if odds_permitted(odds, self.limits, self.ladder):
            return None
        return odds_reason(odds, self.limits, self.ladder)


def least_stake_reason(stake_cents: int, limits: Limits) -> str:
    """Return why a stake below the least one is denied."""
    stake, least = dollars_text(stake_cents), dollars_text(limits.min_stake_cents)
    return f"{stake} is less than risk.min_stake, {least}"


@dataclass(frozen=True, slots=True)
class StakeControl:
    """A stake must lie between the smallest and the largest stake of a wager."""

    limits: Limits

    def check(self, proposal: Proposal) -> str | None:
        """Return why the wager may not be sent, None if it may."""
        stake_cents, limits = proposal.command.stake_cents, self.limits
        if stake_cents < limits.min_stake_cents:
            return least_stake_reason(stake_cents, limits)
        if stake_cents > limits.max_stake_cents:
            stake, most = dollars_text(stake_cents), dollars_text(limits.max_stake_cents)
            return f"{stake} is more than risk.max_stake_per_wager, {most}"
        return None


@dataclass(frozen=True, slots=True)
class ConcurrentWagersControl:
    """Limits how many wagers are pending, open, or being cancelled at a time."""

    limits: Limits

    def check(self, proposal: Proposal) -> str | None:
        """Return why the wager may not be sent, None if it may."""
        count, most = proposal.live_wagers, self.limits.max_concurrent_wagers
        if count < most:
            return None
        return f"{counted(count, 'wager')} live; risk.max_concurrent_wagers is {most:,}"


@dataclass(frozen=True, slots=True)
class PositionControl:
    """Limits what one line can lose, net of what the other line of its pair offsets.

    Open stake counts in full: nothing offsets it before it is matched.
    """

    limits: Limits

    def check(self, proposal: Proposal) -> str | None:
        """Return why the wager may not be sent, None if it may."""
        position, side = proposal.position, proposal.side
        cents = held_cents(self.limits, position, side) + position.open_cents[side]
        cents += proposal.command.stake_cents
        if cents <= self.limits.max_position_cents:
            return None
        most = dollars_text(self.limits.max_position_cents)
        return f"the line would hold {dollars_text(cents)}; risk.max_position_size is {most}"


@dataclass(frozen=True, slots=True)
class ExposureControl:
    """Limits the worst case of a market, an event and the session.

    A wager that cannot worsen a worst case always passes its limit: it may be a hedge.
    """

    limits: Limits

    def check(self, proposal: Proposal) -> str | None:
        """Return why the wager may not be sent, None if it may."""
        limits, added_cents = self.limits, proposal.added_cents
        market_cents = proposal.market_exposure_cents + added_cents
        if added_cents and market_cents > limits.max_market_exposure_cents:
            return _exposure_reason("market", market_cents, limits.max_market_exposure_cents)
        # The sums over pairs are never below the joint figures, and cost nothing.
        event_fits = proposal.event_exposure_cents + added_cents <= limits.max_event_exposure_cents
        total_fits = proposal.total_exposure_cents + added_cents <= limits.max_total_exposure_cents
        return None if event_fits and total_fits else self._check_joint(proposal)

    def _check_joint(self, proposal: Proposal) -> str | None:
        """Check event and total by what the event can lose at one score."""
        limits, exposure = self.limits, proposal.exposure
        now_cents = exposure.joint_of_event(proposal.market.event_id)
        event_cents = exposure.joint_if_added(
            proposal.pair, proposal.side, proposal.command.stake_cents
        )
        if event_cents <= now_cents:
            return None
        if event_cents > limits.max_event_exposure_cents:
            return _exposure_reason("event", event_cents, limits.max_event_exposure_cents)
        total_cents = exposure.joint_total_cents() + event_cents - now_cents
        if total_cents > limits.max_total_exposure_cents:
            return _exposure_reason("total", total_cents, limits.max_total_exposure_cents)
        return None


@dataclass(frozen=True, slots=True)
class BalanceControl:
    """A stake must be covered by the available balance, plus the exposure credit if configured."""

    limits: Limits

    def check(self, proposal: Proposal) -> str | None:
        """Return why the wager may not be sent, None if it may."""
        available_cents = proposal.available_cents
        if self.limits.exposure_credit:
            available_cents += proposal.credit_cents
        if proposal.command.stake_cents <= available_cents:
            return None
        available = dollars_text(max(0, available_cents))
        stake = dollars_text(proposal.command.stake_cents)
        return f"the stake is {stake}; {available} is available"


@dataclass(frozen=True, slots=True)
class OpenStakeControl:
    """Limits the open stake to a multiple of the cash that can pay for it."""

    limits: Limits

    def check(self, proposal: Proposal) -> str | None:
        """Return why the wager may not be sent, None if it may."""
        times, exposure = self.limits.max_open_stake_times_cash, proposal.exposure
        cash_cents = max(
            0,
            exposure.cash_cents(proposal.available_cents, with_credit=self.limits.exposure_credit),
        )
        open_cents = exposure.open_cents + proposal.command.stake_cents
        if not times or open_cents <= times * cash_cents:
            return None
        return (
            f"{dollars_text(open_cents)} would be open on {dollars_text(cash_cents)} of cash; "
            f"risk.max_open_stake_times_cash is {times:g}"
        )


@dataclass(frozen=True, slots=True)
class CommandRateControl:
    """Limits how many commands are sent in any second."""

    limits: Limits

    def check(self, proposal: Proposal) -> str | None:
        """Return why the wager may not be sent, None if it may."""
        count, most = proposal.commands_last_second, self.limits.max_commands_per_second
        if count < most:
            return None
        return f"{counted(count, 'command')} in a second; risk.max_commands_per_second is {most:,}"


def _exposure_reason(scope: str, would_be_cents: int, limit_cents: int) -> str:
    would_be, limit = dollars_text(would_be_cents), dollars_text(limit_cents)
    return f"exposure would be {would_be}; risk.max_{scope}_exposure is {limit}"


def odds_permitted(odds: int, limits: Limits, ladder: Ladder) -> bool:
    """Return whether odds are a rung of the ladder within the range of the limits."""
    return limits.shortest_odds <= odds <= limits.longest_odds and odds in ladder


def odds_reason(odds: int, limits: Limits, ladder: Ladder) -> str:
    """Return why odds are not permitted."""
    if odds not in ladder:
        return f"{odds:+d} is not a rung of the exchange's ladder"
    if odds < limits.shortest_odds:
        return f"{odds:+d} is shorter than risk.shortest_odds, {limits.shortest_odds:+d}"
    return f"{odds:+d} is longer than risk.longest_odds, {limits.longest_odds:+d}"


def _standard(limits: Limits, ladder: Ladder) -> dict[str, Control]:
    return {
        ODDS: OddsControl(limits, ladder),
        STAKE: StakeControl(limits),
        "concurrent_wagers": ConcurrentWagersControl(limits),
        POSITION: PositionControl(limits),
        EXPOSURE: ExposureControl(limits),
        "balance": BalanceControl(limits),
        "open_stake": OpenStakeControl(limits),
        PRICE_SANITY: PriceSanityControl(limits),
        COMMAND_RATE: CommandRateControl(limits),
    }


_STANDARD_NAMES = (
    *(TRADING_STATE, MARKET_OPEN, "odds", "stake", "concurrent_wagers"),
    *("position", "exposure", "balance", "open_stake", PRICE_SANITY, BACK_OFF, COMMAND_RATE),
)
