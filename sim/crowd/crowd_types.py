"""The types of market that a crowd trades; it has no model of the others."""

from typing import Literal, assert_never

from strategies.trading.model.market_types import MarketType

CrowdType = Literal[MarketType.MONEYLINE, MarketType.SPREAD, MarketType.TOTAL]


def crowd_type(type_: MarketType) -> CrowdType | None:
    """Return a type of market as one that a crowd trades, None if it does not."""
    match type_:
        case MarketType.MONEYLINE | MarketType.SPREAD | MarketType.TOTAL:
            return type_
        case MarketType.TEAM_TOTAL:
            return None
        case _:
            assert_never(type_)


CROWD_TYPES = tuple(traded for type_ in MarketType if (traded := crowd_type(type_)) is not None)
