"""The simulated outside books. No figure here is measured: vig, lag, error and rate are assumed."""

from typing import NamedTuple


class BookProfile(NamedTuple):
    """An assumed book: its vig, how late it sees what happens, and its error in log odds."""

    name: str
    vig: float
    lag_s: float
    error: float
    every_s: float
    point_shift: float = 0.0


BOOK_PROFILES = (
    BookProfile("simulated-sharp", 0.024, 3.0, 0.02, 15.0),
    BookProfile("simulated-exchange", 0.012, 8.0, 0.04, 20.0),
    BookProfile("simulated-retail", 0.045, 25.0, 0.07, 30.0),
    BookProfile("simulated-slow", 0.05, 60.0, 0.10, 40.0, point_shift=1.0),
)
