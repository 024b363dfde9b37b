"""The results of the lines of each market that were reported so far."""

from collections import Counter
from collections.abc import Mapping

from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.ids import LineId, MarketKey
from strategies.trading.model.market import Result

_OPPOSITE = {Result.WON: Result.LOST, Result.LOST: Result.WON}


def opposite_result(result: Result) -> Result:
    """Return the result of a line, given the result of its opposite."""
    return _OPPOSITE.get(result, result)


class LineResults:
    """The results reported so far. The latest result of either line of a pair decides both."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Start with no results."""
        self._catalogue = catalogue
        self._by_market: dict[MarketKey, dict[LineId, Result]] = {}
        self._revisions: Counter[MarketKey] = Counter()

    def apply(self, key: MarketKey, reported: Mapping[LineId, Result]) -> dict[LineId, Result]:
        """Merge reported results of a market; return all of its known results."""
        known = self._by_market.setdefault(key, {})
        self._revisions[key] += 1
        for line_id, result in reported.items():
            known[line_id] = result
            other_id = self._catalogue.opposite(line_id).line_id
            if other_id in known:
                known[other_id] = opposite_result(result)
        return known

    def revision(self, key: MarketKey) -> int:
        """Return how often results of a market were reported."""
        return self._revisions[key]


def result_of(line_id: LineId, other_id: LineId, results: Mapping[LineId, Result]) -> Result:
    """Return the result of a line: its own, else the reverse of its opposite's, else VOIDED."""
    if line_id in results:
        return results[line_id]
    return opposite_result(results.get(other_id, Result.VOIDED))
