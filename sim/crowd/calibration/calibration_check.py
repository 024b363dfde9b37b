"""One figure of the simulation held against what was measured on real games."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """A figure with its target, in words, and the tolerance that it must lie within.

    `group` is the group of targets it belongs to. The standard error is that of the measured
    figure at this number of games, or None where it has none.
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
        """Tell whether the figure lies within its tolerance; one that is not a number does not."""
        return self.low <= self.measured <= self.high

    @property
    def line(self) -> str:
        """Return the check as a line of text."""
        verdict = "ok    " if self.passed else "MISSED"
        error = "" if self.standard_error is None else f" +-{self.standard_error:.2g}"
        tolerance = f"[{self.low:g}, {self.high:g}]"
        return (
            f"  {verdict}  {self.name:<46}  target {self.target:<18}"
            f"  tolerance {tolerance:<16}  measured {self.measured:.4g}{error}"
        )
