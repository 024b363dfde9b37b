"""The risk limits of a session."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Self

from msgspec import Meta, Struct, to_builtins

from strategies.trading.model.money import cents_from_dollars
from strategies.trading.model.setting_reader import SettingError, read_settings
from strategies.trading.model.settings import (
    AmericanOdds,
    Dollars,
    Hours,
    Multiple,
    Percent,
    Seconds,
    SettingValue,
    Whole,
    nanoseconds,
)
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.risk.pre_game_windows import read_news_windows
from strategies.trading.risk.trading_day import UTC_MIDNIGHT, read_trading_days

_NS_PER_HOUR = 3_600 * NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a desk, in cents, nanoseconds and American odds."""

    min_stake_cents: int
    max_stake_cents: int
    max_position_cents: int
    max_market_exposure_cents: int
    max_event_exposure_cents: int
    max_total_exposure_cents: int
    max_concurrent_wagers: int
    max_daily_loss_cents: int
    stop_loss_percent: Decimal
    shortest_odds: int
    longest_odds: int
    max_feed_age_ns: int
    max_commands_per_second: int
    in_play: bool
    stop_before_start_ns: int
    exposure_credit: bool
    # Defaults are for runs recorded before these limits existed; zero sets none. Without
    # `nets_positions` all stake matched on a line counts, whatever the other line offsets.
    max_open_stake_times_cash: Decimal = Decimal(0)
    max_price_deviation_percent: Decimal = Decimal(0)
    max_mispriced_in_row: int = 0
    nets_positions: bool = False
    day_starts: str = UTC_MIDNIGHT
    max_rejections_in_row: int = 0
    rejections_within_ns: int = 0
    max_feed_delay_ns: int = 0
    begin_before_start_ns: int = 0
    news_windows: tuple[str, ...] = ()


