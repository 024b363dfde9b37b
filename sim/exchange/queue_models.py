"""Queue models: how much of a cancelled stake was ahead of us in the queue.

A recording shows how much is offered at each odds, not whose it is. Where an offer decreases
without a trade, somebody cancelled; where in the queue they were is an assumption, and a queue
model is that assumption.

Every possible model lies between `Back` and `Front`: with the commands fixed, a wager is
filled under every model at least as much as under `Back` and at most as much as under `Front`.
"""

from typing import Annotated, Protocol

from msgspec import Meta


class QueueModel(Protocol):
    """An assumption about who cancelled."""

    def cancelled_ahead_cents(
        self, cancelled_cents: int, ahead_cents: int, behind_cents: int
    ) -> int:
        """Return how much of the cancelled stake was ahead of us, in cents.

        Others have `ahead_cents` ahead of us and `behind_cents` behind us, together at least
        `cancelled_cents`. The result lies between max(0, cancelled - behind) and
        min(ahead, cancelled).
        """


class Back:
    """Pessimistic: those behind us cancel first, so our queue position improves least."""

    def __str__(self) -> str:
        """Return the model's name and settings for reports."""
        return "back"

    def cancelled_ahead_cents(
        self, cancelled_cents: int, ahead_cents: int, behind_cents: int
    ) -> int:
        """Return the part that exceeds what is behind us."""
        assert cancelled_cents <= ahead_cents + behind_cents
        return max(0, cancelled_cents - behind_cents)


class Front:
    """Optimistic: those ahead of us cancel first, so our queue position improves most."""

    def __str__(self) -> str:
        """Return the model's name and settings for reports."""
        return "front"

    def cancelled_ahead_cents(
        self, cancelled_cents: int, ahead_cents: int, behind_cents: int
    ) -> int:
        """Return the cancelled stake up to all that is ahead of us."""
        assert cancelled_cents <= ahead_cents + behind_cents
        return min(ahead_cents, cancelled_cents)


class Prorata:
    """Proportional: those ahead and those behind cancel in proportion to their stake."""

    def __str__(self) -> str:
        """Return the model's name and settings for reports."""
        return "prorata"

    def cancelled_ahead_cents(
        self, cancelled_cents: int, ahead_cents: int, behind_cents: int
    ) -> int:
        """Return the share of those ahead, rounded down so that a split cent stays ahead."""
        assert cancelled_cents <= ahead_cents + behind_cents
        return cancelled_cents * ahead_cents // max(1, ahead_cents + behind_cents)


class Probable:
    """Probabilistic: the larger part of the queue cancels more than its share.

    A cancelled cent was behind us with probability f(behind) / (f(behind) + f(ahead)), where
    f(x) = x**power: 1 equals `Prorata`, a higher power leaves less to the smaller part. Near the
    front of a queue our position hardly improves; near its end almost all that leaves was ahead.
    The expected value is used instead of a draw, so that the same commands on the same rows are
    always filled the same.
    """

    def __init__(
        self,
        power: Annotated[
            float,
            Meta(
                gt=0,
                description="1 is as prorata; the higher, the less the smaller part of the queue "
                "cancels.",
            ),
        ],
    ) -> None:
        """Set the power, a number above zero."""
        self._power = power

    def __str__(self) -> str:
        """Return the model's name and settings for reports."""
        return f"probable, power {self._power:g}"

    def cancelled_ahead_cents(
        self, cancelled_cents: int, ahead_cents: int, behind_cents: int
    ) -> int:
        """Return the expected cents cancelled ahead, rounded and clamped to what is possible."""
        assert cancelled_cents <= ahead_cents + behind_cents
        expected_cents = round(cancelled_cents * self._ahead(ahead_cents, behind_cents))
        least_cents = max(0, cancelled_cents - behind_cents)
        return min(max(expected_cents, least_cents), ahead_cents)

    def _ahead(self, ahead_cents: int, behind_cents: int) -> float:
        """Return the probability that a cancelled cent was ahead of us."""
        smaller, larger = sorted((ahead_cents, behind_cents))
        # The ratio is at most 1, so that no power can overflow.
        weight: float = (smaller / max(1, larger)) ** self._power
        share = weight / (1 + weight)
        return share if ahead_cents == smaller else 1 - share
