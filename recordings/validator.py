"""Validates a whole recording: runs every check of the reader, and counts its contents."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from recordings.game_states import GameStates
from recordings.reader import Chunk, Tape
from recordings.tape import LONGEST_DELAY_NS, Kind, TapeInfo, score_of
from recordings.trade_spacing import SpacingMeter


@dataclass(frozen=True, slots=True)
class TapeSummary:
    """The contents of a valid recording; times are nanoseconds since the epoch.

    `score_corrections` is how many scores fell, as a feed of a real game takes points back.
    `trade_pairs` and `trade_spacing_ns` are how many of its trades have a fall of their own, and
    how far apart the two are in nine of ten.
    `longest_delay_ns` is the longest time from the exchange's stamp of a row to its arrival; stamps
    further back than LONGEST_DELAY_NS are not counted, but those rows, as `rows_undated`.
    `longest_silence_ns` is the longest time between the arrivals of two rows.
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
    longest_delay_ns: int = 0
    rows_undated: int = 0
    longest_silence_ns: int = 0


def validate(tape: Tape) -> TapeSummary:
    """Read a whole recording and return its summary; raise TapeError at the first invalid row."""
    return summarize(tape, tape.chunks())


def summarize(tape: Tape, chunks: Iterable[Chunk]) -> TapeSummary:
    """Return the summary of a recording, of which these are all rows."""
    kinds: Counter[int] = Counter()
    messages = longest_delay_ns = rows_undated = longest_silence_ns = 0
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
        received_ns = numbers["received_ns"]
        first_ns = int(received_ns[0]) if first_ns < 0 else first_ns
        silences_ns = np.diff(received_ns, prepend=received_ns[0] if last_ns < 0 else last_ns)
        longest_silence_ns = max(longest_silence_ns, int(silences_ns.max()))
        last_ns = int(received_ns[-1])
        delays_ns = received_ns - numbers["exchange_ns"]
        dated = delays_ns <= LONGEST_DELAY_NS
        rows_undated += int(np.count_nonzero(~dated))
        longest_delay_ns = max(longest_delay_ns, int(delays_ns.max(initial=0, where=dated)))
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
        longest_delay_ns=longest_delay_ns,
        rows_undated=rows_undated,
        longest_silence_ns=longest_silence_ns,
    )
