"""Queue models: which part of a queue left, when stake was cancelled ahead of or behind us.

A recording shows how much is offered at each odds, not whose it is. Where an offer falls without a
trade, somebody cancelled; who stood where is an opinion, and a queue model is that opinion.
"""

from typing import Protocol


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

    def cancelled_ahead_cents(
        self, cancelled_cents: int, ahead_cents: int, behind_cents: int
    ) -> int:
        """Return what those behind us cannot account for."""
        assert cancelled_cents <= ahead_cents + behind_cents
        return max(0, cancelled_cents - behind_cents)


class Front:
    """The hopeful opinion: those ahead of us cancel first, so our place improves at once."""

    def cancelled_ahead_cents(
        self, cancelled_cents: int, ahead_cents: int, behind_cents: int
    ) -> int:
        """Return all that those ahead of us can account for."""
        assert cancelled_cents <= ahead_cents + behind_cents
        return min(ahead_cents, cancelled_cents)
