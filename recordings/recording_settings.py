"""The types of the settings that choose recordings."""

from typing import Annotated, Literal

from msgspec import Meta

from strategies.trading.model.settings import PositiveDollars

RecordingPath = Annotated[
    Annotated[str, Meta(min_length=1)] | list[Annotated[str, Meta(min_length=1)]],
    Meta(
        description="A recording's folder, the name of a shipped one, a folder of recordings, a "
        "pattern such as season/*, a catalogue (.jsonl), or a list of these."
    ),
]
AssumedStake = Annotated[
    PositiveDollars | None,
    Meta(description="What every offer of a recording without amounts is assumed to have."),
]
RecordingFrom = Annotated[
    str | None,
    Meta(description="What was recorded before this time, in UTC, is not traded: 2026-01-14."),
]
RecordingUntil = Annotated[
    str | None, Meta(description="What was recorded from this time on, in UTC, is not played.")
]
RecordedEvents = Annotated[
    list[str] | None,
    Meta(description="The events to trade, by id or name; null is every event."),
]
OnRecordingError = Annotated[
    Literal["stop", "skip"],
    Meta(description="Whether a recording that cannot be read ends the run or is left out."),
]
Games = Annotated[
    Literal["together", "apart"],
    Meta(
        description="Several recordings: with one bankroll in order of time, or each on its own, "
        "in parallel."
    ),
]
