"""Results of many games of a sport, with the points that were on offer."""

from typing import NamedTuple

import numpy as np

from sim.crowd.arrays import Flags, Floats


class SportFigures(NamedTuple):
    """Margin and total of each game, and the points that were on offer for both."""

    margin: Floats
    points: Floats
    spread: Floats
    over: Floats

    @property
    def home_wins(self) -> Flags:
        """Return whether home won, of games that were not tied."""
        return np.asarray(self.margin[self.margin != 0] > 0)

    @property
    def total_error(self) -> Floats:
        """Return the points beyond the total on offer."""
        return self.points - self.over

    @property
    def over_won(self) -> Flags:
        """Return whether over won; it did not in a push."""
        return np.asarray(self.total_error > 0)
