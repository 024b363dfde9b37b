"""A wager that an earlier run of a session placed, as read from its journal."""

from dataclasses import dataclass, field

from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
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

WagerUpdate = (
    WagerAccepted
    | WagerCancelled
    | WagerInvalid
    | WagerMatched
    | ProfitCorrected
    | TradeBroken
    | WagerOpened
    | WagerRejected
    | WagerWiped
)
_Ends = WagerCancelled | WagerInvalid | WagerRejected | WagerWiped


@dataclass(slots=True)
class EarlierWager:
    """The request, the time it was sent, and every update with the time it was received."""

    request: PlaceWager
    placed_ns: int
    updates: list[tuple[int, WagerUpdate]] = field(default_factory=list)

    @property
    def matched_cents(self) -> int:
        """Return the matched stake, without broken trades."""
        return self._sum_of(WagerMatched) - self._sum_of(TradeBroken)

    @property
    def open_cents(self) -> int:
        """Return the stake that is neither matched nor known to be gone."""
        return 0 if self._has_ended else self.request.stake_cents - self._sum_of(WagerMatched)

    @property
    def ended_unmatched(self) -> bool:
        """Return whether the wager ended with nothing matched, so that no update can follow."""
        return self._has_ended and not self.matched_cents

    def _sum_of(self, kind: type[WagerMatched | TradeBroken]) -> int:
        return sum(e.stake_cents for _, e in self.updates if isinstance(e, kind))

    @property
    def _has_ended(self) -> bool:
        return any(isinstance(e, _Ends) for _, e in self.updates)
