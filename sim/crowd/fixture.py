"""A game that was scheduled: its event, and what its closing market expects."""

from dataclasses import dataclass

from strategies.trading.model.market import SportEvent


@dataclass(frozen=True, slots=True)
class Fixture:
    """A scheduled game. `line` is the expected margin of home, `total` that of both teams' sum."""

    event: SportEvent
    line: float
    total: float
