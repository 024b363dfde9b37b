"""The interface for authors of strategies: `from strategies.trading import Quote, View, ...`.

Code inside the project imports from the modules themselves.
"""

from strategies.trading.model.book import Book, RecentTrade
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Intent
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.ids import EventId, LineId, MarketId, PairId
from strategies.trading.model.market import (
    EventStatus,
    Line,
    Market,
    MarketStatus,
    Pair,
    SportEvent,
)
from strategies.trading.model.market_types import MarketType, Period, Selection, Team
from strategies.trading.model.money import cents_from_dollars
from strategies.trading.model.odds import (
    Ladder,
    Odds,
    crosses,
    implied_probability,
    opposite,
    prophetx_ladder,
)
from strategies.trading.model.position import Position
from strategies.trading.model.settings import (
    Dollars,
    PositiveDollars,
    ProbabilityDistance,
    nanoseconds,
)
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.strategy import DefaultStake, Quote, QuoteRefresh, Strategy
from strategies.trading.ports.view import (
    FixedViewSource,
    MarketView,
    Note,
    OwnWager,
    PairView,
    View,
)

__all__ = [
    "NS_PER_SECOND",
    "Book",
    "Catalogue",
    "ConfigError",
    "DefaultStake",
    "Dollars",
    "EventId",
    "EventStatus",
    "FixedViewSource",
    "Intent",
    "Ladder",
    "Line",
    "LineId",
    "Market",
    "MarketId",
    "MarketStatus",
    "MarketType",
    "MarketView",
    "Note",
    "Odds",
    "OwnWager",
    "Pair",
    "PairId",
    "PairView",
    "Period",
    "Position",
    "PositiveDollars",
    "ProbabilityDistance",
    "Quote",
    "QuoteRefresh",
    "RecentTrade",
    "Selection",
    "SportEvent",
    "Strategy",
    "Team",
    "View",
    "cents_from_dollars",
    "crosses",
    "implied_probability",
    "nanoseconds",
    "opposite",
    "prophetx_ladder",
]
