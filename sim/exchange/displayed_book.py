"""The book as the exchange displays it: what a taker can stake, level by level.

A wager is displayed on the opposite line at the opposite odds. The `value` of a level is the most
that a taker can stake there; its `quantity` is the original stake of the wagers that rest there,
which partial fills do not reduce. The open stake behind a level is its value times its payout
ratio, to within a cent of value per wager, so that over all levels of a pair it equals the total
quantity less the filled quantity (partner API, 8.1).
"""

from typing import NamedTuple

from sim.exchange.books import LineBook
from sim.exchange.offers import Offer
from sim.exchange.participant import Participant
from strategies.trading.model.book import DISPLAYED_LEVELS
from strategies.trading.model.odds import Odds


class Level(NamedTuple):
    """One displayed level: odds, value and quantity in cents."""

    odds: Odds
    value_cents: int
    quantity_cents: int


def levels(book: LineBook, without: Participant | None = None) -> list[Level]:
    """Return the levels displayed to takers on a line, longest odds first, at most ten.

    The wagers of the participant `without` are left out.
    """
    return _first_levels(book, without, DISPLAYED_LEVELS)


def best_level(book: LineBook, without: Participant | None = None) -> Level | None:
    """Return the first of `levels`, None if nothing is displayed."""
    first = _first_levels(book, without, 1)
    return first[0] if first else None


def _first_levels(book: LineBook, without: Participant | None, most: int) -> list[Level]:
    displayed: list[Level] = []
    for offer in book.offered_from(min(book.offers, default=0)):
        level = level_of(offer, without)
        if level.value_cents:
            displayed.append(level)
            if len(displayed) == most:
                break
    return displayed


def level_of(offer: Offer, without: Participant | None = None) -> Level:
    """Return an offer as a level, whose value is zero where it is not displayed.

    The wagers of the participant `without` are left out.
    """
    value_cents = offer.available_cents
    quantity_cents = offer.quantity_cents if value_cents else 0
    for wager in offer.wagers:
        if wager.owner is not without:
            value_cents += wager.displayed_cents
            quantity_cents += wager.stake_cents
    return Level(offer.odds, value_cents, quantity_cents)


class Totals(NamedTuple):
    """Total stake that participants rested on both lines of a pair, and its filled part, in cents.

    Cancelled stake is not part of the total.
    """

    quantity_cents: int
    filled_cents: int


def totals(book: LineBook) -> Totals:
    """Return the totals of the pair that a line belongs to."""
    filled_cents = book.filled_cents + book.opposite.filled_cents
    resting = (*book.wagers, *book.opposite.wagers)
    return Totals(filled_cents + sum(wager.open_cents for wager in resting), filled_cents)
