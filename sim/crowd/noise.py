"""Noise that is remembered for a while."""

from math import sqrt

from numpy.random import Generator


def ar1(rng: Generator, sigma: float, persistence: float, steps: int) -> list[float]:
    """Return an AR(1) series of this s.d., of which a step keeps the share `persistence`."""
    value, series = float(rng.normal(0, sigma)), []
    for drawn in rng.normal(0, sigma * sqrt(1 - persistence**2), steps).tolist():
        series.append(value)
        value = persistence * value + drawn
    return series
