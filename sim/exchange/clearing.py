"""Clearing: pays settled markets out to the accounts of participants."""

from collections.abc import Mapping, Sequence

from sim.exchange.line_results import LineResults
from sim.exchange.participant import Participant
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.events import MarketSettled
from strategies.trading.model.ids import LineId, MarketKey
from strategies.trading.model.market import Result


class Clearing:
    """Books settlements, and notifies every participant of them."""

    def __init__(self, catalogue: Catalogue, participants: Sequence[Participant]) -> None:
        """Start with nothing settled; `participants` is shared, and may gain entries."""
        self._participants = participants
        self._results = LineResults(catalogue)

    def settle(self, key: MarketKey, results: Mapping[LineId, Result]) -> None:
        """Pay a market out; a repeated settlement corrects the lines that `results` names."""
        known = self._results.apply(key, results)
        settled = MarketSettled(key, tuple(known.items()), self._results.revision(key))
        for participant in self._participants:
            participant.account.settle(key, known)
            participant.limit_credit()
            participant.notify((settled,))
