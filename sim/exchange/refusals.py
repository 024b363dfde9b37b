"""The checks of a wager request, with the partner API's error codes (v4 names, section 3.2)."""

import re
from itertools import chain

from sim.exchange.books import LineBook
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.participant import Participant
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import Ladder, crosses

# The partner API's rule for an external id (6.1).
_REF = re.compile(r"[A-Za-z0-9_-]{1,100}")

_INTENTS = tuple(Intent)


def request_refusal(request: PlaceWager, ladder: Ladder, settings: ExchangeRules) -> str | None:
    """Return the code of the first error in a request alone, None if it is valid.

    Types are checked too: a request is a plain value with whatever its sender put in.
    """
    if type(request.ref) is not str or not _REF.fullmatch(request.ref):
        return "invalid_external_id"
    if type(request.odds) is not int or request.odds not in ladder:
        return "invalid_price"
    stake_cents = request.stake_cents
    if type(stake_cents) is not int or stake_cents < 1:
        return "invalid_quantity"
    if stake_cents < settings.min_stake_cents:
        # As the exchange answered every stake that was too small (15 of 15).
        return "invalid_request"
    if stake_cents > settings.max_stake_cents:
        return "order_quantity_exceeds_max"
    if profit_cents(stake_cents, request.odds) < 1:
        return "order_invalid_profit"
    if request.intent not in _INTENTS:
        return "invalid_request"
    if request.intent is Intent.ADD_ONLY and not settings.add_only_allowed:
        return "err_add_liquidity_only_disabled"
    return None


def self_match_refusal(participant: Participant, odds: int, book: LineBook) -> str | None:
    """Return the code for a wager that would match one of the same account, None otherwise.

    Pending wagers count, so that two wagers of one account never meet in the book.
    """
    others = chain(book.opposite.wagers, book.opposite.pending)
    own = any(wager.owner is participant and crosses(odds, wager.odds) for wager in others)
    return "self_match" if own else None


def account_refusal(participant: Participant, stake_cents: int, now_ns: int) -> str | None:
    """Return the code for a stake that the account cannot pay for, None if it can."""
    if stake_cents > participant.stakeable_cents(now_ns):
        return "insufficient_amount"
    return "rate_limit_reached" if participant.exceeds_back_off(stake_cents, now_ns) else None
