"""What a pricing lacks for the markets that a backtest follows."""

from collections import Counter
from collections.abc import Sequence

from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.market import Market
from strategies.trading.pricing.touch import Pricing


def pricing_notes(
    pricing: Pricing, markets: Sequence[Market], catalogue: Catalogue, outside_prices: bool
) -> list[str]:
    """Return what a pricing lacks for some markets; raise ConfigError if it can price none.

    `outside_prices` is whether the source of market data has any.
    """
    lacking = Counter[str]()
    for market in markets:
        event = catalogue.events[market.event_id]
        missing = pricing.missing_for(market, event, outside_prices=outside_prices)
        if missing is not None:
            lacking[missing] += 1
    if lacking and lacking.total() == len(markets):
        reasons = "; ".join(sorted(lacking))
        message = f"pricing: {pricing!r} needs {reasons}; use pricing=consensus"
        raise ConfigError(message)
    return [
        f"{counted(count, 'market')} without a fair price: {pricing!r} needs {missing}"
        for missing, count in sorted(lacking.items())
    ]
