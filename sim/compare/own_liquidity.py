"""Our own part of the book: how much a wager of ours changes an offer, and when.

The open part of a wager is displayed as an offer on the opposite line at the opposite odds, in
takers' cents; the part that took is missing from the offer on its own line. Times are those of our
private updates.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Intent
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.events import (
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.ids import LineId
from strategies.trading.model.money import fill_profit_cents
from strategies.trading.model.odds import Odds, opposite

_ENDS = (WagerCancelled, WagerInvalid, WagerRejected, WagerWiped)

# Returns whether a fill that arrived at a time is the taker's in a trade that was recorded.
IsTaker = Callable[[int, "OfferId", WagerMatched], bool]


class OfferId(NamedTuple):
    """An offer, named by the line that takers stake on and their odds."""

    line_id: LineId
    odds: Odds


class Step(NamedTuple):
    """A change of an offer that we caused, and when our update arrived.

    `amount_cents` is how much the offer rises or falls, `quantity_cents` the change of its makers'
    original stakes. `taken` is true if we took the stake of others.
    """

    at_ns: int
    offer: OfferId
    amount_cents: int
    quantity_cents: int = 0
    taken: bool = False


def steps_of(wager: EarlierWager, catalogue: Catalogue, is_taker: IsTaker) -> Iterator[Step]:
    """Yield the changes that a wager made to the book: first as a taker, then as a maker."""
    request = wager.request
    took: list[WagerMatched] = []
    rested: list[tuple[int, object]] = []
    for at_ns, event in wager.updates:
        if isinstance(event, WagerMatched) and _took(wager, at_ns, event, is_taker):
            took.append(event)
            offer = OfferId(request.line_id, event.odds)
            yield Step(at_ns, offer, -event.stake_cents, taken=True)
        else:
            rested.append((at_ns, event))
    shown = OfferId(catalogue.opposite(request.line_id).line_id, opposite(request.odds))
    shown_before, came_before = 0, 0
    for at_ns, shown_cents, came_cents in _resting(wager, took, rested):
        if (shown_cents, came_cents) != (shown_before, came_before):
            yield Step(at_ns, shown, shown_cents - shown_before, came_cents - came_before)
            shown_before, came_before = shown_cents, came_cents


def _took(wager: EarlierWager, at_ns: int, fill: WagerMatched, is_taker: IsTaker) -> bool:
    """Return whether a fill was matched as a taker; at longer odds than requested it was."""
    request = wager.request
    if request.intent is Intent.ADD_ONLY:
        return False
    traded = is_taker(at_ns, OfferId(request.line_id, fill.odds), fill)
    return traded or request.intent is Intent.TAKE or fill.odds != request.odds


def _resting(
    wager: EarlierWager, took: list[WagerMatched], updates: list[tuple[int, object]]
) -> Iterator[tuple[int, int, int]]:
    """Yield the time, the amount of a wager displayed to takers, and its original stake.

    The part that took never rested. The rest is in the book once it is reported open or matched.
    """
    odds, stake_cents = wager.request.odds, wager.request.stake_cents
    open_cents = stake_cents - sum(fill.stake_cents for fill in took)
    filled_cents = sum(fill.stake_cents for fill in took if fill.odds == odds)
    for at_ns, event in updates:
        if isinstance(event, WagerMatched):
            open_cents -= event.stake_cents
            filled_cents += event.stake_cents
        elif isinstance(event, _ENDS):
            open_cents = 0
        elif not isinstance(event, WagerOpened):
            continue
        shown_cents = fill_profit_cents(filled_cents, max(0, open_cents), odds)
        yield at_ns, shown_cents, stake_cents if open_cents > 0 else 0
