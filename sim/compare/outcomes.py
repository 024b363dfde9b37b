"""The outcome of a wager: how much of it was matched, how soon, and how it ended."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
    Event,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.wagers.wager_state import EndReason

# Two outcomes agree if what was matched differs by at most this part of the stake.
TOLERANCE_PERCENT = 5

# The table of a comparison, one row per wager and queue model. Times are nanoseconds, money is
# cents, odds are American; `filled_after_ns` is missing where nothing was matched, an end where
# there was none.
TABLE: Mapping[str, str] = {
    "ref": "string",
    "placed_ns": "int64",
    "line_id": "string",
    "odds": "int32",
    "stake_cents": "int64",
    "intent": "string",
    "queue": "string",
    "real_matched_cents": "int64",
    "real_filled_after_ns": "int64",
    "real_ended": "string",
    "simulated_matched_cents": "int64",
    "simulated_filled_after_ns": "int64",
    "simulated_ended": "string",
    "agrees": "bool",
}

_REASONS = {
    WagerCancelled: EndReason.CANCELLED,
    WagerInvalid: EndReason.INVALID,
    WagerRejected: EndReason.REJECTED,
    WagerWiped: EndReason.WIPED,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a wager.

    `filled_after_ns` is from its placing to its first fill, None if it has none; `ended` is None
    while it may still be matched.
    """

    matched_cents: int
    filled_after_ns: int | None
    ended: EndReason | None

    def values(self) -> tuple[int, int | None, str | None]:
        """Return the outcome's columns of the table."""
        return self.matched_cents, self.filled_after_ns, self.ended and self.ended.value


def outcome_of(
    request: PlaceWager, placed_ns: int, updates: Sequence[tuple[int, Event]]
) -> Outcome:
    """Return the outcome of a wager with these updates."""
    fills = [(at_ns, event) for at_ns, event in updates if isinstance(event, WagerMatched)]
    matched_cents = sum(fill.stake_cents for _, fill in fills)
    ended = EndReason.MATCHED if matched_cents >= request.stake_cents else None
    for _, event in updates:
        ended = ended or _REASONS.get(type(event))
    return Outcome(matched_cents, fills[0][0] - placed_ns if fills else None, ended)


@dataclass(frozen=True, slots=True)
class ComparedWager:
    """A wager of a session, its real outcome, and the simulated one under each queue model."""

    request: PlaceWager
    placed_ns: int
    real: Outcome
    simulated: Mapping[str, Outcome]

    def agrees(self, queue: str) -> bool:
        """Return whether what was matched agrees with a queue model, within the tolerance."""
        return self._tolerates(self.simulated[queue].matched_cents - self.real.matched_cents)

    def lies_between(self, least: str, most: str) -> bool:
        """Return whether what was matched is no less and no more than under two queue models."""
        real_cents = self.real.matched_cents
        too_little_cents = max(0, self.simulated[least].matched_cents - real_cents)
        too_much_cents = max(0, real_cents - self.simulated[most].matched_cents)
        return self._tolerates(too_little_cents) and self._tolerates(too_much_cents)

    def was_filled(self, queue: str) -> bool:
        """Return whether anything of it was matched, really or under a queue model."""
        return bool(self.real.matched_cents or self.simulated[queue].matched_cents)

    def rows(self) -> Iterator[Sequence[Any]]:
        """Yield the wager's rows of the table, one for each queue model."""
        request = self.request
        for queue, simulated in self.simulated.items():
            yield (
                request.ref,
                self.placed_ns,
                request.line_id,
                request.odds,
                request.stake_cents,
                request.intent.value,
                queue,
                *self.real.values(),
                *simulated.values(),
                self.agrees(queue),
            )

    def _tolerates(self, difference_cents: int) -> bool:
        return 100 * abs(difference_cents) <= TOLERANCE_PERCENT * self.request.stake_cents
