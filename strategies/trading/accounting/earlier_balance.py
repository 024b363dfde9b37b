"""The effect of the wagers of earlier runs on the available balance."""

from collections.abc import Iterable

from strategies.trading.accounting.commission import Commission
from strategies.trading.accounting.ledger import Ledger
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.events import (
    Event,
    MarketSettled,
    ProfitCorrected,
    TradeBroken,
    WagerMatched,
)
from strategies.trading.model.position import Exposure

_FILLS = WagerMatched | ProfitCorrected | TradeBroken


def available_change_cents(
    catalogue: Catalogue,
    commission: Commission,
    wagers: Iterable[EarlierWager],
    later: Iterable[Event],
) -> int:
    """Return by how many cents wagers changed the available balance.

    `later` are the events since the journal ended. A desk that starts with the exchange's available
    balance less this amount, and then restores the wagers, agrees with the exchange.
    """
    exposure = Exposure()
    ledger = Ledger(catalogue, exposure, commission, 0)
    requests = {}
    journaled: list[Event] = []
    for wager in wagers:
        requests[wager.request.ref] = wager.request
        journaled += [event for _, event in wager.updates]
    for event in [*journaled, *later]:
        if isinstance(event, MarketSettled):
            # Only the balance is read, which no time of a result changes.
            ledger.settle(event, 0)
        elif isinstance(event, _FILLS) and event.ref in requests:
            pair = catalogue.pair_of(requests[event.ref].line_id)
            side = 0 if pair.first.line_id == requests[event.ref].line_id else 1
            exposure.book_fill(pair, side, *_matched_change(event), 0)
            ledger.pay_late_fill(pair.market_key)
    return ledger.available_cents


def _matched_change(event: WagerMatched | ProfitCorrected | TradeBroken) -> tuple[int, int]:
    """Return by how much an event changes the matched stake, and what it can win, in cents."""
    match event:
        case WagerMatched():
            return event.stake_cents, event.profit_cents
        case ProfitCorrected():
            return 0, event.change_cents
        case TradeBroken():
            return -event.stake_cents, -event.profit_cents
