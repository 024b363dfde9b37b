"""The settings of The Odds API; its key comes from the environment and is no setting."""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from strategies.trading.model.setting_reader import SettingError
from strategies.trading.model.settings import (
    LOOPBACK_HOSTS,
    PositiveMinutes,
    PositiveSeconds,
    Rule,
    Whole,
)

API_KEY = "ODDS_API_KEY"

# Every ten bookmakers that are named cost what one region does.
_BOOKS_PER_REGION = 10

_NAME = re.compile(r"[a-z0-9_]{1,40}")
_Name = Annotated[
    str, Rule(lambda text: _NAME.fullmatch(text) is not None, "of small letters, digits and _")
]


class OddsApiSettings(Struct, frozen=True, kw_only=True):
    """What is asked of The Odds API, how often, and how much of its quota is left alone.

    It is used when `sports` names a league. A request costs a unit of the quota for each market in
    each region.
    """

    sports: Annotated[
        tuple[str, ...],
        Meta(
            description="The leagues to poll: nba, nfl, mlb, nhl, and those of `teams`; none "
            "leaves the source off. The key is read from the environment, ODDS_API_KEY."
        ),
    ] = ()
    url: Annotated[str, Meta(description="Scheme and host of the source.")] = (
        "https://api.the-odds-api.com"
    )
    regions: Annotated[
        tuple[_Name, ...], Meta(description="The regions whose bookmakers are asked for.")
    ] = ("us",)
    bookmakers: Annotated[
        tuple[_Name, ...],
        Meta(description="The only bookmakers asked for, in place of those of `regions`."),
    ] = ()
    markets: Annotated[
        tuple[Literal["h2h", "spreads", "totals"], ...],
        Meta(description="The markets asked for: moneylines, spreads, totals."),
    ] = ("h2h", "spreads", "totals")
    early_seconds: Annotated[
        PositiveSeconds, Meta(description="Time between two polls while no start is near.")
    ] = 600
    near_seconds: Annotated[
        PositiveSeconds,
        Meta(description="Time between two polls within `near_minutes` of a start."),
    ] = 60
    near_minutes: Annotated[
        PositiveMinutes, Meta(description="How long before a start it counts as near.")
    ] = 120
    in_play_seconds: Annotated[
        PositiveSeconds | None,
        Meta(description="Time between two polls during games; null: games are not polled."),
    ] = None
    start_tolerance_minutes: Annotated[
        PositiveMinutes,
        Meta(
            description="How far the start of a game may be from the exchange's; beyond that it "
            "is another game of the same teams."
        ),
    ] = 60
    slow_below: Annotated[
        Whole,
        Meta(description="With fewer units of the quota left, polls come four times as rarely."),
    ] = 100
    keep: Annotated[
        Whole, Meta(description="Units of the quota that are never used; polling stops there.")
    ] = 10
    answer_seconds: Annotated[
        PositiveSeconds,
        Meta(description="Time without a whole answer after which it counts as none."),
    ] = 10
    teams: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(description="A YAML file that adds leagues, teams and names of teams."),
    ] = None

    def __post_init__(self) -> None:
        """Raise SettingError for an address that would show the key, or settings that disagree."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingError("url", "must be http:// or https:// and a host")
        if parts.path not in ("", "/") or parts.query or parts.username:
            raise SettingError("url", "must be a scheme and a host only")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
            raise SettingError("url", "the key would cross the network unencrypted; use https://")
        if not self.regions and not self.bookmakers:
            raise SettingError("regions", "name a region, or bookmakers")
        if not self.markets:
            raise SettingError("markets", "name a market")
        if self.slow_below < self.keep:
            raise SettingError("slow_below", f"{self.slow_below} is below keep, {self.keep}")
        if self.teams is not None and not Path(self.teams).is_file():
            raise SettingError("teams", f"{self.teams} is no file")

    @property
    def is_on(self) -> bool:
        """Return whether any league is polled."""
        return bool(self.sports)

    @property
    def cost(self) -> int:
        """Return what one request costs at most, in units of the quota."""
        regions = -(-len(self.bookmakers) // _BOOKS_PER_REGION) or len(self.regions)
        return regions * len(set(self.markets))
