"""The markets in which a limit denied something, until what is used of the limits has changed."""

from strategies.trading.accounting.ledger import Ledger
from strategies.trading.markets.market_states import MarketState, MarketStates
from strategies.trading.model.ids import MarketKey
from strategies.trading.model.position import Exposure
from strategies.trading.ports.journal import Denial, Journal
from strategies.trading.wagers.wager import Wagers


class DeniedMarkets:
    """Journals denials, and makes their markets due once they may fit.

    `usage_at_denial` has the usage of the limits for each market with a denial.
    """

    def __init__(
        self,
        journal: Journal,
        market_states: MarketStates,
        exposure: Exposure,
        ledger: Ledger,
        wagers: Wagers,
    ) -> None:
        """Start without denials."""
        self._journal = journal
        self._market_states = market_states
        self._exposure = exposure
        self._ledger = ledger
        self._wagers = wagers
        self.usage_at_denial: dict[MarketKey, tuple[int, ...]] = {}

    def note(self, market: MarketState, denials: list[Denial], now_ns: int) -> None:
        """Keep the denials of a decision; one that lasts over several is journaled once."""
        lasting = {(denial.control, denial.line_id) for denial in market.denials}
        for denial in denials:
            if (denial.control, denial.line_id) not in lasting:
                self._journal.denied(now_ns, denial)
        market.denials = denials
        if denials:
            self.usage_at_denial[market.key] = self._usage()
        else:
            self.usage_at_denial.pop(market.key, None)

    def mark_freed(self) -> None:
        """Make the markets due for which the usage of the limits has changed since."""
        usage = self._usage()
        for key, at_denial in self.usage_at_denial.items():
            if at_denial != usage:
                self._market_states.mark(self._market_states.markets[key])

    def _usage(self) -> tuple[int, ...]:
        """Return the figures that limits apply to; time and market status are not among them."""
        return (
            self._exposure.total_cents,
            self._exposure.open_cents,
            self._exposure.matched_cents,
            self._ledger.balance_cents,
            self._wagers.live_count,
        )
