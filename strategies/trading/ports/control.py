"""The port to a risk control: what it receives, and what it returns."""

from typing import Protocol

from msgspec import Struct

from strategies.trading.model.book import Book
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.event_state import EventState
from strategies.trading.model.market import Market, Pair
from strategies.trading.model.position import Exposure, Position


class Proposal(Struct, frozen=True):
    """A wager about to be sent, with the desk's situation at that moment; nothing in it may change.

    Amounts are cents and count every wager that is pending or open; the proposed one is in none of
    them. `side` is 0 if the wager is on the first line of its pair, else 1. `added_cents` is by how
    much the wager would lower the worst case of its pair, 0 if it cannot. The exposures of market,
    event and total are the worst cases of their pairs, added up; `exposure` has the closer figure
    of an event, over the scores of its game. `available_cents` is the
    balance less every stake, `credit_cents` what matched stakes on both lines of pairs set free.
    `commands_last_second` counts wagers and cancels sent in the second up to `now_ns`.
    """

    command: PlaceWager
    now_ns: int
    event: EventState
    market: Market
    book: Book
    side: int
    position: Position
    added_cents: int
    market_exposure_cents: int
    event_exposure_cents: int
    total_exposure_cents: int
    exposure: Exposure
    available_cents: int
    credit_cents: int
    live_wagers: int
    commands_last_second: int

    @property
    def pair(self) -> Pair:
        """Return the pair that the wager's line belongs to."""
        return self.book.pair


class Control(Protocol):
    """A check that every wager must pass before it is sent, after the standard controls.

    One object serves every desk of a run, so a control keeps no state. It is named in the
    configuration, and denials carry that name:

        class NoLongshots:
            def check(self, proposal: Proposal) -> str | None:
                odds = proposal.command.odds
                return f"{odds:+d} is longer than +400" if odds > 400 else None

        python -m sim run +controls.no_longshots._target_=my_controls.NoLongshots
    """

    def check(self, proposal: Proposal) -> str | None:
        """Return why the wager may not be sent, None if it may."""
