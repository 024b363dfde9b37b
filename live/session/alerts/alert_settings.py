"""The settings of alerts: where they go, which ones, and when."""

from importlib.util import find_spec
from typing import Annotated

from msgspec import Meta, Struct

from conf.masking import masked_url
from live.session.alerts.alert import LevelName
from live.session.alerts.quiet_hours import QuietHours, read_quiet_hours
from strategies.trading.model.setting_reader import SettingError
from strategies.trading.model.settings import (
    Percent,
    PositiveMinutes,
    PositiveSeconds,
    PositiveWhole,
    ProbabilityDistance,
    Secret,
)
from strategies.trading.risk.trading_day import TradingDays, read_trading_days


class AlertSettings(Struct, frozen=True, kw_only=True):
    """Which alerts are raised, and where they go. Without URLs they are only printed and logged."""

    urls: Annotated[
        list[str],
        Secret(),
        Meta(
            description="Where alerts go: URLs of apprise (the extra `alert`), shown nowhere but "
            "by their scheme."
        ),
    ] = []
    level: Annotated[LevelName, Meta(description="The lowest level that is sent.")] = "info"
    quiet: Annotated[
        str | None,
        Meta(
            description="Hours in which what is below `quiet_level` waits, as in `23:00-07:00 "
            "America/New_York`; null is none."
        ),
    ] = None
    quiet_level: Annotated[
        LevelName, Meta(description="The lowest level that is sent in quiet hours.")
    ] = "critical"
    repeat_minutes: Annotated[
        PositiveMinutes,
        Meta(description="Repeats of an alert within this time are counted, and sent as one."),
    ] = 15
    feed_lost_seconds: Annotated[
        PositiveSeconds | None,
        Meta(description="A feed lost for longer raises an alert; null for none."),
    ] = 30
    fill_distance: Annotated[
        ProbabilityDistance | None,
        Meta(description="A fill further than this from fair raises an alert; null for none."),
    ] = 0.05
    limit_percent: Annotated[
        Percent | None,
        Meta(description="Use of a limit at which an alert is raised; null for none."),
    ] = 80
    fills_per_minute: Annotated[
        PositiveWhole | None,
        Meta(
            description="More fills in a minute raise an alert, if they are also five times the "
            "usual; null for none."
        ),
    ] = 30
    no_fill_minutes: Annotated[
        PositiveMinutes | None,
        Meta(
            description="Time with wagers open and no fill after which an alert is raised; null "
            "for none."
        ),
    ] = 120
    summary_at: Annotated[
        str | None,
        Meta(description="When the summary of a day is sent; null for none."),
    ] = "06:00 America/New_York"

    def __post_init__(self) -> None:
        """Raise SettingError for hours that cannot be read, and for URLs without the extra."""
        self.quiet_hours()
        self.summary_days()
        for place, url in enumerate(self.urls):
            if "://" not in url:
                message = "is no URL of apprise; write SERVICE://..."
                raise SettingError(f"urls[{place}]", message)
        if self.urls and find_spec("apprise") is None:
            message = "apprise is missing; install it with pip install 'prophet-sim[alert]'"
            raise SettingError("urls", message)

    def quiet_hours(self) -> QuietHours | None:
        """Return the quiet hours, None without any."""
        return None if self.quiet is None else read_quiet_hours(self.quiet)

    def summary_days(self) -> TradingDays | None:
        """Return the days of which a summary is sent, None without one."""
        if self.summary_at is None:
            return None
        try:
            return read_trading_days(self.summary_at)
        except SettingError as error:
            raise SettingError("summary_at", error.problem) from None

    def names(self) -> list[str]:
        """Return the URLs as they may be shown."""
        return [masked_url(url) for url in self.urls]
