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

WagerEnd = WagerRejected | WagerInvalid | WagerCancelled | WagerWiped
PrivateUpdate = WagerUpdate | CancelRefused

PRIVATE_UPDATES = frozenset(get_args(PrivateUpdate))
ENDS = frozenset(get_args(WagerEnd))
RESPONSES_TO_PLACING = frozenset((WagerAccepted, WagerRejected))
ON_THE_WAY = frozenset((WagerAccepted, WagerOpened))
CHANGES_OF_MATCHED = frozenset((WagerMatched, ProfitCorrected, TradeBroken))
