"""One fill of a run, with the fair prices at it and after it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sim.results.phases import phase_of
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.market import Pair

# After how many seconds the fair price is taken again; ADVERSE_S is one of them.
HORIZONS_S = (1, 10, 60, 300, 1_800)
# A price that turns against a fill within this time does so because of who filled it.
ADVERSE_S = 60


@dataclass(slots=True)
class MeasuredFill:
    """A fill, without the parts of it that the exchange broke later.

    Probabilities are of the line that was backed, the first of its pair if `first`. `fair` is that
    at the fill, `reference` the outside one, `half_spread` half of what the touch implied beyond
    one then, `fairs` those at HORIZONS_S; each is None where there was no price. `held_fair` is the
    last one known at the end of ADVERSE_S or of the time before the start, whichever comes first.
    `profits_if` are the profits of the pair's fills so far, by winner. `before_ns` is the time that
    was left to the announced start, None in play, where `clock_ns` is the game clock.
    """

    at_ns: int
    ref: WagerRef
    pair: Pair
    first: bool
    tournament: str
    before_ns: int | None
    clock_ns: int
    odds: int
    stake_cents: int
    profit_cents: int
    fair: float | None
    reference: float | None
    half_spread: float | None
    profits_if: Sequence[int]
    fairs: list[float | None] = field(default_factory=list)
    held_fair: float | None = None

    @property
    def in_play(self) -> bool:
        """Return whether the game had started."""
        return self.before_ns is None

    @property
    def phase(self) -> str:
        """Return the phase of the game that the fill belongs to."""
        return phase_of(self.tournament, self.before_ns, self.clock_ns)

    @property
    def payout_cents(self) -> int:
        """Return what the exchange pays if the line wins: stake and profit."""
        return self.stake_cents + self.profit_cents

    def value_cents(self, fair: float) -> int:
        """Return what the fill is worth at a fair probability of its line, less its price."""
        return round(fair * self.payout_cents) - self.stake_cents