class RiskSettings(Struct, frozen=True, kw_only=True):
    """The limits of a session as configured: dollars, percent, seconds and odds."""

    min_stake: Annotated[Dollars, Meta(description="The smallest stake of a wager.")]
    max_stake_per_wager: Annotated[Dollars, Meta(description="The largest stake of a wager.")]
    max_position_size: Annotated[
        Dollars,
        Meta(
            description="The most that one line may lose after what the other line of its pair "
            "offsets, open stake too."
        ),
    ]
    max_market_exposure: Annotated[
        Dollars,
        Meta(description="The most that the worst outcome of a market may lose, open wagers too."),
    ]
    max_event_exposure: Annotated[
        Dollars,
        Meta(
            description="The most that an event may lose at its worst final score, open wagers "
            "too; periods are added up."
        ),
    ]
    max_total_exposure: Annotated[
        Dollars,
        Meta(description="The most that all events together may lose, open wagers too."),
    ]
    max_concurrent_wagers: Annotated[
        Whole, Meta(description="How many wagers may be pending or open at a time.")
    ]
    max_daily_loss: Annotated[
        Dollars,
        Meta(description="The loss of one day at which trading halts; 0 sets no limit."),
    ]
    stop_loss_percentage: Annotated[
        Percent,
        Meta(
            description="The fall from the highest equity, as a share of the starting balance, at "
            "which trading halts; 0 sets no limit."
        ),
    ]
    shortest_odds: Annotated[AmericanOdds, Meta(description="Nothing is wagered at shorter odds.")]
    longest_odds: Annotated[AmericanOdds, Meta(description="Nothing is wagered at longer odds.")]
    max_feed_age_seconds: Annotated[
        Seconds, Meta(description="Silence on an event after which its quotes are withdrawn.")
    ]
    max_commands_per_second: Annotated[
        Whole, Meta(description="How many commands are sent in any second; cancels always pass.")
    ]
    in_play: Annotated[bool, Meta(description="Whether to quote once an event has started.")]
    stop_before_start_seconds: Annotated[
        Seconds, Meta(description="How long before the scheduled start quoting ends.")
    ]
    exposure_credit: Annotated[
        bool,
        Meta(
            description="Whether the stake that matched wagers on both lines of a pair set free "
            "may be spent again."
        ),
    ]
    max_open_stake_times_cash: Annotated[
        Multiple,
        Meta(
            description="The most open stake as a multiple of the cash that can pay for it: the "
            "balance less matched stakes, with the exposure credit; the exchange refuses beyond "
            "10. 0 sets no limit."
        ),
    ]
    max_price_deviation_percent: Annotated[
        Percent,
        Meta(
            description="How far a quote may be from the last price and from an outside price, as "
            "a share of that price; the exchange breaks trades beyond 15. 0 checks nothing."
        ),
    ]
    max_mispriced_in_row: Annotated[
        Whole,
        Meta(
            description="After how many decisions in a row on a market, each with a quote that "
            "costs more than twice `max_price_deviation_percent`, trading halts; 0 never."
        ),
    ]
    # Configurations of sessions that were saved before these settings existed lack them.
    day_starts: Annotated[
        str,
        Meta(
            description="When the day of `max_daily_loss` turns: a local time and its zone, as in "
            "`06:00 America/New_York`."
        ),
    ] = UTC_MIDNIGHT
    max_rejections_in_row: Annotated[
        Whole,
        Meta(
            description="How many placements in a row the exchange may refuse until trading halts; "
            "0 sets no limit."
        ),
    ] = 0
    rejections_within_seconds: Annotated[
        Seconds,
        Meta(description="The time within which refused placements count as in a row."),
    ] = 0
    max_feed_delay_seconds: Annotated[
        Seconds,
        Meta(
            description="How long after it happened market data of an event may arrive; beyond "
            "that its quotes are withdrawn. 0 sets no limit."
        ),
    ] = 0
    begin_before_start_hours: Annotated[
        Hours,
        Meta(description="How long before the scheduled start quoting begins; 0: at any time."),
    ] = 0
    news_windows: Annotated[
        tuple[str, ...],
        Meta(
            description="Times before games at which quotes are pulled or widened, by sport or "
            "tournament, as in `nba: pull 90 to 60 minutes before the start` or `any: widen 0.01 "
            "from 13:00 to 13:10 America/New_York`."
        ),
    ] = ()

    def __post_init__(self) -> None:
        """Raise SettingError for a lower bound above its upper bound, or a wrong time of day."""
        if self.min_stake > self.max_stake_per_wager:
            problem = f"{self.min_stake} is above max_stake_per_wager, {self.max_stake_per_wager}"
            raise SettingError("min_stake", problem)
        if self.shortest_odds > self.longest_odds:
            problem = f"{self.shortest_odds} is above longest_odds, {self.longest_odds}"
            raise SettingError("shortest_odds", problem)
        read_trading_days(self.day_starts)
        read_news_windows(self.news_windows)

    @classmethod
    def of(cls, limits: Limits) -> Self:
        """Return the settings that describe these limits."""
        return cls(
            min_stake=limits.min_stake_cents / 100,
            max_stake_per_wager=limits.max_stake_cents / 100,
            max_position_size=limits.max_position_cents / 100,
            max_market_exposure=limits.max_market_exposure_cents / 100,
            max_event_exposure=limits.max_event_exposure_cents / 100,
            max_total_exposure=limits.max_total_exposure_cents / 100,
            max_concurrent_wagers=limits.max_concurrent_wagers,
            max_daily_loss=limits.max_daily_loss_cents / 100,
            stop_loss_percentage=float(limits.stop_loss_percent),
            shortest_odds=limits.shortest_odds,
            longest_odds=limits.longest_odds,
            max_feed_age_seconds=limits.max_feed_age_ns / NS_PER_SECOND,
            max_commands_per_second=limits.max_commands_per_second,
            in_play=limits.in_play,
            stop_before_start_seconds=limits.stop_before_start_ns / NS_PER_SECOND,
            exposure_credit=limits.exposure_credit,
            max_open_stake_times_cash=float(limits.max_open_stake_times_cash),
            max_price_deviation_percent=float(limits.max_price_deviation_percent),
            max_mispriced_in_row=limits.max_mispriced_in_row,
            day_starts=limits.day_starts,
            max_rejections_in_row=limits.max_rejections_in_row,
            rejections_within_seconds=limits.rejections_within_ns / NS_PER_SECOND,
            max_feed_delay_seconds=limits.max_feed_delay_ns / NS_PER_SECOND,
            begin_before_start_hours=limits.begin_before_start_ns / _NS_PER_HOUR,
            news_windows=limits.news_windows,
        )

    def build(self) -> Limits:
        """Return the limits in cents and nanoseconds."""
        return Limits(
            min_stake_cents=cents_from_dollars(self.min_stake),
            max_stake_cents=cents_from_dollars(self.max_stake_per_wager),
            max_position_cents=cents_from_dollars(self.max_position_size),
            max_market_exposure_cents=cents_from_dollars(self.max_market_exposure),
            max_event_exposure_cents=cents_from_dollars(self.max_event_exposure),
            max_total_exposure_cents=cents_from_dollars(self.max_total_exposure),
            max_concurrent_wagers=self.max_concurrent_wagers,
            max_daily_loss_cents=cents_from_dollars(self.max_daily_loss),
            stop_loss_percent=Decimal(str(self.stop_loss_percentage)),
            shortest_odds=self.shortest_odds,
            longest_odds=self.longest_odds,
            max_feed_age_ns=nanoseconds(self.max_feed_age_seconds),
            max_commands_per_second=self.max_commands_per_second,
            in_play=self.in_play,
            stop_before_start_ns=nanoseconds(self.stop_before_start_seconds),
            exposure_credit=self.exposure_credit,
            max_open_stake_times_cash=Decimal(str(self.max_open_stake_times_cash)),
            max_price_deviation_percent=Decimal(str(self.max_price_deviation_percent)),
            max_mispriced_in_row=self.max_mispriced_in_row,
            nets_positions=True,
            day_starts=self.day_starts,
            max_rejections_in_row=self.max_rejections_in_row,
            rejections_within_ns=nanoseconds(self.rejections_within_seconds),
            max_feed_delay_ns=nanoseconds(self.max_feed_delay_seconds),
            begin_before_start_ns=nanoseconds(self.begin_before_start_hours * 3_600),
            news_windows=self.news_windows,
        )


def changed_limits(limits: Limits, changes: Mapping[str, SettingValue]) -> Limits:
    """Return limits of which some settings are changed, by name and in the units of people.

    Raise ConfigError for one that is unknown or wrong, alone or together with the others.
    """
    settings = to_builtins(RiskSettings.of(limits))
    changed: RiskSettings = read_settings("risk", RiskSettings, settings | dict(changes))
    return changed.build()
