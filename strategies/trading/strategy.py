"""The port to an idea: what it may see of a market, and the quotes that it wishes for."""

from dataclasses import dataclass
from typing import Protocol

from strategies.trading.commands import Intent
from strategies.trading.ids import LineId
from strategies.trading.market import EventStatus, Market, MarketStatus, Pair, SportEvent
from strategies.trading.odds import Ladder, Odds
from strategies.trading.position import Position


@dataclass(frozen=True, slots=True)
class Quote:
    """A wager that we wish to have resting on a line, at these odds or longer."""

    line_id: LineId
    odds: Odds
    stake_cents: int
    intent: Intent = Intent.ADD_ONLY


@dataclass(frozen=True, slots=True)
class PairView:
    """One pair as a strategy sees it.

    `fair` is the fair probability of the first line, None where there is no price. A touch is
    the best offer of others as (odds, cents), which a taker could have. `position` is to be read,
    not changed.
    """

    pair: Pair
    fair: float | None
    first_touch: tuple[Odds, int] | None
    second_touch: tuple[Odds, int] | None
    position: Position


@dataclass(frozen=True, slots=True)
class View:
    """All that a strategy may see when it quotes a market; positions are those of the event."""

    now_ns: int
    event: SportEvent
    event_status: EventStatus
    score: tuple[int, int] | None
    market: Market
    market_status: MarketStatus
    pairs: tuple[PairView, ...]
    positions: tuple[Position, ...]
    ladder: Ladder


class Strategy(Protocol):
    """An idea. It declares what it would like resting; it never places and never cancels.

    `quote_refresh_ns` is how often it wants to be asked at most; zero means on every change.
    """

    quote_refresh_ns: int

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Return every quote wished for in this market; what is not named is cancelled."""
