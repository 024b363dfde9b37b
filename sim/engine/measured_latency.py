"""Latency from measured round trips, as `python -m sim latency` writes them, split by one rule."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from msgspec import Meta

from sim.engine.latency import (
    Constant,
    DelayFactory,
    Drawn,
    Latency,
    NoDelay,
    milliseconds_ns,
    table_lines,
)
from sim.engine.random_streams import RandomStreams
from strategies.trading.model.setting_reader import SettingError

# The verbs whose round trips a table has.
PLACE, CANCEL = "place", "cancel"
_HEAD = "verb,milliseconds"
_NS_PER_MS = 1_000_000
# One in twenty is quicker: the quickest of all may have been measured with an error.
_QUICK = 0.05


def build_measured_latency(
    streams: RandomStreams,
    *,
    path: Annotated[
        str | None,
        Meta(description="A table of round trips: python -m sim latency SESSION_FOLDER writes it."),
    ],
    feed: DelayFactory,
    activation: DelayFactory,
) -> Latency:
    """Build the delays from a table of round trips, from our command to the response to it.

    The way back takes half of what one placement in twenty is quicker than: messages that quick
    hardly wait anywhere. Everything else of a round trip passes before the exchange acts, so that
    simulated round trips of each verb are distributed as the measured ones, our own work included.
    A table has neither `feed` nor `activation`. Raise SettingError for what is no such table.
    """
    if not path:
        problem = f"{path!r} is no table; python -m sim latency SESSION_FOLDER writes one"
        raise SettingError("path", problem)
    table = read_round_trips(Path(path))
    back_ns = way_back_ns(table[PLACE])
    entry, cancel = (
        Drawn(
            [max(0, each - back_ns) for each in table[verb]],
            f"{Path(path).name}, without the way back",
            rng=streams.named(name),
        )
        for verb, name in ((PLACE, "latency.entry"), (CANCEL, "latency.cancel"))
    )
    return Latency(
        feed=feed(rng=streams.named("latency.feed")),
        compute=NoDelay(),
        entry=entry,
        activation=activation(rng=streams.named("latency.activation")),
        response=Constant(back_ns / _NS_PER_MS),
        cancel=cancel,
    )


def way_back_ns(placements_ns: Sequence[int]) -> int:
    """Return how much of a round trip is the way back, given those of placements."""
    return int(np.quantile(placements_ns, _QUICK)) // 2


def read_round_trips(path: Path) -> Mapping[str, Sequence[int]]:
    """Return the round trips of each verb in nanoseconds, at least one of each.

    Raise SettingError with the file and the line that is wrong.
    """
    table: dict[str, list[int]] = {PLACE: [], CANCEL: []}
    lines = table_lines(path)
    if lines[0] != _HEAD:
        raise SettingError("path", f"{path}, line 1: {lines[0]!r} is not {_HEAD}")
    for number, line in enumerate(lines[1:], 2):
        verb, comma, text = line.partition(",")
        if verb not in table or not comma:
            problem = f"{line!r} is not {PLACE} or {CANCEL}, a comma and milliseconds"
            raise SettingError("path", f"{path}, line {number}: {problem}")
        table[verb].append(milliseconds_ns(f"{path}, line {number}", text))
    for verb, trips in table.items():
        if not trips:
            raise SettingError("path", f"{path} has no round trip of a {verb}")
    return table


def round_trip_text(table: Mapping[str, Sequence[int]]) -> str:
    """Return the text of a table of round trips in nanoseconds."""
    rows = [f"{verb},{ns / _NS_PER_MS:.3f}" for verb in (PLACE, CANCEL) for ns in table[verb]]
    return "\n".join([_HEAD, *rows, ""])
