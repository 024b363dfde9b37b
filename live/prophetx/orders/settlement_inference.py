"""From what became of wagers to the results of markets: the exchange tells only of wagers."""

from live.prophetx.orders.tracked_wager import TrackedWager
from strategies.trading.model.events import Event, MarketSettled
from strategies.trading.model.ids import LineId, MarketKey
from strategies.trading.model.market import Catalogue, Result

_MIRRORED = {Result.WON: Result.LOST, Result.LOST: Result.WON}


class SettlementInference:
    """Tells the results of a market once those of all our matched wagers in it are known."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Begin without results."""
        self._catalogue = catalogue
        self._matched: dict[MarketKey, dict[str, TrackedWager]] = {}
        self._told: dict[MarketKey, tuple[int, dict[LineId, Result]]] = {}

    def settle(self, wager: TrackedWager) -> list[Event]:
        """Return the settlement that news of a wager brings about, if any."""
        if wager.line is None or not wager.matched_cents:
            return []
        key = wager.line.market_key
        matched = self._matched.setdefault(key, {})
        matched[wager.ref] = wager
        results: dict[LineId, Result] = {}
        for each in matched.values():
            if each.result is None or each.line is None:
                return []
            line_id = each.line.line_id
            results[line_id] = each.result
            opposite = self._catalogue.opposite(line_id).line_id
            results[opposite] = _MIRRORED.get(each.result, each.result)
        revision, told = self._told.get(key, (0, None))
        if results == told:
            return []
        self._told[key] = (revision + 1, results)
        return [MarketSettled(key, tuple(results.items()), revision + 1)]
