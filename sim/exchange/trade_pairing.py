"""Within which time a recorded trade and the decrease of its offer are taken to be one."""

from collections.abc import Iterable
from dataclasses import dataclass

from strategies.trading.model.units import NS_PER_SECOND

# What is assumed where neither the settings nor a recording say it.
_ASSUMED_NS = 500_000_000
# The bounds of what is measured: a shorter time loses pairs to a late row, a longer one holds back
# too many cancels.
_LEAST_NS = 100_000_000
_MOST_NS = 2_000_000_000
# Nine in ten pairs are within the measured spacing; nearly all are within twice that.
_MARGIN = 2
_FEWEST_PAIRS = 20


@dataclass(frozen=True, slots=True)
class TradePairing:
    """The time in nanoseconds, and where it comes from."""

    within_ns: int
    origin: str

    def __str__(self) -> str:
        """Return it for reports, in seconds."""
        return f"{self.within_ns / NS_PER_SECOND:g} s, {self.origin}"


def stated_pairing(within_ns: int | None) -> TradePairing:
    """Return the pairing of the settings, or what is assumed where they state none."""
    if within_ns is None:
        return TradePairing(_ASSUMED_NS, "assumed")
    return TradePairing(within_ns, "as set")


def measured_pairing(spacings: Iterable[tuple[int, int]]) -> TradePairing:
    """Return the pairing for recordings, from their pairs and within which time nine in ten are.

    Of a recording with fewer than twenty pairs nothing is known.
    """
    known = [spacing_ns for pairs, spacing_ns in spacings if pairs >= _FEWEST_PAIRS]
    if not known:
        return stated_pairing(None)
    within_ns = min(max(_MARGIN * max(known), _LEAST_NS), _MOST_NS)
    return TradePairing(within_ns, "as recorded")
