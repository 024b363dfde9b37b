"""Whether a session's real fills still agree with those that the simulator gives its wagers.

For each queue model, with the session's latency, over all of its starts: the share of wagers that
were filled, and what a contract of their fills was worth a minute later. Both are ratios of sums
over the same wagers. Fills of one game hang together, so the error of a difference is that of
games: the linearised residuals of both ratios, summed by game. A difference is drift if it exceeds
half of its interval of 97.5 %, by Student's t with one degree less than games, so that of both
figures together one in twenty is chance; and if it exceeds a tolerance, as what is known well may
still be too small to matter.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from statistics import NormalDist

from sim.compare.fill_verdicts import (
    FEWEST_FILLS,
    FEWEST_GAMES,
    Difference,
    FillVerdict,
    Models,
    write_verdicts,
)
from sim.compare.outcomes import ComparedWager, Outcome

_CONFIDENCE = 0.975


@dataclass(slots=True)
class _Sums:
    """The sums over one game's wagers, real and simulated."""

    wagers: int = 0
    real_filled: int = 0
    filled: int = 0
    real_payout: int = 0
    payout: int = 0
    real_value: int = 0
    value: int = 0

    def add(self, real: Outcome, simulated: Outcome) -> None:
        self.wagers += 1
        self.real_filled += real.matched_cents > 0
        self.filled += simulated.matched_cents > 0
        self.real_payout += real.payout_cents
        self.payout += simulated.payout_cents
        self.real_value += real.value_cents
        self.value += simulated.value_cents


class FillGate:
    """Collects the compared wagers of a session's starts, and judges the fill models by them."""

    def __init__(self) -> None:
        """Start without a wager."""
        self._games: dict[tuple[tuple[str, str], ...], dict[str, _Sums]] = {}

    def add(self, compared: Iterable[ComparedWager], models: Mapping[str, Models]) -> None:
        """Add the wagers of a start; `models` are those of each queue model's name."""
        for wager in compared:
            for queue, simulated in wager.simulated.items():
                games = self._games.setdefault(tuple(models[queue].items()), {})
                games.setdefault(wager.event_id, _Sums()).add(wager.real, simulated)

    def verdicts(self) -> list[FillVerdict]:
        """Return a verdict for each configuration, in the order in which they were added."""
        return [
            _verdict(dict(models), list(games.values())) for models, games in self._games.items()
        ]

    def conclude(self, folder: Path) -> Iterator[str]:
        """Keep the verdicts beside the session, for backtests; yield the lines to print."""
        verdicts = self.verdicts()
        if not verdicts:
            return
        path = write_verdicts(folder, verdicts)
        yield "fill models over all starts: real against simulated, and the difference"
        for verdict in verdicts:
            yield f"{verdict.models['queue']:<22}{verdict}"
        yield str(path.resolve())


def _verdict(models: dict[str, str], games: Sequence[_Sums]) -> FillVerdict:
    fills, simulated = (sum(getattr(g, n) for g in games) for n in ("real_filled", "filled"))
    enough = len(games) >= FEWEST_GAMES and max(fills, simulated) >= FEWEST_FILLS
    valued = enough and min(fills, simulated) >= FEWEST_FILLS
    return FillVerdict(
        models=models,
        wagers=sum(game.wagers for game in games),
        fills=fills,
        games=len(games),
        filled=_difference([(g.real_filled, g.wagers, g.filled, g.wagers) for g in games])
        if enough
        else None,
        worth=_difference([(g.real_value, g.real_payout, g.value, g.payout) for g in games])
        if valued
        else None,
    )


def _difference(games: Sequence[tuple[int, int, int, int]]) -> Difference | None:
    """Return two ratios of sums over games, each given as numerator and denominator by game.

    None without a denominator.
    """
    real_part, real_whole, part, whole = (sum(column) for column in zip(*games, strict=True))
    if not (real_whole and whole):
        return None
    real, simulated = real_part / real_whole, part / whole
    residuals = [(a - real * b) / real_whole - (c - simulated * d) / whole for a, b, c, d in games]
    freedom = len(games) - 1
    variance = sum(each**2 for each in residuals) * len(games) / freedom
    return Difference(real, simulated, _student(freedom) * sqrt(variance))


def _student(freedom: int) -> float:
    """Return the quantile of Student's t for a two-sided interval (Abramowitz, Stegun 26.7.5)."""
    z = NormalDist().inv_cdf((1 + _CONFIDENCE) / 2)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + terms[0] / freedom + terms[1] / freedom**2 + terms[2] / freedom**3
