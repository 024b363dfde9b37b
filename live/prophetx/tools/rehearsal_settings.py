"""The settings of a rehearsal."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from strategies.trading.model.settings import Unit


@dataclass(frozen=True, slots=True)
class RehearsalSettings:
    """The settings of `python -m live rehearse`."""

    hours: Annotated[
        float,
        Meta(gt=0, description="How long it trades, by the clock of the exchange."),
        Unit("hours"),
    ] = 2
