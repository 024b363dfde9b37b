"""Queue models: which part of a queue left, when stake was cancelled ahead of or behind us.

A recording shows how much is offered at each odds, not whose it is. Where an offer falls without a
trade, somebody cancelled; who stood where is an opinion, and a queue model is that opinion.

Any answer that was possible lies between those of `Back` and `Front`, so with the commands fixed a
wager is filled under every model no less than under the one and no more than under the other.
"""

from math import isfinite
from typing import Protocol

from strategies.trading.model.errors import ConfigError


class QueueModel(Protocol):
    """An opinion on who cancelled."""

    def cancelled_ahead_cents(
        self, cancelled_cents: int, ahead_cents: int, behind_cents: int
    ) -> int:
        """Return how much of what was cancelled stood ahead of us.

        Others have `ahead_cents` ahead of us and `behind_cents` behind us, together at least what
        was cancelled. The answer lies between what cannot have stood behind and what can have
        stood ahead.
        """


class Back:
    """The fearful opinion: those behind us cancel first, so our place improves last."""

    def __str__(self) -> str:
        """Return the model as people read it."""
        return "back"

    def cancelled_ahead_cents(
        self, cancelled_cents: int, ahead_cents: int, behind_cents: int
    ) -> int:
        """Return what those behind us cannot account for."""
        assert cancelled_cents <= ahead_cents + behind_cents
        return max(0, cancelled_cents - behind_cents)


class Front:
    """The hopeful opinion: those ahead of us cancel first, so our place improves at once."""

    def __str__(self) -> str:
        """Return the model as people read it."""
        return "front"

    def cancelled_ahead_cents(
        self, cancelled_cents: int, ahead_cents: int, behind_cents: int
    ) -> int:
        """Return all that those ahead of us can account for."""
        assert cancelled_cents <= ahead_cents + behind_cents
        return min(ahead_cents, cancelled_cents)


class Prorata:
    """The even opinion: those ahead and those behind cancel in proportion to their stake."""

    def __str__(self) -> str:
        """Return the model as people read it."""
        return "prorata"

    def cancelled_ahead_cents(
        self, cancelled_cents: int, ahead_cents: int, behind_cents: int
    ) -> int:
        """Return the share of those ahead, rounded down, so that a split cent stays ahead."""
        assert cancelled_cents <= ahead_cents + behind_cents
        return cancelled_cents * ahead_cents // max(1, ahead_cents + behind_cents)


class Probable:
    """The opinion of the field: the larger part of the queue cancels more than its share.

    A cent that was cancelled stood behind us with the probability f(behind) / (f(behind) +
    f(ahead)), where f raises to a power: 1 is as `Prorata`, more power leaves less to the smaller
    part. Near the front of a queue our place hardly improves; near its end almost all that leaves
    was ahead. What leaves is the expected value and is not drawn: so the model needs no chance of
    its own, and the same commands on the same rows are always filled the same.
    """

    def __init__(self, power: float) -> None:
        """Take the power, a number above zero; raise ConfigError for any other."""
        if isinstance(power, bool) or not isinstance(power, int | float):
            message = f"queue.power: {power!r} is not a number"
            raise ConfigError(message)
        if not isfinite(power) or power <= 0:
            message = f"queue.power: {power!r} must be finite and above zero"
            raise ConfigError(message)
        self._power = power

    def __str__(self) -> str:
        """Return the model as people read it."""
        return f"probable, power {self._power:g}"

    def cancelled_ahead_cents(
        self, cancelled_cents: int, ahead_cents: int, behind_cents: int
    ) -> int:
        """Return what is expected to have left ahead, to the cent, held to what is possible."""
        assert cancelled_cents <= ahead_cents + behind_cents
        expected_cents = round(cancelled_cents * self._ahead(ahead_cents, behind_cents))
        least_cents = max(0, cancelled_cents - behind_cents)
        return min(max(expected_cents, least_cents), ahead_cents)

    def _ahead(self, ahead_cents: int, behind_cents: int) -> float:
        """Return the probability that a cancelled cent stood ahead of us."""
        smaller, larger = sorted((ahead_cents, behind_cents))
        # At most 1, whatever the power: nothing here can overflow.
        weight: float = (smaller / max(1, larger)) ** self._power
        share = weight / (1 + weight)
        return share if ahead_cents == smaller else 1 - share
