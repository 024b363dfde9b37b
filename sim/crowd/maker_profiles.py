"""Profiles of the makers: width, size, speed, and the lines that they quote."""

from dataclasses import dataclass

from sim.crowd.game_context import OfferedPair


@dataclass(frozen=True, slots=True)
class MakerProfile:
    """The quoting behaviour of a maker.

    `half_spread` is the distance from fair value in probability on main lines, `outer_half_spread`
    on the others, which are not quoted if it is None. `levels` are quoted on each side,
    `rungs_apart` rungs of the ladder apart. `size_cents` is the median size, a size being the
    geometric mean of stake and profit. `play_s` and `news_s` are the ranges of how late the maker
    sees play, and news and line-ups.
    """

    half_spread: float
    levels: int
    rungs_apart: int
    size_cents: int
    play_s: tuple[float, float]
    news_s: tuple[float, float]
    outer_half_spread: float | None = None

    def quotes(self, pair: OfferedPair) -> bool:
        """Return whether this maker quotes a pair."""
        return pair.is_main or self.outer_half_spread is not None

    def half_spread_of(self, pair: OfferedPair) -> float:
        """Return the half spread on a pair, as a probability."""
        if pair.is_main or self.outer_half_spread is None:
            return self.half_spread
        return self.outer_half_spread


MAKER_PROFILES = (
    MakerProfile(0.00355, 4, 1, 12_000, (2.6, 3.0), (3, 6)),
    MakerProfile(0.0049, 4, 2, 22_000, (2.7, 3.4), (4, 10), outer_half_spread=0.075),
    MakerProfile(0.00385, 3, 1, 16_000, (2.6, 3.2), (3, 8)),
    MakerProfile(0.00415, 4, 1, 11_000, (2.6, 3.3), (3, 8)),
    MakerProfile(0.0080, 3, 2, 40_000, (2.8, 3.9), (5, 15)),
    MakerProfile(0.0120, 4, 3, 60_000, (3.0, 4.4), (5, 25), outer_half_spread=0.11),
)
