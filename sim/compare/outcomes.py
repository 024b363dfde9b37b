"""The outcome of a wager: how much of it was matched, how soon, and how it ended."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.compare.price_track import PriceTrack
from sim.results.measured_fill import ADVERSE_S
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
    Event,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.ids import EventId
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.wagers.wager_state import EndReason

# Two outcomes agree if what was matched differs by at most this part of the stake.
TOLERANCE_PERCENT = 5
# When a fill is valued: by then the price has moved by what those knew who filled us.
_VALUED_AFTER_NS = ADVERSE_S * NS_PER_SECOND

# The table of a comparison, one row per wager and queue model. Times are nanoseconds, money is
# cents, odds are American; `filled_after_ns` is missing where nothing was matched, an end where
# there was none. Values are of fills a minute after them, less their stakes, by the recorded book.
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
    "real_payout_cents": "int64",
    "real_value_cents": "int64",
    "simulated_matched_cents": "int64",
    "simulated_filled_after_ns": "int64",
    "simulated_ended": "string",
    "simulated_payout_cents": "int64",
    "simulated_value_cents": "int64",
    "agrees": "bool",
    "event_id": "string",
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
    while it may still be matched. `payout_cents` is what its fills with a price pay if they win,
    `value_cents` what they were worth a minute later, less their stakes.
    """

    matched_cents: int
    filled_after_ns: int | None
    ended: EndReason | None
    payout_cents: int = 0
    value_cents: int = 0

    def values(self) -> tuple[int | str | None, ...]:
        """Return the outcome's columns of the table."""
        ended = self.ended and self.ended.value
        return self.matched_cents, self.filled_after_ns, ended, self.payout_cents, self.value_cents


def outcome_of(
    request: PlaceWager,
    placed_ns: int,
    updates: Sequence[tuple[int, Event]],
    prices: PriceTrack | None = None,
) -> Outcome:
    """Return the outcome of a wager with these updates, its fills valued at `prices` if given."""
    fills = [(at_ns, event) for at_ns, event in updates if isinstance(event, WagerMatched)]
    matched_cents = sum(fill.stake_cents for _, fill in fills)
    ended = EndReason.MATCHED if matched_cents >= request.stake_cents else None
    for _, event in updates:
        ended = ended or _REASONS.get(type(event))
    after_ns = fills[0][0] - placed_ns if fills else None
    payout_cents = value_cents = 0
    for at_ns, fill in fills:
        due_ns = at_ns + _VALUED_AFTER_NS
        fair = None if prices is None else prices.fair(request.line_id, due_ns)
        if fair is not None:
            pays_cents = fill.stake_cents + fill.profit_cents
            payout_cents += pays_cents
            value_cents += round(fair * pays_cents) - fill.stake_cents
    return Outcome(matched_cents, after_ns, ended, payout_cents, value_cents)


@dataclass(frozen=True, slots=True)
class ComparedWager:
    """A wager of a session, its real outcome, and the simulated one under each queue model."""

    request: PlaceWager
    placed_ns: int
    real: Outcome
    simulated: Mapping[str, Outcome]
    event_id: EventId

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
                self.event_id,
            )

    def _tolerates(self, difference_cents: int) -> bool:
        return 100 * abs(difference_cents) <= TOLERANCE_PERCENT * self.request.stake_cents
