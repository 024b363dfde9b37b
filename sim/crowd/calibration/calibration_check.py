"""One figure of the simulation and its target, which was measured on real games."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import isfinite


@dataclass(frozen=True, slots=True)
class Check:
    """A figure with its target, in words, and the tolerance within which it must lie.

    `group` is a key of calibrate.GROUPS. `standard_error` is that of the figure for this number of
    games, or None if it is not estimated. `source` is what the target was measured on.
    """

    group: int
    name: str
    target: str
    low: float
    high: float
    measured: float
    standard_error: float | None = None
    source: str = ""

    @property
    def passed(self) -> bool:
        """Return whether the figure lies within its tolerance; NaN does not."""
        return self.low <= self.measured <= self.high

    @property
    def line(self) -> str:
        """Return the check as a line of text."""
        verdict = ("ok    " if self.is_gated else "      ") if self.passed else "FAILED"
        return (
            f"  {verdict}  {self.name:<52}  target {self.target:<26}"
            f"  tolerance {self.tolerance:<16}  measured {self.figure}"
        )

    @property
    def is_gated(self) -> bool:
        """Return whether there is a tolerance; without one the figure is shown alone."""
        return isfinite(self.low) or isfinite(self.high)

    @property
    def tolerance(self) -> str:
        """Return the tolerance as text."""
        return f"[{self.low:g}, {self.high:g}]" if self.is_gated else "none"

    @property
    def figure(self) -> str:
        """Return the figure with its standard error as text."""
        error = "" if self.standard_error is None else f" +-{self.standard_error:.2g}"
        return f"{self.measured:.4g}{error}"


def sourced(source: str, checks: Iterable[Check]) -> list[Check]:
    """Return checks whose targets were measured on a source."""
    return [replace(check, source=source) for check in checks]
