"""Infers results of markets from our wagers: the exchange reports results of wagers only."""

from live.prophetx.orders.tracked_wager import TrackedWager
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.events import Event, MarketSettled
from strategies.trading.model.ids import LineId, MarketKey
from strategies.trading.model.market import Result

_OPPOSITE = {Result.WON: Result.LOST, Result.LOST: Result.WON}


class SettlementInference:
    """Infers the results of a market once those of all our matched wagers in it are known."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Start without results."""
        self._catalogue = catalogue
        self._matched: dict[MarketKey, dict[str, TrackedWager]] = {}
        self._reported: dict[MarketKey, tuple[int, dict[LineId, Result]]] = {}

    def settle(self, wager: TrackedWager) -> list[Event]:
        """Return the settlement that follows from a changed, matched wager, if any."""
        if wager.line is None:
            return []
        key = wager.line.market_key
        matched = self._matched.setdefault(key, {})
        matched[wager.ref] = wager
        results: dict[LineId, Result] = {}
        for each in matched.values():
            if not each.matched_cents:
                # Its trades were broken: nothing of it is settled.
                continue
            if each.result is None or each.line is None:
                return []
            line_id = each.line.line_id
            results[line_id] = each.result
            opposite = self._catalogue.opposite(line_id).line_id
            results[opposite] = _OPPOSITE.get(each.result, each.result)
        if not results:
            return []
        revision, known = self._reported.get(key, (0, None))
        if results == known:
            return []
        self._reported[key] = (revision + 1, results)
        return [MarketSettled(key, tuple(results.items()), revision + 1)]
