"""Faults between a desk and the exchange: how often they occur, and for how long."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from strategies.trading.model.settings import Probability, Seconds, Unit, nanoseconds
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.wagers.wager_state import CANCEL_PATIENCE_NS

CANCEL_PATIENCE_SECONDS = CANCEL_PATIENCE_NS // NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities per command or response, and durations in nanoseconds.

    `command_lost`: the command never reaches the exchange. `command_refused`: the exchange refuses
    it for a reason that is not in the command. `answer_lost`, `answer_late` and `answer_doubled`
    apply to responses and private updates; late and duplicate ones come up to `late_ns` after they
    were due. A lost message is recovered from the exchange's history after `recovery_ns`.
    Disconnects occur every `disconnect_every_ns` on average, never if that is zero, and last at
    most `disconnect_ns`. `trade_broken` applies to each trade so far off the fair value that the
    exchange would break it (`sim/exchange/trade_breaks.py`), by more than the share `broken_beyond`
    of its price, up to `broken_within_ns` after it.
    """

    command_lost: float = 0.0
    command_refused: float = 0.0
    answer_lost: float = 0.0
    answer_late: float = 0.0
    answer_doubled: float = 0.0
    trade_broken: float = 0.0
    late_ns: int = 0
    recovery_ns: int = NS_PER_SECOND
    disconnect_every_ns: int = 0
    disconnect_ns: int = 0
    broken_beyond: float = 0.15
    broken_within_ns: int = 900 * NS_PER_SECOND

    @property
    def calm(self) -> bool:
        """Return whether no fault can occur."""
        return not (self.disconnect_every_ns or self.trade_broken or any(self._probabilities()))

    def __str__(self) -> str:
        """Return the faults in words for reports."""
        if self.calm:
            return "none"
        names = ("commands lost", "refused", "responses lost", "late", "duplicated")
        pairs = zip(names, self._probabilities(), strict=True)
        parts = [f"{name} {probability:.3g}" for name, probability in pairs]
        if self.disconnect_every_ns:
            parts.append(f"a disconnect every {self.disconnect_every_ns / 1e9:g} s")
        if self.trade_broken:
            within = f"{self.broken_within_ns / 1e9:g} s"
            parts.append(f"trades broken {self.trade_broken:.3g} within {within}")
        return ", ".join(parts)

    def _probabilities(self) -> tuple[float, ...]:
        return (
            self.command_lost,
            self.command_refused,
            self.answer_lost,
            self.answer_late,
            self.answer_doubled,
        )


class FaultSettings(Struct, frozen=True, kw_only=True):
    """The rate and the duration of each fault, as configured."""

    command_lost: Annotated[
        Probability, Meta(description="That a command never reaches the exchange.")
    ]
    command_refused: Annotated[
        Probability, Meta(description="That the exchange refuses a command for no reason of ours.")
    ]
    answer_lost: Annotated[
        Probability, Meta(description="That a response or private update is lost.")
    ]
    answer_late: Annotated[
        Probability, Meta(description="That a response or private update is late.")
    ]
    answer_doubled: Annotated[
        Probability, Meta(description="That a response or private update arrives twice.")
    ]
    trade_broken: Annotated[
        Probability,
        Meta(
            description="That a trade is broken whose price is more than 15 % of it off the fair "
            "value."
        ),
    ] = 0
    late_seconds: Annotated[
        Seconds, Meta(description="How much later than due a late response is, at most.")
    ]
    recovery_seconds: Annotated[
        float,
        Meta(
            gt=0,
            lt=CANCEL_PATIENCE_SECONDS,
            description="Time until a lost response is read from the exchange's history; below "
            "five seconds, after which the desk gives up.",
        ),
        Unit("seconds"),
    ]
    disconnect_every_seconds: Annotated[
        Seconds, Meta(description="Time between two disconnects on average; 0: never.")
    ]
    disconnect_seconds: Annotated[
        Seconds, Meta(description="How long a disconnect lasts, at most.")
    ]
    broken_within_seconds: Annotated[
        Seconds, Meta(description="How long after a trade it is broken, at most.")
    ] = 900

    def build(self) -> Faults:
        """Return the faults in nanoseconds."""
        return Faults(
            command_lost=self.command_lost,
            command_refused=self.command_refused,
            answer_lost=self.answer_lost,
            answer_late=self.answer_late,
            answer_doubled=self.answer_doubled,
            trade_broken=self.trade_broken,
            late_ns=nanoseconds(self.late_seconds),
            recovery_ns=nanoseconds(self.recovery_seconds),
            disconnect_every_ns=nanoseconds(self.disconnect_every_seconds),
            disconnect_ns=nanoseconds(self.disconnect_seconds),
            broken_within_ns=nanoseconds(self.broken_within_seconds),
        )
