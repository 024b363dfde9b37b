"""One figure of the simulation and its target, which was measured on real games."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """A figure with its target, in words, and the tolerance within which it must lie.

    `group` is a key of calibrate.GROUPS. `standard_error` is that of the figure for this number of
    games, or None if it is not estimated.
    """

    group: int
    name: str
    target: str
    low: float
    high: float
    measured: float
    standard_error: float | None = None

    @property
    def passed(self) -> bool:
        """Return whether the figure lies within its tolerance; NaN does not."""
        return self.low <= self.measured <= self.high

    @property
    def line(self) -> str:
        """Return the check as a line of text."""
        verdict = "ok    " if self.passed else "FAILED"
        error = "" if self.standard_error is None else f" +-{self.standard_error:.2g}"
        tolerance = f"[{self.low:g}, {self.high:g}]"
        return (
            f"  {verdict}  {self.name:<46}  target {self.target:<18}"
            f"  tolerance {tolerance:<16}  measured {self.measured:.4g}{error}"
        )
