"""Validates a whole recording: runs every check of the reader, and counts its contents."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from recordings.game_states import GameStates
from recordings.reader import Chunk, Tape
from recordings.tape import Kind, TapeInfo, score_of
from recordings.trade_spacing import SpacingMeter


@dataclass(frozen=True, slots=True)
class TapeSummary:
    """The contents of a valid recording; times are nanoseconds since the epoch.

    `score_corrections` is how many scores fell, as a feed of a real game takes points back.
    `trade_pairs` and `trade_spacing_ns` are how many of its trades have a fall of their own, and
    how far apart the two are in nine of ten.
    """

    info: TapeInfo
    rows: int
    messages: int
    first_ns: int
    last_ns: int
    rows_by_kind: dict[str, int]
    pairs: int
    trade_pairs: int
    trade_spacing_ns: int
    digest: str
    score_corrections: int


def validate(tape: Tape) -> TapeSummary:
    """Read a whole recording and return its summary; raise TapeError at the first invalid row."""
    return summarize(tape, tape.chunks())


def summarize(tape: Tape, chunks: Iterable[Chunk]) -> TapeSummary:
    """Return the summary of a recording, of which these are all rows."""
    kinds: Counter[int] = Counter()
    messages = 0
    first_ns = last_ns = last_seq = -1
    states = GameStates(tape.info)
    meter = SpacingMeter(tape.info)
    for chunk in chunks:
        numbers = chunk.numbers
        values, counts = np.unique(numbers["kind"], return_counts=True)
        kinds.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        meter.note(chunk)
        messages += int(np.count_nonzero(np.diff(numbers["seq"], prepend=last_seq)))
        last_seq = int(numbers["seq"][-1])
        first_ns = int(numbers["received_ns"][0]) if first_ns < 0 else first_ns
        last_ns = int(numbers["received_ns"][-1])
        for at in np.flatnonzero(numbers["kind"] == Kind.SCORE).tolist():
            event, clock_ns = int(numbers["event"][at]), int(numbers["state"][at])
            states.apply_score(event, *score_of(chunk.texts[at]), clock_ns)
    spacing = meter.spacing()
    return TapeSummary(
        info=tape.info,
        rows=tape.rows_total,
        messages=messages,
        first_ns=first_ns,
        last_ns=last_ns,
        rows_by_kind={Kind(kind).name.lower(): kinds[kind] for kind in sorted(kinds)},
        pairs=len(tape.info.catalogue().pairs),
        trade_pairs=spacing.pairs,
        trade_spacing_ns=spacing.within_ns,
        digest=tape.digest(),
        score_corrections=states.corrections,
    )
