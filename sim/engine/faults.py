"""Faults between a desk and the exchange: how often they occur, and for how long."""

from dataclasses import dataclass
from math import isfinite

from strategies.trading.model.errors import ConfigError
from strategies.trading.model.settings import nanoseconds_from_seconds
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.wagers.wager_manager import CANCEL_PATIENCE_NS


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities per command or response, and durations in nanoseconds.

    `command_lost`: the command never reaches the exchange. `command_refused`: the exchange refuses
    it for a reason that is not in the command. `answer_lost`, `answer_late` and `answer_doubled`
    apply to responses and private updates; late and duplicate ones come up to `late_ns` after they
    were due. `told_after_ns` is the time after which a lost message is recovered from the
    exchange's history. Disconnects occur every `disconnect_every_ns` on average, never if that is
    zero, and last at most `disconnect_ns`.
    """

    command_lost: float = 0.0
    command_refused: float = 0.0
    answer_lost: float = 0.0
    answer_late: float = 0.0
    answer_doubled: float = 0.0
    late_ns: int = 0
    told_after_ns: int = NS_PER_SECOND
    disconnect_every_ns: int = 0
    disconnect_ns: int = 0

    @property
    def calm(self) -> bool:
        """Return whether no fault can occur."""
        return not (self.disconnect_every_ns or any(self._probabilities()))

    def __str__(self) -> str:
        """Return the faults in words for reports."""
        if self.calm:
            return "none"
        names = ("commands lost", "refused", "responses lost", "late", "duplicated")
        pairs = zip(names, self._probabilities(), strict=True)
        parts = [f"{name} {probability:.3g}" for name, probability in pairs]
        if self.disconnect_every_ns:
            parts.append(f"a disconnect every {self.disconnect_every_ns / 1e9:g} s")
        return ", ".join(parts)

    def _probabilities(self) -> tuple[float, ...]:
        return (
            self.command_lost,
            self.command_refused,
            self.answer_lost,
            self.answer_late,
            self.answer_doubled,
        )


def fault_settings(
    *,
    command_lost: float,
    command_refused: float,
    answer_lost: float,
    answer_late: float,
    answer_doubled: float,
    late_seconds: float,
    told_after_seconds: float,
    disconnect_every_seconds: float,
    disconnect_seconds: float,
) -> Faults:
    """Return the faults that a configuration states in probabilities and seconds.

    Lost messages must be recovered before the desk stops waiting for them, so
    `told_after_seconds` is above zero and below the desk's timeout of five seconds. Raise
    ConfigError, naming the setting, for an invalid one.
    """
    told_after_ns = nanoseconds_from_seconds("faults.told_after_seconds", told_after_seconds)
    if not 0 < told_after_ns < CANCEL_PATIENCE_NS:
        message = f"faults.told_after_seconds: {told_after_seconds!r} is not above 0 and below 5"
        raise ConfigError(message)
    return Faults(
        command_lost=_probability("command_lost", command_lost),
        command_refused=_probability("command_refused", command_refused),
        answer_lost=_probability("answer_lost", answer_lost),
        answer_late=_probability("answer_late", answer_late),
        answer_doubled=_probability("answer_doubled", answer_doubled),
        late_ns=nanoseconds_from_seconds("faults.late_seconds", late_seconds),
        told_after_ns=told_after_ns,
        disconnect_every_ns=nanoseconds_from_seconds(
            "faults.disconnect_every_seconds", disconnect_every_seconds
        ),
        disconnect_ns=nanoseconds_from_seconds("faults.disconnect_seconds", disconnect_seconds),
    )


def _probability(name: str, value: object) -> float:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if not numeric or not isfinite(float(value)) or not 0 <= float(value) <= 1:  # type: ignore[arg-type]
        message = f"faults.{name}: {value!r} is not a probability from 0 to 1"
        raise ConfigError(message)
    return float(value)  # type: ignore[arg-type]
