"""Settings of the simulated exchange, with ProphetX's rules as defaults."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from strategies.trading.model.money import cents_from_dollars
from strategies.trading.model.setting_reader import SettingError
from strategies.trading.model.settings import Dollars, PositiveWhole, Seconds, Whole, nanoseconds
from strategies.trading.model.units import NS_PER_SECOND


class BalanceMode(StrEnum):
    """The moment a wager's stake leaves the balance: at placement, or when it is matched."""

    IMMEDIATE = "immediate"
    DEFERRED = "deferred"


@dataclass(frozen=True, slots=True)
class ExchangeRules:
    """Rules of the simulated exchange in cents, nanoseconds and counts.

    docs/exchange.md says of each what is known of the real exchange. A recorded in-play delay
    overrides `in_play_delay_ns`. Without a `trade_pairing_ns` it is as the recording shows.
    `credit_refresh_ns` is how often the exposure credit is
    recalculated; `deduction_ns` how long after a fill a single cancel is refused, under deferred
    deduction.
    """

    starting_balance_cents: int = 1_000_000
    balance_mode: BalanceMode = BalanceMode.DEFERRED
    open_stake_multiple: int = 10
    back_off_multiple: int = 50
    exposure_credit: bool = True
    credit_refresh_ns: int = 5 * NS_PER_SECOND
    deduction_ns: int = 0
    min_stake_cents: int = 100
    max_stake_cents: int = 10_000_000_000
    add_only_allowed: bool = True
    requests_per_second: int = 50
    in_play_delay_ns: int = 5 * NS_PER_SECOND
    most_delayed: int = 100
    retry_window_ns: int = 300_000_000
    fill_or_kill_ns: int = 2 * NS_PER_SECOND
    mass_cancel_batch: int = 100
    mass_cancel_pause_ns: int = 100_000_000
    trade_pairing_ns: int | None = None


class ExchangeSettings(Struct, frozen=True, kw_only=True):
    """The rules of the simulated exchange as a configuration states them: dollars and seconds."""

    starting_balance: Annotated[Dollars, Meta(description="What the account holds at the start.")]
    balance_mode: Annotated[
        BalanceMode,
        Meta(
            description="When a stake leaves the balance: as it is matched (deferred) or as the "
            "wager is placed (immediate)."
        ),
    ]
    open_stake_multiple: Annotated[
        PositiveWhole,
        Meta(
            description="In deferred mode, how many times the available balance all open stakes "
            "may reach."
        ),
    ]
    back_off_multiple: Annotated[
        Whole,
        Meta(
            description="How many times the available balance all open stakes may reach before "
            "placing is refused with a request to slow down."
        ),
    ]
    exposure_credit: Annotated[
        bool,
        Meta(
            description="Whether the stake that matched wagers on both lines of a pair cover may "
            "be staked again."
        ),
    ]
    credit_refresh_seconds: Annotated[
        Seconds, Meta(description="How often the exposure credit is recalculated.")
    ]
    deduction_seconds: Annotated[
        Seconds,
        Meta(description="In deferred mode, how long after a fill a single cancel is refused."),
    ]
    min_stake: Annotated[Dollars, Meta(description="The smallest stake that is accepted.")]
    max_stake: Annotated[Dollars, Meta(description="The largest stake that is accepted.")]
    add_only_allowed: Annotated[
        bool, Meta(description="Whether wagers that must only rest (add-only) are accepted.")
    ]
    requests_per_second: Annotated[
        PositiveWhole,
        Meta(description="How many requests of one account are accepted in any second."),
    ]
    in_play_delay_seconds: Annotated[
        Seconds,
        Meta(description="The delay of placements in play where the recording has none."),
    ]
    most_delayed: Annotated[
        PositiveWhole,
        Meta(description="How many placements of one account may be in the in-play delay."),
    ]
    retry_window_seconds: Annotated[
        Seconds,
        Meta(description="How long after a wager opened its cancel is refused with a retry."),
    ]
    fill_or_kill_seconds: Annotated[
        Seconds, Meta(description="How long a fill-or-kill wager waits for its match.")
    ]
    mass_cancel_batch: Annotated[
        PositiveWhole, Meta(description="How many wagers a mass cancel removes at a time.")
    ]
    mass_cancel_pause_seconds: Annotated[
        Seconds, Meta(description="The pause of a mass cancel between two batches.")
    ]
    trade_pairing_seconds: Annotated[
        Seconds | None,
        Meta(
            description="The most between a recorded trade and the decrease of its offer; null: as "
            "the recording shows."
        ),
    ]

    def __post_init__(self) -> None:
        """Refuse bounds the wrong way round."""
        if self.max_stake < self.min_stake:
            raise SettingError(
                "max_stake", f"{self.max_stake} is below min_stake, {self.min_stake}"
            )
        if self.back_off_multiple < self.open_stake_multiple:
            problem = (
                f"{self.back_off_multiple} is below open_stake_multiple, {self.open_stake_multiple}"
            )
            raise SettingError("back_off_multiple", problem)

    def build(self) -> ExchangeRules:
        """Return the rules in cents and nanoseconds."""
        pairing = self.trade_pairing_seconds
        return ExchangeRules(
            starting_balance_cents=cents_from_dollars(self.starting_balance),
            balance_mode=self.balance_mode,
            open_stake_multiple=self.open_stake_multiple,
            back_off_multiple=self.back_off_multiple,
            exposure_credit=self.exposure_credit,
            credit_refresh_ns=nanoseconds(self.credit_refresh_seconds),
            deduction_ns=nanoseconds(self.deduction_seconds),
            min_stake_cents=cents_from_dollars(self.min_stake),
            max_stake_cents=cents_from_dollars(self.max_stake),
            add_only_allowed=self.add_only_allowed,
            requests_per_second=self.requests_per_second,
            in_play_delay_ns=nanoseconds(self.in_play_delay_seconds),
            most_delayed=self.most_delayed,
            retry_window_ns=nanoseconds(self.retry_window_seconds),
            fill_or_kill_ns=nanoseconds(self.fill_or_kill_seconds),
            mass_cancel_batch=self.mass_cancel_batch,
            mass_cancel_pause_ns=nanoseconds(self.mass_cancel_pause_seconds),
            trade_pairing_ns=None if pairing is None else nanoseconds(pairing),
        )
