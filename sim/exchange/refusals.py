"""Why the exchange refuses a wager, as error codes of the partner API (v4 names, section 3.2)."""

from itertools import chain

from sim.exchange.offers import LineBook
from sim.exchange.settings import ExchangeSettings
from strategies.trading.commands import PlaceWager
from strategies.trading.money import profit_cents
from strategies.trading.odds import Ladder, crosses


def refusal_by_itself(
    request: PlaceWager, ladder: Ladder, settings: ExchangeSettings
) -> str | None:
    """Return the code of what is wrong with a request alone, if anything is."""
    if request.odds not in ladder:
        return "invalid_price"
    stake_cents = request.stake_cents
    if stake_cents <= 0 or not (
        settings.min_stake_cents <= stake_cents <= settings.max_stake_cents
    ):
        return "invalid_quantity"
    if profit_cents(stake_cents, request.odds) < 1:
        return "order_invalid_profit"
    return None


def refusal_by_book(odds: int, book: LineBook) -> str | None:
    """Return the code for a wager that would match one of the same account, if it would.

    Wagers that wait for activation count, so that two of ours never meet in the book.
    """
    ours = chain(book.opposite.wagers, book.opposite.activating)
    return "self_match" if any(crosses(odds, wager.odds) for wager in ours) else None
