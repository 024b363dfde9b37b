"""What makers conclude from takers, who may know more than they do.

Each match moves the quotes of all makers of the pair towards the side that the taker backed, by
more for a larger one; the move fades as they see for themselves.
"""

from math import exp, sqrt

from strategies.trading.model.units import NS_PER_SECOND

# Moves in half spreads: of a match that pays IMPACT_CENTS, and of all recent ones at most.
IMPACT, IMPACT_CENTS = 0.06, 10_000
MAX_MOVE = 3.0
# How long a move lasts, before the game and in-play.
MEMORY_NS, IN_PLAY_MEMORY_NS = 1_800 * NS_PER_SECOND, 600 * NS_PER_SECOND


class OrderFlow:
    """The move of the fair value of one pair's first line that its recent matches suggest."""

    def __init__(self) -> None:
        """Start without any match."""
        self._move = 0.0
        self._at_ns = 0

    def on_match(self, side: int, payout_cents: int, now_ns: int, *, in_play: bool) -> None:
        """Count a match in which a maker backed this side of the pair."""
        move = IMPACT * sqrt(payout_cents / IMPACT_CENTS)
        moved = self.move(now_ns, in_play=in_play) + (move if side else -move)
        self._move, self._at_ns = max(-MAX_MOVE, min(MAX_MOVE, moved)), now_ns

    def move(self, now_ns: int, *, in_play: bool) -> float:
        """Return the move in half spreads."""
        memory_ns = IN_PLAY_MEMORY_NS if in_play else MEMORY_NS
        return self._move * exp((self._at_ns - now_ns) / memory_ns)
