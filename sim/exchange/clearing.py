"""Clearing: books fills and results in the accounts of participants."""

from collections.abc import Mapping, Sequence

from sim.engine.virtual_clock import ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.line_results import LineResults
from sim.exchange.participant import Ended, ExchangeWager, Participant
from strategies.trading.model.events import MarketSettled, WagerCancelled, WagerMatched
from strategies.trading.model.ids import LineId, MarketKey
from strategies.trading.model.market import Catalogue, Result
from strategies.trading.model.odds import Odds


class Clearing:
    """Books fills and settlements, and notifies the participants they belong to."""

    def __init__(
        self, env: ReplayEnvironment, catalogue: Catalogue, participants: Sequence[Participant]
    ) -> None:
        """Start with nothing settled; `participants` is shared, and may gain entries."""
        self._env = env
        self._participants = participants
        self._results = LineResults(catalogue)

    def payable_cents(self, wager: ExchangeWager) -> int:
        """Return the stake that the wager's account can pay for now, in cents."""
        return wager.owner.payable_cents(self._env.now_ns)

    def book_fill(
        self,
        book: LineBook,
        wager: ExchangeWager,
        odds: Odds,
        stake_cents: int,
        profit_cents: int,
    ) -> None:
        """Book a fill of a wager at `odds`: its stake, and the profit it wins if the line wins."""
        participant = wager.owner
        wager.matched_ns = self._env.now_ns
        participant.refresh_credit(self._env.now_ns)
        participant.record_fill(wager, stake_cents)
        participant.account.book_fill(book.line.market_key, book.line_id, stake_cents, profit_cents)
        total_cents = wager.matched_cents
        participant.notify((WagerMatched(wager.ref, odds, stake_cents, profit_cents, total_cents),))

    def end_unpaid(self, wager: ExchangeWager) -> None:
        """End a wager that its account cannot pay for in full; it has left the book already."""
        wager.owner.end(wager, Ended.CANCELLED)
        wager.owner.notify((WagerCancelled(wager.ref, wager.open_cents),))

    def settle(self, key: MarketKey, results: Mapping[LineId, Result]) -> None:
        """Pay a market out; a repeated settlement corrects the lines that `results` names."""
        known = self._results.apply(key, results)
        settled = MarketSettled(key, tuple(known.items()), self._results.revision(key))
        for participant in self._participants:
            participant.account.settle(key, known)
            participant.limit_credit()
            participant.notify((settled,))
