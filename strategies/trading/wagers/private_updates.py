"""The types of responses and private updates, and sets of them.

A look at an event's type costs far less than `isinstance`, which asks the metaclass of every
msgspec Struct that it is not.
"""

from typing import get_args

from strategies.trading.model.earlier_wager import WagerUpdate
from strategies.trading.model.events import (
    CancelRefused,
    ProfitCorrected,
    TradeBroken,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.wagers.wager_state import EndReason

WagerEnd = WagerRejected | WagerInvalid | WagerCancelled | WagerWiped
PrivateUpdate = WagerUpdate | CancelRefused

PRIVATE_UPDATES = frozenset(get_args(PrivateUpdate))
END_REASONS = {
    WagerRejected: EndReason.REJECTED,
    WagerInvalid: EndReason.INVALID,
    WagerCancelled: EndReason.CANCELLED,
    WagerWiped: EndReason.WIPED,
}
RESPONSES_TO_PLACING = frozenset((WagerAccepted, WagerRejected))
ON_THE_WAY = frozenset((WagerAccepted, WagerOpened))
CHANGES_OF_MATCHED = frozenset((WagerMatched, ProfitCorrected, TradeBroken))
RESULTS_OF_OPENING = frozenset((WagerOpened, WagerInvalid))
