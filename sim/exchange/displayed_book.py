"""The book as the exchange shows it: what a taker can take, level by level.

A wager shows under the opposite line at the opposite odds. A level's `value` is the most a taker
can stake there, its `quantity` what those who rest there came with: partial fills do not reduce it.
The open stake behind a level is its value times what its odds pay, to a cent of value for each
wager there, so that over all levels of a pair it is what was ever staked less what was filled of it
(partner API, 8.1).
"""

from typing import NamedTuple

from sim.exchange.books import LineBook
from sim.exchange.participant import Participant
from strategies.trading.model.odds import Odds

# What the exchange shows of each line (partner API, 10.5).
LEVELS_SHOWN = 10


class Level(NamedTuple):
    """What is shown at some odds, in cents."""

    odds: Odds
    value_cents: int
    quantity_cents: int


def levels(book: LineBook, without: Participant | None = None) -> list[Level]:
    """Return what a taker on a line is shown, the longest odds first, no more than ten levels.

    The wagers of a participant can be left out, as if he were not there.
    """
    shown: list[Level] = []
    for offer in book.offered_from(min(book.offers, default=0)):
        value_cents = offer.available_cents
        quantity_cents = offer.quantity_cents if value_cents else 0
        for wager in offer.wagers:
            if wager.owner is not without:
                value_cents += wager.shown_cents()
                quantity_cents += wager.stake_cents
        if value_cents:
            shown.append(Level(offer.odds, value_cents, quantity_cents))
            if len(shown) == LEVELS_SHOWN:
                break
    return shown


class Totals(NamedTuple):
    """What participants ever rested on a pair's two lines, and what was filled of it, in cents."""

    quantity_cents: int
    filled_cents: int


def totals(book: LineBook) -> Totals:
    """Return the totals of the pair that a line belongs to."""
    filled_cents = book.filled_cents + book.opposite.filled_cents
    resting = (*book.wagers, *book.opposite.wagers)
    return Totals(filled_cents + sum(wager.open_cents for wager in resting), filled_cents)
