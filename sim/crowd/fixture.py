"""A game that was scheduled: its event, and what its market expects at the opening."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from strategies.trading.model.market import SportEvent


@dataclass(frozen=True, slots=True)
class Fixture:
    """A scheduled game, with what is expected at the opening: the margin of home, and the sum.

    `zone` is that of the place where it is played, by which its day ends.
    """

    event: SportEvent
    line: float
    total: float
    zone: ZoneInfo
