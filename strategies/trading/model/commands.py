"""The commands of a desk to an exchange, as immutable values."""

from enum import StrEnum

from msgspec import Struct

from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.odds import Odds


class Intent(StrEnum):
    """The time for which a wager may be matched.

    REST may match at once and rests for the remainder; ADD_ONLY is refused by the exchange if
    it would match at once (ProphetX: ALO); TAKE matches what is offered, and the rest is cancelled
    within two seconds (ProphetX: fillOrKill).
    """

    REST = "rest"
    ADD_ONLY = "add_only"
    TAKE = "take"


class PlaceWager(Struct, frozen=True):
    """Request a wager of `stake_cents` on a line at these odds or longer."""

    ref: WagerRef
    line_id: LineId
    odds: Odds
    stake_cents: int
    intent: Intent


class CancelWager(Struct, frozen=True):
    """Request to cancel the unmatched part of a wager."""

    ref: WagerRef


class CancelAll(Struct, frozen=True):
    """Request to cancel every open wager."""


Command = PlaceWager | CancelWager | CancelAll
