"""What kinds of makers there are: how wide, how large, how fast, and on which lines."""

from dataclasses import dataclass

from sim.crowd.game_context import OfferedPair


@dataclass(frozen=True, slots=True)
class MakerProfile:
    """How a maker quotes: half spreads as probability, median size by the mean of stake and win.

    `half_spread` is for main lines, `outer_half_spread` for the others; without it he leaves them
    alone. `ahead_s` is the range of times by which he is faster than the official score, negative
    where slower. `levels` are quoted on each side, so many rungs apart.
    """

    half_spread: float
    levels: int
    rungs_apart: int
    size_cents: int
    ahead_s: tuple[float, float]
    outer_half_spread: float | None = None

    def quotes(self, pair: OfferedPair) -> bool:
        """Tell whether this maker cares for a pair."""
        return pair.is_main or self.outer_half_spread is not None

    def half_spread_of(self, pair: OfferedPair) -> float:
        """Return the half spread on a pair that this maker quotes."""
        if pair.is_main or self.outer_half_spread is None:
            return self.half_spread
        return self.outer_half_spread


TEMPERS = (
    MakerProfile(0.0033, 4, 1, 12_000, (1.6, 2.9)),
    MakerProfile(0.0055, 4, 2, 22_000, (0.4, 2.4), outer_half_spread=0.075),
    MakerProfile(0.0039, 3, 1, 16_000, (1.3, 2.8)),
    MakerProfile(0.0045, 4, 1, 11_000, (1.1, 2.7)),
    MakerProfile(0.0080, 3, 2, 40_000, (-0.5, 2.0)),
    MakerProfile(0.0120, 3, 3, 60_000, (-2.0, 1.0), outer_half_spread=0.11),
)
