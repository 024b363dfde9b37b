"""Clearing: what fills and results do to the accounts of participants."""

from collections.abc import Mapping, Sequence

from sim.engine.virtual_clock import ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.exchange_wager import Ended, ExchangeWager
from sim.exchange.line_results import LineResults
from sim.exchange.participant import Participant
from strategies.trading.model.events import MarketSettled, WagerCancelled, WagerMatched
from strategies.trading.model.ids import LineId, MarketKey
from strategies.trading.model.market import Catalogue, Result
from strategies.trading.model.odds import Odds


class Clearing:
    """Books what is matched and settled, and tells the participants concerned."""

    def __init__(
        self, env: ReplayEnvironment, catalogue: Catalogue, participants: Sequence[Participant]
    ) -> None:
        """Start with nothing settled; `participants` may become more."""
        self._env = env
        self._participants = participants
        self._results = LineResults(catalogue)

    def payable_cents(self, wager: ExchangeWager) -> int:
        """Return the stake that the wager's account can pay for now."""
        return wager.owner.payable_cents(self._env.now_ns)

    def book_fill(
        self,
        book: LineBook,
        wager: ExchangeWager,
        odds: Odds,
        stake_cents: int,
        profit_cents: int,
    ) -> None:
        """Book a fill: the odds it got, what was staked, and what that can win."""
        participant = wager.owner
        wager.matched_ns = self._env.now_ns
        participant.refresh_credit(self._env.now_ns)
        participant.match(wager, stake_cents)
        key = book.named.market_key
        participant.account.book_fill(key, book.line_id, stake_cents, profit_cents)
        total_cents = wager.matched_cents
        participant.tell((WagerMatched(wager.ref, odds, stake_cents, profit_cents, total_cents),))

    def end_unpaid(self, wager: ExchangeWager) -> None:
        """End a wager, out of the book by now, that its account could not pay for in full."""
        wager.owner.end(wager, Ended.CANCELLED)
        wager.owner.tell((WagerCancelled(wager.ref, wager.open_cents),))

    def settle(self, key: MarketKey, told: Mapping[LineId, Result]) -> None:
        """Pay a market out; a second time, correct what is told anew and keep the rest."""
        known = self._results.learn(key, told)
        news = MarketSettled(key, tuple(known.items()), self._results.revision(key))
        for participant in self._participants:
            participant.account.settle(key, known)
            participant.renew_credit()
            participant.tell((news,))
