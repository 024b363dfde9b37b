"""The verdicts on fill models that a comparison keeps beside its session, and backtests read."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from recordings.writing import write_text
from strategies.trading.model.counted import counted

FILE = "fill-model.json"
SESSIONS = Path("sessions")
DRIFTED = "the fill model has drifted"
FEWEST_FILLS, FEWEST_GAMES = 30, 10
# Of the share of wagers that are filled, and of a dollar that a contract pays.
_RATE_TOLERANCE, _WORTH_TOLERANCE = 0.02, 0.0025

# The models of the simulated exchange in words, by name.
Models = Mapping[str, str]


class Difference(Struct, frozen=True):
    """A real figure, the simulated one, and half the width of the interval of real - simulated."""

    real: float
    simulated: float
    error: float

    def exceeds(self, tolerance: float) -> bool:
        """Return whether the figures differ by more than chance and a tolerance explain."""
        return abs(self.real - self.simulated) > max(self.error, tolerance)


class FillVerdict(Struct, frozen=True):
    """How the fills of a session agree with those under one queue model and latency.

    `fills` are the wagers that were really filled. `filled` compares the share of wagers that were,
    `worth` what fills kept after a minute, in dollars of a contract that pays one; None where the
    fills or games are too few.
    """

    models: dict[str, str]
    wagers: int
    fills: int
    games: int
    filled: Difference | None
    worth: Difference | None

    @property
    def drifted(self) -> bool:
        """Return whether the fill model differs from what the exchange did."""
        rate = self.filled is not None and self.filled.exceeds(_RATE_TOLERANCE)
        return rate or (self.worth is not None and self.worth.exceeds(_WORTH_TOLERANCE))

    def __str__(self) -> str:
        """Return the figures, and the verdict on them, in words."""
        if self.filled is None:
            return (
                f"too few fills for a verdict: {self.fills} of {counted(self.games, 'game')}; "
                f"{FEWEST_FILLS} of {FEWEST_GAMES} are needed"
            )
        texts = [f"filled {_compared(self.filled, 100, ' %')}"]
        if self.worth is not None:
            texts.append(f"worth of a fill {_compared(self.worth, 100, ' c')}")
        verdict = DRIFTED if self.drifted else "no drift"
        return f"{verdict}: {', '.join(texts)}"


def write_verdicts(folder: Path, verdicts: list[FillVerdict]) -> Path:
    """Keep verdicts in the folder of their session, in place of earlier ones; return the file."""
    path = folder / FILE
    text = msgspec.json.format(msgspec.json.encode(verdicts), indent=2).decode()
    write_text(path, f"{text}\n")
    return path


def drift_limits(sessions: Path, models: Models) -> list[str]:
    """Return a sentence for each session whose fills contradict these models of the exchange.

    The verdicts are those that `python -m sim compare` kept in the folders of sessions.
    """
    limits = []
    for path in sorted(sessions.glob(f"*/{FILE}")):
        try:
            verdicts = msgspec.json.decode(path.read_bytes(), type=list[FillVerdict])
        except (OSError, msgspec.MsgspecError):
            limits.append(f"{path} cannot be read: compare its session again")
            continue
        limits += [
            f"session {path.parent.name}, {verdict}"
            for verdict in verdicts
            if verdict.drifted and verdict.models.items() <= models.items()
        ]
    return limits


def _compared(figures: Difference, scale: int, unit: str) -> str:
    difference, error = scale * (figures.real - figures.simulated), scale * figures.error
    real, simulated = scale * figures.real, scale * figures.simulated
    return f"{real:.2f} against {simulated:.2f}{unit} ({difference:+.2f}, error {error:.2f})"
