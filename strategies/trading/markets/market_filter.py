"""Chooses the markets that a session follows."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.ids import MarketKey
from strategies.trading.model.market import Market, SportEvent
from strategies.trading.model.market_types import MarketKind, MarketType, Period


class MarketFilter:
    """Chooses markets by type, by period, and by tournament if any is named."""

    def __init__(
        self,
        types: Annotated[
            Sequence[MarketType], Meta(min_length=1, description="Which types of market to follow.")
        ],
        tournaments: Annotated[
            Sequence[str],
            Meta(description="The exact names of the tournaments to follow; empty: any."),
        ],
        periods: Annotated[
            Sequence[Period],
            Meta(min_length=1, description="Which periods of a game to follow markets on."),
        ] = (Period.GAME,),
    ) -> None:
        """Take market types, exact names of tournaments (none named means any), and periods."""
        self.types = tuple(types)
        self.periods = tuple(periods)
        self.tournaments = tuple(tournaments)

    def choose(self, catalogue: Catalogue) -> tuple[MarketKey, ...]:
        """Return the markets to follow; raise ConfigError if there are none."""
        chosen = tuple(
            key
            for key, market in catalogue.markets.items()
            if self.selects(market, catalogue.events[key.event_id])
        )
        if not chosen:
            if not catalogue.markets:
                message = "markets: none is on offer, as when every event has ended"
                raise ConfigError(message)
            there = sorted({_described(market) for market in catalogue.markets.values()})
            tournaments = sorted({event.tournament for event in catalogue.events.values()})
            message = (
                f"markets: none is of type {', '.join(self.types)}, period "
                f"{', '.join(self.periods)} and tournament "
                f"{', '.join(self.tournaments) or 'any'}; on offer are {', '.join(there)} "
                f"of {', '.join(tournaments)}"
            )
            raise ConfigError(message)
        return chosen

    def selects(self, market: Market, event: SportEvent) -> bool:
        """Return whether to follow a market of an event."""
        wanted = not self.tournaments or event.tournament in self.tournaments
        return wanted and self.selects_kind(market.kind)

    def selects_kind(self, kind: MarketKind) -> bool:
        """Return whether to follow markets of a kind, in the tournaments that are followed."""
        return kind.type in self.types and kind.period in self.periods


def _described(market: Market) -> str:
    """Return type and period of a market as the settings name them."""
    return f"{market.type} of {market.period}" if market.period.is_part else market.type
