"""What became of the lines of each market, as far as it was told."""

from collections import Counter
from collections.abc import Mapping

from strategies.trading.model.ids import LineId, MarketKey
from strategies.trading.model.market import Catalogue, Result

_OPPOSITE = {Result.WON: Result.LOST, Result.LOST: Result.WON}


def opposite_result(result: Result) -> Result:
    """Return what became of a line, given what became of its opposite."""
    return _OPPOSITE.get(result, result)


class LineResults:
    """The results told so far. What is told last of either line of a pair rules both."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Start with nothing told."""
        self._catalogue = catalogue
        self._by_market: dict[MarketKey, dict[LineId, Result]] = {}
        self._revisions: Counter[MarketKey] = Counter()

    def learn(self, key: MarketKey, told: Mapping[LineId, Result]) -> dict[LineId, Result]:
        """Take what is told of a market; return all that is known of it."""
        known = self._by_market.setdefault(key, {})
        self._revisions[key] += 1
        for line_id, result in told.items():
            known[line_id] = result
            other_id = self._catalogue.opposite(line_id).line_id
            if other_id in known:
                known[other_id] = opposite_result(result)
        return known

    def revision(self, key: MarketKey) -> int:
        """Return how often something was told of a market."""
        return self._revisions[key]
