"""Which of the markets on offer a session follows."""

from collections.abc import Sequence

from strategies.trading.model.errors import ConfigError
from strategies.trading.model.ids import MarketKey
from strategies.trading.model.market import Catalogue, Market, MarketType, SportEvent


class MarketFilter:
    """Chooses markets by type, and by tournament if any is named."""

    def __init__(self, types: Sequence[str], tournaments: Sequence[str]) -> None:
        """Take market types, and the exact names of tournaments; none named means any.

        Raise ConfigError for a type that does not exist.
        """
        known = [market_type.value for market_type in MarketType]
        wrong = [name for name in types if name not in known]
        if wrong or not types:
            message = f"markets.types: {wrong or 'nothing'} chosen; there are {', '.join(known)}"
            raise ConfigError(message)
        self.types = tuple(MarketType(name) for name in types)
        self.tournaments = tuple(tournaments)

    def choose(self, catalogue: Catalogue) -> tuple[MarketKey, ...]:
        """Return the markets to follow; raise ConfigError if there are none."""
        chosen = tuple(
            key
            for key, market in catalogue.markets.items()
            if self.wants(market, catalogue.events[key.event_id])
        )
        if not chosen:
            if not catalogue.markets:
                message = "markets: none is on offer, as when every event has ended"
                raise ConfigError(message)
            there = sorted({market.type.value for market in catalogue.markets.values()})
            tournaments = sorted({event.tournament for event in catalogue.events.values()})
            message = (
                f"markets: none is of type {', '.join(self.types)} and tournament "
                f"{', '.join(self.tournaments) or 'any'}; on offer are {', '.join(there)} "
                f"of {', '.join(tournaments)}"
            )
            raise ConfigError(message)
        return chosen

    def wants(self, market: Market, event: SportEvent) -> bool:
        """Tell whether to follow a market of an event."""
        wanted = not self.tournaments or event.tournament in self.tournaments
        return wanted and market.type in self.types
